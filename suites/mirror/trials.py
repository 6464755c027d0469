"""What mirrors are asked: scenarios, each small, and by name. They follow from the profile and the promises."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fixtures.mirrors.scenario import HUB, Artifact, Ask, Drop, Fill, Layer, MirrorScenario, Pass, Settle, Step
from fixtures.mirrors.subject import MirrorSubject, Promises
from simulator.arrangement import Account, Break, Copy, Evict, Fault, Heal, Holdings, ImageSpec, Limits, Publish
from simulator.topology import CDN_HOSTS, REGISTRY_HOST
from suites.mirror.judge import Judge, judge
from suites.rules.mirror.blobs import CANARY

REPOSITORY, OTHER, TAG = "library/app", "team/other", "1.0"
PLATFORMS = ("linux/amd64", "linux/arm64")
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ACCEPTS = (
    DOCKER_MANIFEST,
    DOCKER_LIST,
    OCI_MANIFEST,
    OCI_INDEX,
    f"{DOCKER_MANIFEST}, {DOCKER_LIST}",
    f"{OCI_MANIFEST}, {OCI_INDEX}",
    "application/vnd.docker.distribution.manifest.v1+prettyjws, */*;q=0.1",
    "*/*",
)
MISMADE = (
    "sha256:abc",
    f"sha256:{'A' * 64}",
    f"sha256:{'0' * 63}",
    f"sha256:{'0' * 32}%2e%2e%2f{'0' * 25}",
    f"sha256:{'z' * 64}",
)
SECRET = ("ada", "only-for-the-mirror")
BASIC = ("Authorization", "Basic " + base64.b64encode(":".join(SECRET).encode()).decode())
SIGNED_IN = Account("mirror", "mirrors-own-secret", pulls=("team/hidden",))
"""The account that a mirror has at Hub which signs in."""

FOUR_MIB = 4 << 20
LARGE = 8 << 20
SLOW = 1.6

_V1 = ImageSpec("v1", layers=(64, 4096))
_V2 = ImageSpec("v2", "oci", (64, 2048))
_ABSENT = f"sha256:{'0' * 64}"
_TAKEN = Fill(REPOSITORY, TAG, "v1")
_BY_TAG = Ask("manifest", REPOSITORY, TAG)
_BY_DIGEST = Ask("manifest", REPOSITORY, "@v1")
_LAYER = Ask("blob", REPOSITORY, "@v1/layer:1")
_CONFIG = Ask("blob", REPOSITORY, "@v1/config")
_HEALED = Heal(HUB)

PROMISING = MirrorSubject("a pull-through mirror that promises all it can", "", promises=Promises(0, "gone"))
"""A mirror of which every trial is made; some are not for it, lacking a feature."""


@dataclass(frozen=True)
class Trial:
    """A scenario under its name. ``rules`` are those that it is there for, ``only`` the profile that it is for, and
    ``feature`` what the mirror must declare. ``judge`` is who judges what came of it.
    """

    name: str
    scenario: MirrorScenario
    rules: tuple[str, ...]
    only: str = ""
    feature: str = ""
    judge: Judge = judge

    def unfit(self, subject: MirrorSubject) -> str:
        """Why it is not for a mirror, as the end of a sentence that begins with "it"; ``""`` where it is."""
        if self.only not in ("", subject.profile):
            return f"is about {self.only} mirrors"
        if self.feature and self.feature not in subject.features:
            return f"is about mirrors that declare the feature {self.feature!r}"
        return ""


def one(*steps: Step, **more: object) -> MirrorScenario:
    """Hub holds one image, and another that may take its place."""
    copies = (Copy(REPOSITORY, TAG, "v1"), Copy(OTHER, TAG, "v2"))
    given = MirrorScenario(images={"v1": _V1, "v2": _V2}, hub=Holdings(copies), steps=steps)
    return replace(given, **more)  # type: ignore[arg-type]


def broken(**fault: object) -> Break:
    """Hub misbehaves from now on."""
    return Break(HUB, Fault(**fault))  # type: ignore[arg-type]


OUTAGES: dict[str, Break] = {
    "refuse": broken(kind="refuse"),
    "5xx": broken(kind="status", status=503),
    "429": broken(kind="status", status=429),
    "reset": broken(kind="reset"),
}
HANGS = broken(kind="hang")
SPOILS: dict[str, Break] = {
    "corrupt": broken(kind="corrupt", at="blob", method="GET"),
    "truncate": broken(kind="truncate", at="blob", method="GET"),
    "reset": broken(kind="reset", at="blob", method="GET", after=100),
}
PAGE = broken(kind="status", at="blob", status=200, body="<html>Sign in, please</html>", content_type="text/html")
PAGE_FOR_MANIFEST = broken(
    kind="status",
    at="manifest",
    method="GET",
    status=200,
    body="<html>Sign in, please</html>",
    content_type="text/html",
)


def trials(subject: MirrorSubject) -> tuple[Trial, ...]:
    """All that a mirror is asked; what is not for it is among them."""
    found = (*_wire(), *_content(), *_lists(), *_upstream(subject), *_outages(), *_security(), *_evictions())
    return tuple(found)


def trials_of_rules() -> dict[str, tuple[Trial, ...]]:
    """By rule, the trials that are there for it, of any mirror. Every other one is evidence for it, too."""
    found: dict[str, dict[str, Trial]] = {}
    for trial in trials(PROMISING):
        for rule in trial.rules:
            found.setdefault(rule, {})[trial.name] = trial
    return {rule: tuple(named.values()) for rule, named in found.items()}


def _wire() -> Iterator[Trial]:
    yield Trial("ping", one(Ask("ping")), ("API-1",))
    yield Trial("cold", one(_BY_TAG), ("PROFILE-1",))
    yield Trial(
        "held",
        one(
            _TAKEN,
            replace(_BY_TAG, method="HEAD"),
            _BY_TAG,
            replace(_BY_DIGEST, method="HEAD"),
            _BY_DIGEST,
            replace(_LAYER, method="HEAD"),
            _LAYER,
            _CONFIG,
            limits=Limits(),
        ),
        (
            *("API-2", "MANIFEST-1", "MANIFEST-2", "MANIFEST-3", "MANIFEST-4", "BLOB-1", "BLOB-2", "BLOB-5", "KEEP-4"),
            *("QUOTA-1", "QUOTA-2", "QUOTA-3"),
        ),
    )
    yield Trial(
        "missing",
        one(
            replace(_BY_TAG, reference="absent"),
            replace(_BY_TAG, reference="absent", method="HEAD"),
            Ask("manifest", REPOSITORY, _ABSENT),
            Ask("blob", REPOSITORY, _ABSENT),
            Ask("blob", REPOSITORY, _ABSENT, method="HEAD"),
            Ask("manifest", "team/absent", TAG),
            Ask("manifest", "team/absent", _ABSENT),
            Ask("blob", "team/absent", _ABSENT),
        ),
        ("MISS-1", "ERROR-1"),
    )
    yield Trial(
        "names",
        one(
            Ask("manifest", "Library/App", TAG),
            Ask("manifest", "library/-app", TAG),
            Ask("manifest", REPOSITORY, "a" * 129),
            Ask("manifest", REPOSITORY, "-a"),
            *(Ask("manifest", REPOSITORY, digest) for digest in MISMADE),
            *(Ask("blob", REPOSITORY, digest) for digest in MISMADE),
        ),
        ("NAME-1", "NAME-2", "NAME-3"),
    )
    yield Trial("short name", one(_TAKEN, Ask("manifest", "app", TAG)), ("NAME-4",))
    yield Trial("namespace", one(_TAKEN, _BY_TAG, replace(_BY_TAG, query="ns=docker.io")), ("NS-1",))
    yield Trial("other namespace", one(_TAKEN, replace(_BY_TAG, query="ns=quay.io")), ("NS-2",), feature="ns")
    yield Trial(
        "parts",
        one(
            _TAKEN,
            *(replace(_LAYER, headers=(("Range", asked),)) for asked in ("bytes=0-99", "bytes=1000-", "bytes=-100")),
            replace(_LAYER, headers=(("Range", "bytes=100-200"),)),
            replace(_LAYER, headers=(("Range", "bytes=1000000-"),)),
        ),
        ("RANGE-1", "RANGE-2", "RANGE-3"),
    )
    yield Trial(
        "cold part", one(replace(_LAYER, headers=(("Range", "bytes=100-200"),))), ("RANGE-3",), only="pull-through"
    )
    yield Trial("known", one(_TAKEN, _BY_TAG, replace(_BY_TAG, headers=(("If-None-Match", '"{@v1}"'),))), ("COND-1",))


def _content() -> Iterator[Trial]:
    many = ImageSpec("many", "oci", (64,), PLATFORMS)
    listed = ImageSpec("listed", "docker", (64,), PLATFORMS)
    for name, spec in (("many", many), ("listed", listed)):
        copies = Holdings((Copy(REPOSITORY, TAG, name),))
        scenario = MirrorScenario(images={name: spec}, hub=copies)
        steps: tuple[Step, ...] = (
            Fill(REPOSITORY, TAG, name),
            *(Ask("manifest", REPOSITORY, TAG, headers=(("Accept", accept),)) for accept in ACCEPTS),
            *(Ask("manifest", REPOSITORY, f"@{name}/{platform}:manifest") for platform in PLATFORMS),
        )
        yield Trial(f"index {name}", replace(scenario, steps=steps), ("MANIFEST-5", "MANIFEST-6"))
    yield Trial("by digest", one(_BY_DIGEST), ("MANIFEST-9",), only="pull-through")
    image = Artifact(REPOSITORY, "image", layers=(Layer("application/vnd.oci.image.layer.v1.tar+zstd", 300),))
    proof = Artifact(REPOSITORY, "proof", layers=(Layer("application/vnd.in-toto+json", 100),))
    attested = Artifact(REPOSITORY, "attested", manifests=("image",), attests=("proof",))
    yield Trial(
        "attestations",
        MirrorScenario(
            artifacts={"image": image, "proof": proof, "attested": attested},
            steps=(
                Fill(REPOSITORY, "attested", "attested"),
                Ask("manifest", REPOSITORY, "attested"),
                Ask("manifest", REPOSITORY, "@attested/0:manifest"),
                Ask("manifest", REPOSITORY, "@attested/1:manifest"),
                *(
                    Ask("blob", REPOSITORY, "@image/layer:0", headers=(("Accept-Encoding", encoding),))
                    for encoding in ("identity", "gzip", "zstd, gzip;q=0.5", "*")
                ),
            ),
        ),
        ("MANIFEST-6", "BLOB-3"),
    )
    chart = Artifact(REPOSITORY, "chart", "application/vnd.example.chart.v9", (Layer("text/x-chart", 70),))
    yield Trial(
        "artifact",
        MirrorScenario(
            artifacts={"chart": chart},
            steps=(Fill(REPOSITORY, "chart", "chart"), Ask("manifest", REPOSITORY, "chart")),
        ),
        ("MANIFEST-7",),
    )
    large = Artifact(REPOSITORY, "large", padding=FOUR_MIB)
    yield Trial(
        "large manifest",
        MirrorScenario(
            artifacts={"large": large}, steps=(Fill(REPOSITORY, "large", "large"), Ask("manifest", REPOSITORY, "large"))
        ),
        ("MANIFEST-8",),
    )
    address = f"https://{REGISTRY_HOST}{CANARY}"
    foreign = Layer("application/vnd.oci.image.layer.nondistributable.v1.tar", 64, (address,))
    image = Artifact(REPOSITORY, "foreign", layers=(foreign,))
    yield Trial(
        "foreign layer",
        MirrorScenario(
            artifacts={"foreign": image},
            steps=(Fill(REPOSITORY, "foreign", "foreign"), Ask("manifest", REPOSITORY, "foreign"), Settle()),
        ),
        ("BLOB-4",),
    )


def _lists() -> Iterator[Trial]:
    tags = ("1.0", "1.1", "2.0", "latest")
    all_tags = Holdings(tuple(Copy(REPOSITORY, tag, "v1") for tag in tags))
    held = tuple(Fill(REPOSITORY, tag, "v1") for tag in tags)
    asked = tuple(Ask("tags", REPOSITORY, query=query) for query in ("", "n=2", "n=2&last=1.1", "last=2.0", "n=0"))
    yield Trial("lists", one(*held, *asked, hub=all_tags), ("LIST-1", "LIST-2"))
    yield Trial("a part of a list", one(_TAKEN, Ask("tags", REPOSITORY), hub=all_tags), ("LIST-3",))
    hidden = Holdings((Copy("team/hidden", TAG, "v1"),))
    yield Trial(
        "catalogue",
        one(
            Ask("manifest", "team/hidden", TAG),
            Ask("catalogue"),
            hub=hidden,
            private=("team/hidden",),
            accounts=(SIGNED_IN,),
        ),
        ("LIST-4", "PRIVATE-1"),
    )
    signature = Artifact(
        REPOSITORY, "signature", "application/vnd.example.signature", (Layer("text/plain", 40),), subject="v1"
    )
    yield Trial(
        "referrers",
        one(
            _TAKEN,
            Ask("referrers", REPOSITORY, "@v1"),
            Ask("referrers", REPOSITORY, "sha256:nothing"),
            artifacts={"signature": signature},
        ),
        ("REFERRERS-1", "REFERRERS-2", "REFERRERS-3"),
    )
    found = Artifact(REPOSITORY, "sha256-@v1", "application/vnd.example.signature", (Layer("text/plain", 40),))
    tag = Ask("manifest", REPOSITORY, "sha256-@v1")
    yield Trial(
        "tag of a signature", one(_TAKEN, tag, artifacts={"found": found}), ("REFERRERS-4",), only="pull-through"
    )


def _upstream(subject: MirrorSubject) -> Iterator[Trial]:
    stale = subject.promises.stale
    window = () if not stale else (Pass(stale + 1),)
    moved = Publish(REPOSITORY, TAG, "v2")
    if stale is not None:
        yield Trial("moved tag", one(_TAKEN, _BY_TAG, moved, *window, _BY_TAG), ("FRESH-1", "MANIFEST-3"))
    if subject.promises.deleted is not None:
        yield Trial("deleted tag", one(_TAKEN, Evict(HUB, REPOSITORY, TAG), *window, _BY_TAG), ("GONE-1",))
    late = Publish(REPOSITORY, "late", "v1")
    asked = replace(_BY_TAG, reference="late")
    yield Trial("late tag", one(asked, late, *window, asked), ("MISS-2/absent",), only="pull-through")
    for status in (401, 404, 429, 503):
        fault = broken(kind="status", at="manifest", status=status)
        steps = (fault, _BY_TAG, _HEALED, *window, _BY_TAG)
        yield Trial(f"{status}, then well", one(*steps), (f"MISS-2/{status}",), only="pull-through")
    yield Trial("tokens", one(_TAKEN, _BY_TAG, images={"v1": _V1}, hub=_ALONE), ("QUOTA-4",), only="pull-through")
    yield Trial("clients at once", one(replace(_LARGE_LAYER, clients=8), **_LARGE), ("FILL-1",), only="pull-through")
    slow = broken(kind="slow", at="blob", method="GET", seconds=SLOW)
    yield Trial("slow blob", one(slow, _LARGE_LAYER, **_LARGE), ("FILL-2",), only="pull-through")
    left = replace(_LARGE_LAYER, stop_after=1 << 16)
    paced = broken(kind="slow", at="blob", method="GET", seconds=0.6)
    gone = (paced, left, Settle(), Settle(), Settle(), _HEALED, OUTAGES["5xx"], _LARGE_LAYER)
    yield Trial("client leaves", one(*gone, **_LARGE), ("FILL-3",), only="pull-through")
    for how, fault in SPOILS.items():
        steps = (_BY_DIGEST, fault, _LAYER, Settle(), _HEALED, _LAYER, _LAYER)
        yield Trial(f"spoiled ({how})", one(*steps), (f"FILL-4/{how}",), only="pull-through")
    for how, fault in (
        ("page", PAGE),
        ("redirect", broken(kind="redirect", at="blob", location=f"https://{REGISTRY_HOST}/v2/")),
    ):
        steps = (_BY_DIGEST, fault, _LAYER, Settle(), _HEALED, _LAYER)
        yield Trial(f"no content ({how})", one(*steps), (f"FILL-5/{how}",), only="pull-through")
    yield Trial(
        "no manifest", one(PAGE_FOR_MANIFEST, _BY_TAG, Settle(), _HEALED, _BY_TAG), ("FILL-6",), only="pull-through"
    )


_ALONE = Holdings((Copy(REPOSITORY, TAG, "v1"),))
_LARGE_LAYER = Ask("blob", REPOSITORY, "@v1/layer:0")
_LARGE: dict[str, object] = {"images": {"v1": ImageSpec("large", layers=(2 << 20,))}, "hub": _ALONE}


def _outages() -> Iterator[Trial]:
    for how, fault in OUTAGES.items():
        steps = (_TAKEN, fault, _BY_DIGEST, _LAYER, _BY_TAG)
        yield Trial(f"outage ({how})", one(*steps), (f"DOWN-1/{how}", f"DOWN-2/{how}"))
        yield Trial(f"cold outage ({how})", one(fault, _BY_TAG, _LAYER), (f"DOWN-4/{how}",), only="pull-through")
    stale = (_TAKEN, OUTAGES["5xx"], _BY_TAG)
    yield Trial("stale tag", one(*stale), ("DOWN-3",), only="pull-through")
    yield Trial("outage (hang)", one(_TAKEN, HANGS, _BY_DIGEST, _LAYER), ("DOWN-1/hang",))
    spent = Limits(anonymous=0)
    yield Trial("limit used up", one(_BY_TAG, limits=spent), ("DOWN-4/limit", "ERROR-2"), only="pull-through")


def _security() -> Iterator[Trial]:
    hidden = Holdings((Copy("team/hidden", TAG, "v1"), Copy(OTHER, TAG, "v2")))
    steps = (
        Ask("manifest", "team/hidden", TAG),
        Ask("manifest", "team/hidden", "@v1"),
        Ask("blob", "team/hidden", "@v1/layer:1"),
        Ask("manifest", "team/hidden", TAG),
    )
    yield Trial("private", one(*steps, hub=hidden, private=("team/hidden",), accounts=(SIGNED_IN,)), ("PRIVATE-1",))
    yield Trial(
        "other repository",
        one(
            _TAKEN, Fill(OTHER, TAG, "v2"), Ask("blob", OTHER, "@v1/layer:1"), Ask("blob", OTHER, "@v1/layer:1", "HEAD")
        ),
        ("PRIVATE-2",),
    )
    yield Trial("cdn", one(_BY_TAG, _LAYER, Settle()), ("SECRET-1",), only="pull-through")
    realm = f'Bearer realm="https://{CDN_HOSTS[0]}/token",service="registry.docker.io",scope="repository:x:pull"'
    challenge = broken(kind="status", at="manifest", status=401, challenge=realm)
    foreign = (challenge, _BY_TAG, replace(_BY_TAG, reference="other"))
    yield Trial("foreign realm", one(*foreign, accounts=(SIGNED_IN,)), ("SECRET-2",), "pull-through", "signs-in")
    ada = Account(*SECRET)
    yield Trial(
        "client's credentials",
        one(replace(_BY_TAG, headers=(BASIC,)), replace(_LAYER, headers=(BASIC,)), accounts=(ada,)),
        ("SECRET-3",),
    )
    mount = f"mount={{@v2/layer:0}}&from={OTHER}"
    writes = (
        Ask("upload", REPOSITORY, "", "POST"),
        Ask("upload", REPOSITORY, "", "POST", query=mount),
        Ask("upload", REPOSITORY, "11111111-2222-3333-4444-555555555555", "PATCH", body="x"),
        Ask("upload", REPOSITORY, "11111111-2222-3333-4444-555555555555", "PUT", query="digest={@v1}", body="x"),
        Ask("manifest", REPOSITORY, TAG, "PUT", (("Content-Type", OCI_MANIFEST),), body='{"schemaVersion":2}'),
        Ask("manifest", REPOSITORY, "@v1", "DELETE"),
        Ask("blob", REPOSITORY, "@v1/layer:1", "DELETE"),
    )
    kinds = ("post-upload", "mount", "patch-upload", "put-upload", "put-manifest", "delete-manifest", "delete-blob")
    yield Trial(
        "writes",
        one(_TAKEN, *writes, _BY_TAG, _BY_DIGEST, _LAYER),
        (*(f"WRITE-1/{kind}" for kind in kinds), "WRITE-2"),
    )


def _evictions() -> Iterator[Trial]:
    yield Trial("evicted", one(_TAKEN, Drop(REPOSITORY, TAG), _BY_TAG, _BY_DIGEST, _LAYER), ("KEEP-1",))
    shared = Holdings((Copy(REPOSITORY, TAG, "v1"), Copy(OTHER, TAG, "v1")))
    steps = (_TAKEN, Fill(OTHER, TAG, "v1"), Drop(REPOSITORY, TAG), Ask("blob", OTHER, "@v1/layer:1"))
    yield Trial("shared layer", one(*steps, hub=shared), ("KEEP-3",))
    during = replace(_LARGE_LAYER, meanwhile=Drop(REPOSITORY, TAG))
    large = {**_LARGE, "images": {"v1": ImageSpec("large", layers=(LARGE,))}}
    yield Trial("evicted while it is sent", one(_TAKEN, during, **large), ("KEEP-2",))
