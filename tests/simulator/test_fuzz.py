"""Whatever comes, the core answers it, as HTTP allows, and with no 500."""

from functools import reduce

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.bounds import Bounds
from simulator.hub.limits import children_of
from simulator.journal import Exchange
from simulator.messages import Request, Response
from simulator.topology import CDN_HOSTS, REGISTRY_HOST
from simulator.world import World
from tests.simulator.pushes import Pusher, hub_pusher, manifest, sha256
from tests.simulator.requests import GOOD, ODD_TEXTS, PUSHED, filled, requests, with_text_anywhere
from tests.simulator.worlds import REPOSITORY, TOPOLOGY, Asker, blob_path

FUZZED = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
BOUNDS = Bounds(blob=64, pushed=4096)


def started() -> tuple[Asker, dict[str, tuple[str, str, str]]]:
    """A world with something in it everywhere, and what a client of each of its hosts needs to go on."""
    asker = Asker(World(TOPOLOGY, bounds=BOUNDS))
    asker.arrange()
    own = Pusher(asker)
    own.small("1")
    hub = hub_pusher(asker, PUSHED, {PUSHED: "pull,push", REPOSITORY: "pull"})
    hub.small("1")
    signed = asker.hub(blob_path("single", "layer:0"), token=hub.token).header("location")
    signed = reduce(str.removeprefix, (f"https://{host}" for host in CDN_HOSTS), signed)
    uploads = {"two.test": own.begin().rpartition("/")[2], REGISTRY_HOST: hub.begin().rpartition("/")[2]}
    return asker, {host: (upload, hub.token, signed) for host, upload in uploads.items()}


def check_form(request: Request, response: Response) -> None:
    """What every answer must be like (RFC 9110 sections 5.5, 6.4, 8.6 and 9.3.2)."""
    assert 200 <= response.status < 500
    for name, value in response.headers:
        assert name.isascii()
        assert name.isprintable()
        assert value.isprintable()
        value.encode("latin-1")
    names = [name.lower() for name, _ in response.headers]
    assert len(names) == len(set(names))
    if response.status in (204, 304):
        assert response.header("content-length") == ""
        assert response.body == b""
    elif request.method == "HEAD":
        assert response.body == b""
        assert response.header("content-length").isdecimal()
    else:
        assert response.header("content-length") == str(len(response.body))


def check_exchange(exchange: Exchange, request: Request, status: int, seq: int) -> None:
    """The journal tells of this request and this answer."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    assert (exchange.seq, exchange.method, exchange.target) == (seq, request.method, target)
    assert (exchange.status, exchange.host, exchange.client) == (status, request.host, request.client)


def check(asker: Asker, request: Request) -> None:
    """Ask, and see that all is well with the answer and with the journal."""
    world, seq = asker.world, len(asker.world.journal)
    assert world.appetite(request) >= 0
    response = world.handle(request, 100.0).response
    assert world.journal.errors == []
    assert len(world.journal) == seq + 1
    check_form(request, response)
    check_exchange(world.journal.at(seq), request, response.status, seq)


@FUZZED
@given(st.lists(requests(), min_size=1, max_size=8))
def test_no_request_is_too_odd(asked: list[Request]) -> None:
    asker, secrets = started()
    for odd in asked:
        check(asker, filled(odd, *secrets.get(odd.host, secrets[REGISTRY_HOST])))


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text[:8]))
def test_no_text_is_too_odd_for_any_place(text: str) -> None:
    asker, secrets = started()
    for good in GOOD:
        for odd in with_text_anywhere(good, text):
            check(asker, filled(odd, *secrets.get(odd.host, secrets[REGISTRY_HOST])))


def test_what_clients_push_never_takes_more_than_there_is_room_for() -> None:
    """A hundred clients that push whatever they can, and let nothing go."""
    asker, _ = started()
    pusher, kept = Pusher(asker), 0
    for number in range(100):
        data = f"{number:060}".encode()
        pushed = pusher.ask("POST", f"blobs/uploads/?digest={sha256(data)}", data)
        assert pushed.status in (201, 413)
        kept += pushed.status == 201
        pusher.ask("PATCH", pusher.begin(), data)
        pusher.manifest(manifest(annotations={"number": str(number)}))
    assert 0 < kept * 60 < BOUNDS.pushed
    assert asker.world.journal.errors == []


def test_a_document_that_is_nested_too_deeply_is_no_index() -> None:
    """It is read again when it is metered, from another depth of the program than when it was pushed."""
    assert children_of(b'{"manifests":' + b"[" * 100_000) == frozenset()
