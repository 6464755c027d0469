"""Which exchanges a fault selects, which of them it strikes, and what the journal calls it."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.naming import Naming
from fixtures.scenario import Scenario
from simulator.arrangement import Account, Arrangement, Break, Copy, Fault, FaultKind, FaultPlace, Heal, Holdings
from simulator.checks import ArrangementError
from simulator.control import wire
from simulator.faults import CONNECTION_KINDS, problem
from simulator.topology import REGISTRY_HOST
from simulator.world import World
from tests.simulator import QUICK
from tests.simulator.worlds import IMAGES, REPOSITORY, TOPOLOGY, Asker, blob_path, digest, manifest_path

OTHER = "team/app"
HELD = Holdings(
    (
        Copy(REPOSITORY, "1", "single"),
        Copy(REPOSITORY, "2", "many"),
        Copy(OTHER, "1", "single"),
        Copy(OTHER, "1a", "many"),
    )
)
CLIENTS = ("10.0.0.9", "10.0.1.9", "2001:db8::1", "::ffff:10.0.0.9")
TAG = manifest_path("1")
PLACES: tuple[FaultPlace, ...] = ("upload", "manifest")


def broken(*faults: Fault, server: str = "one") -> Asker:
    asker = Asker()
    held = {"hub": HELD, "one": HELD, "two": HELD}
    held[server] = replace(HELD, faults=faults)
    accounts = (Account("ada", "secret"), Account("bob", "secret"))
    asker.world.arrange(Arrangement(IMAGES, held, accounts))
    return asker


def struck(fault: Fault, *paths: str) -> list[bool]:
    asker = broken(replace(fault, kind="status", status=503))
    return [asker.ask(path).status == 503 for path in paths]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [True, True]),
        (REPOSITORY, [True, False]),
        ("library/*", [True, False]),
        ("*/app", [True, True]),
        ("app", [False, False]),
        ("*", [True, True]),
    ],
)
def test_by_repository(pattern: str, expected: list[bool]) -> None:
    fault = Fault("status", repository=pattern)
    assert struck(fault, TAG, f"/v2/{OTHER}/manifests/1") == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("1", [True, False, False, False]),
        ("1*", [True, True, False, False]),
        (digest("single", "manifest"), [False, False, True, False]),
        (digest("single", "layer:0"), [False, False, False, True]),
        ("sha256:*", [False, False, True, True]),
    ],
)
def test_by_tag_or_digest(reference: str, expected: list[bool]) -> None:
    paths = [f"/v2/{OTHER}/manifests/{name}" for name in ("1", "1a", digest("single", "manifest"))]
    assert struck(Fault("status", reference=reference), *paths, blob_path("single", "layer:0")) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("index", [True, False, False, False]),
        ("config", [False, True, False, False]),
        ("layer:0", [False, False, True, True]),
        ("linux/arm64:layer:0", [False, False, False, True]),
        ("layer:1", [False, False, False, False]),
    ],
)
def test_by_the_role_of_the_object(role: str, expected: list[bool]) -> None:
    roles = ("linux/amd64:config", "linux/amd64:layer:0", "linux/arm64:layer:0")
    paths = [manifest_path("2"), *(blob_path("many", part) for part in roles)]
    assert struck(Fault("status", role=role), *paths) == expected


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("10.0.0.9", [True, False, False, True]),
        ("10.0.0.0/24", [True, False, False, True]),
        ("10.0.0.0/8", [True, True, False, True]),
        ("2001:db8::/32", [False, False, True, False]),
    ],
)
def test_by_the_client(client: str, expected: list[bool]) -> None:
    asker = broken(Fault("status", status=503, client=client))
    seen = []
    for asker.client in CLIENTS:
        seen.append(asker.ask(TAG).status == 503)
    assert seen == expected
    asker.client = "somebody"
    assert asker.ask(TAG).status == 200


def test_by_the_account_that_pulls_or_pushes() -> None:
    asker = broken(*(Fault("status", place, status=503, account="ada") for place in PLACES), server="hub")
    for login, status in (("ada:secret", 503), ("bob:secret", 200), ("", 200)):
        assert asker.hub(TAG, token=asker.token(login=login)).status == status
    for login, status in (("ada:secret", 503), ("bob:secret", 202)):
        name = f"{login.partition(':')[0]}/app"
        token = asker.token(f"{name}:push+repository:{name}", login)
        assert asker.hub(f"/v2/{name}/blobs/uploads/", "POST", token).status == status
    assert asker.last.account == "bob"


def test_all_that_is_asked_for_must_fit() -> None:
    fault = Fault("status", "manifest", method="GET", repository=REPOSITORY, reference="1", client="10.0.0.9")
    assert struck(fault, TAG, manifest_path("2"), f"/v2/{OTHER}/manifests/1", blob_path("single", "layer:0")) == [
        True,
        False,
        False,
        False,
    ]


def test_the_nth_alone() -> None:
    fault = Fault("status", "layer", reference=digest("single", "layer:0"), skip=2, times=1)
    first, second = blob_path("single", "layer:0"), blob_path("single", "layer:1")
    assert struck(fault, first, second, second, first, first, first) == [False, False, False, False, True, False]


def drawn(seed: str, probability: float, skip: int, times: int | None) -> list[bool]:
    return struck(Fault("status", probability=probability, seed=seed, skip=skip, times=times), *[TAG] * 40)


@QUICK
@given(
    seed=st.text(max_size=5),
    probability=st.floats(0.01, 1),
    skip=st.integers(0, 5),
    times=st.none() | st.integers(0, 5),
)
def test_by_chance_the_same_are_struck_at_every_play(
    seed: str, probability: float, skip: int, times: int | None
) -> None:
    seen = drawn(seed, probability, skip, times)
    assert seen == drawn(seed, probability, skip, times)
    assert not any(seen[:skip])
    everything = drawn(seed, probability, 0, None)
    hits = [number for number in range(skip, 40) if everything[number]][: times if times is not None else 40]
    assert [number for number in range(40) if seen[number]] == hits


def test_as_many_are_struck_as_the_probability_says() -> None:
    shares = [sum(drawn(str(seed), 0.25, 0, None)) for seed in range(20)]
    assert 150 < sum(shares) < 250
    assert len(set(shares)) > 3


def test_the_journal_tells_which_fault_it_was() -> None:
    asker = broken(
        Fault("status", "ping", status=503), Fault("status", "tags", name="no list", status=503), Fault("hang", "blob")
    )
    for path in ("/v2/", f"/v2/{REPOSITORY}/tags/list", blob_path("single", "config"), TAG):
        asker.ask(path)
    told = [(exchange.fault, exchange.fault_name) for exchange in asker.world.journal.since()]
    assert told == [("status", "status-1"), ("status", "no list"), ("hang", "hang-3"), ("", "")]
    asker.world.apply(Heal("one"))
    asker.world.apply(Break("one", Fault("status", status=500)))
    asker.ask(TAG)
    assert asker.last.fault_name == "status-4"


FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(get_args(FaultKind)),
    at=st.sampled_from(get_args(FaultPlace)),
    method=st.sampled_from(["", "GET", "HEAD", "POST"]),
    status=st.sampled_from([200, 204, 304, 307, 503]),
    location=st.just("/elsewhere"),
    after=st.integers(-1, 600),
    seconds=st.just(0.1),
    size=st.none() | st.integers(1, 600),
    by=st.integers(-600, 600),
).filter(lambda fault: not problem(fault))
ASKED = [
    ("/v2/", "GET"),
    (TAG, "GET"),
    (TAG, "HEAD"),
    (manifest_path("none"), "GET"),
    (blob_path("single", "layer:0"), "GET"),
    (blob_path("single", "layer:0"), "HEAD"),
    (f"/v2/{REPOSITORY}/tags/list", "GET"),
    (f"/v2/{REPOSITORY}/referrers/{digest('single', 'manifest')}", "GET"),
    (f"/v2/{REPOSITORY}/blobs/uploads/", "POST"),
]


@QUICK
@given(faults=st.lists(FAULTS, min_size=1, max_size=3), server=st.sampled_from(["hub", "one", "two"]))
def test_whatever_is_broken_the_journal_tells_who_was_struck(faults: list[Fault], server: str) -> None:
    asker = broken(*faults, server=server)
    host = {"hub": REGISTRY_HOST, "one": "one.test", "two": "two.test"}[server]
    for path, method in ASKED:
        response = asker.ask(path, method, host)
        kinds = {fault.kind for fault in faults} - CONNECTION_KINDS
        assert asker.last.fault in {"", *kinds}
        assert bool(asker.last.fault) == bool(asker.last.fault_name)
        assert asker.last.status == response.status
        assert method != "HEAD" or response.body == b""
    assert asker.world.journal.errors == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("hang", repository="A"), "selects the repository 'A', which is neither a name nor a pattern"),
        (Fault("hang", role="layer"), "selects the role 'layer'"),
        (Fault("hang", client="10.0.0"), "selects the client '10.0.0', which is neither an address nor a network"),
        (Fault("hang", account="A B"), "selects 'A B', which is not the name of an account"),
        (Fault("hang", probability=0), "needs a probability above 0 and up to 1, not 0"),
        (Fault("hang", probability=1.5), "not 1.5"),
        (Fault("hang", probability=float("nan")), "not nan"),
        (Fault("refuse", client="10.0.0.9"), "strikes the whole server; take its 'client' away"),
        (Fault("tls-alert", probability=0.5), "take its 'probability' away"),
        (Fault("garbage", size=0), "needs a size from 1 to"),
        (Fault("wrong-length", by=0), "would tell the right length"),
        (Fault("tls-alert", alert=256), "needs an alert from 0 to 255, not 256"),
        (Fault("slow-headers"), "needs seconds from 0 to 3600, not 0.0"),
    ],
    ids=str,
)
def test_a_fault_must_be_possible(fault: Fault, words: str) -> None:
    with pytest.raises(ArrangementError) as refusal:
        World(TOPOLOGY).arrange(Arrangement(servers={"one": Holdings(faults=(fault,))}))
    assert str(refusal.value).startswith(f"The fault {fault.kind!r} of server 'one' ")
    assert words in str(refusal.value)


@pytest.mark.parametrize("kind", ["refuse", "dns", "untrusted", "half-handshake", "tls-alert"])
def test_what_strikes_a_whole_server_passes_over_where_it_is_said_to_strike(kind: FaultKind) -> None:
    World(TOPOLOGY).arrange(Arrangement(servers={"one": Holdings(faults=(Fault(kind, "manifest", "GET", 1, 2),))}))


def test_a_fault_is_written_and_read() -> None:
    fault = Fault(
        "garbage", "manifest", name="x", repository="library/*", client="::/0", probability=0.5, seed="s", size=9
    )
    arranged = Arrangement(servers={"one": Holdings(faults=(fault,))})
    assert wire.arrangement_from(wire.arrangement_json(arranged)) == arranged
    old = b'{"servers": {"one": {"faults": [{"kind": "status", "at": "manifest", "status": 503}]}}}'
    assert wire.arrangement_from(old).servers["one"].faults == (Fault("status", "manifest", status=503),)


def test_in_a_scenario_faults_name_repositories_as_the_scenario_does() -> None:
    scenario = Scenario(servers={"hub": Holdings(faults=(Fault("hang", repository="library/app"), Fault("hang")))})
    named = Naming("0001")
    assert [fault.repository for fault in named.arrangement(scenario).servers["hub"].faults] == ["library/app-0001", ""]
    change = named.change(Break("hub", Fault("hang", repository="library/*")))
    assert isinstance(change, Break)
    assert change.fault.repository == "library/*-0001"
