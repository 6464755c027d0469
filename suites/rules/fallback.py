"""FALLBACK: what a miss, a broken mirror or bad content may cost, and what it may not."""

from dataclasses import replace

from simulator.arrangement import Break
from simulator.journal import Exchange
from suites.rules.endpoints import (
    CONTENT,
    UNSEEN,
    brought_what_was_offered,
    how_it_failed,
    kind_of,
    offered,
    rescued,
    stage_of,
    unseen,
)
from suites.rules.finding import Finding, PullRule, broken, kept
from suites.timeline import HUB, PullCase
from suites.told import MISSING, OVER_LIMIT, names, trouble

_UNREACHABLE = frozenset({"refuse", "dns", "untrusted", "reset", "hang"})
_REFUSALS = frozenset({"401", "403", "429", "500", "502", "503", OVER_LIMIT})
"""How Docker Hub can fail, without an answer and with one, so that no word for it is one for a miss."""


def miss_is_served_by_hub(case: PullCase) -> Finding | None:
    mirrors = case.situation.mirrors
    if not case.is_hub or not mirrors or not case.usable(HUB):
        return None
    if not all(case.copy_at(mirror) is None and case.misses(mirror) for mirror in mirrors):
        return None
    if case.outcome.result != "ok":
        return broken(
            f"no mirror has {case.spelled()}, Hub does, and the pull failed: {case.outcome.error}", case.exchanges
        )
    if case.got() != case.image_at(HUB):
        return broken(f"the pull of {case.spelled()} did not bring Hub's image, bit for bit", case.to((HUB,)))
    return kept(f"no mirror has {case.spelled()}; Hub served it", case.to((HUB,)))


def unusable_mirror_costs_time_only(case: PullCase) -> Finding | None:
    met = _unusable_mirrors_met(case)
    if not met or not rescued(case, next(reversed(met))):
        return None
    if not all(case.clean(server) for server in case.situation.endpoints if server not in met):
        return None
    kinds = {kind for kinds in met.values() for kind in kinds}
    struck = [e for e in case.to(met) if e.fault]
    cost = (
        ("seconds", case.outcome.seconds),
        ("requests to unusable mirrors", float(len(struck))),
        ("wasted bytes of unusable mirrors", float(sum(exchange.sent for exchange in struck))),
    )
    names = " and ".join(f"{server} ({', '.join(sorted(kinds))})" for server, kinds in met.items())
    if brought_what_was_offered(case):
        finding = kept(f"{names} cost {case.outcome.seconds:.2f} s", struck)
    else:
        finding = broken(
            f"{names} could not be used, a later endpoint has {case.spelled()}, and the pull {how_it_failed(case)}",
            struck,
        )
    stages = sorted({stage_of(case, exchange) for exchange in struck})
    return replace(finding, variant=_variant(kinds, stages), measure=cost)


def partial_copy_ends_complete(case: PullCase) -> Finding | None:
    if not case.is_hub or not case.foreseen or any(case.shelf(server).faults for server in case.situation.endpoints):
        return None
    first = next((s for s in case.situation.mirrors if not case.misses(s)), None)
    copy = case.copy_at(first) if first else None
    if first is None or copy is None or case.usable(first) or not rescued(case, first):
        return None
    lacking = ", ".join(sorted(case.lacking(copy)))
    current = "" if case.image_at(first) == case.image_at(HUB) else " of another image"
    if brought_what_was_offered(case):
        finding = kept(f"{first} lacks {lacking}, and the image is complete", case.exchanges)
    else:
        finding = broken(
            f"{first} lacks {lacking}, a later endpoint has {case.spelled()}, and the pull {how_it_failed(case)}",
            case.exchanges,
        )
    return replace(finding, variant=f"without {lacking}{current}")


def bad_content_is_never_accepted(case: PullCase) -> Finding | None:
    struck = _bad_content(case)
    if not struck:
        return None
    if case.outcome.image is not None and case.got() is None:
        finding = broken(
            f"after bad content from {struck[0].server}, the daemon holds {case.spelled()} with bytes "
            "that nobody published",
            struck,
        )
    elif case.outcome.result == "ok" and case.outcome.image is None:
        finding = broken(f"the pull of {case.spelled()} is said to have succeeded, and there is no image", struck)
    else:
        finding = kept(f"bad content from {struck[0].server} was not accepted", struck)
    return replace(finding, variant=_bad_variant(struck))


def next_endpoint_completes(case: PullCase) -> Finding | None:
    struck = _bad_content(case)
    if not struck or not case.is_hub:
        return None
    givers = {e.server for e in struck}
    last = max(givers, key=case.situation.endpoints.index)
    if not rescued(case, last) or not all(case.clean(s) for s in case.situation.endpoints if s not in givers):
        return None
    if brought_what_was_offered(case):
        finding = kept(f"after bad content from {struck[0].server} the pull completed elsewhere", struck)
    else:
        finding = broken(
            f"after bad content from {struck[0].server}, a later endpoint has {case.spelled()}, and the pull "
            f"{how_it_failed(case)}",
            struck,
        )
    return replace(finding, variant=_bad_variant(struck), measure=(("seconds", case.outcome.seconds),))


def no_layer_is_fetched_twice(case: PullCase) -> Finding | None:
    whole = [e for e in case.exchanges if _is_whole_layer(e)]
    if not case.is_hub or len({e.server for e in whole}) < 2:
        return None
    first: dict[str, Exchange] = {}
    again = [e for e in whole if first.setdefault(e.reference, e) is not e]
    lost = sum(e.sent for e in again)
    if again:
        finding = broken(f"{len(again)} layer(s) of {case.spelled()} were fetched again, {lost} bytes", again)
    else:
        finding = kept(f"each layer of {case.spelled()} was fetched once, from {', '.join(case.asked())}", whole)
    return replace(finding, measure=(("bytes fetched twice", float(lost)),))


def _is_whole_layer(exchange: Exchange) -> bool:
    """Whether a whole layer left a server, and nothing was wrong with it."""
    sent = exchange.method == "GET" and exchange.status == 200 and 0 < exchange.length == exchange.sent
    return sent and exchange.stage == "layer" and exchange.fault in {"", "slow", "slow-headers"}


def nowhere_to_be_had(case: PullCase) -> Finding | None:
    if not case.is_hub or case.local or not case.foreseen or case.shelf(HUB).faults:
        return None
    held = [server for server in case.situation.endpoints if case.copy_at(server)]
    if held and (any(case.shelf(s).faults for s in case.situation.endpoints) or not _incomplete_everywhere(case)):
        return None
    wrong = _wrong_failure(case)
    if wrong:
        finding = broken("; ".join(wrong.values()), case.exchanges)
    else:
        finding = kept(f"nobody has all of {case.spelled()}; the pull said so: {case.outcome.error}", case.exchanges)
    kinds = {kind for kinds in _unusable_mirrors_met(case).values() for kind in kinds}
    return replace(finding, variant=", ".join((*(("incomplete",) if held else sorted(kinds)), *wrong)))


def hubs_failure_is_named(case: PullCase) -> Finding | None:
    mirrors = case.situation.mirrors
    if not case.is_hub or not mirrors or case.local or not case.foreseen or case.outcome.result != "failed":
        return None
    failure = trouble(case, HUB)
    if failure not in _UNREACHABLE | _REFUSALS or {trouble(case, mirror) for mirror in mirrors} != {MISSING}:
        return None
    where = f"no mirror has {case.spelled()}, Docker Hub fails ({failure})"
    said = f"and the error is {case.outcome.error!r}"
    finding = kept if names(case.outcome.error, failure) else broken
    variant = f"unreachable, {failure}" if failure in _UNREACHABLE else f"an answer, {failure}"
    return replace(finding(f"{where}, {said}", case.exchanges), variant=variant)


def _incomplete_everywhere(case: PullCase) -> bool:
    """Whether of each image that could be meant, some object is held by nobody who could be asked."""
    shelves = [case.shelf(server) for server in case.situation.endpoints]
    return all(
        frozenset.intersection(
            *(
                case.lacking(copy)
                for shelf in shelves
                for copy in shelf.copies
                if (copy.repository, copy.image) == (case.reference.repository, image)
            )
        )
        for image in offered(case)
    )


def _wrong_failure(case: PullCase) -> dict[str, str]:
    """What is wrong with how a pull failed: a word for each kind of wrong, and the sentence."""
    outcome, name = case.outcome, case.reference.repository.removeprefix("library/")
    if outcome.result != "failed":
        ending = "is said to have succeeded" if outcome.result == "ok" else outcome.error
        return {"no failure": f"nobody has all of {case.spelled()}, and the pull {ending}"}
    wrong: dict[str, str] = {}
    if f"{name}-{case.history.salt}" not in outcome.error:
        wrong["unnamed"] = f"the pull failed without naming the image: {outcome.error!r}"
    left = sorted(set(outcome.leftovers) - case.had)
    if left:
        wrong["left behind"] = f"the failed pull of {case.spelled()} left {', '.join(left)} behind"
    return wrong


def _variant(kinds: set[str], stages: list[str]) -> str:
    """The kind of unusable mirror, and the stages at which it showed."""
    if len(kinds) > 1:
        return f"several: {', '.join(sorted(kinds))}"
    return ": ".join((*kinds, *((", ".join(stages),) if stages else ())))


def _unusable_mirrors_met(case: PullCase) -> dict[str, set[str]]:
    """The unusable mirrors that the daemon met on its way, each with what makes it unusable."""
    if not case.is_hub:
        return {}
    met: dict[str, set[str]] = {}
    for server in case.situation.mirrors:
        if case.usable(server):
            break
        broken_meanwhile = [c.fault for c in case.meanwhile if isinstance(c, Break) and c.server == server]
        faults = [f for f in (*case.shelf(server).faults, *broken_meanwhile) if f.kind not in CONTENT]
        struck = {e.fault for e in case.to((server,)) if e.fault}
        shown = [f for f in faults if f.kind in UNSEEN or (f.kind in struck and not unseen(case, server))]
        kinds = {kind_of(f) for f in shown if not f.challenge} or {kind_of(f) for f in shown}
        if kinds:
            met[server] = kinds
    return met


def _bad_content(case: PullCase) -> list[Exchange]:
    """The exchanges in which a mirror handed out bad bytes, where bad content is all that is wrong with it."""
    if not case.is_hub:
        return []
    mirrors = {m for m in case.situation.mirrors if all(f.kind in CONTENT for f in case.shelf(m).faults)}
    return [e for e in case.exchanges if e.server in mirrors and e.fault in CONTENT and e.method == "GET"]


def _bad_variant(struck: list[Exchange]) -> str:
    return f"{struck[0].fault} {struck[0].stage}"


RULES: dict[str, PullRule] = {
    "FALLBACK-1": miss_is_served_by_hub,
    "FALLBACK-2": unusable_mirror_costs_time_only,
    "FALLBACK-3": partial_copy_ends_complete,
    "FALLBACK-4": bad_content_is_never_accepted,
    "FALLBACK-5": next_endpoint_completes,
    "FALLBACK-6": nowhere_to_be_had,
    "FALLBACK-7": no_layer_is_fetched_twice,
    "FALLBACK-8": hubs_failure_is_named,
}
