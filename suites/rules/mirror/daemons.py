"""CLIENT: what real clients get through a mirror. Each rule has a variant for each image store."""

import re
from collections.abc import Callable

from simulator.arrangement import Break, Fault
from simulator.journal import Exchange
from suites.mirror.pulls import PullCase
from suites.rules.finding import Finding, broken, kept

PullRule = Callable[[PullCase], Finding | None]
"""Judges one pull by one daemon; ``None``: the rule does not apply to it."""

FOUR_MIB = 4 << 20

_NOT_FOUND = re.compile("not found|manifest unknown|does not exist|access denied|name unknown", re.IGNORECASE)
_SPOILS = frozenset({"corrupt", "truncate", "reset", "wrong-length"})


def _asked(exchanges: tuple[Exchange, ...]) -> str:
    first = exchanges[0]
    more = f", and {len(exchanges) - 1} more" if len(exchanges) > 1 else ""
    return f"the daemon asked Hub itself: {first.method} {first.target}{more}"


def _left(case: PullCase) -> str:
    """Why the daemon left the mirror, in its own words, if it has any."""
    return f" (its log: {case.pulled.said[0]})" if case.pulled.said else ""


def _whole(case: PullCase, when: str) -> Finding:
    """Whether the daemon got all of Hub's image."""
    said = f"{when}{case.name}"
    measure = (("seconds for a pull", case.pulled.seconds),)
    if case.whole:
        return Finding(True, f"{said}: Hub's image, whole", measure=measure)
    return broken(f"{said}: {case.wrong}{_left(case)}{_daemons_part(case)}", (*case.fetched, *case.past))


def _daemons_part(case: PullCase) -> str:
    """What is the daemon's own part of a pull that failed although Hub could serve it."""
    gave_up = case.pulled.result != "ok" and case.healthy and not case.past and not case.step.direct
    return "; that the daemon did not go on to Hub is its own part (docs/findings.md)" if gave_up else ""


def _spared(case: PullCase, when: str) -> Finding:
    """Whether the daemon got all of it, and asked Hub nothing itself."""
    if not case.whole or not case.past:
        return _whole(case, when)
    return broken(f"{when}{case.name}; {_asked(case.past)}{_left(case)}", case.past)


def _through(case: PullCase) -> bool:
    """Whether Docker Hub's image is pulled through the mirror, while Hub has it and is well."""
    return not case.step.direct and bool(case.step.reference) and case.healthy and case.at_hub


def _dropped(case: PullCase) -> bool:
    return not case.held and any(
        repository == case.step.repository and image == case.image
        for (repository, _), image in case.state.dropped.items()
    )


def a_held_image_is_pulled_whole(case: PullCase) -> Finding | None:
    return _whole(case, "the mirror holds it; ") if _through(case) and case.held and not case.step.meanwhile else None


def a_held_image_needs_no_hub(case: PullCase) -> Finding | None:
    if not _through(case) or not case.held or case.step.meanwhile or not case.whole:
        return None
    said = f"the mirror holds it; {case.name}"
    if case.past:
        return broken(f"{said}; {_asked(case.past)}{_left(case)}", case.past)
    return kept(f"{said}; the daemon asked Hub nothing")


def what_the_mirror_has_not_is_pulled(case: PullCase) -> Finding | None:
    if not _through(case) or case.held or _was_spoiled(case):
        return None
    return _whole(case, "the mirror does not hold it; ")


def what_is_nowhere_is_not_found(case: PullCase) -> Finding | None:
    if case.step.direct or not case.step.reference or not case.healthy or case.at_hub or case.held:
        return None
    return _not_found(case, "Hub gives it to nobody; ")


def _not_found(case: PullCase, when: str) -> Finding:
    said, error = f"{when}{case.name}", case.pulled.error
    if case.pulled.result == "ok":
        return broken(f"{said}: that went well", (*case.fetched, *case.past))
    named = case.step.repository.removeprefix("library/") in error
    if case.pulled.result == "failed" and named and _NOT_FOUND.search(error):
        return kept(f"{said}: {error}")
    return broken(f"{said}, and the daemon does not say that it was not found: {error}", (*case.fetched, *case.past))


def a_cold_pull_goes_through_the_mirror(case: PullCase) -> Finding | None:
    if not _through(case) or not case.fills or case.held or case.step.meanwhile or _was_spoiled(case):
        return None
    return _spared(case, "the mirror fetches what it lacks; ")


def a_later_pull_costs_nothing(case: PullCase) -> Finding | None:
    if not _through(case) or not (case.held or case.brought) or case.step.meanwhile:
        return None
    paid = [e for e in (*case.fetched, *case.past) if e.stage.startswith("manifest") and e.method == "GET"]
    said = f"the mirror had it; {case.name}, and Hub gave {len(paid)} manifests"
    measure = (("Hub's pulls for an image that the mirror had", float(len(paid))),)
    return Finding(not paid, said, tuple(e.seq for e in paid), measure=measure)


def _down(faults: tuple[Fault, ...]) -> str:
    """How Hub is down for everybody, in a word; ``""`` where it is not."""
    for fault in faults:
        everything = fault.at == "any" and not fault.method and fault.times is None and not fault.skip
        if fault.kind == "refuse" or (everything and fault.kind == "status" and fault.status >= 429):
            return str(fault.status) if fault.status else fault.kind
    return ""


def held_digests_survive_an_outage(case: PullCase) -> Finding | None:
    how = _down(case.state.faults)
    if not how or case.step.direct or not case.held or case.by_tag:
        return None
    return _whole(case, f"Hub is down ({how}), the mirror holds it; ")


def held_tags_survive_an_outage(case: PullCase) -> Finding | None:
    how = _down(case.state.faults)
    if not how or case.step.direct or not case.held or not case.by_tag:
        return None
    return _whole(case, f"Hub is down ({how}), the mirror holds it; ")


def every_platform_is_pulled(case: PullCase) -> Finding | None:
    return _whole(case, "") if _through(case) and case.step.platform else None


def attestations_do_no_harm(case: PullCase) -> Finding | None:
    artifact = case.scenario.artifacts.get(case.image)
    return _whole(case, "its index lists attestations; ") if artifact and artifact.attests and _through(case) else None


def a_large_manifest_is_pulled(case: PullCase) -> Finding | None:
    large = case.content is not None and case.content.objects[0].size >= FOUR_MIB
    if not large or not _through(case) or not (case.held or case.fills):
        return None
    return _spared(case, "its manifest has 4 MiB; ")


def a_direct_pull_is_served(case: PullCase) -> Finding | None:
    if not case.step.direct or not case.at_hub or not (case.held or case.fills) or not case.healthy:
        return None
    return _whole(case, "without a login, ")


def a_direct_pull_of_what_is_not_there_is_not_found(case: PullCase) -> Finding | None:
    if not case.step.direct or not case.healthy or case.held or (case.at_hub and case.fills):
        return None
    return _not_found(case, "the mirror has no such image; ")


def an_eviction_costs_time_alone(case: PullCase) -> Finding | None:
    if not _through(case) or not _dropped(case):
        return None
    return _spared(case, "it was evicted; ") if case.fills else _whole(case, "it was evicted; ")


def an_eviction_in_the_midst_does_no_harm(case: PullCase) -> Finding | None:
    if case.step.meanwhile is None or case.step.direct or not case.at_hub:
        return None
    return _whole(case, "it was evicted meanwhile; ")


def _was_spoiled(case: PullCase) -> bool:
    before = case.scenario.steps[: case.number]
    return any(isinstance(step, Break) and step.fault.kind in _SPOILS for step in before)


def what_was_spoiled_heals(case: PullCase) -> Finding | None:
    if not _through(case) or not case.fills or not _was_spoiled(case):
        return None
    return _spared(case, "Hub had spoiled it once, and is well again; ")


def all_tags_are_pulled(case: PullCase) -> Finding | None:
    tags = {tag for repository, tag in case.state.tags if repository == case.step.repository}
    if case.step.reference or case.step.direct or not case.healthy or not tags:
        return None
    missing = sorted(tags - set(case.pulled.tags))
    if case.pulled.result != "ok":
        return broken(f"{case.name}: it failed: {case.pulled.error}", case.past)
    return (
        broken(f"{case.name}, and did not get {', '.join(missing)}") if missing else kept(f"{case.name}: all of them")
    )


PULL_RULES: dict[str, PullRule] = {
    "CLIENT-1": a_held_image_is_pulled_whole,
    "CLIENT-2": a_held_image_needs_no_hub,
    "CLIENT-3": what_the_mirror_has_not_is_pulled,
    "CLIENT-4": what_is_nowhere_is_not_found,
    "CLIENT-5": a_cold_pull_goes_through_the_mirror,
    "CLIENT-6": a_later_pull_costs_nothing,
    "CLIENT-7": held_digests_survive_an_outage,
    "CLIENT-8": held_tags_survive_an_outage,
    "CLIENT-9": every_platform_is_pulled,
    "CLIENT-10": attestations_do_no_harm,
    "CLIENT-11": a_large_manifest_is_pulled,
    "CLIENT-12": a_direct_pull_is_served,
    "CLIENT-13": a_direct_pull_of_what_is_not_there_is_not_found,
    "CLIENT-14": an_eviction_costs_time_alone,
    "CLIENT-15": an_eviction_in_the_midst_does_no_harm,
    "CLIENT-16": what_was_spoiled_heals,
    "CLIENT-17": all_tags_are_pulled,
}
