"""A lab plays one scenario after the other, tells what happened, and gets over whatever a scenario does to it."""

import json
from dataclasses import replace
from typing import Literal

import pytest

from fixtures.errors import LabError, UsageError
from fixtures.lab.lab import Lab
from fixtures.scenario import (
    Build,
    Configure,
    Login,
    Logout,
    Pull,
    PullAllTags,
    Push,
    Reference,
    Reload,
    Remove,
    Restart,
    Scenario,
    Search,
    ShowInfo,
    Start,
    Together,
    Validate,
)
from simulator.arrangement import Account, Break, Copy, Evict, Fault, Holdings, ImageSpec, Limits, Publish
from simulator.client import SimulatorClient
from simulator.control.wire import JournalPage

pytestmark = pytest.mark.engine

APP = Reference("library/app", "1.0")
PULL = Pull(APP)
MIRROR = "https://mirror.gcr.io"
SECOND = "https://mirror-2.test"
AT_HUB = Scenario(
    images={"v1": ImageSpec("v1", layers=(512, 64)), "v2": ImageSpec("v2")},
    servers={"hub": Holdings((Copy("library/app", "1.0", "v1"),))},
    steps=(PULL,),
)
AT_MIRROR = replace(
    AT_HUB, mirrors=(MIRROR,), servers=AT_HUB.servers | {"mirror-1": Holdings((Copy("library/app", "1.0", "v1"),))}
)


def broken(fault: Fault) -> Scenario:
    """A mirror that holds the image and has a fault."""
    held = replace(AT_MIRROR.servers["mirror-1"], faults=(fault,))
    return replace(AT_MIRROR, servers=AT_MIRROR.servers | {"mirror-1": held})


def still_plays(lab: Lab) -> None:
    """A plain scenario goes as ever."""
    history = lab.play(AT_MIRROR)
    assert [outcome.result for outcome in history.outcomes] == ["ok"]
    assert {history.hosts[e.host] for e in history.exchanges} == {"mirror-1"}


def test_each_play_is_fresh(classic: Lab) -> None:
    first, second = classic.play(AT_HUB), classic.play(AT_HUB)
    assert first.salt != second.salt
    assert first.contents["v1"].root != second.contents["v1"].root
    for history in (first, second):
        assert [outcome.result for outcome in history.outcomes] == ["ok"]
        assert {"manifest-by-tag", "config", "layer"} <= {exchange.stage for exchange in history.exchanges}
        assert {exchange.repository for exchange in history.exchanges} <= {"", "library/app"}


def test_a_history_says_whom_it_is_about(classic: Lab) -> None:
    history = classic.play(AT_HUB)
    assert (history.daemon, history.store) == ("docker-28.5.2", "classic")
    assert history.version.startswith("28.5.2")
    image = history.outcomes[0].image
    assert image is not None
    assert image.digests == (history.contents["v1"].root,)
    assert image.layers == history.contents["v1"].diff_ids


def test_what_is_there_already_is_not_fetched_again(classic: Lab) -> None:
    history = classic.play(replace(AT_HUB, steps=(PULL, PULL, Remove(APP), PULL)))
    assert [outcome.result for outcome in history.outcomes] == ["ok"] * 4
    _, again, removed, anew = history.outcomes
    assert {e.stage for e in history.during(again)} <= {"ping", "token", "manifest-by-tag"}
    assert history.during(again)
    assert history.during(removed) == ()
    layers = [e for e in history.during(anew) if e.stage == "layer" and e.host == "registry-1.docker.io"]
    assert len(layers) == 2


def test_removing_what_is_not_there_fails(classic: Lab) -> None:
    assert classic.play(replace(AT_HUB, steps=(Remove(APP),))).outcomes[0].result == "failed"


def test_exchanges_are_complete_and_in_order(classic: Lab) -> None:
    scenario = replace(
        AT_MIRROR, steps=(PULL, Evict("mirror-1", "library/app"), Publish("library/app", "1.0", "v2"), PULL)
    )
    history = classic.play(scenario)
    assert [exchange.seq for exchange in history.exchanges] == list(range(len(history.exchanges)))
    began = [exchange.began for exchange in history.exchanges]
    assert began == sorted(began)
    assert all(e.ended is not None and e.ended >= e.began for e in history.exchanges)
    bounds = [(outcome.first, outcome.last) for outcome in history.outcomes]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == len(history.exchanges)
    assert [first for first, _ in bounds[1:]] == [last for _, last in bounds[:-1]]
    hit, miss = history.during(history.outcomes[0]), history.during(history.outcomes[3])
    assert [history.hosts[e.host] for e in hit] == ["mirror-1"] * len(hit)
    assert sum(e.stage == "layer" for e in hit) == 2
    assert {history.hosts[e.host] for e in miss} == {"mirror-1", "hub"}
    image = history.outcomes[3].image
    assert image is not None
    assert image.digests == (history.contents["v2"].root,)


def test_a_deadline_is_an_outcome(classic: Lab) -> None:
    hangs = broken(Fault("hang", "manifest"))
    history = classic.play(replace(hangs, steps=(Pull(APP, deadline=2.0),)))
    (outcome,) = history.outcomes
    assert outcome.result == "deadline"
    assert outcome.error == "did not end within 2 s"
    assert 2 <= outcome.seconds < 4
    assert outcome.image is None
    still_plays(classic)


def test_bytes_are_read_back_where_a_server_may_have_spoilt_them(classic: Lab) -> None:
    history = classic.play(broken(Fault("corrupt", "layer", after=20)))
    (outcome,) = history.outcomes
    assert outcome.result == "ok"
    assert outcome.image is not None
    assert outcome.image.bytes_verified is True
    (unspoilt,) = classic.play(AT_MIRROR).outcomes
    assert unspoilt.image is not None
    assert unspoilt.image.bytes_verified is None


def test_what_a_failed_pull_finds_in_the_daemon(classic: Lab) -> None:
    missing = Pull(Reference("library/app", "9.9"))
    failed, kept, failed_again = classic.play(replace(AT_HUB, steps=(missing, PULL, missing))).outcomes
    assert (failed.result, failed.leftovers) == ("failed", ())
    assert "not found" in failed.error
    assert (kept.result, kept.leftovers) == ("ok", ())
    assert (failed_again.result, failed_again.leftovers) == ("failed", ("v1",))
    assert classic.play(replace(AT_HUB, steps=(missing,))).outcomes[0].leftovers == ()


def test_a_log_is_that_of_the_play(classic: Lab) -> None:
    with classic.open(broken(Fault("corrupt", "layer", after=20))) as play:
        play.do(PULL)
        assert play.history().log == ()
        history = play.history(with_log=True)
    layers = [entry.digest for entry in history.contents["v1"].objects if entry.role.startswith("layer")]
    assert any(f"verification failed for digest {layer}" in line for line in history.log for layer in layers)


def test_a_restart_with_an_unusable_mirror_fails_in_the_daemons_words(classic: Lab) -> None:
    scenario = replace(AT_MIRROR, steps=(PULL, Restart(("https://mirror.gcr.io/?query",)), PULL))
    with classic.open(scenario) as play:
        pulled, restarted = play.do(scenario.steps[0]), play.do(scenario.steps[1])
        assert pulled.result == "ok"
        assert restarted.result == "failed"
        assert "invalid mirror" in restarted.error
        assert restarted.seconds < 20
        assert play.do(scenario.steps[2]).error == "no daemon runs"
    still_plays(classic)


def test_settings_are_taken_word_for_word_and_the_next_scenario_has_its_own(classic: Lab) -> None:
    good = f'{{"registry-mirrors": ["{MIRROR}"], "labels": ["a=b"]}}'
    bad = '{"registry-mirrors": ["ftp://mirror.gcr.io"], "labels": ["c=d"]}'
    steps = (Start(good, place="elsewhere"), ShowInfo(), Reload(bad), Validate(bad), Start(bad), PULL)
    started, info, reloaded, checked, refused, pulled = classic.play(replace(AT_MIRROR, steps=steps)).outcomes
    assert (started.status, started.shown, started.labels) == (None, (f"{MIRROR}/",), ("a=b",))
    assert info.shown == info.text == info.formatted
    assert (reloaded.shown, reloaded.labels) == (started.shown, started.labels)
    assert (checked.status, refused.status) == (1, 1)
    for outcome in (reloaded, checked, refused):
        assert outcome.result == "failed"
        assert 'unsupported scheme "ftp"' in outcome.error
        assert "level=" not in outcome.error
    assert pulled.error == "no daemon runs"
    still_plays(classic)


@pytest.mark.parametrize("how", ["file", "flag"])
def test_mirrors_come_by_file_or_by_flag_and_the_next_scenario_has_its_own(classic: Lab, how: str) -> None:
    restart = Restart((SECOND, MIRROR), "flag" if how == "flag" else "file")
    history = classic.play(replace(AT_MIRROR, steps=(restart, PULL, ShowInfo())))
    assert [outcome.result for outcome in history.outcomes] == ["ok"] * 3
    assert history.outcomes[0].shown == history.outcomes[2].shown == (f"{SECOND}/", f"{MIRROR}/")
    assert history.outcomes[2].text == (f"{SECOND}/", f"{MIRROR}/")
    assert history.hosts[history.exchanges[0].host] == "mirror-2"
    still_plays(classic)


def test_a_reload_with_mirrors_without_any_and_without_the_key(classic: Lab) -> None:
    steps = (Configure((SECOND,)), Configure(()), ShowInfo(), Configure((MIRROR,)), Configure(None))
    with classic.open(replace(AT_HUB, steps=steps)) as play:
        outcomes = [play.do(step) for step in steps]
        settings = json.loads(classic.console.run("cat /etc/docker/daemon.json"))
    assert [outcome.result for outcome in outcomes] == ["ok"] * 5
    assert [outcome.shown for outcome in outcomes[:4]] == [(f"{SECOND}/",), (), (), (f"{MIRROR}/",)]
    assert outcomes[2].text is None
    assert "registry-mirrors" not in settings
    still_plays(classic)


def test_a_reload_that_the_daemon_refuses_fails_in_its_words(classic: Lab) -> None:
    history = classic.play(replace(AT_MIRROR, steps=(Configure(("https://mirror.gcr.io/?query",)), PULL)))
    refused, pulled = history.outcomes
    assert refused.result == "failed"
    assert "invalid mirror" in refused.error
    assert refused.shown == (f"{MIRROR}/",)
    assert pulled.result == "ok"
    still_plays(classic)


def test_what_the_simulator_refuses_is_an_error_of_the_lab(classic: Lab) -> None:
    with pytest.raises(LabError, match="mirror-9"):
        classic.play(replace(AT_HUB, servers={"mirror-9": Holdings()}))
    with pytest.raises(LabError, match="mirror-9"):
        classic.play(replace(AT_HUB, steps=(Break("mirror-9", Fault("hang")),)))
    still_plays(classic)


def test_a_digest_of_no_image_is_wrong_usage(classic: Lab) -> None:
    with pytest.raises(UsageError, match="names the digest of an image that it has not: 'v9'"):
        classic.play(replace(AT_HUB, steps=(Pull(Reference("library/app", digest="v9")),)))
    still_plays(classic)


def test_a_journal_that_forgot_is_an_error_of_the_lab(classic: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    read = SimulatorClient.journal

    def forgetful(client: SimulatorClient, since: int = 0) -> JournalPage:
        return replace(read(client, since), forgotten=since + 2)

    with monkeypatch.context() as patched:
        patched.setattr(SimulatorClient, "journal", forgetful)
        with pytest.raises(LabError, match="forgot 2 exchanges of this trial"):
            classic.play(AT_MIRROR)
    still_plays(classic)


def test_somebody_logs_in_pushes_and_logs_out(classic: Lab) -> None:
    own = Reference("ada/app", "1.0")
    scenario = replace(
        AT_HUB,
        servers={"hub": Holdings((Copy("ada/app", "1.0", "v1"),))},
        accounts=(Account("ada", "secret"),),
        private=("ada/app",),
        limits=Limits(),
        steps=(Pull(own), Login("ada"), Pull(own), Push(own), Search("ada/app"), Logout(), Push(own), Pull(own)),
    )
    history = classic.play(scenario)
    assert [o.result for o in history.outcomes] == ["failed", "ok", "ok", "ok", "ok", "ok", "failed", "failed"]
    by_account = [{e.account for e in history.during(outcome)} - {""} for outcome in history.outcomes]
    assert by_account == [set(), {"ada"}, {"ada"}, {"ada"}, set(), set(), set(), set()]
    assert [sum(entry.cost for entry in history.spent(outcome)) for outcome in history.outcomes] == [0, 0, 1, *[0] * 5]
    assert "secret" not in repr(history)


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_a_build_begins_with_the_image_that_it_names(classic: Lab, builder: Literal["classic", "buildkit"]) -> None:
    history = classic.play(replace(AT_HUB, steps=(Build(APP, builder), Build(replace(APP, tag="none"), builder))))
    built, failed = history.outcomes
    assert built.image is not None
    assert (built.result, built.image.layers) == ("ok", history.contents["v1"].diff_ids)
    assert (failed.result, failed.image) == ("failed", None)


def test_all_tags_are_pulled_and_go_with_the_scenario(classic: Lab) -> None:
    both = (Copy("library/app", "1.0", "v1"), Copy("library/app", "2.0", "v2"))
    history = classic.play(
        replace(AT_HUB, servers={"hub": Holdings(both)}, steps=(PullAllTags(Reference("library/app")),))
    )
    assert history.outcomes[0].result == "ok"
    assert {e.image for e in history.exchanges if e.stage == "layer"} == {"v1", "v2"}
    classic.settle()
    assert [
        name for image in classic.daemon.images() for name in image.get("RepoTags") or () if history.salt in name
    ] == []


def test_insecure_hosts_are_forgotten_with_the_scenario(classic: Lab) -> None:
    untrusted = broken(Fault("untrusted"))
    named = classic.play(replace(untrusted, steps=(Configure((MIRROR,), ("mirror.gcr.io",)), PULL)))
    assert {e.server for e in named.exchanges} == {"mirror-1"}
    assert {e.server for e in classic.play(untrusted).exchanges} == {"hub"}


@pytest.mark.parametrize("second", [PULL, Pull(Reference("team/tool", "1.0"))], ids=["the same", "another"])
def test_pulls_at_once_while_a_mirror_evicts(classic: Lab, second: Pull) -> None:
    copies = (Copy("library/app", "1.0", "v1"), Copy("team/tool", "1.0", "v2"))
    together = Together((PULL, second), (Evict("mirror-1", "library/app"),))
    servers = {"hub": Holdings(copies), "mirror-1": Holdings(copies)}
    history = classic.play(replace(AT_MIRROR, servers=servers, steps=(together, PULL)))
    at_once, after = history.outcomes
    assert [pull.result for pull in at_once.pulls] == ["ok", "ok"]
    assert all(pull.image and (pull.first, pull.last) == (at_once.first, at_once.last) for pull in at_once.pulls)
    assert {e.server for e in history.asked(after)} == {"mirror-1", "hub"}
