"""What a model daemon looks like on the wire: the two sequences of real ones, and time that costs none."""

from dataclasses import replace

import pytest

from fixtures.history import History
from fixtures.model import ModelLab
from fixtures.model.local import ImageStore
from fixtures.scenario import Pull, Reference, Remove, Scenario
from simulator.arrangement import Break, Copy, Fault, Heal, Holdings
from simulator.topology import CDN_HOSTS
from suites.judge import judge
from tests.mutants.trials import APP, FIRST, NO_MIRROR, PULL, REPOSITORY, SECOND, beside_a_good_hub, story

HELD = story(mirrors=(FIRST,), mirror_1="v2", hub="v2")
FROM_HUB = replace(NO_MIRROR, steps=(PULL,))


def transcript(history: History) -> list[str]:
    return [f"{e.server} {e.method} {e.stage} {e.status}" for e in history.exchanges]


def played(scenario: Scenario, store: ImageStore = "classic") -> list[str]:
    return transcript(ModelLab(store).play(scenario))


def test_classic_pings_and_asks_one_endpoint_for_everything() -> None:
    assert played(HELD) == [
        "mirror-1 GET ping 200",
        "mirror-1 HEAD manifest-by-tag 200",
        "mirror-1 GET manifest-by-digest 200",
        "mirror-1 GET manifest-by-digest 200",
        "mirror-1 GET config 200",
        "mirror-1 GET layer 200",
        "mirror-1 GET layer 200",
    ]


def test_classic_gets_a_token_from_hub_and_blobs_from_its_cdn() -> None:
    history = ModelLab("classic").play(FROM_HUB)
    assert transcript(history)[:5] == [
        "hub GET ping 401",
        "hub GET token 200",
        "hub HEAD manifest-by-tag 200",
        "hub GET manifest-by-digest 200",
        "hub GET config 307",
    ]
    cdn = [e for e in history.exchanges if e.host in CDN_HOSTS]
    assert [(e.stage, e.status, e.credentials) for e in cdn] == [
        ("config", 200, "none"),
        ("layer", 200, "none"),
        ("layer", 200, "none"),
    ]
    assert all(e.ended is not None and e.sent == (0 if e.method == "HEAD" else e.length) for e in history.exchanges)


def test_classic_asks_by_get_where_head_finds_nothing_and_goes_on() -> None:
    assert played(story(mirrors=(FIRST,), hub="v1"))[:4] == [
        "mirror-1 GET ping 200",
        "mirror-1 HEAD manifest-by-tag 404",
        "mirror-1 GET manifest-by-tag 404",
        "hub GET ping 401",
    ]


def test_containerd_asks_for_each_object_anew_and_names_the_registry_it_means() -> None:
    scenario = replace(
        HELD, servers={**HELD.servers, "mirror-1": Holdings((Copy(REPOSITORY, "1.0", "v2", ("layer:0",)),))}
    )
    history = ModelLab("containerd").play(scenario)
    assert transcript(history) == [
        "mirror-1 HEAD manifest-by-tag 200",
        "mirror-1 GET manifest-by-digest 200",
        "mirror-1 GET manifest-by-digest 200",
        "mirror-1 GET config 200",
        "mirror-1 GET layer 404",
        "hub GET layer 401",
        "hub GET token 200",
        "hub GET layer 307",
        "hub GET layer 200",
        "mirror-1 GET layer 200",
    ]
    assert {e.namespace for e in history.exchanges if e.server == "mirror-1"} == {"docker.io"}
    assert {e.namespace for e in history.exchanges if e.server == "hub"} == {""}


@pytest.mark.parametrize(("store", "asked"), [("classic", "GET"), ("containerd", "HEAD")])
def test_a_digest_is_asked_for_as_it_is(store: ImageStore, asked: str) -> None:
    lines = played(replace(HELD, steps=(Pull(replace(APP, digest="v2")),)), store)
    assert f"mirror-1 {asked} manifest-by-digest 200" in lines[:2]
    assert not any("by-tag" in line for line in lines)


@pytest.mark.parametrize("store", ["classic", "containerd"])
def test_an_image_that_is_there_is_up_to_date_until_it_is_removed(store: ImageStore) -> None:
    history = ModelLab(store).play(replace(HELD, steps=(PULL, PULL, Remove(APP), Remove(APP), PULL)))
    asked = [[e.stage for e in history.during(outcome)] for outcome in history.outcomes]
    assert "layer" in asked[0]
    assert set(asked[1]) == set(asked[0]) - {"manifest-by-digest", "config", "layer"}
    assert asked[4] == asked[0]
    assert [outcome.result for outcome in history.outcomes] == ["ok", "ok", "ok", "failed", "ok"]


@pytest.mark.parametrize("store", ["classic", "containerd"])
def test_every_spelling_is_the_same_image(store: ImageStore) -> None:
    spellings = [
        Reference(REPOSITORY, "1.0", host=host, short=short) for host in ("", "docker.io") for short in (False, True)
    ]
    history = ModelLab(store).play(replace(HELD, steps=tuple(map(Pull, spellings))))
    assert len({outcome.image for outcome in history.outcomes}) == 1
    assert not any(e.stage == "layer" for outcome in history.outcomes[1:] for e in history.during(outcome))


@pytest.mark.parametrize("store", ["classic", "containerd"])
def test_what_is_told_is_what_was_asked_in_plain_http(store: ImageStore) -> None:
    plain, tls = (
        ModelLab(store).play(story(mirrors=(url,), faults={"mirror-1": (Fault("untrusted"),)}, mirror_1="v1"))
        for url in ("http://mirror.gcr.io:80", "https://mirror.gcr.io")
    )
    assert {(e.server, e.scheme) for e in plain.exchanges} == {("mirror-1", "http")}
    assert {e.server for e in tls.exchanges} == {"hub"}


@pytest.mark.parametrize("store", ["classic", "containerd"])
@pytest.mark.parametrize("fault", [Fault("hang"), Fault("slow", seconds=3600)])
def test_silence_costs_seconds_that_nobody_waits_for(store: ImageStore, fault: Fault) -> None:
    scenario = beside_a_good_hub(fault)
    history = ModelLab(store).play(scenario)
    assert history.outcomes[0].result == "ok"
    assert 5 <= history.outcomes[0].seconds < 6
    hasty = replace(scenario, steps=(replace(PULL, deadline=2.0),))
    outcome = ModelLab(store).play(hasty).outcomes[0]
    assert (outcome.result, outcome.seconds, outcome.error) == ("deadline", 2.0, "did not end within 2 s")


@pytest.mark.parametrize("store", ["classic", "containerd"])
def test_faults_come_and_go_between_pulls(store: ImageStore) -> None:
    steps = (
        Break("mirror-1", Fault("refuse")),
        PULL,
        Heal("mirror-1"),
        Remove(APP),
        PULL,
    )
    history = ModelLab(store).play(replace(HELD, steps=steps))
    asked = [{e.server for e in history.during(outcome)} for outcome in history.outcomes]
    assert asked == [set(), {"hub"}, set(), set(), {"mirror-1"}]


def test_an_image_that_is_nowhere_is_named_as_docker_does() -> None:
    """Docker Hub answers 401 about what it does not have, so that nobody learns which private images there are."""
    outcome = ModelLab("classic").play(story(mirrors=(FIRST, SECOND))).outcomes[0]
    assert outcome.error == "pull access denied for app-0de1:1.0, which does not exist or wants a login: unauthorized"


@pytest.mark.parametrize("store", ["classic", "containerd"])
def test_a_hub_that_wants_a_login_is_not_called_a_miss(store: ImageStore) -> None:
    hub = Holdings(HELD.servers["hub"].copies, (Fault("status", status=401),))
    scenario = replace(HELD, servers={"hub": hub}, steps=(PULL,))
    ruled = {verdict.rule: verdict.ruling for verdict in judge(scenario, ModelLab(store).play(scenario))}
    assert ruled["FALLBACK-8"] == "pass"
