"""The ways in which mirrors fail, one function each: those of other people's reports, and of the specification."""

import base64
import gzip
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx

from simulator.asking import TokenAuth
from simulator.topology import AUTH_HOST, CDN_HOSTS, REGISTRY_HOST
from tests.mutants.broken_mirrors.standing import Asked, Given, Memory, Send, Spoil, page

Document = dict[str, Any]

CONTENT = ("manifests", "blobs")
WRONG = "sha256:" + "1" * 64


def changed(kinds: tuple[str, ...], change: Callable[[Asked, Given], Given], *methods: str) -> Spoil:
    """Spoil good answers about content of these kinds."""

    def spoil(asked: Asked, send: Send, _: Memory) -> Given:
        given = send(asked)
        right = asked.kind in kinds and asked.method in (methods or ("GET", "HEAD"))
        return change(asked, given) if right and given.status == 200 else given

    return spoil


def with_body(kinds: tuple[str, ...], change: Callable[[Asked, Given, bytes], Given]) -> Spoil:
    """Spoil good answers to GET, once their body is known."""

    def spoil(asked: Asked, send: Send, _: Memory) -> Given:
        given = send(asked)
        if not asked.gets(*kinds) or given.status != 200:
            return given
        return change(asked, *given.read())

    return spoil


def refused(when: Callable[[Asked], bool], answer: Given) -> Spoil:
    """Answer some requests with this."""
    return lambda asked, send, _: answer if when(asked) else send(asked)


def instead(statuses: tuple[int, ...], answer: Given) -> Spoil:
    """Answer with this what was answered with one of these."""

    def spoil(asked: Asked, send: Send, _: Memory) -> Given:
        given = send(asked)
        return answer if given.status in statuses else given

    return spoil


def rewritten(asked: Asked, given: Given, data: bytes) -> Given:
    """Write the manifest anew, and name it by its new digest."""
    other = json.dumps(json.loads(data), indent=3).encode()
    digest = f"sha256:{hashlib.sha256(other).hexdigest()}"
    return given.saying(docker_content_digest=digest).with_body(other)


def as_another(change: Callable[[Asked, Document, Send], Document]) -> Spoil:
    """Hold other manifests than Hub's, under their own digests, and answer with these whatever is asked by tag."""

    def spoil(asked: Asked, send: Send, memory: Memory) -> Given:
        if asked.kind != "manifests" or asked.method not in ("GET", "HEAD"):
            return send(asked)
        if asked.reference in memory.kept:
            return memory.kept[asked.reference]
        given, data = send(replace(asked, method="GET")).read()
        if asked.by_digest or given.status != 200:
            return given
        changed = change(asked, json.loads(data), send)
        other = json.dumps(changed, indent=3).encode()
        digest = f"sha256:{hashlib.sha256(other).hexdigest()}"
        told = given.saying(docker_content_digest=digest, content_type=str(changed["mediaType"]))
        memory.kept[digest] = told.with_body(other)
        return memory.kept[digest]

    return spoil


def same_in_other_bytes(_: Asked, document: Document, __: Send) -> Document:
    return document


def first_platform(asked: Asked, document: Document, send: Send) -> Document:
    """Know no index: of each the first manifest is all."""
    if "manifests" not in document:
        return document
    path = f"{asked.path.rpartition('/')[0]}/{document['manifests'][0]['digest']}"
    _, data = send(replace(asked, target=path, method="GET")).read()
    found: Document = json.loads(data)
    return found


def without_attestations(_: Asked, document: Document, __: Send) -> Document:
    listed = document.get("manifests", [])
    known = [entry for entry in listed if entry["platform"]["os"] != "unknown"]
    return {**document, "manifests": known} if listed else document


def another_tag_instead(asked: Asked, send: Send, _: Memory) -> Given:
    """Answer for a tag, or a repository, that is not there with one that is."""
    given = send(asked)
    if given.status != 404 or asked.kind != "manifests" or asked.by_digest:
        return given
    salt = asked.repository.rpartition("-")[2]
    return send(replace(asked, target=f"/v2/library/app-{salt}/manifests/1.0"))


def only_after_head(asked: Asked, send: Send, memory: Memory) -> Given:
    """Know a blob only if somebody asked for it with HEAD before."""
    if asked.kind == "blobs" and asked.method == "HEAD":
        memory.seen[asked.target] = 1
    return page(404) if asked.gets("blobs") and asked.target not in memory.seen else send(asked)


def never_goes_on(asked: Asked, send: Send, memory: Memory) -> Given:
    """Fail whoever asks for the rest of a blob."""
    return page(500) if asked.gets("blobs") and re.fullmatch(r"bytes=\d+-", asked.header("range")) else send(asked)


def without_end(_: Asked, given: Given, data: bytes) -> Given:
    """Announce more than comes."""
    return replace(given.saying(content_length=str(len(data) + 1)), body=(data,))


def links_past_a_tag(asked: Asked, given: Given) -> Given:
    """Lead from the first page to one that leaves a tag out."""
    link = given.header("link")
    return given.saying(link=link.replace("last=1.0", "last=1.1"))


def fails_at_odd_pages(asked: Asked) -> bool:
    return asked.kind == "tags" and not re.fullmatch(r"(n=\d+)?(&?last=.*)?", asked.query)


def names_the_namespace(asked: Asked, send: Send, memory: Memory) -> Given:
    """Serve Docker Hub alone, and say so: of a good mirror."""
    given = heeds_namespaces(asked, send, memory)
    return given.saying(oci_namespace="docker.io") if "ns=docker.io" in asked.query else given


def asks_hub_thrice(asked: Asked, send: Send, memory: Memory) -> Given:
    """Ask Hub itself, and again, for each look at a tag."""
    if asked.method == "HEAD" and asked.kind == "manifests":
        for _ in range(2):
            memory.hub("HEAD", asked.target, headers={"accept": "*/*"})
    return send(asked)


def shows_credentials(asked: Asked, send: Send, _: Memory) -> Given:
    """Say in an answer what the client showed."""
    return send(asked).saying(x_request_authorization=asked.header("authorization"))


def caches_what_somebody_may_see(asked: Asked, send: Send, memory: Memory) -> Given:
    """Fetch as the client that asks, and serve everybody from what came."""
    if not asked.gets(*CONTENT):
        return send(asked)
    shown = asked.header("authorization")
    if shown.startswith("Basic ") and asked.target not in memory.kept:
        name, _, password = base64.b64decode(shown.removeprefix("Basic ")).decode().partition(":")
        there = memory.hub("GET", asked.target, headers={"accept": "*/*"}, auth=TokenAuth(name, password))
        if there.status_code == 200:
            typed = Given(200, (("content-type", there.headers["content-type"]),))
            memory.kept[asked.target] = typed.with_body(there.content)
    return memory.kept.get(asked.target) or send(asked)


def tells_what_it_could_mount(asked: Asked, send: Send, memory: Memory) -> Given:
    """Refuse every mount, but differently where there is no such blob."""
    digest = re.search("mount=(sha256:[0-9a-f]+)", asked.query)
    if asked.method != "POST" or not digest:
        return send(asked)
    source = asked.query.rpartition("from=")[2]
    salt = asked.repository.rpartition("-")[2]
    there = send(Asked("HEAD", f"/v2/{source}-{salt}/blobs/{digest[1]}"))
    return page(403) if there.status == 200 else page(404)


def fails_past_its_capacity(asked: Asked, send: Send, memory: Memory) -> Given:
    """Fail at what had to make room."""
    if not asked.gets("blobs"):
        return send(asked)
    memory.seen.setdefault(asked.target, len(memory.seen))
    return page(500) if len(memory.seen) - memory.seen[asked.target] > 10 else send(asked)


def tells_hits(asked: Asked, send: Send, memory: Memory) -> Given:
    """Tell hits by a header: of a good mirror."""
    known = asked.target in memory.seen
    memory.seen[asked.target] = 1
    return send(asked).saying(x_cache="HIT" if known else "MISS")


def converts(asked: Asked, send: Send, _: Memory) -> Given:
    """Give whoever accepts one manifest alone the first of the index."""
    given = send(asked)
    if not asked.gets("manifests") or asked.by_digest or "," in asked.header("accept"):
        return given
    given, data = given.read()
    children = json.loads(data).get("manifests", []) if given.status == 200 else []
    if not children or "manifest.v" not in asked.header("accept"):
        return given
    path = f"{asked.path.rpartition('/')[0]}/{children[0]['digest']}"
    return send(replace(asked, target=path))


def only_after_a_tag(asked: Asked, send: Send, memory: Memory) -> Given:
    """Know a digest only if a tag of its repository was asked for before."""
    if asked.kind == "manifests" and not asked.by_digest:
        memory.seen[asked.repository] = 1
    unknown = asked.by_digest and asked.repository not in memory.seen
    return page(404) if unknown else send(asked)


def compresses(asked: Asked, given: Given, data: bytes) -> Given:
    if "gzip" not in asked.header("accept-encoding"):
        return given
    return given.saying(content_encoding="gzip").with_body(gzip.compress(data))


def fetches_addresses(asked: Asked, send: Send, memory: Memory) -> Given:
    """Fetch what a manifest names under ``urls``."""
    given = send(asked)
    if not asked.gets("manifests"):
        return given
    given, data = given.read()
    for url in re.findall(rb'"urls":\["([^"]+)"', data):
        memory.hub("GET", url.decode())
    return given


def shifts_parts(asked: Asked, send: Send, _: Memory) -> Given:
    """Take the offset of a Range to be one more."""
    given = send(asked)
    if given.status != 206:
        return given
    given, data = given.read()
    return given.with_body(data[1:] + b"x")


def takes_every_range(asked: Asked, send: Send, _: Memory) -> Given:
    """Answer a Range beyond the end with everything."""
    given = send(asked)
    return send(asked.without("range")) if given.status == 416 else given


def tags(change: Callable[[Asked, list[str]], list[str]]) -> Spoil:
    """List other tags."""

    def listed(asked: Asked, given: Given, data: bytes) -> Given:
        value = json.loads(data)
        return given.with_body(json.dumps({**value, "tags": change(asked, value["tags"])}).encode())

    return with_body(("tags",), listed)


def no_pages(asked: Asked, send: Send, _: Memory) -> Given:
    """List everything, whatever is asked for."""
    return send(replace(asked, target=asked.path) if asked.kind == "tags" else asked)


def lists_all_that_was_asked_for(asked: Asked, send: Send, memory: Memory) -> Given:
    if asked.path == "/v2/_catalog":
        return page(200, json.dumps({"repositories": sorted(memory.seen)}))
    if asked.kind:
        memory.seen[asked.repository] = 1
    return send(asked)


def no_referrers(asked: Asked, given: Given, _: bytes) -> Given:
    index = "application/vnd.oci.image.index.v1+json"
    return given.with_body(json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": []}).encode())


def remembers_misses(asked: Asked, send: Send, memory: Memory) -> Given:
    """Answer for ever what was not there once."""
    if asked.target in memory.kept:
        return memory.kept[asked.target]
    given = send(asked)
    if given.status >= 400:
        given, _ = given.read()
        memory.kept[asked.target] = given
    return given


def small_letters(asked: Asked, send: Send, _: Memory) -> Given:
    return send(replace(asked, target=asked.target.lower()))


def asks_hub_for_anything(asked: Asked, send: Send, memory: Memory) -> Given:
    """Hand a digest on to Hub that cannot be one."""
    if asked.kind in CONTENT and ":" in asked.reference and not re.fullmatch("sha256:[0-9a-f]{64}", asked.reference):
        return page(memory.hub("GET", asked.target).status_code)
    return send(asked)


def first_comer(asked: Asked, send: Send, _: Memory) -> Given:
    """Take a name without a namespace for a team's."""
    salt = asked.repository.partition("-")[2]
    short = asked.kind == "manifests" and "/" not in asked.repository
    return send(replace(asked, target=f"/v2/team/other-{salt}/manifests/{asked.reference}") if short else asked)


def heeds_namespaces(asked: Asked, send: Send, _: Memory) -> Given:
    """Serve Docker Hub alone: of a good mirror."""
    return page(404) if "ns=quay.io" in asked.query else send(asked)


def pins_tags(asked: Asked, send: Send, memory: Memory) -> Given:
    """Never ask again what a tag names."""
    if not asked.gets("manifests") or asked.by_digest:
        return send(asked)
    if asked.target not in memory.kept:
        given, _ = send(asked).read()
        if given.status != 200:
            return given
        memory.kept[asked.target] = given
    return memory.kept[asked.target]


def keeps_what_was_deleted(asked: Asked, send: Send, memory: Memory) -> Given:
    given, _ = send(asked).read()
    if asked.gets("manifests") and given.status == 200:
        memory.kept[asked.target] = given
    return memory.kept.get(asked.target, given) if given.status == 404 else given


def beside(method: str, *kinds: str, tags_too: bool = True) -> Spoil:
    """Ask Hub as well, each time."""

    def spoil(asked: Asked, send: Send, memory: Memory) -> Given:
        given = send(asked)
        if asked.gets(*kinds) and (tags_too or asked.by_digest):
            memory.hub(method, asked.target, headers={"accept": asked.header("accept") or "*/*"})
        return given

    return spoil


def shows_hubs_limit(asked: Asked, send: Send, _: Memory) -> Given:
    given = send(asked)
    return given.saying(ratelimit_limit="100;w=21600", ratelimit_remaining="99;w=21600")


def a_token_each_time(asked: Asked, send: Send, memory: Memory) -> Given:
    if asked.kind in CONTENT:
        scope = f"repository:{asked.repository}:pull"
        memory.hub("GET", f"https://{AUTH_HOST}/token?service=registry.docker.io&scope={scope}")
    return send(asked)


def needs_hub(asked: Asked, send: Send, memory: Memory) -> Given:
    """Ask Hub before anything is served, though it is held."""
    if asked.gets(*CONTENT) and asked.by_digest:
        try:
            if memory.hub("HEAD", asked.target, headers={"accept": "*/*"}).status_code != 200:
                return page(502)
        except httpx.HTTPError:
            return page(502)
    return send(asked)


def buffers(asked: Asked, send: Send, _: Memory) -> Given:
    """Hand nothing on before all of it has come."""
    return send(asked).read()[0]


def believes_hub(asked: Asked, send: Send, memory: Memory) -> Given:
    """Keep as a blob whatever came first, as far as it came."""
    if not asked.gets("blobs"):
        return send(asked)
    if asked.path not in memory.kept:
        came = bytearray()
        try:
            url, shown = f"https://{REGISTRY_HOST}{asked.path}", {"authorization": _token(asked, memory)}
            with memory.simulator.http.stream("GET", url, headers=shown, auth=None, timeout=3) as response:
                for piece in response.iter_raw():
                    came += piece
        except httpx.HTTPError:
            pass
        octets = Given(200, (("content-type", "application/octet-stream"),))
        memory.kept[asked.path] = octets.with_body(bytes(came))
    return memory.kept[asked.path]


def _token(asked: Asked, memory: Memory) -> str:
    scope = f"repository:{asked.repository}:pull"
    answer = memory.hub("GET", f"https://{AUTH_HOST}/token?service=registry.docker.io&scope={scope}")
    return f"Bearer {answer.json()['token']}"


def shows_the_cdn_its_token(asked: Asked, send: Send, memory: Memory) -> Given:
    if asked.gets("blobs"):
        shown = {"authorization": _token(asked, memory)}
        there = memory.hub("GET", asked.target, headers=shown, auth=None, follow_redirects=False)
        memory.hub("GET", there.headers["location"], headers=shown, auth=None)
    return send(asked)


def hands_credentials_on(asked: Asked, send: Send, memory: Memory) -> Given:
    shown = asked.header("authorization")
    if shown and asked.kind in CONTENT:
        memory.hub("GET", asked.target, headers={"authorization": shown}, auth=None)
    return send(asked)


def one_store_for_all(asked: Asked, send: Send, memory: Memory) -> Given:
    """Serve a blob by its digest alone, whatever repository is named."""
    if asked.kind != "blobs" or asked.method not in ("GET", "HEAD"):
        return send(asked)
    if asked.reference in memory.kept:
        return memory.kept[asked.reference]
    given, _ = send(asked).read()
    if given.status == 200 and asked.method == "GET":
        memory.kept[asked.reference] = given
    return given


def takes_writes(asked: Asked, send: Send, _: Memory) -> Given:
    done = {"POST": 202, "PATCH": 202, "PUT": 201, "DELETE": 202}
    return page(done[asked.method]) if asked.method in done else send(asked)


def refuses_and_deletes(asked: Asked, send: Send, memory: Memory) -> Given:
    """Say that deleting is not allowed, and do it."""
    if asked.method == "DELETE":
        memory.seen[asked.target] = 1
    return page(404) if asked.method == "GET" and asked.target in memory.seen else send(asked)


def fails_after_an_eviction(asked: Asked, send: Send, memory: Memory) -> Given:
    return page(500) if asked.repository in memory.evicted and asked.kind in CONTENT else send(asked)


def cuts_off_after_an_eviction(asked: Asked, send: Send, memory: Memory) -> Given:
    """Read from what is held, piece by piece, and find it gone."""
    given = send(asked)

    def pieces() -> Iterator[bytes]:
        for piece in given.body:
            yield piece
            time.sleep(0.002)
            if memory.evicted:
                return

    return replace(given, body=pieces()) if asked.gets("blobs") else given


def loses_shared_layers(asked: Asked, send: Send, memory: Memory) -> Given:
    """Keep the place of a shared layer, and lose its bytes, when one of its repositories expires."""
    given = send(asked)
    return given.with_body(b"") if asked.gets("blobs") and memory.evicted else given


def loses_layers(asked: Asked, send: Send, memory: Memory) -> Given:
    """Hold a manifest, and its layers no more."""
    if not asked.gets("blobs"):
        return send(asked)
    memory.seen[asked.target] = memory.seen.get(asked.target, 0) + 1
    return page(404) if memory.seen[asked.target] > 1 else send(asked)


def without_body(_: Asked, given: Given) -> Given:
    return given.with_body(b"")


def flipped(_: Asked, given: Given, data: bytes) -> Given:
    return given.with_body(data[:-1] + bytes([data[-1] ^ 1]))


def to_nowhere(_: Asked, given: Given) -> Given:
    return replace(given.saying(location="https://127.0.0.1:1/blob"), status=307)


def to_the_cdn(_: Asked, given: Given) -> Given:
    return replace(given.saying(location=f"https://{CDN_HOSTS[0]}/registry-v2/blob"), status=307)
