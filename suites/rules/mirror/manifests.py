"""MANIFEST: that manifests come as Hub has them."""

from collections.abc import Iterator

from suites.mirror.timeline import Case, content_of
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, TrialRule, came, short

_SIGNED = "manifest.v1"
"""What is in the types of Docker's schema 1, whose digest is not that of its bytes, but of what is signed."""

LARGEST = 4 << 20
"""Bytes that a manifest may have at every registry (distribution-spec 1.1, "Pushing Manifests")."""

LARGE = 1 << 20
"""Bytes from which on a manifest is large: no image that people build has one as long."""


def manifest_is_what_its_digest_says(case: Case) -> Finding | None:
    if case.ask.kind != "manifest" or not case.whole or _SIGNED in case.answer.header("content-type"):
        return None
    said, found = case.answer.header("docker-content-digest"), case.answer.digest
    if said == found:
        return kept(f"{case.name} brought {short(found)}, as Docker-Content-Digest says")
    told = f"Docker-Content-Digest says {short(said)}" if said else "there is no Docker-Content-Digest"
    return broken(f"{case.name} brought {short(found)}, and {told}", case.upstream)


def manifest_is_hubs(case: Case) -> Finding | None:
    if case.ask.kind != "manifest" or not case.whole or case.is_choosy or not (case.at_hub or case.held):
        return None
    if case.is_misled:
        return None
    if case.by_tag:
        images = case.state.before.get(case.place, frozenset())
        known = {case.history.contents[image].root for image in images}
    else:
        known = {case.part.digest} if case.part else set()
    if case.answer.digest in known:
        return kept(f"{case.name} brought {short(case.answer.digest)}, which Hub has there")
    return broken(
        f"{case.name} brought {short(case.answer.digest)}; Hub has {', '.join(map(short, sorted(known)))}",
        case.upstream,
    )


def manifest_is_of_the_type_that_was_pushed(case: Case) -> Finding | None:
    if case.ask.kind != "manifest" or not case.served or case.part is None:
        return None
    found = case.answer.header("content-type")
    if found == case.part.media_type:
        return kept(f"{case.name} is of the type {found}")
    return broken(f"{case.name} is of the type {found!r}, and was pushed as {case.part.media_type}", case.upstream)


def whatever_is_accepted_nothing_is_converted(case: Case) -> Finding | None:
    if not case.by_tag or not case.reads or not case.has("accept") or not case.servable:
        return None
    accept = case.sent("accept")
    if case.served or case.answer.status in (404, 406):
        return kept(f"with Accept: {accept}, {case.answer.status} and no other document came")
    wanted = short(case.part.digest) if case.part else "nothing"
    return broken(
        f"with Accept: {accept}, {came(case)}: {short(case.answer.digest)}, where Hub has {wanted}", case.upstream
    )


def every_manifest_of_an_index_is_there(case: Case) -> Finding | None:
    content = content_of(case)
    part = case.part
    if case.ask.kind != "manifest" or not case.reads or case.by_tag or not case.servable:
        return None
    if content is None or part is None or content.objects[0].role != "index" or part.digest == content.root:
        return None
    if case.served:
        return kept(f"{part.role} of {case.image} came")
    return broken(f"{part.role} of the index {case.image} did not come: {came(case)}", case.upstream)


def what_is_no_image_passes_untouched(case: Case) -> Finding | None:
    artifact = case.scenario.artifacts.get(case.image)
    if not artifact or not artifact.artifact_type or not case.by_tag or not case.reads or not case.servable:
        return None
    said = f"an artifact of the type {artifact.artifact_type}: {came(case)}"
    return kept(said) if case.served else broken(said, case.upstream)


def large_manifests_pass(case: Case) -> Finding | None:
    if case.part is None or case.part.size < LARGE or not case.by_tag or not case.reads or not case.servable:
        return None
    said = f"a manifest of {case.part.size} bytes: {came(case)}"
    return kept(said) if case.served else broken(said, case.upstream)


def what_is_too_large_is_refused_clearly(case: Case) -> Finding | None:
    too_large = [f for f in case.state.faults if f.kind == "status" and f.status == 200 and len(f.body) > LARGEST]
    if not too_large or case.ask.kind != "manifest" or not case.reads or case.held or not case.fills:
        return None
    said = f"Hub gave a manifest of {len(too_large[0].body)} bytes, and {came(case)}"
    passed = case.answer.status == 200 and case.answer.size == len(too_large[0].body)
    refused = case.answer.status in (413, 500, 502, 503)
    clear = (passed or refused) and not case.answer.problem
    return kept(said) if clear else broken(said, case.upstream)


def digest_needs_no_tag_before(case: Case) -> Finding | None:
    cold = case.reads and not case.held and case.fills and case.servable
    if not cold or case.ask.kind != "manifest" or case.by_tag or not case.part or case.earlier:
        return None
    said = f"nothing was asked for before, and {came(case)}"
    return kept(said, case.upstream) if case.served else broken(said, case.upstream)


def head_agrees_with_get(kind: str, found: tuple[Case, ...]) -> Iterator[Finding]:
    """HEAD and GET of the same thing, one after the other, while nothing changes."""
    for number, get in enumerate(found):
        head = found[number - 1] if number else None
        if head is None or (head.ask.method, get.ask.method, get.ask.kind) != ("HEAD", "GET", kind):
            continue
        if head.place != get.place or head.state != get.state or not (get.whole or head.answer.status == 200):
            continue
        differs = list(_differences(head, get))
        told = f"HEAD and GET of {kind} {get.ask.reference}"
        finding = broken(f"{told} differ in {'; '.join(differs)}", head.upstream) if differs else kept(f"{told} agree")
        yield Finding(finding.kept, finding.reason, finding.exchanges, step=get.number)


def _differences(head: Case, get: Case) -> Iterator[str]:
    if head.answer.status != get.answer.status:
        yield f"status: {head.answer.outcome} and {get.answer.outcome}"
        return
    if head.answer.header("content-length") != str(get.answer.size):
        yield f"length: {head.answer.header('content-length') or 'none'} and {get.answer.size} bytes"
    if get.ask.kind == "manifest":
        digest = head.answer.header("docker-content-digest")
        if digest != get.answer.digest:
            yield f"digest: {short(digest)} and {short(get.answer.digest)}"
        if head.answer.header("content-type") != get.answer.header("content-type"):
            yield f"type: {head.answer.header('content-type')} and {get.answer.header('content-type')}"


def manifest_head_agrees(found: tuple[Case, ...]) -> Iterator[Finding]:
    return head_agrees_with_get("manifest", found)


CASE_RULES: dict[str, CaseRule] = {
    "MANIFEST-1": manifest_is_what_its_digest_says,
    "MANIFEST-3": manifest_is_hubs,
    "MANIFEST-4": manifest_is_of_the_type_that_was_pushed,
    "MANIFEST-5": whatever_is_accepted_nothing_is_converted,
    "MANIFEST-6": every_manifest_of_an_index_is_there,
    "MANIFEST-7": what_is_no_image_passes_untouched,
    "MANIFEST-8": large_manifests_pass,
    "MANIFEST-9": digest_needs_no_tag_before,
    "MANIFEST-10": what_is_too_large_is_refused_clearly,
}
TRIAL_RULES: dict[str, TrialRule] = {"MANIFEST-2": manifest_head_agrees}
