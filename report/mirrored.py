"""A trial of a mirror, in words."""

import shlex
from collections.abc import Container

from fixtures.mirrors.history import Happened
from fixtures.mirrors.scenario import Ask, Direct, Drop, Fill, Pass, Pull, Restart, Settle, Step
from fixtures.mirrors.subject import OWN
from report.results import Tried
from report.text import inert, listed
from report.words import Taken
from simulator.arrangement import Break, Evict, Heal, Publish


def named(tried: Tried) -> str:
    """The mirror that an example is of."""
    return inert(f"{tried.history.mirror} (a {tried.history.profile} mirror)")


def arranged(tried: Tried) -> list[tuple[str, str]]:
    """What Hub holds before the first step."""
    scenario = tried.scenario
    hub = [f"{copy.repository}:{copy.tag} ({copy.image})" for copy in scenario.hub.copies]
    hub += [f"{artifact.repository}:{artifact.tag} ({name})" for name, artifact in scenario.artifacts.items()]
    return [("hub", inert(listed(hub)) or "nothing")]


def taken(tried: Tried, judged: Container[int]) -> list[Taken]:
    """The steps in order."""
    happened = {one.step: one for one in tried.history.happened}
    return [
        Taken(number in judged, number + 1, spell(tried, number), _ending(happened.get(number)))
        for number in range(len(tried.scenario.steps))
    ]


def spell(tried: Tried, number: int) -> str:
    """A step as a person would say it."""
    step = tried.scenario.steps[number]
    if isinstance(step, Fill) and tried.history.from_outside:
        return inert(f"the mirror has served {step.repository}:{step.tag}")
    return inert(_spelled(step))


def again(tried: Tried, identifier: str) -> str:
    """How to play it again, which for a mirror that is not ours takes where that one is."""
    if tried.history.from_outside:
        trial = f" --trial {shlex.quote(tried.name)}" if tried.name else ""
        return inert(f"mirror-conformance mirror --outside{trial} (with --url and --image)")
    where = "" if tried.history.mirror.startswith(OWN) else " (with --url or --description)"
    return inert(f"mirror-conformance replay {identifier}{where}")


def _ending(happened: Happened | None) -> str:
    if happened is None:
        return ""
    if happened.failed:
        return inert(f": {happened.failed}")
    came = list(dict.fromkeys(answer.outcome for answer in happened.answers))
    came += [f"{one.daemon}: {one.error or one.result}" for one in happened.pulls]
    return f" -> {inert(', '.join(came))}" if came else ""


def _spelled(step: Step) -> str:
    match step:
        case Ask():
            return _request(step)
        case Pull():
            return _pull(step)
        case Direct(repository, reference, times):
            return f"Hub itself is asked {times} times for {repository} {reference}"
        case Fill(repository, tag):
            return f"the mirror is let hold {repository}:{tag}"
        case Drop(repository, tag):
            return f"the mirror evicts {repository}:{tag}"
        case Restart():
            return "the mirror is restarted"
        case Pass(seconds):
            return f"{seconds:g} s pass"
        case Settle():
            return "until Hub is asked nothing more"
        case Publish() | Evict() | Break() | Heal():
            return _at_hub(step)


def _at_hub(step: Publish | Evict | Break | Heal) -> str:
    match step:
        case Publish(repository=repository, tag=tag, image=image):
            return f"Hub has {image} as {repository}:{tag}"
        case Evict(repository=repository, tag=tag):
            return f"Hub deletes {repository}:{tag}"
        case Break(fault=fault):
            status = f" {fault.status}" if fault.kind == "status" else ""
            return f"Hub misbehaves: {fault.kind}{status} at {fault.at}"
        case Heal():
            return "Hub is well again"


def _request(step: Ask) -> str:
    more = [f"{name}: {value}" for name, value in step.headers if name.lower() != "authorization"]
    more += ["with credentials"] if any(name.lower() == "authorization" for name, _ in step.headers) else []
    more += [f"{step.clients} clients at once"] if step.clients > 1 else []
    more += [f"which leaves after {step.stop_after} bytes"] if step.stop_after is not None else []
    more += [f"beside {_request(other)}" for other in step.beside]
    more += ["following each Link"] if step.follow else []
    more += ["evicted meanwhile"] if step.meanwhile else []
    query = f"?{step.query}" if step.query else ""
    about = " ".join(filter(None, (step.kind, step.repository, step.reference)))
    return f"{step.method} {about}{query}{f' ({listed(more)})' if more else ''}"


def _pull(step: Pull) -> str:
    host = "the mirror's own " if step.direct else ""
    named = f"@{step.reference[1:]}" if step.reference.startswith("@") else f":{step.reference}"
    more = [f"--platform {step.platform}"] if step.platform else []
    more += ["all tags"] if not step.reference else []
    more += ["evicted meanwhile"] if step.meanwhile else []
    return f"docker pull {host}{step.repository}{named if step.reference else ''}{f' ({listed(more)})' if more else ''}"
