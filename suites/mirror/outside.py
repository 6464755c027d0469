"""What can be judged of a mirror from outside, where nobody can tell its Docker Hub what to do.

The rules are those of every mirror. What Docker Hub has is not known: a case counts where the digests of what came
prove it, and what would need more is not observable.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx

from fixtures.errors import CannotRunError, LabError, UsageError
from fixtures.mirrors.history import MirrorHistory
from fixtures.mirrors.outside import Image, Known, OutsideLab, digest_at_hub, key_of
from fixtures.mirrors.scenario import Ask, Fill, MirrorScenario
from fixtures.mirrors.subject import MirrorSubject
from fixtures.mirrors.visiting import StoppedError
from fixtures.mirrors.wire import SHORT
from report.results import RuleResult, Run
from simulator.arrangement import Content, ContentObject, Copy, Holdings
from simulator.command.imagespec import SpecError, reference
from suites.mirror.judge import judge
from suites.mirror.timeline import Case, cases
from suites.mirror.trial import Trial
from suites.mirror.trials.common import DOCKER_MANIFEST, MISMADE, OCI_INDEX, OCI_MANIFEST
from suites.mirror.trying import Progress, refuse_what_is_no_registry, try_mirror
from suites.rules.mirror.common import is_digest
from suites.rules.mirror.daemons import PULL_RULES
from suites.verdict import Verdict

NOBODYS = "mirror-conformance/nobodys"
"""A repository that is at no Docker Hub."""

_ACCEPTS = (DOCKER_MANIFEST, OCI_MANIFEST, OCI_INDEX, "*/*")
_NO_DIGEST = f"sha256:{'0' * 64}"
_PLATFORMS = ("linux/amd64", "linux/arm64")

_UNTOLD: dict[str, str] = {
    "CLIENT": "no daemon is let pull from it: that would cost Docker Hub's pulls",
    "BLOB-4": "no image can be put on Docker Hub for it",
    "DOWN": "Docker Hub cannot be let fail for it",
    "ERROR-2": "nobody is to use up a limit for it",
    "FILL": "Docker Hub cannot be let misbehave for it",
    "FRESH": "since when a tag is behind Docker Hub cannot be known",
    "GONE": "nothing can be deleted on Docker Hub for it",
    "KEEP": "nothing can be evicted for it",
    "LIST-3": "what Docker Hub lists cannot be had by HEAD",
    "LIST-4": "what is private at Docker Hub is not known",
    "MANIFEST-7": "no image can be put on Docker Hub for it",
    "MANIFEST-8": "no image can be put on Docker Hub for it",
    "MANIFEST-9": "to learn the digest the tag must be asked for; --compare-hub or --image NAME@DIGEST would tell it",
    "MISS-2": "nothing can be put on Docker Hub for it",
    "NS-2": "it does not declare the feature ns",
    "PRIVATE": "what is private at Docker Hub is not known",
    "PROFILE": "whether the image was cached before cannot be known",
    "QUOTA": "what it asks of Docker Hub cannot be seen",
    "REFERRERS-3": "what Docker Hub has is not known",
    "REFERRERS-4": "what Docker Hub has is not known",
    "SECRET": "what it asks of others cannot be seen",
    "WRITE-1": "it would write; --writes allows that",
    "WRITE-2": "it would delete what others need",
}
"""Why rules are not observable, by an id or the group that it is of."""

_UNSEEN = "it needs a Docker Hub that can be told what to do"

HALF: dict[str, str] = {
    "MANIFEST-3": "that it has its digest; by its tag only where --compare-hub finds the same digest",
    "NAME-3": "that it is refused; not whether Docker Hub is asked",
}
"""What is seen of rules that are observable in part."""

_IMAGINED = tuple(
    ContentObject(role, f"<digest of {what}>", "", 0)
    for role, what in (
        ("index", "the index or manifest"),
        ("linux/amd64:manifest", "its manifest for linux/amd64"),
        ("linux/arm64:manifest", "its manifest for linux/arm64"),
        ("attestation:manifest", "an attestation"),
        ("config", "its config"),
        ("layer:0", "its smallest layer"),
    )
)
_TEACHING = ("look", "index")
"""The trials by which it is learnt what to ask for in others."""

_NO_TAGS = ("<first tag>", "<second tag>", "<third tag>")


@dataclass(frozen=True)
class Visit:
    """What a mirror is asked from outside: for which ``images``, and whether it may be asked to write.

    ``at_hub`` are the digests that Docker Hub names, by the image's key; ``problems`` why one is missing. ``trials``
    are the names of those that are wanted (none: all). ``absent`` is a tag that nobody has.
    """

    images: tuple[Image, ...]
    writes: bool = False
    at_hub: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    absent: str = field(default_factory=lambda: f"absent-{secrets.token_hex(4)}")


def image_of(text: str) -> Image:
    """Read ``REPO[:TAG][@DIGEST]`` as Docker does. Raises UsageError."""
    name, at, digest = text.partition("@")
    if at and (digest.startswith("@") or not is_digest(digest)):
        raise UsageError(f"{digest!r} (in --image {text}) is no digest.")
    try:
        named = reference(name)
    except SpecError as error:
        raise UsageError(f"--image {text}: {error}") from error
    return Image(named.repository, named.tag, digest)


def compared(visit: Visit, client: httpx.Client) -> Visit:
    """The same, with what Docker Hub has; after its first refusal it is asked no more."""
    found: dict[str, str] = {}
    try:
        for image in visit.images:
            found[image.key] = digest_at_hub(client, image)
    except LabError as error:
        return replace(visit, at_hub=found, problems=(str(error),))
    return replace(visit, at_hub=found)


def imagined(visit: Visit) -> Known:
    """What might be learnt, with words in the place of digests and tags: to see in advance what is asked."""
    content = Content(_IMAGINED[0].digest, _IMAGINED, ())
    return Known(
        {image.key: content for image in visit.images},
        frozenset(part.digest for part in _IMAGINED),
        {image.repository: _NO_TAGS for image in visit.images},
    )


def as_if_compared(visit: Visit) -> Visit:
    """The same, as if Docker Hub had been asked."""
    return replace(visit, at_hub={key: content.root for key, content in imagined(visit).contents.items()})


def itinerary(visit: Visit, lab: OutsideLab | None = None) -> Iterator[Trial]:
    """The trials in order, each made of what the lab has learnt by then; without one, of what might be learnt."""
    for trial in _itinerary(visit, lab):
        named = any(trial.name in (name, f"{name} ({_about(trial)})") for name in visit.trials)
        if not visit.trials or named or trial.name.startswith(_TEACHING):
            yield replace(trial, judge=_Judge(visit))


def _about(trial: Trial) -> str:
    return trial.name.partition("(")[2].rstrip(")")


def _itinerary(visit: Visit, lab: OutsideLab | None) -> Iterator[Trial]:
    def known() -> Known:
        return lab.known if lab else imagined(visit)

    def content_of(image: Image) -> Content:
        return known().contents.get(image.key) or imagined(visit).contents[image.key]

    first = visit.images[0]
    yield Trial("ping", MirrorScenario(steps=(Ask("ping"),)), ("API-1",))
    for image in visit.images:
        digest = image.digest or visit.at_hub.get(image.key, "")
        if digest:
            if lab:
                lab.expect(replace(image, digest=digest))
            by_digest = _of(image, Ask("manifest", image.repository, f"@{image.key}"), held=False)
            yield Trial(f"by digest first ({image.name})", by_digest, ("MANIFEST-9",), only="pull-through")
        yield _look(image)
    for image in visit.images:
        yield _whole(image)
        yield _children(image, content_of(image))
        yield from _blobs(image, content_of(image))
    yield _by_its_tag(first)
    yield from _parts(first, content_of(first))
    yield _missing(first, visit.absent)
    yield _names(first)
    yield _list(first)
    yield _pages(first, known().tags.get(first.repository, ()))
    yield _referrers(first)
    other = _of(first, replace(_tag(first), query="ns=quay.io"))
    yield Trial("other namespace", other, ("NS-2",), feature="ns")
    if visit.writes:
        yield _writes(first)


def _of(image: Image, *steps: Ask, held: bool = True) -> MirrorScenario:
    """Docker Hub has an image, and the mirror has served it."""
    copies = Holdings((Copy(image.repository, image.tag, image.key),))
    fill = (Fill(image.repository, image.tag, image.key),) if held else ()
    return MirrorScenario(hub=copies, steps=(*fill, *steps))


def _tag(image: Image) -> Ask:
    return Ask("manifest", image.repository, image.tag)


def _both(ask: Ask) -> tuple[Ask, Ask]:
    return replace(ask, method="HEAD"), ask


def _look(image: Image) -> Trial:
    rules_of_it = ("API-2", "MANIFEST-1", "MANIFEST-2", "MANIFEST-4")
    return Trial(f"look ({image.name})", _of(image, *_both(_tag(image)), held=False), rules_of_it)


def _whole(image: Image) -> Trial:
    asked = Ask("manifest", image.repository, f"@{image.key}")
    rules_of_it = ("API-2", "MANIFEST-1", "MANIFEST-2", "MANIFEST-3", "MANIFEST-4", "KEEP-4")
    return Trial(f"by digest ({image.name})", _of(image, *_both(asked)), rules_of_it)


def _children(image: Image, content: Content) -> Trial:
    """One manifest or two of an index, and an attestation, if it has any."""
    roles = [part.role for part in content.objects if part.role.endswith(":manifest")]
    images = [role for role in roles if not role.startswith("attestation")]
    usual = [f"{platform}:manifest" for platform in _PLATFORMS if f"{platform}:manifest" in images]
    chosen = (usual or images)[:2] + [role for role in roles if role not in images][:1]
    chosen = chosen or [f"{_PLATFORMS[0]}:manifest"]
    asked = (Ask("manifest", image.repository, f"@{image.key}/{role}") for role in chosen)
    return Trial(f"index ({image.name})", _of(image, *asked), ("MANIFEST-6",))


def _blobs(image: Image, content: Content) -> Iterator[Trial]:
    layers = [part for part in content.objects if part.role.startswith("layer:")]
    smallest = min(layers, key=lambda part: part.size).role if layers else "layer:0"
    for name, role in (("config", "config"), ("layer", smallest)):
        asked = Ask("blob", image.repository, f"@{image.key}/{role}")
        yield Trial(f"{name} ({image.name})", _of(image, *_both(asked)), ("BLOB-1", "BLOB-2", "BLOB-5", "KEEP-4"))


def _by_its_tag(image: Image) -> Trial:
    """The tag in several ways; the last request shows whether it has moved meanwhile."""
    asked = _tag(image)
    short = image.repository.removeprefix("library/")
    steps = (
        *(replace(asked, headers=(("Accept", accept),)) for accept in _ACCEPTS),
        asked,
        replace(asked, headers=(("If-None-Match", f'"{{@{image.key}}}"'),)),
        replace(asked, query="ns=docker.io"),
        *((replace(asked, repository=short),) if "/" not in short else ()),
        replace(asked, method="HEAD"),
    )
    named = ("NAME-4",) if "/" not in short else ()
    return Trial("by its tag", _of(image, *steps), ("MANIFEST-5", "COND-1", "NS-1", *named))


def _parts(image: Image, content: Content) -> Iterator[Trial]:
    blob = Ask("blob", image.repository, f"@{image.key}/config")
    ranges = ("bytes=0-9", "bytes=10-", "bytes=-10", "bytes=1000000000-")
    steps = (replace(blob, headers=(("Range", asked),)) for asked in ranges)
    yield Trial("parts", _of(image, *steps), ("RANGE-1", "RANGE-2", "RANGE-3"))
    steps = (replace(blob, headers=(("Accept-Encoding", asked),)) for asked in ("gzip", "zstd, gzip;q=0.5"))
    yield Trial("encodings", _of(image, *steps), ("BLOB-3",))


def _missing(image: Image, absent: str) -> Trial:
    steps = (
        *_both(Ask("manifest", image.repository, absent)),
        Ask("manifest", image.repository, _NO_DIGEST),
        Ask("blob", image.repository, _NO_DIGEST),
        Ask("manifest", NOBODYS, "latest"),
    )
    return Trial("missing", _of(image, *steps, held=False), ("MISS-1", "ERROR-1"))


def _names(image: Image) -> Trial:
    steps = (
        Ask("manifest", image.repository.title(), image.tag),
        Ask("manifest", "library/-app", "latest"),
        Ask("manifest", image.repository, "a" * 129),
        Ask("manifest", image.repository, "-a"),
        *(Ask("manifest", image.repository, digest) for digest in MISMADE[:3]),
        *(Ask("blob", image.repository, digest) for digest in MISMADE[2:]),
    )
    return Trial("names", _of(image, *steps, held=False), ("NAME-1", "NAME-2", "NAME-3"))


def _list(image: Image) -> Trial:
    return Trial("list", _of(image, Ask("tags", image.repository, query="n=3"), held=False), ("LIST-1",))


def _pages(image: Image, tags: Sequence[str]) -> Trial:
    """Pages that end before the last of the tags that were listed: what comes after them is not known."""
    repository = image.repository
    first, second, third = [*sorted(tags)[:3], *_NO_TAGS[len(tags) :]][:3]
    copies = Holdings(tuple(Copy(repository, tag, key_of(repository, tag)) for tag in (first, second, third)))
    held = (Fill(repository, tag, key_of(repository, tag)) for tag in (first, second, third))
    asked = (Ask("tags", repository, query=query) for query in ("n=1", f"n=1&last={first}", "n=2"))
    return Trial("pages", MirrorScenario(hub=copies, steps=(*held, *asked)), ("LIST-2",))


def _referrers(image: Image) -> Trial:
    steps = (Ask("referrers", image.repository, about) for about in (f"@{image.key}", "sha256:nothing"))
    return Trial("referrers", _of(image, *steps), ("REFERRERS-1", "REFERRERS-2"))


def _writes(image: Image) -> Trial:
    """Nothing of anybody's is touched, whatever the mirror makes of it."""
    upload = "11111111-2222-3333-4444-555555555555"
    steps = (
        Ask("upload", NOBODYS, "", "POST"),
        Ask("upload", NOBODYS, "", "POST", query=f"mount={{@{image.key}}}&from={image.repository}"),
        Ask("upload", NOBODYS, upload, "PATCH", body="x"),
        Ask("upload", NOBODYS, upload, "PUT", query=f"digest={_NO_DIGEST}", body="x"),
        Ask("manifest", NOBODYS, "latest", "PUT", (("Content-Type", OCI_MANIFEST),), body='{"schemaVersion":2}'),
        Ask("manifest", NOBODYS, _NO_DIGEST, "DELETE"),
        Ask("blob", NOBODYS, _NO_DIGEST, "DELETE"),
    )
    return Trial("writes", _of(image, *steps), ("WRITE-1",))


def observable(visit: Visit, subject: MirrorSubject) -> frozenset[str]:
    """The rules that trials are there for, without their variants."""
    trials = _itinerary(visit, None)
    return frozenset(rule for trial in trials if not trial.unfit(subject) for rule in trial.rules)


def unseen(rule: str) -> str:
    """Why a rule that no trial is there for is not observable."""
    base = rule.partition("/")[0]
    return _UNTOLD.get(base) or _UNTOLD.get(base.partition("-")[0], _UNSEEN)


def proved(visit: Visit, case: Case, rule: str) -> bool:
    """Whether what came shows whether a rule was kept, though nobody knows what Docker Hub has."""
    content = case.history.contents.get(case.image)
    match rule:
        case "MANIFEST-3":
            return not case.by_tag or (content is not None and visit.at_hub.get(case.image) == content.root)
        case "MANIFEST-4":
            return case.part is not None and bool(case.part.media_type)
        case "LIST-1":
            return case.answer.size <= SHORT
        case _:
            return True


@dataclass(frozen=True)
class _Judge:
    """Says what can be judged from outside: nothing, where a tag has moved meanwhile."""

    visit: Visit

    def __call__(self, scenario: MirrorScenario, history: MirrorHistory) -> Iterator[Verdict]:
        found = {case.number: case for case in cases(scenario, history)}
        last = found.get(len(scenario.steps) - 1)
        if last and _has_moved(last):
            return
        seen = {rule for trial in _itinerary(self.visit, None) for rule in trial.rules}
        for verdict in judge(scenario, history):
            base, case = verdict.rule.partition("/")[0], found.get(verdict.step)
            if base in seen and (case is None or proved(self.visit, case, base)):
                yield verdict


def _has_moved(case: Case) -> bool:
    """Whether a tag that is asked for at the end names what it did not at first, and had come as that before."""
    now = case.answer.header("docker-content-digest")
    content = case.history.contents.get(case.image)
    if case.ask.method != "HEAD" or not case.by_tag or content is None or now == content.root:
        return False
    return any(c.place == case.place and c.whole and c.answer.digest == now for c in case.earlier)


def visit_mirror(lab: OutsideLab, visit: Visit, wanted: Sequence[str], command: str, progress: Progress) -> Run:
    """Ask a mirror from outside, and judge what came.

    Raises:
        CannotRunError: nothing that speaks HTTP answers there, or it wants to be left alone.
        UsageError: what answers is no registry, or a trial is not known.
    """
    names = [trial.name for trial in _itinerary(visit, None)]
    for name in visit.trials:
        if not any(known == name or known.startswith(f"{name} (") for known in names):
            raise UsageError(f"No trial is called {name!r}; from outside there are: {', '.join(names)}.")
    try:
        refuse_what_is_no_registry(lab.subject.url, lab.ping())
    except StoppedError as stopped:
        raise CannotRunError(f"The mirror at {lab.subject.url} {stopped}.") from stopped
    run = try_mirror(lab, itinerary(visit, lab), wanted, command, progress)
    return replace(run, results=tuple(_remarked(result, lab, visit) for result in run.results))


def _remarked(result: RuleResult, lab: OutsideLab, visit: Visit) -> RuleResult:
    """A result with the reason why nothing was seen, where nothing was."""
    base = result.rule.id.partition("/")[0]
    if result.status != "not exercised" and base not in PULL_RULES:
        return result
    if base not in observable(visit, lab.subject):
        result = replace(
            result, status="not applicable", remark=f"not observable from outside: {unseen(result.rule.id)}"
        )
        return _fresh(result, lab.known, visit) if result.rule.id == "FRESH-1" else result
    if visit.trials:
        return result
    why = f"its trial {lab.visitor.stopped}" if lab.visitor.stopped else "nothing came that shows it"
    return replace(result, status="not applicable", remark=f"not observable: {why}")


def _fresh(result: RuleResult, known: Known, visit: Visit) -> RuleResult:
    """How many tags name something else at Docker Hub now. That is a figure, and no verdict."""
    there = [image for image in visit.images if image.key in visit.at_hub and image.key in known.contents]
    others = [image.name for image in there if known.contents[image.key].root != visit.at_hub[image.key]]
    problems = [problem.rstrip(".") for problem in visit.problems]
    if not there:
        return replace(result, remark=". ".join([result.remark, *problems]))
    which = f" ({', '.join(others)})" if others else ""
    said = f"{len(others)} of {len(there)} tags that were compared differ from Docker Hub's now{which}"
    figure = float(len(others))
    return replace(
        result,
        remark=". ".join([f"{result.remark}; {said}", *problems]),
        measures={"tags that differ from Docker Hub's now": (figure, figure, figure)},
    )
