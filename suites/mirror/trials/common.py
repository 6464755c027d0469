"""What trials are made of: images, requests and faults, each small, and by name."""

import base64
import json
from dataclasses import replace

from fixtures.mirrors.scenario import HUB, Ask, Fill, MirrorScenario, Step
from fixtures.mirrors.subject import MirrorSubject, Promises
from simulator.arrangement import Account, Break, Copy, Fault, Heal, Holdings, ImageSpec

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
MAY_NOT = ("bob", "may-not-see-it")
MAY_NOT_BASIC = ("Authorization", "Basic " + base64.b64encode(":".join(MAY_NOT).encode()).decode())
SIGNED_IN = Account("mirror", "mirrors-own-secret", pulls=("team/hidden",))
"""The account that a mirror has at Hub which signs in."""

FOUR_MIB = 4 << 20
LARGE = 8 << 20
SLOW = 1.6

V1 = ImageSpec("v1", layers=(64, 4096))
V2 = ImageSpec("v2", "oci", (64, 2048))
ABSENT = f"sha256:{'0' * 64}"
TAKEN = Fill(REPOSITORY, TAG, "v1")
BY_TAG = Ask("manifest", REPOSITORY, TAG)
BY_DIGEST = Ask("manifest", REPOSITORY, "@v1")
LAYER = Ask("blob", REPOSITORY, "@v1/layer:1")
CONFIG = Ask("blob", REPOSITORY, "@v1/config")
HEALED = Heal(HUB)
ALONE = Holdings((Copy(REPOSITORY, TAG, "v1"),))
LARGE_LAYER = Ask("blob", REPOSITORY, "@v1/layer:0")
BIG: dict[str, object] = {"images": {"v1": ImageSpec("large", layers=(2 << 20,))}, "hub": ALONE}

MIB = 1 << 20
PATIENCE = 30.0
"""Seconds that clients wait for the head of an answer (containerd's response header timeout)."""

PROMISING = MirrorSubject("a pull-through mirror that promises all it can", "", promises=Promises(0, "gone", 4 << 20))
"""A mirror of which every trial is made; some are not for it, lacking a feature."""


def one(*steps: Step, **more: object) -> MirrorScenario:
    """Hub holds one image, and another that may take its place."""
    copies = (Copy(REPOSITORY, TAG, "v1"), Copy(OTHER, TAG, "v2"))
    given = MirrorScenario(images={"v1": V1, "v2": V2}, hub=Holdings(copies), steps=steps)
    return replace(given, **more)  # type: ignore[arg-type]


def broken(**fault: object) -> Break:
    """Hub misbehaves from now on."""
    return Break(HUB, Fault(**fault))  # type: ignore[arg-type]


_CODES = {401: "UNAUTHORIZED", 404: "MANIFEST_UNKNOWN", 429: "TOOMANYREQUESTS", 503: "UNAVAILABLE"}


def refusing(status: int, **where: object) -> Break:
    """Hub answers with this status, and says why as the specification has it."""
    error = {"code": _CODES[status], "message": "not now"}
    return broken(kind="status", status=status, body=json.dumps({"errors": [error]}), **where)


OUTAGES: dict[str, Break] = {
    "refuse": broken(kind="refuse"),
    "5xx": refusing(503),
    "429": refusing(429),
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
