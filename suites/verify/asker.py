"""Asks one endpoint for an image, as a daemon of some kind would."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from simulator.topology import REGISTRY_HOST
from suites.verify.answers import CONNECTION, HUB, Answer, Image, Part, Probe, Problem, Quota, Stage, is_digest
from suites.verify.clients import Client
from suites.verify.exchange import Call, Reply, exchange, on_loop
from suites.verify.facts import Setup
from suites.verify.manifests import Manifests
from suites.verify.network import LARGEST_BODY, Address, Network, is_insecure, place_of

AGENT = "mirror-conformance-verify"
"""How requests call themselves, so that whoever runs a mirror can tell them from a daemon's."""

_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_OLD = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)
_ACCEPT = {"accept": ", ".join(_MANIFESTS)}
_WITHOUT_HEAD = frozenset({400, 403, 405, 501})
"""Answers to HEAD of registries that may well answer GET."""
_UNKNOWN = (b"MANIFEST_UNKNOWN", b"NAME_UNKNOWN")
_PLAIN = "WRONG_VERSION_NUMBER"
"""What TLS says of a server that answers a handshake in plain HTTP."""
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class Asker:
    """Asks one endpoint, a mirror or HUB, and keeps what it answers."""

    def __init__(self, mirror: str, image: Image, client: Client, setup: Setup, network: Network) -> None:
        self.mirror = mirror
        self.root = ""
        self._image, self._client, self._setup, self._network = image, client, setup, network
        self._is_hub = mirror == HUB
        self._pings = client.pings and not self._is_hub
        self._base, self._place = _base(f"https://{REGISTRY_HOST}" if self._is_hub else mirror, client)
        self._http: httpx.AsyncClient | None = None
        self._answers: list[Answer] = []
        self._challenge = self._token = ""
        self._asked_for_token = self._denied = self._stopped = self._insecure = False
        self._size: int | None = None
        self._quota: Quota | None = None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._http is not None:
            await self._http.aclose()

    def probe(self, known: Manifests, roots: Sequence[str]) -> Probe:
        """What was found out. ``roots`` are the images that anybody means."""
        return Probe(
            mirror=self.mirror,
            answers=tuple(self._answers),
            root=self.root,
            parts=known.parts(self.root) if self.root else None,
            images={root: parts for root in roots if (parts := known.parts(root)) is not None},
            insecure=self._insecure,
            quota=self._quota,
        )

    async def name(self, until: float) -> None:
        """Find out what the endpoint means by the image."""
        if not await self._open(until) or (self._pings and not await self._ping(until)):
            return
        version = self._image.version
        if self._pings and self._image.by_digest:
            self.root = version
            return
        answer, body = await self._ask("name", "HEAD", f"manifests/{version}", version, until)
        if self._wants_get(answer):
            self._answers.pop()
            answer, body = await self._ask("name", "GET", f"manifests/{version}", version, until)
        if answer not in self._answers:
            return
        if body is not None and not answer.problem:
            answer = replace(answer, digest=answer.digest or _digest(body), size=len(body))
        if not answer.problem:
            answer = replace(answer, **_unlike_a_manifest(answer))
        self._answers[-1] = answer
        if is_digest(answer.digest) and (not answer.problem or self._client.fate("name", answer.problem) == "used"):
            self.root = version if self._image.by_digest else answer.digest
            self._size = answer.size

    def _wants_get(self, answer: Answer) -> bool:
        """Whether a daemon asks again by GET, since HEAD told it too little. Of Docker Hub that would cost a pull."""
        if self._is_hub or answer.problem not in ("", "status"):
            return False
        if self._client.whole:
            return answer.problem == "status" or not answer.digest
        return answer.status == 405 or (not answer.problem and (not answer.digest or answer.size is None))

    def compare(self, known: Manifests) -> None:
        """See whether the length that was told of the root is the root's."""
        problem = _length_problem(self._size, known.sizes.get(self.root))
        for answer in [answer for answer in self._answers if problem and answer.stage == "name"]:
            self._amend(answer, {"problem": problem})

    async def object(self, part: Part, until: float) -> tuple[str, bytes] | None:
        """Ask for an object. Gives its digest and bytes, where they were fetched and fit: a layer is only looked for,
        and so is everything at Docker Hub.
        """
        if self._is_hub and part.digest == self.root:
            return None
        path = f"{'manifests' if part.stage == 'manifest' else 'blobs'}/{part.digest}"
        if self._is_hub or part.stage == "layer":
            await self._look(part, path, until)
            return None
        answer, body = await self._ask(part.stage, "GET", path, part.digest, until)
        if answer.is_miss and part.digest == self.root and any(code in (body or b"") for code in _UNKNOWN):
            return await self._by_tag(answer, until)
        if answer.problem or body is None:
            return None
        too_large = part.stage == "config" and (part.size or 0) > LARGEST_BODY
        fits = _digest(body) == part.digest
        self._amend(answer, _unlike(part, answer, fits=fits or too_large))
        return (part.digest, body) if fits else None

    async def _by_tag(self, refusal: Answer, until: float) -> tuple[str, bytes] | None:
        """Ask for the root by its tag, as some daemons do where an endpoint does not know the digest that it named."""
        if not self._client.asks_tag_again or self._image.by_digest:
            return None
        answer, body = await self._ask("manifest", "GET", f"manifests/{self._image.version}", self.root, until)
        if answer.problem or body is None:
            return None
        self._answers.remove(refusal)
        self.root = _digest(body)
        self._amend(answer, {"wanted": self.root})
        return self.root, body

    async def _look(self, part: Part, path: str, until: float) -> None:
        """See whether an object is there: by HEAD, or by its first byte where that is not answered."""
        answer, _ = await self._ask(part.stage, "HEAD", path, part.digest, until)
        if answer.status in _WITHOUT_HEAD and not self._is_hub:
            self._answers.remove(answer)
            answer, _ = await self._ask(part.stage, "GET", path, part.digest, until)
        if not answer.problem:
            self._amend(answer, _unlike(part, answer, fits=True))

    def _amend(self, answer: Answer, more: Mapping[str, Any]) -> None:
        if more and answer in self._answers:
            self._answers[self._answers.index(answer)] = replace(answer, **more)

    async def _open(self, until: float) -> bool:
        """Find out how to speak with the endpoint; whether its URL says so."""
        if self._place is None:
            self._answers.append(Answer("name", "HEAD", self.mirror, problem="dns", detail="its URL names no host"))
            self._stopped = True
            return False
        known: tuple[Address, ...] = ()
        try:
            async with asyncio.timeout_at(on_loop(until)):
                known = await self._network.find(self._place)
        except TimeoutError:
            self._answers.append(Answer("name", "HEAD", self.mirror, problem="lookup"))
            self._stopped = True
            return False
        except OSError:
            known = ()
        netloc = urlsplit(self._base).netloc
        names = [name for name in self._setup.insecure if self._client.reads_networks or "/" not in name]
        self._insecure = not self._is_hub and is_insecure(netloc, known, names)
        trust = self._network.trust(netloc if self._client.reads_certs_d else "", insecure=self._insecure)
        agent = f"{AGENT} (docker/{self._setup.kind.version or 'unknown'})"
        self._http = self._network.client(trust, agent)
        return True

    async def _ping(self, until: float) -> bool:
        """Ask for ``/v2/``, as the classic image store does; whether there was any answer."""
        call = Call("ping", "GET", self._base, most=0)
        reply = await self._send(call, until)
        if reply.unsent and reply.problem == "timeout":
            return False
        answer = _told(call, reply)
        if answer.problem in ("status", "unauthorized"):
            answer = replace(answer, problem="")
        self._answers.append(answer)
        self._stopped = bool(answer.problem)
        self._challenge = reply.headers.get("www-authenticate", "") if reply.status == 401 else ""
        return not answer.problem

    async def _ask(
        self, stage: Stage, method: str, path: str, wanted: str, until: float
    ) -> tuple[Answer, bytes | None]:
        """Ask about the repository, with a token where one is demanded. The answer is written down, unless the endpoint
        was found to give none to anybody.
        """
        namespace = "" if self._client.whole or self._is_hub else f"?{urlencode({'ns': 'docker.io'})}"
        headers = _ACCEPT if stage in ("name", "manifest") else {}
        follows = not self._is_hub or stage in ("name", "manifest")
        call = Call(stage, method, f"{self._base}{self._image.repository}/{path}{namespace}", wanted, headers, follows)
        if stage == "layer" and method == "GET":
            call = replace(call, headers={"range": "bytes=0-0"}, most=1)
        if self._stopped:
            return Answer(stage, method, call.url, wanted, problem="timeout"), None
        if self._challenge and not self._asked_for_token:
            await self._fetch_token(until)
        if self._is_denied():
            return self._told_denied(call), None
        reply = await self._send(call, until)
        if self._insecure and self._client.falls_to_http and reply.problem == "tls" and _PLAIN in reply.detail:
            self._base = self._base.replace("https://", "http://", 1)
            call = replace(call, url=call.url.replace("https://", "http://", 1))
            reply = await self._send(call, until)
        if reply.status == 401 and not self._asked_for_token and not self._pings:
            self._challenge = reply.headers.get("www-authenticate", "")
            if await self._fetch_token(until):
                reply = await self._send(call, until)
            elif self._is_denied():
                return self._told_denied(call), None
        self._note_quota(reply)
        answer = _told(call, reply)
        if reply.unsent and (stage != "name" or reply.problem == "timeout"):  # it is the time that was too short
            self._stopped = True
            return answer, None
        self._answers.append(answer)
        self._stopped |= answer.problem in (*CONNECTION, "timeout")
        return answer, reply.body

    def _is_denied(self) -> bool:
        """Whether a token was demanded, and there is none."""
        return self._denied

    def _told_denied(self, call: Call) -> Answer:
        """A request that a daemon does not send, since it got no token for it."""
        answer = Answer(
            call.stage, call.method, call.url, call.wanted, problem="unauthorized", detail="there is no token"
        )
        self._answers.append(answer)
        return answer

    async def _fetch_token(self, until: float) -> bool:
        """Fetch the anonymous token that was asked for, once; whether there is one."""
        self._asked_for_token = True
        scheme, _, rest = self._challenge.partition(" ")
        asked = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            return False
        scope = {"service": asked.get("service", ""), "scope": f"repository:{self._image.repository}:pull"}
        call = Call("token", "GET", f"{asked['realm']}{'&' if '?' in asked['realm'] else '?'}{urlencode(scope)}")
        reply = await self._send(call, until)
        answer = _told(call, reply)
        try:
            given = json.loads(reply.body or b"")
            self._token = str(given.get("token") or given.get("access_token") or "")
        except (ValueError, AttributeError):
            self._token = ""
        if not self._token and not answer.problem:
            answer = replace(answer, problem="unauthorized", detail="the token service gives no token")
        self._answers.append(answer)
        self._denied = not self._token
        return bool(self._token)

    async def _send(self, call: Call, until: float) -> Reply:
        if self._http is None:
            return Reply(problem="unreachable")
        if self._token and call.stage not in ("ping", "token"):
            call = replace(call, headers={**call.headers, "authorization": f"Bearer {self._token}"})
        return await exchange(self._http, call, until)

    def _note_quota(self, reply: Reply) -> None:
        """Docker Hub's headers: ``ratelimit-limit: 100;w=21600`` (Docker, 'Pull usage and limits')."""
        limit = re.match(r"(\d{1,9})(?:;w=(\d{1,9}))?", reply.headers.get("ratelimit-limit", ""))
        left = re.match(r"\d{1,9}", reply.headers.get("ratelimit-remaining", ""))
        if limit and left:
            self._quota = Quota(int(limit[1]), int(left[0]), int(limit[2] or 0))


def _base(mirror: str, client: Client) -> tuple[str, Address | None]:
    """Where the API of a mirror is, and where connections to it go; without whatever credentials its URL holds."""
    try:
        place = place_of(mirror)
    except ValueError:
        return mirror, None
    parts = urlsplit(mirror)
    scheme = parts.scheme
    if scheme == "http" and not client.plain_http and not _is_local(place.host):
        scheme, place = "https", Address(place.host, parts.port or 443)
    host = f"[{place.host}]" if ":" in place.host else place.host
    netloc = f"{host}:{parts.port}" if parts.port else host
    return f"{scheme}://{netloc}{parts.path.rstrip('/')}/v2/", place


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def _told(call: Call, reply: Reply) -> Answer:
    length = re.fullmatch(r"\d{1,18}", reply.headers.get("content-length", ""))
    return Answer(
        stage=call.stage,
        method=call.method,
        url=call.url,
        wanted=call.wanted,
        status=reply.status,
        digest=reply.headers.get("docker-content-digest", ""),
        media_type=reply.headers.get("content-type", "").partition(";")[0].strip().lower(),
        size=int(length[0]) if length and reply.status == 200 else None,
        seconds=reply.seconds,
        problem=reply.problem,
        detail=reply.detail,
    )


def _unlike_a_manifest(answer: Answer) -> dict[str, Any]:
    """What is wrong with an answer that should say what a manifest is called."""
    kind = answer.media_type or "missing"
    if answer.media_type.startswith("text/"):
        return {"problem": "not-a-registry", "detail": f"its type is {kind}"}
    if answer.media_type not in (*_MANIFESTS, *_OLD):
        return {"problem": "wrong-type", "detail": f"its type is {kind}"}
    return {} if is_digest(answer.digest) else {"problem": "wrong-digest", "detail": "it names no digest"}


def _unlike(part: Part, answer: Answer, *, fits: bool) -> dict[str, Any]:
    """What is wrong with an answer about an object. ``fits``: its bytes are the object's, as far as is known."""
    kind = answer.media_type or "missing"
    if answer.media_type == "text/html":
        return {"problem": "not-a-registry", "detail": f"its type is {kind}"}
    if not fits:
        return {"problem": "wrong-content", "detail": "its bytes are not what its digest says"}
    if part.stage == "layer" and (problem := _length_problem(answer.size, part.size)):
        return {"problem": problem, "detail": f"it announces {answer.size} bytes, where there are {part.size}"}
    if part.stage == "manifest" and answer.method == "GET" and answer.media_type not in (*_MANIFESTS, *_OLD):
        return {"problem": "wrong-type", "detail": f"its type is {kind}"}
    if answer.digest not in ("", part.digest):
        return {"problem": "wrong-digest", "detail": f"it is called {answer.digest}"}
    return {}


def _length_problem(told: int | None, true: int | None) -> Problem:
    if told is None or true is None or told == true:
        return ""
    return "length-too-great" if told > true else "length-too-small"
