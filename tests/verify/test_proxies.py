"""Through which proxy a daemon asks: as Go's own table of tests has it (x/net/http/httpproxy), in our words."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from suites.verify.answers import Image
from suites.verify.facts import Kind, Proxies, Setup
from suites.verify.lint import lint
from suites.verify.network import Address, Network
from suites.verify.predict import predict
from suites.verify.probe import probe
from suites.verify.proxies import through

PROXY = "http://proxy.test:3128"


def chosen(url: str, without: str = "") -> str:
    return through(Proxies(http="plain.test", https=PROXY, without=without), url)


def test_each_scheme_has_a_proxy_of_its_own() -> None:
    assert chosen("https://a.test/v2/") == PROXY
    assert chosen("http://a.test/v2/") == "http://plain.test"
    assert through(Proxies(), "https://a.test") == ""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5000", "127.8.9.1", "[::1]:5000"])
def test_a_daemons_own_machine_is_asked_directly(host: str) -> None:
    assert chosen(f"https://{host}/") == ""


@pytest.mark.parametrize(
    ("without", "url", "direct"),
    [
        ("*", "https://a.test", True),
        ("a.test", "https://a.test", True),
        ("A.TEST , b.test", "https://a.test", True),
        ("a.test", "https://sub.a.test", True),
        (".a.test", "https://sub.a.test", True),
        (".a.test", "https://a.test", False),
        ("*.a.test", "https://sub.a.test", True),
        ("a.test", "https://nota.test", False),
        ("a.test:443", "https://a.test", True),
        ("a.test:5000", "https://a.test", False),
        ("a.test:5000", "https://a.test:5000", True),
        ("10.0.0.0/8", "https://10.1.2.3:5000", True),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3", "https://10.1.2.4", False),
        ("", "https://a.test", False),
        (",", "https://a.test", False),
    ],
)
def test_no_proxy(without: str, url: str, direct: bool) -> None:
    assert (chosen(url, without) == "") is direct


@pytest.mark.parametrize("url", ["https://a.test:99999", "https://[a.test", "https://a.test:b"])
def test_through_no_proxy_anybody_is_asked_at_what_is_no_url(url: str) -> None:
    assert chosen(url) == ""


@pytest.fixture
def refusing() -> Iterator[str]:
    """A proxy of this process that lets nobody through."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            try:
                while True:
                    with server.accept()[0] as connection:
                        connection.recv(4096)
                        connection.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_proxy_that_lets_nobody_through_is_said_to_be_the_obstacle(refusing: str) -> None:
    kind = Kind("28.5.2", "classic")
    network = Network(
        addresses={Address("mirror.test", 443): Address("192.0.2.1", 443)}, proxies=Proxies(https=refusing)
    )
    told = probe(Setup(kind, (), ("https://mirror.test/",)), Image("library/app", "1.0"), network=network, timeout=20.0)
    (skipped,) = predict(kind, told).skipped
    assert (skipped.problem, skipped.because) == ("proxy", "it is not to be reached through the daemon's proxy")


def test_a_mirror_behind_a_proxy_is_remarked_on() -> None:
    some = Setup(Kind("28.5.2", "classic"), (), ("https://a.test/", "https://b.test/"))
    some = Setup(some.kind, (), some.shown, proxies=Proxies(https=PROXY, without="b.test"))
    (remark,) = [remark for remark in lint(some) if remark.code == "mirror-by-proxy"]
    assert remark.mirror == "https://a.test/"
    assert remark.sentence == f"The daemon asks this mirror through the proxy {PROXY}."
