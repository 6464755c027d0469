"""FILL: how a mirror fetches what it lacks."""

from collections.abc import Iterator
from dataclasses import replace

from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, TrialRule, came, short

_SPOILS = frozenset({"corrupt", "truncate", "reset", "wrong-length"})


def many_clients_are_one_fetch(case: Case) -> Finding | None:
    if case.ask.kind != "blob" or not _is_crowd(case) or case.part is None or case.leads_away:
        return None
    fetched = [e for e in case.upstream if e.method == "GET" and e.reference == case.part.digest and e.status == 200]
    said = f"{case.ask.clients} clients asked at once for {case.ask.reference}, and Hub gave it {len(fetched)} times"
    measure = ((f"fetches for {case.ask.clients} clients at once", float(len(fetched))),)
    return Finding(len(fetched) == 1, said, tuple(e.seq for e in fetched), measure=measure)


def many_pulls_are_one_pull(case: Case) -> Finding | None:
    if not case.by_tag or case.ask.method != "GET" or not _is_crowd(case):
        return None
    pulls = [e for e in case.upstream if e.method == "GET" and e.stage == "manifest-by-tag" and e.status == 200]
    said = f"{case.ask.clients} clients asked at once for {case.ask.reference}, which cost {len(pulls)} of Hub's pulls"
    measure = ((f"Hub's pulls for {case.ask.clients} clients at once", float(len(pulls))),)
    return Finding(len(pulls) == 1, said, tuple(e.seq for e in pulls), measure=measure)


def _is_crowd(case: Case) -> bool:
    """Whether it is the first of several clients that ask at once for what is not cached."""
    alone_slow = all(fault.kind == "slow" for fault in case.state.faults)
    well = alone_slow and case.ask.repository not in case.scenario.private and case.scenario.limits_nobody
    return case.ask.clients > 1 and not case.index and case.fills and not case.held and well


def a_blob_is_handed_on_while_it_comes(case: Case) -> Finding | None:
    slow = [f for f in case.state.faults if f.kind == "slow" and f.at in ("blob", "layer")]
    if not slow or case.ask.kind != "blob" or not case.reads or case.held or not case.fills or case.leads_away:
        return None
    if case.ask.clients > 1:
        return None
    wait, whole = case.answer.first_byte, slow[0].seconds
    streamed = case.answer.seconds - wait > whole / 4
    said = f"Hub took {whole:g} s for a blob; the client had its first byte after {wait:.1f} s"
    said = f"{said}, and its last after {case.answer.seconds:.1f} s"
    measure = (("seconds to the first byte", wait),)
    return Finding(case.served and streamed, said if case.served else f"{said}; {came(case)}", measure=measure)


def a_client_that_leaves_does_not_end_the_fetch(found: tuple[Case, ...]) -> Iterator[Finding]:
    """Whether what a client left is there, sooner or later, though Hub is down: storing it may take its time."""
    left = [case for case in found if _leaves_in_the_midst(case)]
    if not left:
        return
    asked = [c for c in found if c.place == left[0].place and c.reads and not c.healthy and c.number > left[0].number]
    if not asked:
        return
    case = next((case for case in asked if case.served), asked[-1])
    said = f"a client left in the midst of {case.ask.reference}; then Hub was down, and {came(case)}"
    finding = kept(said) if case.served else broken(said, left[-1].upstream)
    yield replace(finding, step=case.number)


def _leaves_in_the_midst(case: Case) -> bool:
    """Whether a client went away before Hub can have given all: it takes its time, from when the mirror asks it."""
    paced = [f.seconds for f in case.state.faults if f.kind == "slow"]
    midst = case.ask.stop_after is not None and not case.leads_away
    return midst and case.fills and bool(paced) and case.answer.seconds < max(paced)


def what_was_spoiled_is_not_kept(case: Case) -> Finding | None:
    """Ask while Hub spoils its answers, then when it is well again."""
    before = [f for c in case.earlier if c.place == case.place for f in c.state.faults if f.kind in _SPOILS]
    if not before or not case.reads or not case.servable or case.leads_away:
        return None
    how = before[-1].kind
    said = f"Hub had spoiled it once ({how}) and is well again, and {came(case)}: {short(case.answer.digest)}"
    finding = kept(said) if case.served else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=how)


def what_is_no_content_is_not_kept(case: Case) -> Finding | None:
    before = [
        f
        for c in case.earlier
        if c.place == case.place
        for f in c.state.faults
        if f.kind == "redirect" or (f.kind == "status" and f.status < 300)
    ]
    if not before or not case.reads or not case.servable or case.leads_away:
        return None
    how = "redirect" if before[-1].kind == "redirect" else "page"
    said = f"Hub had answered once with a {how} and is well again, and {came(case)}: {short(case.answer.digest)}"
    finding = kept(said) if case.served else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=how)


def a_page_is_not_content(case: Case) -> Finding | None:
    page = [f for f in case.state.faults if f.kind == "status" and f.status == 200 and "html" in f.content_type]
    if not page or not case.reads or case.held or not case.fills:
        return None
    said = f"Hub answers with a page that is no content, and {came(case)}"
    return broken(said, case.upstream) if case.whole and not case.served else kept(said)


CASE_RULES: dict[str, CaseRule] = {
    "FILL-1": many_clients_are_one_fetch,
    "FILL-2": a_blob_is_handed_on_while_it_comes,
    "FILL-4": what_was_spoiled_is_not_kept,
    "FILL-5": what_is_no_content_is_not_kept,
    "FILL-6": a_page_is_not_content,
    "FILL-7": many_pulls_are_one_pull,
}
TRIAL_RULES: dict[str, TrialRule] = {"FILL-3": a_client_that_leaves_does_not_end_the_fetch}
