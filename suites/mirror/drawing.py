"""A mirror's history as reports draw any: the client's requests to the mirror, and the mirror's to Hub, in order."""

from dataclasses import replace

from fixtures.history import History, Outcome
from fixtures.mirrors.history import Answer, Happened, MirrorHistory
from fixtures.mirrors.scenario import Ask, MirrorScenario, Step
from simulator.arrangement import Stage
from simulator.journal import Exchange
from suites.verdict import Verdict

CLIENT, MIRROR = "client", "mirror"
_STAGES: dict[str, Stage] = {"ping": "ping", "tags": "tags", "referrers": "referrers", "upload": "upload"}


def drawn(scenario: MirrorScenario, history: MirrorHistory, verdict: Verdict) -> tuple[History, Verdict]:
    """A history of both sides under one numbering, and the verdict with the numbers that it then points at."""
    exchanges: list[Exchange] = []
    outcomes: list[Outcome] = []
    numbers: dict[int, int] = {}
    began = next((e.began for e in history.exchanges), 0.0)
    for happened in history.happened:
        first = len(exchanges)
        asked = _at_hub(history, happened)
        began = asked[0].began if asked else began
        step = scenario.steps[happened.step]
        asked_at_once = step.at_once if isinstance(step, Ask) else ()
        for index, answer in enumerate(happened.answers):
            step = asked_at_once[index] if index < len(asked_at_once) else step
            exchanges.append(_exchange(len(exchanges), began, step, answer, history))
        for exchange in asked:
            numbers[exchange.seq] = len(exchanges)
            sender = exchange.client if exchange in history.by_daemons else MIRROR
            exchanges.append(replace(exchange, seq=len(exchanges), client=sender))
        outcomes.append(_outcome(happened, first, len(exchanges)))
    told = History(
        daemon=CLIENT,
        version="",
        store="classic",
        salt=history.salt,
        hosts={MIRROR: MIRROR},
        contents=history.contents,
        exchanges=tuple(exchanges),
        outcomes=tuple(outcomes),
    )
    own = [e.seq for o in outcomes if o.step == verdict.step for e in exchanges[o.first : o.last] if e.server == MIRROR]
    pointed = tuple(numbers[seq] for seq in verdict.exchanges if seq in numbers)
    return told, replace(verdict, exchanges=(*own[-1:], *pointed))


def _at_hub(history: MirrorHistory, happened: Happened) -> tuple[Exchange, ...]:
    """What Hub was asked while a step ran: by the mirror, and by daemons past it."""
    past = (e for e in history.by_daemons if happened.first <= e.seq < happened.last)
    return tuple(sorted((*history.during(happened), *past), key=lambda exchange: exchange.seq))


def _outcome(happened: Happened, first: int, last: int) -> Outcome:
    seconds = max((*(a.seconds for a in happened.answers), *(p.seconds for p in happened.pulls)), default=0.0)
    worse = [pulled for pulled in happened.pulls if pulled.result != "ok"]
    error = happened.failed or next((f"{pulled.daemon}: {pulled.error}" for pulled in worse), "")
    result = "failed" if error else "ok"
    return Outcome(happened.step, result, seconds, first, last, error)  # type: ignore[arg-type]


def _exchange(seq: int, began: float, step: Step, answer: Answer, history: MirrorHistory) -> Exchange:
    kind = step.kind if isinstance(step, Ask) else "manifest" if "/manifests/" in answer.target else "blob"
    repository, _, rest = answer.target.removeprefix("/v2/").partition(f"/{kind}s/")
    reference = rest.partition("?")[0]
    named = {p.digest: (p.role, image) for image, content in history.contents.items() for p in content.objects}
    role, image = named.get(reference, ("", ""))
    length = answer.header("content-length")
    stage: Stage = _STAGES.get(kind, "other")
    if kind == "manifest":
        stage = "manifest-by-digest" if ":" in reference else "manifest-by-tag"
    elif kind == "blob":
        stage = "blob"
    return Exchange(
        seq=seq,
        began=began,
        ended=began + answer.seconds,
        server=MIRROR,
        host=history.host,
        client=CLIENT,
        method=answer.method,
        target=answer.target,
        stage=stage,
        repository=repository.removesuffix(f"-{history.salt}"),
        reference=reference,
        role=role,
        image=image,
        namespace="",
        user_agent="",
        credentials="none",
        status=answer.status,
        length=int(length) if length.isascii() and length.isdecimal() else 0,
        sent=answer.size,
        fault="" if answer.status else answer.problem[:40],
    )
