"""What a client sees on the wire."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from simulator.arrangement import Arrangement, Break, Copy, Fault, FaultKind, Heal, Holdings, ImageSpec
from simulator.journal import Exchange
from simulator.registry.content import Image, build
from tests.simulator.conftest import Bench, Tls, running

REPOSITORY = "library/app"
SPEC = ImageSpec("server", layers=(300_000,))
MANIFEST = f"/v2/{REPOSITORY}/manifests/1"


def image() -> Image:
    return build(SPEC)


def layer() -> bytes:
    return bytes(image().bytes_of[image().content.objects[-1].digest])


LAYER = f"/v2/{REPOSITORY}/blobs/{build(SPEC).content.objects[-1].digest}"


def arrange(bench: Bench, *faults: Fault) -> None:
    copies = (Copy(REPOSITORY, "1", "image"),)
    servers = {"hub": Holdings(copies), "one": Holdings(copies, faults), "two": Holdings(copies)}
    bench.client.arrange(Arrangement({"image": SPEC}, servers))


def ended(bench: Bench, count: int = 1) -> list[Exchange]:
    """The journal, as soon as it has so many exchanges and all of them ended."""
    deadline = time.monotonic() + 60
    while True:
        page = bench.client.journal()
        assert page.errors == ()
        done = [exchange for exchange in page.exchanges if exchange.ended is not None]
        if len(page.exchanges) == len(done) == count:
            return done
        assert time.monotonic() < deadline, page
        time.sleep(0.005)


def arrived(bench: Bench, count: int) -> None:
    """Wait until so many exchanges have begun."""
    deadline = time.monotonic() + 60
    while bench.client.mark() < count:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextlib.contextmanager
def wire(bench: Bench, tls: bool) -> Iterator[socket.socket | Tls]:
    site = bench.site("one")
    port = (site.tls_ports if tls else site.plain_ports)[0]
    with socket.create_connection((site.address, port), timeout=60) as connection:
        yield Tls(connection, bench.trust, "one.test") if tls else connection


def ask_raw(connection: socket.socket | Tls, path: str, method: str = "GET", host: str = "one.test") -> None:
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())


def read_all(connection: socket.socket | Tls, into: bytearray | None = None) -> bytes:
    """What comes until the connection is closed in good order; also kept in ``into``, whatever happens."""
    read = bytearray() if into is None else into
    while piece := connection.recv(1 << 16):
        read += piece
    return bytes(read)


@pytest.mark.parametrize("tls", [False, True])
def test_content_is_served_and_journaled(bench: Bench, http: httpx.Client, tls: bool) -> None:
    arrange(bench)
    assert http.get(bench.url("one", MANIFEST, tls=tls)).content == image().bytes_of[image().content.root]
    assert http.head(bench.url("one", LAYER, tls=tls)).headers["content-length"] == str(len(layer()))
    assert http.get(bench.url("one", LAYER, tls=tls)).content == layer()
    manifest, head, blob = ended(bench, 3)
    assert (manifest.stage, manifest.method, manifest.server) == ("manifest-by-tag", "GET", "one")
    assert (head.method, head.length, head.sent) == ("HEAD", len(layer()), 0)
    assert (blob.stage, blob.length, blob.sent, blob.status) == ("layer", len(layer()), len(layer()), 200)
    assert blob.client.startswith("127.")
    assert blob.began <= (blob.ended or 0)


def test_a_pull_from_hub(bench: Bench, http: httpx.Client) -> None:
    arrange(bench)
    base = bench.url("hub", "", tls=True)

    def get(host: str, target: str, token: str = "") -> httpx.Response:
        headers = {"host": host} | ({"authorization": f"Bearer {token}"} if token else {})
        return http.get(base + target, headers=headers, extensions={"sni_hostname": host})

    registry, port = "registry-1.docker.io", bench.site("hub").https_port
    realm = f'Bearer realm="https://auth.docker.io:{port}/token"'
    assert get(registry, "/v2/").headers["www-authenticate"].startswith(realm)
    token = get("auth.docker.io", f"/token?scope=repository:{REPOSITORY}:pull").json()["token"]
    assert get(registry, MANIFEST, token).status_code == 200
    location = httpx.URL(get(registry, LAYER, token).headers["location"])
    assert location.port == port
    served = get(location.host, location.raw_path.decode())
    assert served.content == layer()
    assert [exchange.status for exchange in ended(bench, 5)] == [401, 200, 200, 307, 200]


def test_no_header_tells_of_the_program_or_the_time(bench: Bench, http: httpx.Client) -> None:
    headers = http.get(bench.url("one", "/v2/")).headers
    assert set(headers) == {"content-type", "content-length", "docker-distribution-api-version"}


def test_an_unknown_host_is_misdirected(bench: Bench, http: httpx.Client) -> None:
    assert http.get(bench.url("one", "/v2/"), headers={"host": "two.test"}).status_code == 421
    [exchange] = ended(bench)
    assert (exchange.server, exchange.host, exchange.status) == ("one", "two.test", 421)


def test_a_tls_hello_on_a_plain_port_is_answered_in_http(bench: Bench) -> None:
    hello = ssl.MemoryBIO()
    session = bench.trust.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="one.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    with bench.connect("one") as connection:
        connection.sendall(hello.read())
        assert read_all(connection).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("after", [-1, 0, 1000])
def test_reset(bench: Bench, tls: bool, after: int) -> None:
    arrange(bench, Fault("reset", "layer", after=after))
    with wire(bench, tls) as connection:
        ask_raw(connection, LAYER)
        read = bytearray()
        with pytest.raises(ConnectionResetError):
            read_all(connection, read)
    body = read.partition(b"\r\n\r\n")[2]
    assert bool(read) is (after >= 0)
    assert body == layer()[: max(after, 0)]
    [exchange] = ended(bench)
    assert (exchange.fault, exchange.status, exchange.sent) == ("reset", 200 if after >= 0 else 0, max(after, 0))


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("after", [0, 1000, -1])
def test_truncate_is_short_and_closed_in_good_order(bench: Bench, tls: bool, after: int) -> None:
    arrange(bench, Fault("truncate", "layer", after=after))
    with wire(bench, tls) as connection:
        ask_raw(connection, LAYER)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert f"content-length: {len(layer())}".encode() in head
    assert body == layer()[: after if after >= 0 else len(layer()) // 2]
    [exchange] = ended(bench)
    assert (exchange.fault, exchange.length, exchange.sent) == ("truncate", len(layer()), len(body))


@pytest.mark.parametrize("tls", [False, True])
def test_an_http_client_sees_the_truncation(bench: Bench, http: httpx.Client, tls: bool) -> None:
    arrange(bench, Fault("truncate", "layer"))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(bench.url("one", LAYER, tls=tls))


@pytest.mark.parametrize("tls", [False, True])
def test_hang_lasts_as_long_as_the_client(bench: Bench, http: httpx.Client, tls: bool) -> None:
    arrange(bench, Fault("hang", "manifest"))
    with pytest.raises(httpx.ReadTimeout):
        http.get(bench.url("one", MANIFEST, tls=tls), timeout=0.1)
    [exchange] = bench.client.journal().exchanges
    assert (exchange.fault, exchange.status, exchange.ended, exchange.sent) == ("hang", 0, None, 0)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_slow_takes_its_time(bench: Bench, http: httpx.Client, method: str) -> None:
    arrange(bench, Fault("slow", "layer", seconds=0.2))
    began = time.monotonic()
    response = http.request(method, bench.url("one", LAYER))
    assert time.monotonic() - began >= 0.2
    assert response.content == (layer() if method == "GET" else b"")
    [exchange] = ended(bench)
    assert (exchange.ended or 0) - exchange.began >= 0.2
    assert (exchange.fault, exchange.sent) == ("slow", len(response.content))


def test_slow_ends_when_the_client_goes_away(bench: Bench) -> None:
    arrange(bench, Fault("slow", "layer", seconds=60))
    with bench.connect("one") as connection:
        ask_raw(connection, LAYER)
        connection.recv(1)
    [exchange] = ended(bench)
    assert exchange.sent < len(layer())


@pytest.mark.parametrize(
    ("fault", "status", "same_body"),
    [
        (Fault("status", status=503, body="down"), 503, False),
        (Fault("redirect", location="/elsewhere"), 307, False),
        (Fault("corrupt"), 200, False),
        (Fault("wrong-digest"), 200, True),
        (Fault("wrong-type"), 200, True),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_faults_of_the_answer(bench: Bench, http: httpx.Client, fault: Fault, status: int, same_body: bool) -> None:
    good = http.get(bench.url("two", MANIFEST))
    arrange(bench, fault)
    good = http.get(bench.url("two", MANIFEST))
    bad = http.get(bench.url("one", MANIFEST))
    assert bad.status_code == status
    assert (bad.content == good.content) is same_body
    assert [exchange.fault for exchange in ended(bench, 2)] == ["", fault.kind]


@pytest.mark.parametrize("by_arrangement", [False, True])
def test_refuse_and_heal(bench: Bench, by_arrangement: bool) -> None:
    arrange(bench)
    refuse = Fault("refuse")
    for _ in range(3):
        for tls in (False, True):
            bench.connect("one", tls=tls).close()
        arrange(bench, refuse) if by_arrangement else bench.client.apply(Break("one", refuse))
        for tls in (False, True):
            with pytest.raises(ConnectionRefusedError):
                bench.connect("one", tls=tls)
        bench.connect("two").close()
        arrange(bench) if by_arrangement else bench.client.apply(Heal("one"))
    bench.connect("one").close()


def test_an_untrusted_certificate_and_heal(bench: Bench, http: httpx.Client) -> None:
    url = bench.url("one", "/v2/", tls=True)
    assert http.get(url).status_code == 200
    bench.client.apply(Break("one", Fault("untrusted")))
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        http.get(url)
    assert http.get(bench.url("hub", "/v2/", tls=True)).status_code == 401
    assert http.get(bench.url("one", "/v2/")).status_code == 200
    bench.client.apply(Heal("one"))
    assert http.get(url).status_code == 200


@pytest.mark.parametrize(
    ("kind", "changes"), [("refuse", ["break"]), ("untrusted", ["break", "heal"]), ("dns", ["break", "heal"])]
)
def test_no_connection_of_before_is_used_again(bench: Bench, kind: FaultKind, changes: list[str]) -> None:
    for change in changes:
        with bench.connect("one") as connection, bench.connect("two") as other:
            for open_connection in (connection, other):
                ask_raw(open_connection, "/v2/")
                assert open_connection.recv(1 << 16).startswith(b"HTTP/1.1 ")
            bench.client.apply(Break("one", Fault(kind)) if change == "break" else Heal("one"))
            assert connection.recv(1) == b""
            ask_raw(other, "/v2/")
            assert other.recv(1 << 16).startswith(b"HTTP/1.1 ")


def test_tls_sessions_cannot_be_resumed(bench: Bench) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        bench.trust.maximum_version = version
        try:
            with bench.connect("one", tls=True) as connection:
                assert isinstance(connection, ssl.SSLSocket)
                ask_raw(connection, "/v2/")
                connection.recv(1 << 16)
                session = connection.session
                assert session is None or not session.has_ticket
        finally:
            bench.trust.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_fifty_at_once_are_journaled_each_once_in_one_order(bench: Bench) -> None:
    arrange(bench)

    async def ask_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            return await asyncio.gather(
                *(
                    client.get(bench.url(("one", "two")[n % 2], f"{(MANIFEST, LAYER)[n // 2 % 2]}?n={n}"))
                    for n in range(50)
                )
            )

    responses = asyncio.run(ask_all())
    assert {response.status_code for response in responses} == {200}
    exchanges = ended(bench, 50)
    assert [exchange.seq for exchange in exchanges] == list(range(50))
    assert sorted(exchange.began for exchange in exchanges) == [exchange.began for exchange in exchanges]
    assert {exchange.target.partition("?n=")[2] for exchange in exchanges} == {str(number) for number in range(50)}
    assert all(exchange.sent == exchange.length for exchange in exchanges)


def test_pipelined_requests_are_answered_in_order(bench: Bench) -> None:
    arrange(bench)
    with bench.connect("one") as connection:
        for path in ("/v2/", MANIFEST, "/v2/"):
            ask_raw(connection, path)
        assert [exchange.stage for exchange in ended(bench, 3)] == ["ping", "manifest-by-tag", "ping"]


def test_stragglers_do_not_appear_in_the_new_journal(bench: Bench) -> None:
    arrange(bench, Fault("slow", "layer", seconds=0.15), Fault("hang", "manifest"))
    with bench.connect("one") as slow, bench.connect("one") as hanging:
        ask_raw(slow, LAYER)
        ask_raw(hanging, MANIFEST)
        arrived(bench, 2)
        arrange(bench)
        time.sleep(0.2)
        assert bench.client.journal().exchanges == ()
        assert bench.client.mark() == 0


def test_what_fails_in_the_simulator_is_never_silent(
    bench: Bench, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by design")

    arrange(bench)
    monkeypatch.setattr("simulator.registry.reading.answer", fail)
    assert http.get(bench.url("one", MANIFEST)).status_code == 500
    monkeypatch.setattr("simulator.network.delivery.head", fail)
    with pytest.raises(httpx.HTTPError):
        http.get(bench.url("one", MANIFEST))
    page = bench.client.journal()
    assert len(page.exchanges) == 2
    assert [("by design" in error, "one" in error) for error in page.errors] == [(True, True)] * 3


def test_nothing_hinders_the_simulator_from_stopping(tmp_path: Path) -> None:
    began = time.monotonic()
    with contextlib.ExitStack() as open_connections:
        with running(tmp_path) as bench:
            arrange(bench, Fault("slow", "layer", seconds=60), Fault("hang", "manifest"))
            for path in (LAYER, MANIFEST, "/v2/"):
                connection = open_connections.enter_context(bench.connect("one"))
                ask_raw(connection, path)
            arrived(bench, 3)
        assert time.monotonic() - began < 50
