"""Pushing over the wire: bodies of every kind arrive whole, and no client fills the memory or holds up another."""

import contextlib
import hashlib
import time
from collections.abc import Iterator

import httpx
import pytest

from simulator.arrangement import Arrangement, Copy, Holdings, ImageSpec
from simulator.bounds import Bounds
from simulator.registry.content import Image, build
from simulator.topology import AUTH_HOST, CDN_HOSTS, REGISTRY_HOST
from tests.simulator.conftest import Bench, running
from tests.simulator.pushes import sha256
from tests.simulator.worlds import DEV

REPOSITORY = "team/app"
UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"
IMAGE = build(ImageSpec("pushed", "oci", (300_000, 70_000), ("linux/amd64", "linux/arm64")))
SMALL = Bounds(blob=100_000, arriving=150_000)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running(tmp_path_factory.mktemp("small"), SMALL) as bench:
        yield bench


@pytest.fixture
def tight(small: Bench) -> Bench:
    """A simulator that takes little."""
    small.client.arrange(Arrangement())
    return small


@pytest.fixture
def hub(bench: Bench) -> Iterator[httpx.Client]:
    """A client of Hub that may push, and that follows blobs to the CDN, with no token there."""
    bench.client.arrange(Arrangement(accounts=(DEV,)))
    site = bench.site("hub")

    def send(request: httpx.Request) -> None:
        if request.url.host in CDN_HOSTS:
            request.headers.pop("authorization", None)
        request.extensions["sni_hostname"] = request.headers["host"] = request.url.host
        request.url = request.url.copy_with(host=site.address, port=site.tls_ports[0])

    with httpx.Client(verify=bench.trust, trust_env=False, timeout=60, event_hooks={"request": [send]}) as client:
        scope = f"repository:{REPOSITORY}:pull,push"
        asked = client.get(f"https://{AUTH_HOST}/token", params={"scope": scope}, auth=(DEV.name, DEV.password))
        token = asked.json()["token"]
        client.headers["authorization"] = f"Bearer {token}"
        client.base_url = httpx.URL(f"https://{REGISTRY_HOST}")
        yield client


@pytest.fixture
def own(bench: Bench) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=bench.plain("own"), trust_env=False, timeout=60) as client:
        yield client


def pieces(data: bytes) -> Iterator[bytes]:
    """An iterator makes httpx send it chunked, as docker sends layers."""
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


def push(client: httpx.Client, image: Image, tag: str) -> None:
    for part in reversed(image.content.objects):
        data = bytes(image.bytes_of[part.digest])
        if part.role.endswith(("manifest", "index")):
            reference = tag if part.digest == image.content.root else part.digest
            path = f"/v2/{REPOSITORY}/manifests/{reference}"
            pushed = client.put(path, content=data, headers={"content-type": part.media_type})
        else:
            where = client.post(UPLOADS).headers["location"]
            patched = client.patch(where, content=pieces(data))
            assert (patched.status_code, patched.headers["range"]) == (202, f"0-{len(data) - 1}")
            pushed = client.put(patched.headers["location"], params={"digest": part.digest})
        assert pushed.status_code == 201, pushed.text


def pull(client: httpx.Client, image: Image) -> dict[str, bytes]:
    pulled = {}
    for part in image.content.objects:
        kind = "manifests" if part.role.endswith(("manifest", "index")) else "blobs"
        found = client.get(f"/v2/{REPOSITORY}/{kind}/{part.digest}")
        if found.status_code == 307:
            found = client.get(found.headers["location"])
        pulled[part.digest] = found.content
    return pulled


@pytest.mark.parametrize("server", ["hub", "own"])
def test_an_image_is_pushed_and_pulled_back(bench: Bench, request: pytest.FixtureRequest, server: str) -> None:
    client: httpx.Client = request.getfixturevalue(server)
    push(client, IMAGE, "1.0")
    assert client.get(f"/v2/{REPOSITORY}/tags/list").json() == {"name": REPOSITORY, "tags": ["1.0"]}
    assert client.get(f"/v2/{REPOSITORY}/manifests/1.0").content == IMAGE.bytes_of[IMAGE.content.root]
    assert pull(client, IMAGE) == dict(IMAGE.bytes_of)
    page = bench.client.journal()
    assert page.errors == ()
    assert {exchange.status // 100 for exchange in page.exchanges} <= {2, 3}
    assert sum(exchange.stage == "upload" for exchange in page.exchanges) == 3 * 6


def test_a_large_layer_arrives_whole(own: httpx.Client) -> None:
    data = hashlib.shake_256(b"large").digest(20 << 20)
    where = own.post(UPLOADS).headers["location"]
    assert own.put(where, params={"digest": sha256(data)}, content=data).status_code == 201
    assert own.get(f"/v2/{REPOSITORY}/blobs/{sha256(data)}").content == data


def test_the_answers_without_content_are_framed(bench: Bench, own: httpx.Client) -> None:
    where = own.post(UPLOADS).headers["location"]
    status = own.get(where)
    assert (status.status_code, status.headers["range"]) == (204, "0-0")
    assert not {"content-length", "transfer-encoding"} & status.headers.keys()
    data = b"known"
    own.put(where, params={"digest": sha256(data)}, content=data)
    known = own.get(f"/v2/{REPOSITORY}/blobs/{sha256(data)}", headers={"if-none-match": f'"{sha256(data)}"'})
    assert (known.status_code, known.content) == (304, b"")
    assert own.get("/v2/").status_code == 200
    assert [exchange.status for exchange in bench.client.journal().exchanges] == [202, 204, 201, 304, 200]


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_is_refused_and_the_connection_kept(tight: Bench, chunked: bool) -> None:
    data = bytes(SMALL.blob + 1)
    with httpx.Client(base_url=tight.plain("own"), trust_env=False, timeout=60) as client:
        where = client.post(UPLOADS).headers["location"]
        refused = client.patch(where, content=pieces(data) if chunked else data)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (413, "SIZE_INVALID")
        assert client.get(where).headers["range"] == "0-0"
        assert client.patch(where, content=data[1:]).status_code == 202


def test_a_body_that_is_announced_too_large_is_not_waited_for(tight: Bench) -> None:
    with tight.connect("own") as connection:
        head = f"PUT /v2/{REPOSITORY}/manifests/1 HTTP/1.1\r\nHost: own.test\r\nContent-Length: 9999999\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 413 ")


def test_a_mirror_answers_without_the_body(bench: Bench) -> None:
    with bench.connect("one") as connection:
        head = f"PUT /v2/{REPOSITORY}/manifests/1 HTTP/1.1\r\nHost: one.test\r\nContent-Length: 5\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 405 ")
        connection.sendall(b"12345GET /v2/ HTTP/1.1\r\nHost: one.test\r\n\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_waits_for_100_is_told_to_go_on(bench: Bench, own: httpx.Client) -> None:
    where = own.post(UPLOADS).headers["location"]
    with bench.connect("own") as connection:
        head = f"PATCH {where} HTTP/1.1\r\nHost: own.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 202 ")


def test_an_upload_that_breaks_off_is_resumed(bench: Bench, own: httpx.Client) -> None:
    data = bytes(range(256))
    where = own.post(UPLOADS).headers["location"]
    with bench.connect("own") as connection:
        head = f"PATCH {where} HTTP/1.1\r\nHost: own.test\r\nContent-Length: 256\r\nContent-Range: 0-255\r\n\r\n"
        connection.sendall(head.encode() + data[:100])
        time.sleep(0.05)
    deadline = time.monotonic() + 60
    while own.get(where).headers["range"] != "0-99":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    rest = own.put(where, params={"digest": sha256(data)}, content=data[100:], headers={"content-range": "100-255"})
    assert rest.status_code == 201
    assert [exchange.status for exchange in bench.client.journal().exchanges if exchange.method == "PATCH"] == [400]


def test_slow_clients_hold_up_nobody_and_fill_no_memory(tight: Bench) -> None:
    with contextlib.ExitStack() as held:
        client = held.enter_context(httpx.Client(base_url=tight.plain("own"), trust_env=False, timeout=60))
        for _ in range(2):
            place = client.post(UPLOADS).headers["location"]
            connection = held.enter_context(tight.connect("own"))
            head = f"PATCH {place} HTTP/1.1\r\nHost: own.test\r\nContent-Length: 90000\r\n\r\n"
            connection.sendall(head.encode() + bytes(70_000))
        assert _until(client, 413) == 413
        assert client.get("/v2/").status_code == 200
    with httpx.Client(base_url=tight.plain("own"), trust_env=False, timeout=60) as client:
        assert _until(client, 202) == 202
        assert tight.client.journal().errors == ()


def _until(client: httpx.Client, status: int) -> int:
    """Begin uploads with as much as may arrive beside little else, until this is answered or patience ends."""
    deadline = time.monotonic() + 60
    while True:
        where = client.post(UPLOADS).headers["location"]
        answered = client.patch(where, content=bytes(20_000)).status_code
        if answered == status or time.monotonic() > deadline:
            return answered
        time.sleep(0.01)


def test_a_manifest_that_was_arranged_is_not_touched_by_a_refused_push(bench: Bench, http: httpx.Client) -> None:
    arranged = Holdings((Copy(REPOSITORY, "1", "image"),))
    bench.client.arrange(Arrangement({"image": ImageSpec("1")}, {"own": arranged, "one": arranged}))
    for server in ("own", "one"):
        url = bench.url(server, f"/v2/{REPOSITORY}/manifests/1")
        before = http.get(url).content
        assert http.put(url, content=b"{}").status_code == (400 if server == "own" else 405)
        assert http.get(url).content == before
