"""The control API and its client."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from simulator.archives.reading import REF_NAME
from simulator.arrangement import (
    Account,
    Arrangement,
    Break,
    Copy,
    Fault,
    Heal,
    Holdings,
    ImageSpec,
    Limits,
    Publish,
)
from simulator.client import SimulatorClient, SimulatorError
from simulator.control import operations
from simulator.control.wire import LoadedImage
from simulator.hub.limits import LedgerEntry
from simulator.registry.content import build
from simulator.topology import AUTH_HOST, REGISTRY_HOST
from tests.simulator.archived import layout, root_of, tar, unpack
from tests.simulator.conftest import CONTROL_ADDRESS, Bench, free_port

SMALL = Arrangement({"image": ImageSpec("1")}, {"hub": Holdings((Copy("r", "1", "image"),))})


@pytest.fixture
def raw(bench: Bench) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=bench.control_url, trust_env=False) as client:
        yield client


def test_health_tells_the_topology(bench: Bench) -> None:
    assert bench.client.health() == bench.topology


def test_arranging_tells_the_contents(bench: Bench) -> None:
    assert bench.client.arrange(SMALL) == {"image": build(ImageSpec("1")).content}


def test_the_journal_since_a_mark(bench: Bench, http: httpx.Client) -> None:
    assert bench.client.mark() == 0
    http.get(bench.url("one", "/v2/"))
    mark = bench.client.apply(Heal("one"))
    http.get(bench.url("two", "/v2/"))
    assert mark == 1
    assert [exchange.server for exchange in bench.client.journal(mark).exchanges] == ["two"]
    assert [exchange.server for exchange in bench.client.journal().exchanges] == ["one", "two"]
    assert bench.client.journal().mark == bench.client.mark() == 2
    assert bench.client.journal(99).exchanges == ()


def test_the_ledger_since_a_mark(bench: Bench, http: httpx.Client) -> None:
    ada = Account("ada", "secret")
    bench.client.arrange(Arrangement(SMALL.images, SMALL.servers, (ada,), limits=Limits()))
    auth = bench.url("hub", "/token?scope=repository:r:pull", tls=True)
    token = http.get(auth, headers={"host": AUTH_HOST}, auth=("ada", "secret")).json()["token"]
    headers = {"host": REGISTRY_HOST, "authorization": f"Bearer {token}"}
    http.get(bench.url("hub", "/v2/r/manifests/1", tls=True), headers=headers)
    mark = bench.client.mark()
    http.head(bench.url("hub", "/v2/r/manifests/1", tls=True), headers=headers)
    page = bench.client.ledger()
    assert page.entries == (LedgerEntry(1, "ada", 1, 199), LedgerEntry(2, "ada", 0, 199))
    assert page.forgotten == 0
    assert bench.client.ledger(mark).entries == page.entries[1:]
    assert [exchange.account for exchange in bench.client.journal().exchanges] == ["ada"] * 3


def test_of_several_changes_all_or_none_are_made(bench: Bench, http: httpx.Client) -> None:
    with pytest.raises(SimulatorError, match="no server 'nobody'"):
        bench.client.apply(Break("one", Fault("status", status=500)), Heal("nobody"))
    assert http.get(bench.url("one", "/v2/")).status_code == 200
    bench.client.apply(Break("one", Fault("status", status=500)), Break("two", Fault("status", status=502)))
    assert http.get(bench.url("one", "/v2/")).status_code == 500
    assert http.get(bench.url("two", "/v2/")).status_code == 502


def test_what_is_refused_is_explained_in_a_sentence(bench: Bench) -> None:
    with pytest.raises(SimulatorError, match=r"^Server 'hub' shall hold the image 'x', .*\.$"):
        bench.client.apply(Publish("r", "1", "x"))


IMAGE = build(ImageSpec("archived", "oci"))
LAYOUT = layout(IMAGE, roots=[root_of(IMAGE, **{REF_NAME: "ada/app:1"})])


@pytest.mark.parametrize("kind", ["directory", "tar"])
def test_images_are_loaded_from_disk(bench: Bench, http: httpx.Client, tmp_path: Path, kind: str) -> None:
    path = unpack(LAYOUT, tmp_path / "layout")
    if kind == "tar":
        path = tmp_path / "app.tar"
        path.write_bytes(tar(LAYOUT))
    root = IMAGE.content.root
    assert bench.client.load(path, server="one") == (LoadedImage("ada/app", "1", root),)
    assert bench.client.load(path, "own:2", "two") == (LoadedImage("library/own", "2", root),)
    assert http.get(bench.url("one", "/v2/ada/app/manifests/1")).content == IMAGE.bytes_of[root]
    assert http.get(bench.url("two", "/v2/library/own/manifests/2")).content == IMAGE.bytes_of[root]


def test_what_cannot_be_loaded_is_explained(bench: Bench, tmp_path: Path) -> None:
    path = unpack(LAYOUT, tmp_path / "layout")
    for arguments, words in (
        ((path, "A"), "'A' does not begin with the name of a repository"),
        ((path, "", "nobody"), "There is no server 'nobody'"),
        ((tmp_path / "none",), "none cannot be loaded: No such file"),
        ((tmp_path,), "The archive cannot be loaded: it is neither an OCI image layout"),
    ):
        with pytest.raises(SimulatorError, match=words):
            bench.client.load(*arguments)


def test_a_body_without_an_end_is_not_read_to_its_end(raw: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LARGEST_BODY", 10)
    answer = raw.put("/arrangement", content=b" " * 11)
    assert (answer.status_code, answer.json()["problem"]) == (422, "The request has more than 10 bytes.")
    assert raw.put("/arrangement", content=b"{}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "content", "words"),
    [
        ("PUT", "/arrangement", b"{", "This is no arrangement: Invalid JSON"),
        ("PUT", "/arrangement", b'{"serverz": {}}', "at serverz"),
        ("PUT", "/arrangement", b'{"servers": {"x": {}}}', "no server 'x'"),
        ("PUT", "/arrangement", b"\xff", "This is no arrangement"),
        ("POST", "/changes", b'{"do": "dance"}', "dance"),
        ("GET", "/journal?since=-1", b"", "'-1' is not a mark"),
        ("GET", "/ledger?since=x", b"", "'x' is not a mark"),
        ("GET", f"/ledger?since={'9' * 30}", b"", "is not a mark"),
    ],
)
def test_bad_input(raw: httpx.Client, method: str, path: str, content: bytes, words: str) -> None:
    response = raw.request(method, path, content=content)
    assert response.status_code == 422
    assert words in response.json()["problem"]
    assert "Traceback" not in response.text
    assert "\n" not in response.json()["problem"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("GET", "/changes", 405)])
def test_what_there_is_not(raw: httpx.Client, method: str, path: str, status: int) -> None:
    assert raw.request(method, path).status_code == status


def test_a_failure_of_the_control_api_is_told_and_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by design")

    with monkeypatch.context() as patch:
        patch.setattr(bench.simulator.world, "arrange", fail)
        with pytest.raises(SimulatorError, match="by design"):
            bench.client.arrange(SMALL)
    assert "by design" in bench.client.journal().errors[0]


def test_a_simulator_that_is_not_there() -> None:
    with (
        SimulatorClient(f"http://{CONTROL_ADDRESS}:{free_port(CONTROL_ADDRESS)}") as client,
        pytest.raises(SimulatorError, match=r"cannot be reached: .*refused"),
    ):
        client.mark()


def test_what_is_no_simulator(bench: Bench) -> None:
    with SimulatorClient(bench.plain("one")) as client, pytest.raises(SimulatorError, match="with 404"):
        client.mark()
