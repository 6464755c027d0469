"""Arrangements, changes and the journal, straight from the core."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import (
    Arrangement,
    Break,
    Change,
    Copy,
    Evict,
    Fault,
    Heal,
    Holdings,
    ImageSpec,
    Publish,
    Warm,
)
from simulator.checks import ArrangementError
from simulator.messages import Request
from simulator.topology import Topology
from simulator.world import World
from tests.simulator import QUICK
from tests.simulator.worlds import IMAGES, REPOSITORY, TOPOLOGY, Asker, arrangement, data, digest, manifest_path

ROOT = digest("single", "manifest")


@pytest.fixture
def asker() -> Asker:
    asker = Asker()
    asker.arrange(copies=())
    return asker


def test_publishing_and_warming(asker: Asker) -> None:
    asker.world.apply(Warm("one", REPOSITORY, "1"))
    assert asker.ask(manifest_path("1")).status == 404
    asker.world.apply(Publish(REPOSITORY, "1", "single"))
    assert asker.ask(manifest_path("1")).status == 404
    asker.world.apply(Warm("one", REPOSITORY, "1"))
    assert asker.ask(manifest_path("1")).body == data("single", "manifest")
    asker.world.apply(Publish(REPOSITORY, "1", "many"))
    assert asker.ask(manifest_path("1")).body == data("single", "manifest")
    asker.world.apply(Warm("one", REPOSITORY, "1"))
    assert asker.ask(manifest_path("1")).body == data("many", "index")
    assert asker.ask(manifest_path(ROOT)).status == 200
    assert asker.hub(manifest_path(ROOT), token=asker.token()).status == 200


def test_eviction_strikes_one_server(asker: Asker) -> None:
    asker.arrange()
    asker.world.apply(Evict("one", REPOSITORY, "1", ("manifest",)))
    assert asker.ask(manifest_path("1")).status == 404
    assert asker.ask(manifest_path("1"), host="two.test").status == 200


def test_changes_return_the_mark(asker: Asker) -> None:
    asker.ask("/v2/")
    asker.ask("/v2/")
    mark = asker.world.apply(Heal("one"))
    asker.ask("/v2/")
    assert mark == 2
    assert [exchange.seq for exchange in asker.world.journal.since(mark)] == [2]


def test_an_arrangement_tells_the_contents_of_its_images(asker: Asker) -> None:
    contents = asker.arrange()
    assert contents.keys() == IMAGES.keys()
    assert contents["single"].root == ROOT


def test_an_arrangement_replaces_everything(asker: Asker) -> None:
    asker.arrange(Fault("status", status=500))
    asker.ask("/v2/")
    asker.world.arrange(Arrangement())
    assert len(asker.world.journal) == 0
    assert asker.ask(manifest_path("1")).status == 404


def test_an_exchange_of_before_does_not_end_in_the_new_journal(asker: Asker) -> None:
    old = asker.world.handle(Request("GET", "one.test", "/v2/"), 1.0)
    asker.arrange()
    asker.ask("/v2/")
    old.entry.end(9.0, 2)
    assert asker.last.ended is None


def test_the_journal_tells_all_that_was_asked_and_answered(asker: Asker) -> None:
    asker.arrange()
    headers = (("user-agent", "docker/1"), ("authorization", "Bearer secret"))
    request = Request("GET", "one.test:80", manifest_path("1"), "ns=docker.io", headers, "10.0.0.9")
    reply = asker.world.handle(request, 5.0, "one")
    reply.entry.end(6.0, 7)
    assert dataclasses.asdict(asker.last) == {
        "seq": 0,
        "began": 5.0,
        "ended": 6.0,
        "server": "one",
        "host": "one.test:80",
        "client": "10.0.0.9",
        "method": "GET",
        "target": manifest_path("1") + "?ns=docker.io",
        "stage": "manifest-by-tag",
        "repository": REPOSITORY,
        "reference": "1",
        "role": "manifest",
        "image": "single",
        "namespace": "docker.io",
        "user_agent": "docker/1",
        "credentials": "bearer",
        "status": 200,
        "length": len(data("single", "manifest")),
        "sent": 7,
        "fault": "",
        "scheme": "https",
        "account": "",
        "fault_name": "",
    }


@pytest.mark.parametrize(("host", "site", "server"), [("two.test", "one", "one"), ("nobody.test", "", "")])
def test_a_host_that_is_not_of_the_site_is_misdirected(asker: Asker, host: str, site: str, server: str) -> None:
    reply = asker.world.handle(Request("GET", host, "/v2/"), 1.0, site)
    assert reply.response.status == 421
    assert (asker.last.status, asker.last.server, asker.last.host) == (421, server, host)


@pytest.mark.parametrize("host", ["one.test", "ONE.test:5000", "10.0.0.3", "10.0.0.3:80", ""])
def test_a_site_answers_to_its_names_and_address(asker: Asker, host: str) -> None:
    assert asker.world.handle(Request("GET", host, "/v2/"), 1.0, "one").response.status == 200


def test_a_failure_of_the_simulator_is_answered_journaled_and_kept(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr("simulator.registry.reading.answer", fail)
    assert asker.ask(manifest_path("1")).status == 500
    assert asker.last.status == 500
    [error] = asker.world.journal.errors
    assert "by design" in error


COPY = Copy("r", "1", "image")
GOOD = {"image": ImageSpec("1")}


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (Arrangement({}, {"nobody": Holdings()}), "no server 'nobody'"),
        (Arrangement({}, {"hub": Holdings((COPY,))}), "'image', which is not among"),
        (Arrangement(GOOD, {"hub": Holdings((Copy("R", "1", "image"),))}), "'R' .* not a repository"),
        (Arrangement(GOOD, {"hub": Holdings((Copy("r", ":", "image"),))}), "':' .* not a tag"),
        (Arrangement(GOOD, {"hub": Holdings((Copy("r", "1", "image", ("layers",)),))}), "'layers' .* not a role"),
        (Arrangement({"image": ImageSpec("1", layers=(-1,))}), "-1 bytes"),
        (Arrangement({"image": ImageSpec("1", platforms=("linux",))}), "platform 'linux'"),
        (Arrangement({"image": ImageSpec("1", platforms=("a/b", "a/b"))}), "same platform twice"),
        (Arrangement({}, {"hub": Holdings((), (Fault("status"),))}), "'status' .* needs a status"),
        (Arrangement({}, {"hub": Holdings((), (Fault("redirect"),))}), "needs a location"),
        (Arrangement({}, {"hub": Holdings((), (Fault("redirect", location="/", status=200),))}), "300 to 399"),
        (Arrangement({}, {"hub": Holdings((), (Fault("redirect", location="/\n"),))}), "character"),
        (Arrangement({}, {"hub": Holdings((), (Fault("slow"),))}), "needs seconds"),
        (Arrangement({}, {"hub": Holdings((), (Fault("hang", skip=-1),))}), "negative"),
    ],
)
def test_an_arrangement_that_cannot_be_changes_nothing(asker: Asker, bad: Arrangement, sentence: str) -> None:
    asker.arrange()
    asker.ask("/v2/")
    with pytest.raises(ArrangementError, match=sentence) as caught:
        asker.world.arrange(bad)
    assert str(caught.value).endswith(".")
    assert len(asker.world.journal) == 1
    assert asker.ask(manifest_path("1")).status == 200


@pytest.mark.parametrize(
    "bad",
    [
        Publish(REPOSITORY, "1", "unknown"),
        Publish(REPOSITORY, "1", "many", server="nobody"),
        Publish("R", "1", "many"),
        Warm("nobody", REPOSITORY, "1"),
        Evict("one", REPOSITORY, "1", ("all",)),
        Break("one", Fault("status", status=1)),
        Heal("nobody"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(asker: Asker, bad: Change) -> None:
    asker.arrange()
    with pytest.raises(ArrangementError):
        asker.world.apply(bad)
    assert asker.ask(manifest_path("1")).body == data("single", "manifest")


def test_without_hub_there_is_nothing_to_warm_from() -> None:
    world = World(Topology(TOPOLOGY.sites[1:]))
    with pytest.raises(ArrangementError, match="no Hub"):
        world.apply(Warm("one", REPOSITORY, "1"))


CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(Publish, st.just(REPOSITORY), st.sampled_from("123"), st.sampled_from(list(IMAGES))),
    st.builds(Warm, st.sampled_from(["one", "two"]), st.just(REPOSITORY), st.sampled_from("123")),
    st.builds(
        Evict,
        st.sampled_from(["hub", "one"]),
        st.just(REPOSITORY),
        st.none() | st.sampled_from("123"),
        st.sampled_from([(), ("layer:0",), ("manifest", "index")]),
    ),
)


@QUICK
@given(st.lists(CHANGES, max_size=12))
def test_whatever_changes_what_is_served_is_the_right_content(changes: list[Change]) -> None:
    asker = Asker()
    asker.world.arrange(arrangement())
    for change in changes:
        asker.world.apply(change)
    for name in IMAGES:
        role = "manifest" if name == "single" else "index"
        response = asker.ask(manifest_path(digest(name, role)))
        assert response.status in (200, 404)
        assert response.status == 404 or response.body == data(name, role)
    assert [exchange.seq for exchange in asker.world.journal.since()] == [0, 1]


@QUICK
@given(st.lists(CHANGES, max_size=12), st.sampled_from("123"))
def test_after_warming_a_mirror_names_what_hub_names(changes: list[Change], tag: str) -> None:
    asker = Asker()
    asker.world.arrange(arrangement())
    for change in changes:
        asker.world.apply(change)
    token = asker.token()
    before = asker.ask(manifest_path(tag), "HEAD")
    asker.world.apply(Warm("one", REPOSITORY, tag))
    at_hub = asker.hub(manifest_path(tag), "HEAD", token)
    at_mirror = asker.ask(manifest_path(tag), "HEAD")
    assert at_mirror in (at_hub, before)
    if at_hub.status == 200:
        assert at_mirror == at_hub
