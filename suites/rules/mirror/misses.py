"""MISS, NAME, NS: what is not there, and what cannot be."""

from simulator.arrangement import Fault
from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, came, content, is_digest, is_reference, is_repository, is_tag, short

_OTHER_REGISTRY = "ns=quay.io"


def _is_named_well(case: Case) -> bool:
    return is_repository(case.ask.repository) and is_reference(case.ask.reference)


def absent_is_not_found(case: Case) -> Finding | None:
    ask = case.ask
    if ask.kind == "tags" and case.healthy and ask.repository not in case.state.images:
        said = came(case)
        return kept(said) if case.answer.status in (404, 405) else broken(f"Hub has no such, and {said}", case.upstream)
    if ask.kind not in ("manifest", "blob") or ask.method not in ("GET", "HEAD") or not _is_named_well(case):
        return None
    if not case.healthy or case.at_hub or case.held or case.has("authorization") or _is_short_name(case):
        return None
    if case.place in case.state.before:
        return None
    return (
        kept(came(case)) if case.answer.status == 404 else broken(f"Hub has no such, and {came(case)}", case.upstream)
    )


def a_miss_is_not_remembered_too_long(case: Case) -> Finding | None:
    missed = [
        c for c in case.earlier if c.place == case.place and c.reads and not c.is_choosy and c.answer.status // 100 != 2
    ]
    if not missed or not case.reads or case.is_choosy or not case.servable or not case.fills:
        return None
    if case.state.since.get(case.place, case.history.promises.stale or 0.0) < (case.history.promises.stale or 0.0):
        return None
    before = missed[-1]
    why = _why(before.state.faults) if before.at_hub else "absent"
    if not why:
        return None
    said = (
        f"{before.name} was answered {before.answer.outcome} while Hub had it {why}; then Hub had it, and {came(case)}"
    )
    finding = kept(said) if case.served else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=why)


def _why(faults: tuple[Fault, ...]) -> str:
    """How Hub said no, in a word; ``""`` where it did not, or said something else."""
    return str(faults[0].status) if faults and faults[0].kind == "status" and faults[0].status >= 400 else ""


def a_name_that_cannot_be_is_refused(case: Case) -> Finding | None:
    if case.ask.kind not in ("manifest", "blob") or is_repository(case.ask.repository):
        return None
    said = f"{case.ask.repository!r} is no repository's name: {came(case)}"
    return kept(said) if case.answer.status in (400, 404) else broken(said, case.upstream)


def a_tag_that_cannot_be_is_refused(case: Case) -> Finding | None:
    tag = case.ask.reference
    if case.ask.kind != "manifest" or is_reference(tag) or ":" in tag or "@" in tag:
        return None
    said = f"a tag that cannot be, of {len(tag)} characters: {came(case)[:120]}"
    return kept(said) if case.answer.status in (400, 404) else broken(said, case.upstream)


def a_digest_that_cannot_be_is_refused(case: Case) -> Finding | None:
    digest = case.ask.reference
    wrong = ":" in digest or "%3A" in digest or case.ask.kind == "blob"
    if (
        case.ask.kind not in ("manifest", "blob")
        or not wrong
        or is_digest(digest)
        or is_tag(digest) != (case.ask.kind == "blob" and is_tag(digest))
    ):
        return None
    asked = content(case.upstream)
    if asked:
        return broken(f"{digest} is no digest, and Hub was asked for {asked[0].target}", asked)
    said = f"{digest} is no digest: {came(case)}"
    return kept(said) if 400 <= case.answer.status < 500 else broken(said, case.upstream)


def _is_short_name(case: Case) -> bool:
    return "/" not in case.ask.repository and f"library/{case.ask.repository}" in case.state.images


def a_short_name_is_never_another_image(case: Case) -> Finding | None:
    if not case.by_tag or not case.reads or not _is_short_name(case) or not case.healthy:
        return None
    own = case.state.tags.get((f"library/{case.ask.repository}", case.ask.reference), "")
    wanted = case.history.contents[own].root if own else ""
    if case.whole and case.answer.digest == wanted:
        return kept(f"{case.ask.repository} is library/{case.ask.repository}")
    if case.answer.status in (401, 403, 404):
        return kept(f"{case.ask.repository} is not found")
    return broken(f"{came(case)}: {short(case.answer.digest)}, not library/{case.ask.repository}", case.upstream)


def namespace_of_hub_changes_nothing(case: Case) -> Finding | None:
    if not case.by_tag or not case.reads or "ns=docker.io" not in case.ask.query or not case.servable:
        return None
    return kept(came(case)) if case.served else broken(came(case), case.upstream)


def namespace_of_another_registry_is_not_hubs(case: Case) -> Finding | None:
    if _OTHER_REGISTRY not in case.ask.query or "ns" not in case.history.features or not case.servable:
        return None
    said = f"asked for quay.io's, {came(case)}"
    return broken(said, case.upstream) if case.answer.status // 100 != 4 else kept(said)


def odd_namespaces_are_no_failure(case: Case) -> Finding | None:
    if not case.by_tag or not case.reads or not case.ask.query.startswith("ns=") or not case.servable:
        return None
    if case.ask.query in ("ns=docker.io", _OTHER_REGISTRY):
        return None
    said = f"with ?{case.ask.query[:40]}, {case.ask.method} {case.ask.kind} was answered {case.answer.outcome}"
    return kept(said) if case.served or case.answer.status in (400, 404) else broken(said, case.upstream)


def a_namespace_that_is_heeded_is_told(case: Case) -> Finding | None:
    if "ns" not in case.history.features or case.ask.query != "ns=docker.io" or not case.served:
        return None
    told = case.answer.header("oci-namespace")
    said = f"asked with ns=docker.io, the answer has OCI-Namespace: {told or 'none'}"
    return kept(said) if told == "docker.io" else broken(said, case.upstream)


CASE_RULES: dict[str, CaseRule] = {
    "MISS-1": absent_is_not_found,
    "MISS-2": a_miss_is_not_remembered_too_long,
    "NAME-1": a_name_that_cannot_be_is_refused,
    "NAME-2": a_tag_that_cannot_be_is_refused,
    "NAME-3": a_digest_that_cannot_be_is_refused,
    "NAME-4": a_short_name_is_never_another_image,
    "NS-1": namespace_of_hub_changes_nothing,
    "NS-2": namespace_of_another_registry_is_not_hubs,
    "NS-3": odd_namespaces_are_no_failure,
    "NS-4": a_namespace_that_is_heeded_is_told,
}
