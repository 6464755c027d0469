"""The control API's token: which it is, who gets by without it, and what is no token."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from simulator.control import api
from simulator.control.token import VARIABLE, Token, TokenError, choose, write
from simulator.network.endpoint import Endpoint
from simulator.network.server import Simulator
from simulator.topology import Topology

HERE, EVERYWHERE = Endpoint("127.0.0.1", 1), Endpoint("0.0.0.0", 1)
TOKEN = "a-good-token"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_on_loopback_there_is_none_unless_one_is_given(address: str) -> None:
    assert choose(Endpoint(address, 1), None, {}) == Token("")
    assert choose(Endpoint(address, 1), None, {VARIABLE: TOKEN}) == Token(TOKEN)


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.1", "::", "simulator.example"])
def test_beyond_loopback_there_always_is_one(address: str) -> None:
    at = Endpoint(address, 1)
    made = choose(at, None, {})
    assert made.is_new
    assert len(made.text) >= 32
    assert made != choose(at, None, {})
    assert choose(at, None, {VARIABLE: ""}).is_new
    assert choose(at, None, {VARIABLE: TOKEN}) == Token(TOKEN)


def test_a_file_goes_before_the_environment(tmp_path: Path) -> None:
    path = write(Token(TOKEN), tmp_path)
    assert choose(EVERYWHERE, path, {VARIABLE: "another-token"}) == Token(TOKEN)
    assert path.stat().st_mode & 0o777 == 0o600
    write(Token("other-token"), tmp_path)
    assert choose(HERE, path, {}) == Token("other-token")


@pytest.mark.parametrize("text", ["", "short", "with a space", "x" * 513, "\x00" * 20, "\xe4" * 20])
def test_what_is_no_token(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(TokenError, match=r"must be 8 to 512 visible ASCII characters without a space\.$"):
        choose(HERE, path, {})
    if text:
        with pytest.raises(TokenError, match=VARIABLE):
            choose(HERE, None, {VARIABLE: text})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="No such file or directory"):
        choose(HERE, tmp_path / "none", {})
    with pytest.raises(TokenError, match="cannot be written to"):
        write(Token(TOKEN), tmp_path / "none")


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    return api.application(Simulator(Topology(()), tmp_path), TOKEN)


def ask(app: Starlette, method: str, path: str, authorization: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://control") as client:
            return await client.request(method, path, headers=[(b"authorization", authorization.encode())])

    return asyncio.run(asked())


@pytest.mark.parametrize(
    "sent", ["", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", "Bearer", "Bearer é"]
)
def test_without_the_token_nothing_is_told(app: Starlette, sent: str) -> None:
    operations = (("GET", "/health"), ("PUT", "/arrangement"), ("POST", "/images"), ("GET", "/openapi.json"))
    for method, path in operations:
        answer = ask(app, method, path, sent)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json() == {"problem": api.UNAUTHORIZED}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_with_the_token_all_is_as_without_one(app: Starlette, scheme: str) -> None:
    assert ask(app, "GET", "/health", authorization=f"{scheme} {TOKEN}").json() == {"sites": []}
