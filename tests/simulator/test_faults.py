"""Each kind of fault on the core: what is struck, what is answered, what the journal says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Break, Fault, FaultKind, FaultPlace, Heal
from simulator.faults import CONNECTION_KINDS, Faults, Subject
from simulator.messages import Delivery, Response
from tests.simulator import QUICK
from tests.simulator.worlds import REPOSITORY, Asker, blob_path, data, digest, errors, manifest_path

TAG = manifest_path("1")
BY_DIGEST = manifest_path(digest("single", "manifest"))
CONFIG = blob_path("single", "config")
LAYER = blob_path("single", "layer:0")
UNKNOWN_BLOB = f"/v2/{REPOSITORY}/blobs/sha256:{'0' * 64}"


def broken(*faults: Fault, server: str = "one") -> Asker:
    asker = Asker()
    asker.arrange(*faults, server=server)
    return asker


@pytest.mark.parametrize(
    ("at", "struck"),
    [
        ("any", {"/v2/", TAG, BY_DIGEST, CONFIG, LAYER, UNKNOWN_BLOB}),
        ("ping", {"/v2/"}),
        ("token", set()),
        ("manifest", {TAG, BY_DIGEST}),
        ("manifest-by-tag", {TAG}),
        ("manifest-by-digest", {BY_DIGEST}),
        ("blob", {CONFIG, LAYER, UNKNOWN_BLOB}),
        ("config", {CONFIG}),
        ("layer", {LAYER}),
    ],
)
def test_a_fault_strikes_at_its_place(at: FaultPlace, struck: set[str]) -> None:
    asker = broken(Fault("status", at, status=503))
    paths = ["/v2/", TAG, BY_DIGEST, CONFIG, LAYER, UNKNOWN_BLOB]
    assert {path for path in paths if asker.ask(path).status == 503} == struck


def test_a_fault_strikes_its_method_and_its_server_alone() -> None:
    asker = broken(Fault("status", method="HEAD", status=500))
    assert asker.ask(TAG).status == 200
    assert asker.ask(TAG, "HEAD").status == 500
    assert asker.ask(TAG, "HEAD", host="two.test").status == 200


@QUICK
@given(skip=st.integers(0, 4), times=st.none() | st.integers(0, 4))
def test_the_first_pass_and_so_many_are_struck(skip: int, times: int | None) -> None:
    asker = broken(Fault("status", "layer", status=500, skip=skip, times=times))
    asker.ask(TAG)
    struck = [asker.ask(LAYER).status == 500 for _ in range(10)]
    end = 10 if times is None else skip + times
    assert struck == [skip <= number < end for number in range(10)]


def test_of_two_faults_the_second_does_not_see_what_the_first_strikes() -> None:
    asker = broken(Fault("status", status=500, times=1), Fault("status", status=429, times=1))
    assert [asker.ask(TAG).status for _ in range(3)] == [500, 429, 200]


def test_counts_begin_anew_with_an_arrangement_and_end_with_healing() -> None:
    fault = Fault("status", status=500, times=1)
    asker = broken(fault)
    assert asker.ask(TAG).status == 500
    asker.arrange(fault)
    assert asker.ask(TAG).status == 500
    asker.world.apply(Break("one", Fault("status", status=418)))
    assert (asker.ask(TAG).status, asker.last.fault) == (418, "status")
    asker.world.apply(Heal("one"))
    assert (asker.ask(TAG).status, asker.last.fault) == (200, "")


def test_status() -> None:
    response = broken(Fault("status", status=404, body="<p>no</p>", content_type="text/html")).ask(TAG)
    assert (response.status, response.body, response.header("content-type")) == (404, b"<p>no</p>", "text/html")
    assert response.header("content-length") == "9"


def test_status_to_head_announces_the_body_and_keeps_it() -> None:
    response = broken(Fault("status", status=404, body="no")).ask(TAG, "HEAD")
    assert (response.body, response.header("content-length")) == (b"", "2")


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_has_no_length(status: int) -> None:
    response = broken(Fault("status", status=status, body="no")).ask(TAG)
    assert (response.status, response.body, response.header("content-length")) == (status, b"", "")


@pytest.mark.parametrize(("status", "expected"), [(0, 307), (302, 302)])
def test_redirect(status: int, expected: int) -> None:
    response = broken(Fault("redirect", "blob", status=status, location="http://two.test/x")).ask(LAYER)
    assert (response.status, response.header("location")) == (expected, "http://two.test/x")


def test_hang_has_no_status() -> None:
    asker = broken(Fault("hang"))
    assert asker.ask(TAG) == Response(0, delivery=Delivery("hang"))
    assert (asker.last.status, asker.last.fault, asker.last.ended) == (0, "hang", None)


@pytest.mark.parametrize(
    ("method", "after", "status", "expected"),
    [
        ("GET", -1, 0, -1),
        ("HEAD", 5, 0, -1),
        ("GET", 5, 200, 5),
        ("GET", 10**6, 200, len(data("single", "config")) - 1),
    ],
)
def test_reset(method: str, after: int, status: int, expected: int) -> None:
    response = broken(Fault("reset", after=after)).ask(CONFIG, method)
    assert (response.status, response.delivery) == (status, Delivery("reset", expected))


@pytest.mark.parametrize("after", [-1, 0, 5, 10**6])
def test_truncate_always_takes_something_away(after: int) -> None:
    response = broken(Fault("truncate", after=after)).ask(CONFIG)
    whole = data("single", "config")
    assert response.header("content-length") == str(len(whole))
    assert response.delivery.kind == "truncate"
    assert 0 <= response.delivery.after < len(whole)
    assert after < 0 or response.delivery.after == min(after, len(whole) - 1)


def test_slow() -> None:
    for method in ("GET", "HEAD"):
        assert broken(Fault("slow", seconds=2)).ask(LAYER, method).delivery == Delivery("slow", seconds=2)


@pytest.mark.parametrize("path", [TAG, CONFIG, LAYER, manifest_path("2")])
def test_corrupt_changes_one_bit_and_no_header(path: str) -> None:
    good, bad = broken().ask(path), broken(Fault("corrupt")).ask(path)
    assert bad.headers == good.headers
    assert len(bad.body) == len(good.body)
    assert [one ^ other for one, other in zip(good.body, bad.body, strict=True) if one != other] == [1]
    if path != LAYER:
        assert json.loads(bytes(bad.body)).keys() == json.loads(bytes(good.body)).keys()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_wrong_digest_and_wrong_type_change_that_header_alone(method: str) -> None:
    good = broken().ask(TAG, method)
    kinds: list[tuple[FaultKind, str]] = [("wrong-digest", "Docker-Content-Digest"), ("wrong-type", "Content-Type")]
    for kind, header in kinds:
        bad = broken(Fault(kind)).ask(TAG, method)
        assert bad.body == good.body
        assert [name for (name, _), value in zip(bad.headers, good.headers, strict=True) if (name, _) != value] == [
            header
        ]


@pytest.mark.parametrize("kind", ["slow", "truncate", "corrupt", "wrong-digest", "wrong-type"])
def test_what_spoils_content_waits_for_content(kind: FaultKind) -> None:
    asker = broken(Fault(kind, "manifest", times=1, seconds=1.0))
    assert asker.ask(manifest_path("none")).status == 404
    assert asker.last.fault == ""
    asker.ask(TAG)
    assert asker.last.fault == kind


def test_on_hub_what_spoils_content_strikes_at_the_cdn() -> None:
    asker = broken(Fault("corrupt", "layer", times=1), server="hub")
    redirect = asker.hub(LAYER, token=asker.token())
    assert (redirect.status, asker.last.fault) == (307, "")
    assert asker.cdn(redirect.header("location")).body != data("single", "layer:0")
    assert asker.last.fault == "corrupt"


def test_on_hub_what_needs_no_content_strikes_first() -> None:
    asker = broken(Fault("status", "layer", status=429), server="hub")
    assert asker.hub(LAYER, token=asker.token()).status == 429


def test_token_faults_strike_the_token_service() -> None:
    asker = broken(Fault("status", "token", status=503, body='{"errors":[]}'), server="hub")
    response = asker.ask("/token", host="auth.docker.io")
    assert response.status == 503
    assert errors(response) == []


@pytest.mark.parametrize("kind", ["refuse", "dns", "untrusted"])
def test_faults_of_connections_are_the_servers_business(kind: FaultKind) -> None:
    asker = broken(Fault(kind))
    world = asker.world
    assert asker.ask(TAG).status == 200
    assert (world.refuses("one", 0.0), world.unresolvable("one", 0.0), world.untrusted("one", 0.0)) == (
        kind == "refuse",
        kind == "dns",
        kind == "untrusted",
    )
    assert not any((world.refuses("two", 0.0), world.unresolvable("two", 0.0), world.untrusted("two", 0.0)))
    world.apply(Heal("one"))
    assert not any((world.refuses("one", 0.0), world.unresolvable("one", 0.0), world.untrusted("one", 0.0)))


def test_every_kind_of_fault_is_accounted_for() -> None:
    kinds: tuple[FaultKind, ...] = FaultKind.__args__  # type: ignore[attr-defined]
    headers = (("Docker-Content-Digest", "x"), ("Content-Type", "text/plain"), ("Content-Length", "4"))
    content = Response(200, headers, b"body")
    striking = {kind for kind in kinds if Faults([Fault(kind)]).striking(Subject("layer", "GET"), content, 0.0)}
    assert striking == set(kinds) - CONNECTION_KINDS


def test_a_status_may_ask_for_credentials() -> None:
    challenge = 'Basic realm="mirror"'
    asked = broken(Fault("status", status=401, challenge=challenge)).ask(TAG)
    assert (asked.status, asked.header("www-authenticate")) == (401, challenge)
    assert broken(Fault("status", status=401)).ask(TAG).header("www-authenticate") == ""
