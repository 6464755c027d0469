"""BLOB, RANGE: that blobs come as they are, and parts of them as they were asked for."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from simulator.topology import HUB_HOSTS
from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, TrialRule, came, short
from suites.rules.mirror.manifests import head_agrees_with_get

CANARY = "/foreign-layer-canary"
"""A path in the address of a foreign layer, which nobody but a client has any business to ask for."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def blob_is_what_its_digest_says(case: Case) -> Finding | None:
    if case.ask.kind != "blob" or not case.whole or not case.part or case.is_misled:
        return None
    wanted, found = case.part.digest, case.answer.digest
    said = case.answer.header("docker-content-digest")
    if found != wanted:
        return broken(f"{case.name} brought {case.answer.size} bytes that are {short(found)}", case.upstream)
    if said not in ("", wanted):
        return broken(f"{case.name} came with Docker-Content-Digest: {short(said)}", case.upstream)
    return kept(f"{case.name} brought what it asked for")


def blob_head_agrees(found: tuple[Case, ...]) -> Iterator[Finding]:
    return head_agrees_with_get("blob", found)


def blob_is_not_encoded_again(case: Case) -> Finding | None:
    if not case.reads or case.ask.kind != "blob" or not case.has("accept-encoding") or not case.servable:
        return None
    if case.leads_away:
        return None
    encoding = case.answer.header("content-encoding")
    asked = f"with Accept-Encoding: {case.sent('accept-encoding')}"
    if encoding not in ("", "identity"):
        return broken(f"{asked}, {came(case)} and Content-Encoding: {encoding}", case.upstream)
    if not case.served:
        return broken(f"{asked}, {came(case)}: {short(case.answer.digest)}", case.upstream)
    return kept(f"{asked}, the blob came as it is")


def foreign_layers_are_left_to_the_client(found: tuple[Case, ...]) -> Iterator[Finding]:
    asked = [case for case in found if any(CANARY in url for url in _foreign(case))]
    if not asked:
        return
    fetched = [e for e in asked[0].history.exchanges if CANARY in e.target]
    if fetched:
        yield Finding(False, f"the mirror fetched {fetched[0].target}", (fetched[0].seq,), step=asked[-1].number)
    else:
        yield Finding(True, "the mirror asked for no address of a foreign layer", step=asked[-1].number)


def _foreign(case: Case) -> Iterator[str]:
    artifact = case.scenario.artifacts.get(case.image)
    return (url for layer in (artifact.layers if artifact else ()) for url in layer.urls)


def content_comes_from_the_mirror_itself(case: Case) -> Finding | None:
    answer = case.answer
    if case.ask.kind not in ("manifest", "blob") or case.ask.method != "GET" or not case.servable:
        return None
    if not case.leads_away:
        led = f"with a redirect to {', '.join(answer.by_way_of)}" if answer.by_way_of else "without a redirect"
        return kept(f"content came {led}") if case.whole else None
    host = urlsplit(answer.header("location")).hostname or ""
    said = f"{came(case)}, and leads to {host or 'itself'}"
    if host in HUB_HOSTS:
        return broken(said, case.upstream)
    return kept(said)


def range_is_given(case: Case) -> Finding | None:
    asked = _satisfiable(case)
    if asked is None or not case.held:
        return None
    if case.answer.status == 206 and case.answer.digest == case.happened.wanted and not case.answer.problem:
        return kept(f"{case.sent('range')} was answered with that part")
    return broken(f"{case.sent('range')} of {asked[2]} bytes: {came(case)}", case.upstream)


def range_beyond_the_end_is_refused(case: Case) -> Finding | None:
    match = _RANGE.fullmatch(case.sent("range"))
    if case.ask.kind != "blob" or not match or not case.part or not case.held or not case.healthy:
        return None
    if not match[1] or int(match[1]) < case.part.size:
        return None
    said = f"{case.sent('range')} of {case.part.size} bytes: {came(case)}"
    return kept(said) if case.answer.status == 416 else broken(said, case.upstream)


def range_is_never_answered_wrong(case: Case) -> Finding | None:
    asked = _satisfiable(case)
    if asked is None or not case.servable or case.leads_away:
        return None
    first, last, size = asked
    answer, said = case.answer, f"{case.sent('range')} of {asked[2]} bytes: {came(case)}"
    if answer.status == 206:
        told = answer.header("content-range")
        if told != f"bytes {first}-{last}/{size}":
            return broken(f"{said} and Content-Range: {told or 'none'}", case.upstream)
        if answer.digest != case.happened.wanted or answer.problem:
            return broken(f"{said}, which are not that part", case.upstream)
        return kept(said)
    if answer.status == 200 and case.part and answer.digest == case.part.digest:
        return kept(f"{said}, the whole")
    return broken(said, case.upstream)


def what_broke_off_goes_on(case: Case) -> Finding | None:
    """Ask for the rest of a download that broke off, by a fault of Hub's or because the client went away."""
    asked = _satisfiable(case)
    off = [c for c in case.earlier if c.place == case.place and (c.ask.stop_after is not None or c.answer.problem)]
    off += [c for c in case.earlier if c.place == case.place and any(f.kind == "truncate" for f in c.state.faults)]
    if asked is None or not off or not case.servable or not asked[0] or case.leads_away:
        return None
    first, _, size = asked
    answer = case.answer
    part = answer.status == 206 and answer.digest == case.happened.wanted
    whole = answer.status == 200 and case.part is not None and answer.digest == case.part.digest
    said = f"a download had broken off after {first} of {size} bytes; then {case.sent('range')}: {came(case)}"
    finding = kept(said) if (part or whole) and not answer.problem else broken(said, case.upstream)
    return replace(finding, variant=str(round(100 * first / size)))


def blobs_need_no_head_and_no_tag(case: Case) -> Finding | None:
    cold = case.reads and not case.held and case.fills and case.servable and case.ask.kind == "blob"
    only = all(c.ask.method == "GET" and not c.by_tag for c in case.earlier)
    if not cold or not only or not any(c.ask.kind == "manifest" for c in case.earlier) or case.is_choosy:
        return None
    if case.leads_away:
        return None
    said = f"with GET and digests alone, {came(case)}"
    return kept(said, case.upstream) if case.served else broken(said, case.upstream)


def _satisfiable(case: Case) -> tuple[int, int, int] | None:
    """The first and last byte of a part that a request asks for and there is, and how many bytes there are."""
    match = _RANGE.fullmatch(case.sent("range"))
    if case.ask.kind != "blob" or case.ask.method != "GET" or not match or not case.part or not case.healthy:
        return None
    size = case.part.size
    first = int(match[1]) if match[1] else max(size - int(match[2]), 0)
    last = min(int(match[2]), size - 1) if match[1] and match[2] else size - 1
    return (first, last, size) if first <= last else None


CASE_RULES: dict[str, CaseRule] = {
    "BLOB-1": blob_is_what_its_digest_says,
    "BLOB-3": blob_is_not_encoded_again,
    "BLOB-5": content_comes_from_the_mirror_itself,
    "RANGE-1": range_is_given,
    "RANGE-2": range_beyond_the_end_is_refused,
    "RANGE-3": range_is_never_answered_wrong,
    "RANGE-4": what_broke_off_goes_on,
    "BLOB-6": blobs_need_no_head_and_no_tag,
}
TRIAL_RULES: dict[str, TrialRule] = {"BLOB-2": blob_head_agrees, "BLOB-4": foreign_layers_are_left_to_the_client}
