"""How to push to a world without sockets, as the specification says."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.arrangement import Account, Arrangement
from simulator.messages import Arrival, Headers, Request, Response
from simulator.registry.content import MEDIA_TYPES, Image
from simulator.topology import AUTH_HOST, REGISTRY_HOST
from tests.simulator.worlds import DEV, DEV_LOGIN, Asker, basic

EMPTY = b"{}"
IMAGE_TYPE = MEDIA_TYPES["oci"].manifest
INDEX_TYPE = MEDIA_TYPES["oci"].index
OTHER = "sha256:" + "0" * 64


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def sha512(data: bytes) -> str:
    return "sha512:" + hashlib.sha512(data).hexdigest()


def descriptor(data: bytes, media_type: str = "application/vnd.oci.empty.v1+json") -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}


def manifest(**more: object) -> bytes:
    """The smallest manifest: its config, and its one layer, are the empty JSON object."""
    part = descriptor(EMPTY)
    return json.dumps({"schemaVersion": 2, "mediaType": IMAGE_TYPE, "config": part, "layers": [part], **more}).encode()


def index(*manifests: bytes, **more: object) -> bytes:
    parts = [descriptor(data, IMAGE_TYPE) for data in manifests]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": parts, **more}).encode()


@dataclass
class Pusher:
    """Pushes to one repository of one server."""

    asker: Asker
    repository: str = "team/app"
    host: str = "two.test"
    token: str = ""

    def ask(
        self, method: str, place: str, body: bytes = b"", headers: Headers = (), arrival: Arrival = "whole"
    ) -> Response:
        """Ask for a place in the repository, or, where it begins with a slash, for a path."""
        self.asker.now += 1
        path = place if place.startswith("/") else f"/v2/{self.repository}/{place}"
        target, _, query = path.partition("?")
        if self.token:
            headers = (*headers, ("authorization", f"Bearer {self.token}"))
        request = Request(method, self.host, target, query, headers, "10.0.0.9", body, arrival=arrival)
        return self.asker.world.handle(request, self.asker.now).response

    def begin(self) -> str:
        """Begin an upload, and tell where it goes on."""
        begun = self.ask("POST", "blobs/uploads/")
        assert begun.status == 202, begun
        return begun.header("location")

    def blob(self, data: bytes) -> str:
        pushed = self.ask("PUT", f"{self.begin()}?digest={sha256(data)}", data)
        assert pushed.status == 201, pushed
        return pushed.header("docker-content-digest")

    def manifest(self, data: bytes, reference: str = "") -> Response:
        return self.ask("PUT", f"manifests/{reference or sha256(data)}", data)

    def small(self, reference: str = "", **more: object) -> bytes:
        """Push the smallest manifest, with what it needs."""
        self.blob(EMPTY)
        data = manifest(**more)
        pushed = self.manifest(data, reference)
        assert pushed.status == 201, pushed
        return data

    def image(self, image: Image, tag: str) -> None:
        """Push an image, its root last."""
        types = {types.manifest for types in MEDIA_TYPES.values()} | {types.index for types in MEDIA_TYPES.values()}
        manifests = [part for part in image.content.objects if part.media_type in types]
        for part in image.content.objects:
            if part not in manifests:
                self.blob(bytes(image.bytes_of[part.digest]))
        for part in reversed(manifests):
            reference = tag if part.digest == image.content.root else part.digest
            pushed = self.manifest(bytes(image.bytes_of[part.digest]), reference)
            assert pushed.status == 201, pushed

    def json(self, place: str) -> Any:
        return json.loads(bytes(self.ask("GET", place).body))


def asker_with(*accounts: Account, private: tuple[str, ...] = ()) -> Asker:
    """A world that holds nothing, and these accounts."""
    asker = Asker()
    asker.world.arrange(Arrangement(accounts=accounts or (DEV,), private=private))
    return asker


def scoped_token(asker: Asker, *scopes: str, login: str = DEV_LOGIN) -> str:
    query = "&".join(f"scope=repository:{scope}" for scope in scopes)
    headers = (basic(login),) if login else ()
    token: str = json.loads(bytes(asker.ask(f"/token?{query}", host=AUTH_HOST, headers=headers).body))["token"]
    return token


def hub_pusher(
    asker: Asker, repository: str = "team/app", scopes: Mapping[str, str] | None = None, login: str = DEV_LOGIN
) -> Pusher:
    asked = scopes or {repository: "pull,push"}
    token = scoped_token(asker, *(":".join(item) for item in asked.items()), login=login)
    return Pusher(asker, repository, REGISTRY_HOST, token)
