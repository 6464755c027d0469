"""What is told of rules and of a run before it begins: nothing is started for it."""

import json
from pathlib import Path

import pytest

from suites import catalogue, explaining, listing
from tests.cli.conftest import Call
from tests.cli.test_refusals import check
from tests.mutants.__main__ import broken_by


def test_rules_are_listed_for_programs_with_sources_and_what_each_needs(call: Call) -> None:
    ended = call("list", "--json")
    assert (ended.code, ended.err) == (0, "")
    told = json.loads(ended.out)
    assert [rule["id"] for rule in told["rules"]] == list(listing.every_rule())
    assert all(rule["source"] and rule["needs"] for rule in told["rules"])
    assert {daemon["name"] for daemon in told["daemons"] if daemon["is_model"]} == {"model:classic", "model:containerd"}
    (hit,) = [rule for rule in told["rules"] if rule["id"] == "HIT-1"]
    assert "daemon/test_pulls.py::test_every_pull_goes_the_documented_way" in hit["tests"]
    assert hit["needs_nightly"] is False


def test_a_rule_that_only_tests_of_the_night_are_for_says_so() -> None:
    found = listing.tests_of_rules()
    night = {rule.id for rule in catalogue.rules().values() if listing.nightly(rule)}
    assert all(test.nightly for rule in night for test in found[rule])
    assert "HIT-1" not in night


def test_what_is_listed_for_people_has_sources_where_they_are_asked_for(call: Call) -> None:
    assert "needs: " not in call("list").out
    said = call("list", "--sources").out
    assert said.count("source: ") == said.count("needs: ") == len(listing.every_rule())


def test_a_rule_is_explained(call: Call) -> None:
    ended = call("explain", "fallback-2/hang")
    assert (ended.code, ended.err) == (0, "")
    said = " ".join(ended.out.split())
    assert said.startswith("FALLBACK-2/hang MUST An unusable mirror costs time, never the pull.")
    for part in ("why A mirror is there", "source Google Cloud", "broken by a daemon that gives up on hang",
                 "deviation A mirror that hangs holds up the pull for ever, on docker-20.10.5",
                 "Put a proxy with time limits", "Reported: https://"):  # fmt: skip
        assert part in said


def test_variants_are_explained_together(call: Call) -> None:
    said = call("explain", "FALLBACK-2").out
    assert said.count("An unusable mirror costs time") == 1
    assert said.count("\n  FALLBACK-2/") == sum(rule.startswith("FALLBACK-2/") for rule in catalogue.rules())


def test_a_rule_that_there_is_not(call: Call) -> None:
    check(call("explain", "ORDR-1"), 2, r"^No rule is called 'ORDR-1'\. Did you mean ORDER-1 or ")


def test_what_breaks_a_rule_is_what_the_kill_table_says() -> None:
    told = json.loads(explaining.BROKEN_BY.read_text(encoding="utf-8"))
    assert told == broken_by(), "The kill table has changed: type `python -m tests.mutants --broken-by`."


def test_every_rule_can_be_explained() -> None:
    lines = list(explaining.explain(list(listing.every_rule()), (), 60))
    assert sum(line.startswith("    source ") for line in lines) == len(
        {rule.partition("/")[0] for rule in listing.every_rule()}
    )


def test_a_rule_for_mirrors_is_explained_with_its_trials_and_what_it_needs(call: Call) -> None:
    said = " ".join(call("explain", "FRESH-1").out.split())
    for part in ("source The mirror's own description, promises.stale", "subject mirror", "the promise stale",
                 "tests mirror --trial 'moved tag'", "broken by a mirror that pins tags for ever",
                 "no mirror is known to break it"):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("rule", "need"),
    [
        ("PROFILE-1/cached-only", "the profile cached-only"),
        ("FILL-1", "the profile pull-through"),
        ("NS-2", "the feature ns"),
        ("GONE-1", "the promise deleted"),
        ("KEEP-1", "the hook evict"),
        ("KEEP-2", "the hook evict"),
    ],
)
def test_a_rule_for_mirrors_says_what_it_takes(rule: str, need: str) -> None:
    assert listing.needs(listing.every_rule()[rule]).endswith(f"; {need}")


def test_a_dry_run_of_models_says_what_would_be_played_and_leaves_nothing(call: Call, tmp_path: Path) -> None:
    ended = call("run", "--dry-run", "--daemon", "model:classic", "-k", "known and older")
    assert (ended.code, ended.err) == (0, "")
    assert "daemon  model:classic: a model, classic image store" in ended.out
    assert "engine  none: models need no Docker" in ended.out
    assert "tests   1 test, judged by" in ended.out
    assert "test_known_scenarios.py::test_known_scenario" in ended.out
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_tells_lanes_and_images_where_no_engine_runs(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suites.planning.find_engine", lambda: None)
    ended = call("run", "--dry-run", "--daemon", "docker-28.5.2")
    assert ended.code == 0
    assert "image   mirror-conformance/daemon:forky-" in ended.out
    assert "would be made" in ended.out
    assert "lane    docker-28.5.2: " in ended.out
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_refuses_what_a_run_refuses(call: Call) -> None:
    check(call("run", "--dry-run", "--daemon", "podman"), 2, r"^No daemon is called 'podman'\.")
    check(call("run", "--dry-run", "-k", "nothing-like-it"), 5, r"^No test matches -k 'nothing-like-it'")
    check(call("run", "--dry-run"), 3, r"^DOCKER_HOST=unix://.*nowhere\.sock")
