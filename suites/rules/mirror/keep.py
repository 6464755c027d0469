"""KEEP: what a mirror holds, and what becomes of it when it does not any more."""

from dataclasses import replace

from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, came, content


def what_is_held_is_served(case: Case) -> Finding | None:
    if not case.reads or not case.held or not case.servable or case.ask.query or case.is_choosy:
        return None
    if case.by_tag and case.state.held.get(case.place) != case.image:
        return None
    return kept(came(case)) if case.served else broken(f"the mirror holds it, and {came(case)}", case.upstream)


def what_was_evicted_is_missed_or_fetched_again(case: Case) -> Finding | None:
    gone = any(
        repository == case.ask.repository and case.image == image
        for (repository, _), image in case.state.dropped.items()
    )
    if not gone or case.held or not case.reads or not case.healthy or not case.at_hub:
        return None
    said = f"it was evicted, and {came(case)}"
    clean = case.served or (case.answer.status == 404 and not case.fills)
    return kept(said, case.upstream) if clean else broken(said, case.upstream)


def eviction_does_not_harm_a_download(case: Case) -> Finding | None:
    if case.ask.meanwhile is None or case.answer.status != 200 or case.happened.failed:
        return None
    said = f"it was evicted while it was sent, and {came(case)}"
    return kept(said) if case.served else broken(said, case.upstream)


def a_shared_layer_outlives_one_of_its_images(case: Case) -> Finding | None:
    if case.ask.kind != "blob" or not case.reads or not case.held or not case.healthy or case.part is None:
        return None
    shared = [
        place
        for place, image in case.state.dropped.items()
        if any(part.digest == case.part.digest for part in case.history.contents[image].objects)
    ]
    if not shared:
        return None
    said = f"{case.ask.reference} was evicted with {shared[0][0]}, {case.ask.repository} needs it, and {came(case)}"
    return kept(said) if case.served else broken(said, case.upstream)


def past_its_capacity_nothing_is_wrong(case: Case) -> Finding | None:
    if not case.is_overfull or not case.reads or not case.healthy or not case.at_hub:
        return None
    said = f"more was filled in than the mirror has room for, and {came(case)}"
    clean = case.served or (case.answer.status == 404 and not case.fills)
    measure = (("fetched again past the capacity", float(bool(content(case.upstream)))),)
    return replace(kept(said) if clean else broken(said, case.upstream), measure=measure)


CASE_RULES: dict[str, CaseRule] = {
    "KEEP-1": what_was_evicted_is_missed_or_fetched_again,
    "KEEP-2": eviction_does_not_harm_a_download,
    "KEEP-3": a_shared_layer_outlives_one_of_its_images,
    "KEEP-4": what_is_held_is_served,
    "KEEP-5": past_its_capacity_nothing_is_wrong,
}
