"""The raw client counts and hashes what came, and says in a sentence what went wrong."""

import socket
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest

from fixtures.mirrors import wire
from fixtures.mirrors.wire import Place, Sent

Serve = Callable[[bytes], Place]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answers every connection with the same bytes, and closes it."""
    listeners: list[socket.socket] = []

    def serving(data: bytes) -> Place:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(data)

        threading.Thread(target=answer, daemon=True).start()
        return Place("127.0.0.1", listener.getsockname()[1])

    yield serving
    for listener in listeners:
        listener.close()


def test_an_answer_is_counted_and_hashed(serve: Serve) -> None:
    answer = wire.ask(serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello"), Sent("GET", "/v2/"))
    assert (answer.status, answer.size, answer.text, answer.header("x-one")) == (200, 5, "hello", "1")
    assert answer.digest == f"sha256:{sha256(b'hello').hexdigest()}"
    assert answer.problem == ""


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "what came is no HTTP/1.1: peer closed connection"),
        (b"220 mail.example ESMTP\r\n", "what came is no HTTP/1.1: "),
        (b"", "what came is no HTTP/1.1: "),
    ],
)
def test_what_is_wrong_on_the_wire_is_a_sentence(serve: Serve, data: bytes, problem: str) -> None:
    assert wire.ask(serve(data), Sent("GET", "/v2/")).outcome.partition(" (")[0] is not None
    assert problem in wire.ask(serve(data), Sent("GET", "/v2/")).problem


def test_nothing_that_comes_is_waited_for_in_vain(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = Place("127.0.0.1", silent.getsockname()[1])
        assert wire.ask(place, Sent("GET", "/v2/", deadline=0.05)).problem == "nothing came within 0.05 s"
    assert "connection failed" in wire.ask(place, Sent("GET", "/v2/")).problem


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ((), [b"", b"", b"Bearer t1"]),
        ((("Authorization", "Basic YTpi"),), [b"Basic YTpi", b"Basic YTpi", b"Bearer t1"]),
        ((("Authorization", "Bearer old"),), [b"Bearer old"]),
    ],
)
def test_a_token_is_fetched_with_what_the_request_shows(
    headers: tuple[tuple[str, str], ...], asked: list[bytes]
) -> None:
    shown: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        challenge = f'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="http://127.0.0.1:{port}/token"\r\n'
        answers = (f"{challenge}Content-Length: 0\r\n\r\n", _answer('{"token": "t1"}'), _answer("whole"))

        def serve() -> None:
            for answer in answers[: len(asked)]:
                connection, _ = listener.accept()
                with connection:
                    lines = connection.recv(1 << 16).split(b"\r\n")
                    name = b"Authorization: "
                    shown.append(next((line.removeprefix(name) for line in lines if line.startswith(name)), b""))
                    connection.sendall(answer.encode())

        serving = threading.Thread(target=serve)
        serving.start()
        answer = wire.ask(Place("127.0.0.1", port), Sent("GET", "/v2/", headers))
        serving.join()
    assert shown == asked
    assert (answer.status, answer.with_token) == ((200, True) if len(asked) == 3 else (401, False))


def _answer(text: str) -> str:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}"


def test_a_body_without_end_is_given_up(serve: Serve) -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(5000)
    assert wire.ask(serve(endless), Sent("GET", "/v2/", most=1000)).problem == "its body is longer than 1000 bytes"


def test_an_answer_that_never_begins_is_given_up(serve: Serve) -> None:
    interim = b"HTTP/1.1 102 Processing\r\n\r\n" * 2000
    assert "what came is no HTTP/1.1" in wire.ask(serve(interim), Sent("GET", "/v2/")).problem
    headers = b"HTTP/1.1 200 OK\r\n" + b"X-More: and more\r\n" * 20000
    assert "what came is no HTTP/1.1" in wire.ask(serve(headers), Sent("GET", "/v2/")).problem


@pytest.mark.parametrize("url", ["mirror.example", "ftp://mirror.example", "http://mirror.example/path"])
def test_what_is_no_mirrors_url(url: str) -> None:
    with pytest.raises(ValueError, match="is not a mirror's URL"):
        wire.place_of(url)
