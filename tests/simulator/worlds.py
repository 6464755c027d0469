"""A small world, and how to ask it without sockets."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from simulator.arrangement import Account, Arrangement, Content, Copy, Fault, Holdings, ImageSpec
from simulator.journal import Exchange
from simulator.messages import Headers, Request, Response
from simulator.registry.content import build
from simulator.topology import AUTH_HOST, HUB_HOSTS, REGISTRY_HOST, Site, Topology
from simulator.world import World

REPOSITORY = "library/app"
TOPOLOGY = Topology(
    (
        Site("hub", "hub", HUB_HOSTS, "10.0.0.2"),
        Site("one", "mirror", ("one.test",), "10.0.0.3"),
        Site("two", "registry", ("two.test",), "10.0.0.4"),
    )
)
SINGLE = ImageSpec("single", "docker", (100, 200))
MANY = ImageSpec("many", "oci", (100,), ("linux/amd64", "linux/arm64"))
IMAGES = {"single": SINGLE, "many": MANY}
DEV = Account("dev", "secret", pushes=("team/app", "team/a", "team/b"))
DEV_LOGIN = "dev:secret"


def digest(image: str, role: str) -> str:
    return next(part.digest for part in build(IMAGES[image]).content.objects if part.role == role)


def data(image: str, role: str) -> bytes:
    return bytes(build(IMAGES[image]).bytes_of[digest(image, role)])


def manifest_path(reference: str) -> str:
    return f"/v2/{REPOSITORY}/manifests/{reference}"


def blob_path(image: str, role: str) -> str:
    return f"/v2/{REPOSITORY}/blobs/{digest(image, role)}"


def arrangement(*faults: Fault, server: str = "one", copies: tuple[Copy, ...] | None = None) -> Arrangement:
    held = copies if copies is not None else (Copy(REPOSITORY, "1", "single"), Copy(REPOSITORY, "2", "many"))
    servers = {name: Holdings(held, faults if name == server else ()) for name in ("hub", "one", "two")}
    return Arrangement(IMAGES, servers, (DEV,))


@dataclass
class Asker:
    """Asks a world, one second after another."""

    world: World = field(default_factory=lambda: World(TOPOLOGY))
    now: float = 0.0
    client: str = "10.0.0.9"

    def arrange(
        self, *faults: Fault, server: str = "one", copies: tuple[Copy, ...] | None = None
    ) -> dict[str, Content]:
        return self.world.arrange(arrangement(*faults, server=server, copies=copies))

    def ask(
        self, path: str, method: str = "GET", host: str = "one.test", headers: Headers = (), body: bytes = b""
    ) -> Response:
        self.now += 1
        target, _, query = path.partition("?")
        return self.world.handle(Request(method, host, target, query, headers, self.client, body), self.now).response

    def hub(self, path: str, method: str = "GET", token: str = "") -> Response:
        headers = (("authorization", f"Bearer {token}"),) if token else ()
        return self.ask(path, method, REGISTRY_HOST, headers)

    def token(self, repository: str = REPOSITORY, login: str = "") -> str:
        query = f"service=registry.docker.io&scope=repository:{repository}:pull" if repository else ""
        headers = (basic(login),) if login else ()
        token: str = json.loads(bytes(self.ask(f"/token?{query}", host=AUTH_HOST, headers=headers).body))["token"]
        return token

    def cdn(self, location: str, method: str = "GET", headers: Headers = ()) -> Response:
        """Follow a redirect of Hub's to the CDN."""
        host, _, path = location.removeprefix("https://").partition("/")
        return self.ask(f"/{path}", method, host, headers)

    @property
    def last(self) -> Exchange:
        return self.world.journal.since()[-1]


def basic(login: str) -> tuple[str, str]:
    """The header of Basic credentials (``name:secret``)."""
    return "authorization", "Basic " + base64.b64encode(login.encode()).decode()


def errors(response: Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bytes(response.body))["errors"]
    return found
