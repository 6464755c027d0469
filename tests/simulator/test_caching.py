"""Mirrors that cache, over real sockets: what they ask of Hub, what that costs, and what their clients get."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from simulator.arrangement import (
    Account,
    Arrangement,
    Break,
    Copy,
    Evict,
    Fault,
    Heal,
    Holdings,
    ImageSpec,
    Limits,
    Publish,
)
from simulator.journal import Exchange
from simulator.mirror.policy import PRESETS, Policy, PresetName, Sync, Upstream
from simulator.registry.content import Image, build
from tests.simulator.conftest import MIRROR_ADDRESS, Bench, running

REPOSITORY = "library/app"
SPEC = ImageSpec("caching", layers=(400_000,))
NEXT = ImageSpec("caching, the next", layers=(1000,))
MANIFEST = f"/v2/{REPOSITORY}/manifests/1"
LAYER = f"/v2/{REPOSITORY}/blobs/{build(SPEC).content.objects[-1].digest}"
HOUR, DAY = 3600.0, 86400.0


def image(spec: ImageSpec = SPEC) -> Image:
    return build(spec)


def layer() -> bytes:
    return bytes(image().bytes_of[image().content.objects[-1].digest])


def manifest(spec: ImageSpec = SPEC) -> bytes:
    return bytes(image(spec).bytes_of[image(spec).content.root])


def arrange(bench: Bench, policy: Policy | PresetName, *faults: Fault, limits: Limits | None = None) -> None:
    """Let Hub have an image, and the mirror ``one`` nothing but a policy."""
    hub = Holdings((Copy(REPOSITORY, "1", "image"),), faults)
    servers = {"hub": hub, "one": Holdings(policy=policy)}
    bench.client.arrange(Arrangement({"image": SPEC, "next": NEXT}, servers, limits=limits))


def upstream(bench: Bench) -> list[tuple[str, str, int]]:
    """What the mirror asked of others: method, stage, status."""
    return [(e.method, e.stage, e.status) for e in exchanges(bench) if e.client == MIRROR_ADDRESS]


def exchanges(bench: Bench) -> tuple[Exchange, ...]:
    page = bench.client.journal()
    assert page.errors == ()
    return page.exchanges


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def get(bench: Bench, http: httpx.Client) -> Callable[[str], httpx.Response]:
    return lambda path: http.get(bench.url("one", path))


Get = Callable[[str], httpx.Response]


def test_a_pull_through_mirror_fetches_once(bench: Bench, get: Get) -> None:
    arrange(bench, replace(PRESETS["pull-through"], sync=Sync()), limits=Limits())
    for _ in range(3):
        assert get(MANIFEST).content == manifest()
        assert get(LAYER).content == layer()
    asked = [("GET", "token", 200), ("GET", "layer", 307), ("GET", "layer", 200)]
    assert sorted(one for one in upstream(bench) if one[2] != 401 and "manifest" not in one[1]) == sorted(asked)
    assert [one for one in upstream(bench) if one[:2] == ("GET", "manifest-by-tag") and one[2] == 200] != []
    charges = [(entry.who, entry.cost) for entry in bench.client.ledger().entries if entry.cost]
    assert charges == [(MIRROR_ADDRESS, 1)]
    assert {e.client for e in exchanges(bench) if e.server == "one"} != {MIRROR_ADDRESS}


def test_the_preset_asks_hub_about_a_tag_on_each_read(bench: Bench, get: Get) -> None:
    arrange(bench, "pull-through")
    assert get(MANIFEST).content == manifest()
    before = len(upstream(bench))
    assert get(MANIFEST).content == manifest()
    assert upstream(bench)[before:] == [("HEAD", "manifest-by-tag", 200)]
    bench.client.apply(Publish(REPOSITORY, "1", "next"))
    assert get(MANIFEST).content == manifest(NEXT)


def test_the_life_of_an_image_at_a_gcr_mirror(bench: Bench, get: Get) -> None:
    arrange(bench, "gcr")
    assert [get(MANIFEST).status_code for _ in range(2)] == [404, 404]
    assert upstream(bench) == []
    bench.client.advance(60)
    assert get(MANIFEST).content == manifest()
    assert get(LAYER).content == layer()
    bench.client.apply(Publish(REPOSITORY, "1", "next"))
    assert get(MANIFEST).content == manifest()
    bench.client.advance(HOUR / 2)
    assert get(MANIFEST).content == manifest(NEXT)
    bench.client.advance(16 * DAY)
    assert get(MANIFEST).status_code == 404
    stamps = [e.began for e in exchanges(bench)]
    assert stamps == sorted(stamps)


def test_an_advance_keeps_to_the_order_of_time(bench: Bench, get: Get) -> None:
    policy = replace(PRESETS["pull-through"], sync=Sync("interval", every=HOUR))
    arrange(bench, policy)
    get(MANIFEST)
    began, mark = bench.client.now(), bench.client.mark()
    down = Fault("status", "manifest", status=503, since=began + 2.5 * HOUR, until=began + 4.5 * HOUR)
    bench.client.apply(Break("hub", down))
    bench.client.advance(6.5 * HOUR)
    heads = [e for e in exchanges(bench)[mark:] if e.method == "HEAD" and e.status != 401]
    assert [round((e.began - began) / HOUR) for e in heads] == [1, 2, 3, 4, 5, 6]
    assert [e.status for e in heads] == [200, 200, 503, 503, 200, 200]


async def at_once(bench: Bench, path: str, count: int) -> list[httpx.Response]:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await asyncio.gather(*(client.get(bench.url("one", path)) for _ in range(count)))


@pytest.mark.parametrize("coalescing", [True, False])
def test_clients_at_the_same_time_share_a_request(bench: Bench, coalescing: bool) -> None:
    policy = replace(PRESETS["pull-through"], sync=Sync(), coalescing=coalescing)
    slow = Fault("slow", method="GET", seconds=0.3)
    for path, body, stage in ((MANIFEST, manifest(), "manifest-by-tag"), (LAYER, layer(), "layer")):
        arrange(bench, policy, slow)
        answers = asyncio.run(at_once(bench, path, 20))
        assert {answer.content for answer in answers} == {body}
        fetched = [one for one in upstream(bench) if one == ("GET", stage, 200)]
        assert (len(fetched) == 1) is coalescing


OUTAGES = [
    (Fault("refuse"), 502),
    (Fault("dns"), 502),
    (Fault("untrusted"), 502),
    (Fault("reset"), 502),
    (Fault("hang"), 504),
    (Fault("status", status=429, body="slow down"), 429),
    (Fault("status", status=503), 503),
]


@pytest.mark.parametrize(("fault", "status"), OUTAGES, ids=lambda value: value.kind if isinstance(value, Fault) else "")
@pytest.mark.parametrize("on_failure", ["stale", "fail"])
def test_when_hub_fails(bench: Bench, get: Get, fault: Fault, status: int, on_failure: str) -> None:
    preset = PRESETS["pull-through"]
    timeout = 2.0 if fault.kind == "hang" else 60.0
    failing = Upstream(timeout=timeout, on_failure="stale" if on_failure == "stale" else "fail")
    arrange(bench, replace(preset, upstream=failing))
    assert get(MANIFEST).status_code == 200
    bench.client.apply(Break("hub", fault))
    assert get(MANIFEST).status_code == (200 if on_failure == "stale" else status)
    assert get(f"/v2/{REPOSITORY}/manifests/2").status_code == status
    assert get(LAYER).status_code == status
    bench.client.apply(Heal("hub"))
    assert get(MANIFEST).content == manifest()
    assert get(LAYER).content == layer()
    assert bench.client.journal().errors == ()


def test_a_client_that_leaves_does_not_stop_a_fill(bench: Bench, get: Get) -> None:
    arrange(bench, "pull-through", Fault("slow", "layer", seconds=0.6))
    with bench.connect("one") as connection:
        connection.sendall(f"GET {LAYER} HTTP/1.1\r\nHost: one.test\r\n\r\n".encode())
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
    eventually(lambda: any(e.server == "hub" and e.sent == len(layer()) for e in exchanges(bench)))
    before = len(upstream(bench))
    assert get(LAYER).content == layer()
    assert len(upstream(bench)) == before


def test_a_body_that_breaks_off_upstream_never_looks_complete(bench: Bench, http: httpx.Client, get: Get) -> None:
    arrange(bench, "pull-through", Fault("reset", "layer", after=300_000, times=1, skip=2))
    with pytest.raises(httpx.HTTPError):
        get(LAYER)
    assert get(LAYER).content == layer()


def test_a_new_arrangement_sees_nothing_of_what_went_before(bench: Bench) -> None:
    for _ in range(20):
        arrange(bench, "pull-through", Fault("slow", "layer", seconds=0.2))
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                connection = stack.enter_context(bench.connect("one"))
                connection.sendall(f"GET {LAYER} HTTP/1.1\r\nHost: one.test\r\n\r\n".encode())
            eventually(lambda: sum(e.server == "one" for e in exchanges(bench)) == 5)
            bench.client.arrange(Arrangement())
            time.sleep(0.01)
            assert bench.client.journal().exchanges == ()


def test_credentials_go_to_hubs_own_realm_alone(bench: Bench, get: Get) -> None:
    ada = Account("ada", "secret", pulls=("team/own",))
    policy = replace(PRESETS["pull-through"], upstream=Upstream(user="ada", password="secret"))
    servers = {"hub": Holdings((Copy("team/own", "1", "image"),)), "one": Holdings(policy=policy)}
    bench.client.arrange(Arrangement({"image": SPEC}, servers, (ada,), ("team/own",)))
    assert get("/v2/team/own/manifests/1").content == manifest()
    assert {e.account for e in exchanges(bench) if e.host.startswith("auth.") or e.credentials == "bearer"} == {"ada"}
    stolen = Fault("redirect", "manifest", location=bench.url("two", "/v2/"))
    bench.client.apply(Break("hub", stolen))
    bench.client.apply(Evict("one", "team/own"))
    get("/v2/team/own/manifests/1")
    assert [e.credentials for e in exchanges(bench) if e.server == "two"] == ["none"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path) as bench:
        yield bench


def test_any_registry_can_be_the_upstream(bench: Bench, elsewhere: Bench, get: Get) -> None:
    elsewhere.client.arrange(Arrangement({"image": SPEC}, {"own": Holdings((Copy("team/app", "1", "image"),))}))
    policy = replace(PRESETS["pull-through"], upstream=Upstream(elsewhere.plain("own")))
    arrange(bench, policy)
    assert get("/v2/team/app/manifests/1").content == manifest()
    assert get(LAYER.replace(REPOSITORY, "team/app")).content == layer()
    assert {e.client for e in exchanges(elsewhere)} == {MIRROR_ADDRESS}
    assert upstream(bench) == []


def test_an_upstream_whose_authority_is_unknown_is_not_trusted(bench: Bench, elsewhere: Bench, get: Get) -> None:
    site = elsewhere.site("hub")
    url = f"https://{site.address}:{site.https_port}"
    arrange(bench, replace(PRESETS["pull-through"], upstream=Upstream(url)))
    answer = get("/v2/team/app/manifests/1")
    assert answer.status_code == 502
    assert "is not trusted" in answer.text
    assert exchanges(elsewhere) == ()
