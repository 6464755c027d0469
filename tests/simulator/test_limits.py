"""Hub's limits and the ledger, straight from the core and against a model that only counts."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Account, Arrangement, Break, Copy, Fault, Heal, Holdings, Limits
from simulator.checks import ArrangementError
from simulator.control import wire
from simulator.hub import limits
from simulator.hub.limits import Ledger, LedgerEntry, SlidingWindow, children_of, party_at
from simulator.messages import Response
from simulator.topology import AUTH_HOST
from simulator.world import World
from tests.simulator import QUICK
from tests.simulator.worlds import IMAGES, REPOSITORY, TOPOLOGY, Asker, digest, errors, manifest_path

ACCOUNTS = (Account("ada", "secret"), Account("corp", "secret", plan="paid"))
SINGLE, INDEX = manifest_path("1"), manifest_path("2")
AMD, ARM = (manifest_path(digest("many", f"linux/{name}:manifest")) for name in ("amd64", "arm64"))
HELD = Holdings((Copy(REPOSITORY, "1", "single"), Copy(REPOSITORY, "2", "many"), Copy("library/free", "1", "single")))
PROBE = "/v2/ratelimitpreview/test/manifests/latest"


def asker_of(arranged: Limits | None) -> Asker:
    asker = Asker()
    asker.world.arrange(Arrangement(IMAGES, {"hub": HELD}, ACCOUNTS, limits=arranged))
    return asker


def ask(asker: Asker, path: str, method: str = "GET", login: str = "", step: float = 0.0) -> Response:
    """Ask for a manifest with a fresh token; the whole takes ``step`` seconds of the clock."""
    now = asker.now
    asker.now = now + step - 2
    token = asker.token(path.split("/manifests/", maxsplit=1)[0].removeprefix("/v2/"), login)
    response = asker.hub(path, method, token)
    assert asker.now == now + step
    return response


def told(response: Response) -> tuple[str, str, str]:
    names = ("ratelimit-limit", "ratelimit-remaining", "docker-ratelimit-source")
    return tuple(response.header(name) for name in names)  # type: ignore[return-value]


def costs(asker: Asker) -> list[int]:
    return [entry.cost for entry in asker.world.ledger.since()]


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("", ("100;w=21600", "99;w=21600", "10.0.0.9")),
        ("ada:secret", ("200;w=21600", "199;w=21600", "ada")),
        ("corp:secret", ("", "", "corp")),
    ],
)
def test_the_documented_limits_are_told(login: str, expected: tuple[str, str, str]) -> None:
    asker = asker_of(Limits())
    asker.now = 10.0
    assert told(ask(asker, SINGLE, "GET", login)) == expected
    assert told(ask(asker, SINGLE, "HEAD", login)) == expected


def test_without_limits_nothing_is_told_but_the_ledger_counts() -> None:
    asker = asker_of(None)
    asker.now = 10.0
    assert told(ask(asker, SINGLE)) == ("", "", "")
    assert told(asker.hub(SINGLE)) == ("", "", "")
    assert asker.world.ledger.since() == (LedgerEntry(1, "10.0.0.9", 1, None),)


def test_over_the_limit_hub_says_so_until_the_window_has_passed() -> None:
    asker = asker_of(Limits(anonymous=2, window=100))
    assert [ask(asker, SINGLE, step=10).status for _ in range(3)] == [200, 200, 429]
    refused = ask(asker, SINGLE, step=0.5)
    assert told(refused) == ("2;w=100", "0;w=100", "10.0.0.9")
    assert refused.header("retry-after") == "80"
    [error] = errors(refused)
    assert error["code"] == "TOOMANYREQUESTS"
    assert error["message"] == (
        "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
        "https://www.docker.com/increase-rate-limits"
    )
    assert ask(asker, SINGLE, "HEAD").status == 200
    assert ask(asker, SINGLE, login="ada:secret").status == 200
    asker.now = 110.0
    assert told(ask(asker, SINGLE))[1] == "0;w=100"
    assert ask(asker, SINGLE).status == 429


def test_a_limit_of_none_at_all() -> None:
    asker = asker_of(Limits(anonymous=0, window=60))
    refused = ask(asker, SINGLE, step=5)
    assert (refused.status, refused.header("retry-after")) == (429, "60")


def test_the_source_is_told_even_to_those_who_bring_no_token() -> None:
    asker = asker_of(Limits())
    refused = asker.hub(SINGLE)
    assert (refused.status, told(refused)) == (401, ("", "", "10.0.0.9"))
    assert costs(asker) == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([SINGLE], [1]),
        ([SINGLE, SINGLE], [1, 1]),
        ([INDEX, AMD], [1, 0]),
        ([INDEX, ARM], [1, 0]),
        ([INDEX, AMD, ARM], [1, 0, 1]),
        ([INDEX, AMD, AMD], [1, 0, 1]),
        ([INDEX, INDEX, AMD, AMD, AMD], [1, 1, 0, 0, 1]),
        ([AMD, INDEX], [1, 1]),
        ([INDEX, SINGLE, AMD], [1, 1, 0]),
        ([manifest_path(digest("many", "index")), AMD], [1, 0]),
        ([manifest_path("none")], [0]),
    ],
)
def test_a_pull_costs_one_for_each_architecture(asked: list[str], expected: list[int]) -> None:
    asker = asker_of(Limits())
    for path in asked:
        ask(asker, path, "HEAD", step=2)
        ask(asker, path, step=2)
    assert costs(asker)[1::2] == expected
    assert set(costs(asker)[::2]) == {0}


def test_an_index_pays_for_its_own_party_and_soon_alone() -> None:
    asker = asker_of(Limits())
    ask(asker, INDEX, step=5)
    ask(asker, AMD, login="ada:secret", step=5)
    ask(asker, AMD, step=Limits().pull_lasts)
    assert costs(asker) == [1, 1, 1]


def test_a_pull_that_was_paid_for_is_finished_over_the_limit() -> None:
    asker = asker_of(Limits(anonymous=1))
    assert [ask(asker, path, step=2).status for path in (INDEX, AMD, AMD)] == [200, 200, 429]


def test_what_is_exempt_costs_nothing_and_is_told_no_limit() -> None:
    asker = asker_of(Limits(anonymous=1, exempt=("library/free",)))
    for _ in range(3):
        assert told(ask(asker, "/v2/library/free/manifests/1", step=2)) == ("", "", "10.0.0.9")
    assert ask(asker, SINGLE, step=2).status == 200
    assert costs(asker) == [0, 0, 0, 1]


@pytest.mark.parametrize("arranged", [None, Limits()])
def test_the_probe_is_always_there(arranged: Limits | None) -> None:
    asker = Asker()
    assert ask(asker, PROBE, "HEAD", step=2).status == 200
    asker = asker_of(arranged)
    head, get = ask(asker, PROBE, "HEAD", step=2), ask(asker, PROBE, step=2)
    assert (head.status, get.status, json.loads(bytes(get.body))["schemaVersion"]) == (200, 200, 2)
    assert costs(asker) == [0, 1]


@pytest.mark.parametrize(
    ("client", "party"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("daemon", "daemon"),
        ("", ""),
    ],
)
def test_whom_an_address_stands_for(client: str, party: str) -> None:
    assert party_at(client) == party


@QUICK
@given(st.integers(0, 2**128 - 1), st.integers(0, 127))
def test_addresses_share_a_limit_if_they_share_64_bits(address: int, bit: int) -> None:
    texts = [
        ":".join(f"{number >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
        for number in (address, address ^ 1 << bit)
    ]
    mapped = any(number >> 32 == 0xFFFF for number in (address, address ^ 1 << bit))
    assert mapped or (party_at(texts[0]) == party_at(texts[1])) == (bit < 64)


def test_a_network_of_ipv6_pulls_as_one() -> None:
    asker = asker_of(Limits(anonymous=2))
    statuses = []
    for asker.client in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1", "192.0.2.1"):
        statuses.append(ask(asker, SINGLE, step=2).status)
    assert statuses == [200, 200, 429, 200, 200]
    assert [entry.who for entry in asker.world.ledger.since()] == ["2001:db8::"] * 3 + ["2001:db8:0:1::", "192.0.2.1"]


def test_the_abuse_limit_is_bare_and_the_same_for_all() -> None:
    asker = asker_of(Limits(requests=5))
    asker.now = 10.0
    for _ in range(2):
        assert ask(asker, SINGLE, login="corp:secret", step=3).status == 200
    assert asker.ask("/token", host=AUTH_HOST).status == 200
    refused = asker.hub(SINGLE, "HEAD")
    assert (refused.status, refused.header("retry-after"), told(refused)) == (429, "", ("", "", ""))
    assert refused.header("content-type").startswith("text/plain")
    asker.client = "10.0.0.10"
    assert asker.ask("/token", host=AUTH_HOST).status == 200
    asker.client = "10.0.0.9"
    asker.now = 75.0
    assert asker.ask("/token", host=AUTH_HOST).status == 200


@QUICK
@given(gaps=st.lists(st.integers(0, 30), max_size=40), most=st.integers(0, 6))
def test_the_abuse_limit_lasts_until_the_client_slows_down(gaps: list[int], most: int) -> None:
    asker = asker_of(Limits(requests=most))
    times = list(itertools.accumulate(gaps))
    for number, now in enumerate(times):
        asker.now = now - 1
        before = sum(now - earlier < 60 for earlier in times[:number])
        assert asker.hub("/v2/").status == (429 if before >= most else 401)


@pytest.mark.parametrize(
    ("fault", "cost"),
    [
        (Fault("status", "manifest", status=503), []),
        (Fault("redirect", "manifest", location="/x"), []),
        (Fault("hang", "manifest"), []),
        (Fault("reset", "manifest"), []),
        (Fault("reset", "manifest", after=3), [1]),
        (Fault("truncate", "manifest"), [1]),
        (Fault("corrupt", "manifest"), [1]),
        (Fault("status", "token", status=503), [1]),
    ],
)
def test_what_an_outage_keeps_from_hub_costs_nothing(fault: Fault, cost: list[int]) -> None:
    asker = asker_of(Limits())
    token = asker.token()
    asker.world.apply(Break("hub", fault))
    asker.hub(SINGLE, token=token)
    assert costs(asker) == cost
    asker.world.apply(Heal("hub"))
    assert told(asker.hub(SINGLE, "HEAD", token))[1] == f"{100 - len(cost)};w=21600"


TWO_PARTIES = st.sampled_from("ab")


@QUICK
@given(
    window=st.integers(1, 20),
    takes=st.lists(st.tuples(st.integers(0, 9), TWO_PARTIES), max_size=40),
    most=st.integers(0, 5),
)
def test_a_window_counts_what_lies_in_it(window: int, takes: list[tuple[int, str]], most: int) -> None:
    counted = SlidingWindow(window)
    now, done = 0, []
    for gap, who in takes:
        now += gap
        counted.take(who, now, most)
        done.append((now, who))
        for party in "ab":
            lying = [at for at, doer in done if doer == party and now - at < window]
            kept = lying[max(len(lying) - most, 0) :]
            assert counted.used(party, now) == len(kept)
            assert counted.free_in(party, now) == (kept[0] + window - now if kept else window)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_PARTIES", 5)
    counted = SlidingWindow(100)
    for number in range(20):
        counted.take(str(number), 0.0, 3)
    assert [counted.used(str(number), 0.0) for number in (0, 14, 15, 19)] == [0, 0, 1, 1]
    counted.take("late", 200.0, 3)
    for _ in range(3):
        counted.take("late", 200.0, 3)
    assert vars(counted)["_times"].keys() == {"late"}
    asker = asker_of(Limits())
    for number in range(20):
        asker.client = f"10.1.0.{number}"
        ask(asker, INDEX, step=2)
    assert len(vars(vars(vars(asker.world)["_hub"])["meter"])["_open"]) <= 5


def test_the_ledger_forgets_its_oldest_entries_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_LEDGER", 3)
    ledger = Ledger()
    for seq in range(5):
        ledger.write(LedgerEntry(seq, "a", 1, None))
    assert [entry.seq for entry in ledger.since()] == [2, 3, 4]
    assert [entry.seq for entry in ledger.since(4)] == [4]
    assert ledger.forgotten == 2


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"manifests": 1}', b'{"manifests": [1]}', b"\xff"])
def test_what_is_no_index_has_no_manifests(data: bytes) -> None:
    assert children_of(data) == frozenset()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Limits(anonymous=-1), "'anonymous' is -1"),
        (Limits(requests=10**9), "'requests' is 1000000000"),
        (Limits(window=0), "window .* is 0 s"),
        (Limits(logins=-1), "'logins' is -1"),
        (Limits(pull_lasts=-1), "A pull lasts -1 s"),
        (Limits(exempt=("A",)), r"'A' \(among the exempt ones\)"),
    ],
)
def test_limits_must_be_possible(bad: Limits, words: str) -> None:
    with pytest.raises(ArrangementError, match=words):
        World(TOPOLOGY).arrange(Arrangement(limits=bad))


def test_limits_are_written_and_read() -> None:
    arranged = Arrangement(limits=Limits(anonymous=None, exempt=("library/free",)))
    assert wire.arrangement_from(wire.arrangement_json(arranged)) == arranged
    assert wire.arrangement_from(b'{"limits": {"anonymous": 10}}').limits == replace(Limits(), anonymous=10)


def test_a_new_arrangement_begins_a_new_ledger() -> None:
    asker = asker_of(Limits(anonymous=1))
    ask(asker, SINGLE, step=2)
    asker.world.arrange(Arrangement(IMAGES, {"hub": HELD}, limits=Limits(anonymous=1)))
    assert asker.world.ledger.since() == ()
    assert ask(asker, SINGLE, step=2).status == 200
