"""Scenarios whose mirrors cache by policies, whose Hub has limits, and whose clock is advanced."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.history import History, Outcome
from fixtures.mistakes import mistakes
from fixtures.model import ModelLab
from fixtures.model.local import ImageStore
from fixtures.naming import Naming
from fixtures.scenario import Advance, Pull, Reference, Scenario
from report.words import spell
from simulator.arrangement import Account, Arrangement, Copy, Evict, Fault, Holdings, ImageSpec, Limits
from simulator.mirror.policy import Policy
from suites.judge import judge
from suites.saved import read_scenario
from suites.timeline import HUB, pulls

STORES: tuple[ImageStore, ...] = ("classic", "containerd")
APP = Reference("library/app", "1.0")
PULL = Pull(APP)
CACHING = Scenario(
    images={"v1": ImageSpec("v1")},
    servers={HUB: Holdings((Copy("library/app", "1.0", "v1"),)), "mirror-1": Holdings(policy="pull-through")},
    mirrors=("https://mirror.gcr.io",),
    steps=(PULL,),
)


def test_what_a_scenario_says_of_hub_and_of_mirrors_is_arranged() -> None:
    scenario = replace(
        CACHING,
        accounts=(Account("ada", "secret", pulls=("team/app",), pushes=("team/own",)),),
        private=("team/app",),
        limits=Limits(anonymous=3, exempt=("library/app",)),
    )
    arranged = Naming("0001").arrangement(scenario)
    assert arranged == Arrangement(
        arranged.images,
        arranged.servers,
        (Account("ada", "secret", pulls=("team/app-0001",), pushes=("team/own-0001",)),),
        ("team/app-0001",),
        Limits(anonymous=3, exempt=("library/app-0001",)),
    )
    assert arranged.servers["mirror-1"].policy == "pull-through"


def test_a_file_says_it_all(tmp_path: Path) -> None:
    written = {
        "images": {"v1": {"seed": "v1"}},
        "servers": {
            "mirror-1": {"policy": "gcr"},
            "mirror-2": {"policy": {"miss": "fetch", "sync": {"when": "on-read"}, "upstream": {"timeout": 1.5}}},
        },
        "private": ["team/app"],
        "accounts": [{"name": "ada", "password": "secret"}],
        "limits": {"anonymous": 1},
        "steps": [{"do": "advance", "seconds": 3600}],
    }
    (tmp_path / "own.json").write_text(json.dumps(written))
    scenario = read_scenario(tmp_path / "own.json")
    policy = scenario.servers["mirror-2"].policy
    assert isinstance(policy, Policy)
    assert (policy.sync.when, policy.upstream.timeout) == ("on-read", 1.5)
    assert scenario.steps == (Advance(3600.0),)
    written["servers"]["mirror-1"] = {"policy": {"mis": "fetch"}}  # type: ignore[index]
    (tmp_path / "own.json").write_text(json.dumps(written))
    with pytest.raises(UsageError, match=r"wrong at servers\.mirror-1\.policy\."):
        read_scenario(tmp_path / "own.json")


@pytest.mark.parametrize("seconds", [-1.0, 1e9, float("nan")])
def test_time_that_cannot_be_skipped(seconds: float) -> None:
    (mistake,) = mistakes(Scenario(steps=(Advance(seconds),)))
    assert "seconds, where 0 to" in mistake


def test_repositories_of_accounts_have_two_parts_too() -> None:
    scenario = Scenario(accounts=(Account("ada", pulls=("app",)),), private=("own",), limits=Limits(exempt=("x",)))
    assert len(tuple(mistakes(scenario))) == 3


@pytest.mark.parametrize("store", STORES)
def test_an_advance_moves_the_journal_on_and_nothing_else(store: ImageStore) -> None:
    outage = Fault("status", "manifest", status=503, since=1800.0)
    held = replace(CACHING.servers[HUB], faults=(outage,))
    scenario = replace(CACHING, mirrors=(), servers={HUB: held}, steps=(PULL, Advance(3600.0), Pull(APP)))
    history = ModelLab(store).play(scenario)
    before, advanced, after = history.outcomes
    assert (before.result, advanced.result, after.result) == ("ok", "ok", "failed")
    assert advanced.seconds == 3600.0
    assert history.during(advanced) == ()
    assert max(e.began for e in history.during(before)) < 60
    assert min(e.began for e in history.during(after)) > 3600
    assert spell(Advance(3600.0), history) == "the registries' clock skips 3600.0 s"


def test_what_mirrors_ask_is_not_what_the_daemon_asks() -> None:
    history = ModelLab("classic").play(replace(CACHING, servers={HUB: CACHING.servers[HUB]}))
    (outcome,) = history.outcomes
    asked = history.asked(outcome)
    by_mirror = replace(asked[-1], seq=len(history.exchanges), client="mirror-1")
    more = replace(history, exchanges=(*history.exchanges, by_mirror))
    longer = replace(outcome, last=outcome.last + 1)
    assert more.asked(longer) == asked == history.during(outcome)
    assert more.during(longer) == (*asked, by_mirror)


def foreseen(scenario: Scenario) -> bool:
    history = History("d", "1", "classic", "s", {"mirror.gcr.io": "mirror-1"}, outcomes=(outcome(0), outcome(1)))
    return pulls(scenario, history)[-1].foreseen


def outcome(step: int) -> Outcome:
    return Outcome(step, "ok", 0.0, 0, 0)


def test_what_a_scenario_does_not_tell_is_not_judged() -> None:
    frozen = replace(CACHING, servers=CACHING.servers | {"mirror-1": Holdings(policy="frozen")})
    assert foreseen(frozen)
    assert not foreseen(CACHING)
    assert foreseen(replace(CACHING, mirrors=()))
    assert foreseen(replace(frozen, limits=Limits(), private=("library/app",)))
    assert not foreseen(replace(frozen, limits=Limits(), steps=(Advance(60.0), PULL)))
    assert not foreseen(replace(frozen, limits=Limits(requests=10)))
    assert not foreseen(replace(CACHING, servers=CACHING.servers, mirrors=(), limits=Limits()))
    assert not foreseen(replace(frozen, steps=(Evict("mirror-1", "library/app", digests=("sha256:1",)), PULL)))


@pytest.mark.parametrize("store", STORES)
def test_a_good_daemon_breaks_no_rule_beside_a_caching_mirror(store: ImageStore) -> None:
    for policy in ("pull-through", "gcr"):
        servers = CACHING.servers | {"mirror-1": Holdings(policy=policy)}
        steps = (PULL, Advance(120.0), Evict("hub", "library/app"), Pull(Reference("library/app", "1.0")), PULL)
        scenario = replace(CACHING, servers=servers, steps=steps)
        verdicts = judge(scenario, ModelLab(store).play(scenario))
        assert not [verdict for verdict in verdicts if verdict.ruling != "pass"]
        assert {verdict.rule for verdict in verdicts} >= {"ORDER-1"}
