"""Deviations explain known failures; a file of them that can explain nothing is refused with a sentence."""

import re
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.profiles import load_profiles
from suites.deviations import DEVIATIONS, Deviation, load
from suites.verdict import Verdict

DAEMONS = ("docker-20.10", "docker-26.1-containerd")
ENTRY = '[[deviation]]\nrules = {rules}\ndaemon = "{daemon}"\nreason = "Known."\nevidence = "{evidence}"\n'


def entry(rules: str = '["HIT-1"]', daemon: str = "docker-*", evidence: str = "shown.json") -> str:
    return ENTRY.format(rules=rules, daemon=daemon, evidence=evidence)


def deviation(*rules: str, daemon: str = "*", variant: str = "*") -> Deviation:
    return Deviation(rules, daemon, "Known.", Path("shown.json"), variant)


def test_the_projects_own_file_is_sound() -> None:
    load(DEVIATIONS, [profile.name for profile in load_profiles()])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[deviation]", "is not valid TOML: "),
        ("\xff", "is not valid TOML: "),
        ('[[deviation]]\nrules = ["HIT-1"]', "is wrong at deviation.0."),
        (entry(rules='"HIT-1"'), "is wrong at deviation.0.rules: "),
        (entry(rules="[]"), "has an entry that names no rule."),
        (entry(rules='["HIT-99"]'), "names the rule 'HIT-99', which the catalogue does not have."),
        (entry(rules='["FALLBACK-2"]'), "names the rule 'FALLBACK-2', which the catalogue does not have."),
        (entry(daemon="podman-*"), "names the daemon 'podman-*', which matches no profile."),
        (entry() + "withheld = true", "has an entry of HIT-1 that must have evidence or be withheld."),
        (entry().replace("evidence", "#"), "has an entry of HIT-1 that must have evidence or be withheld."),
        (entry(evidence="none.json"), "names the evidence none.json: there is no "),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "deviations.toml"
    path.write_text(text, encoding="latin-1")
    (tmp_path / "shown.json").touch()
    with pytest.raises(UsageError, match=re.escape(f"The deviations file {path} {sentence}")):
        load(path, DAEMONS)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: No such file or directory\."):
        load(tmp_path / "none.toml", DAEMONS)


def test_what_endangers_users_needs_no_evidence(tmp_path: Path) -> None:
    path = tmp_path / "deviations.toml"
    path.write_text(entry().replace('evidence = "shown.json"', "withheld = true"), encoding="utf-8")
    assert load(path, DAEMONS) == (Deviation(("HIT-1",), "docker-*", "Known.", withheld=True),)


def test_evidence_lies_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deviations.toml"
    path.write_text(entry(rules='["HIT-1", "ORDER-1"]'), encoding="utf-8")
    (tmp_path / "shown.json").touch()
    assert load(path, DAEMONS) == (Deviation(("HIT-1", "ORDER-1"), "docker-*", "Known.", tmp_path / "shown.json"),)


def test_an_empty_file_explains_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deviations.toml"
    path.write_text("# none known\n", encoding="utf-8")
    assert load(path, DAEMONS) == ()


@pytest.mark.parametrize(
    ("daemon", "verdict", "explained"),
    [
        ("docker-20.10", Verdict("HIT-1", "fail"), True),
        ("docker-20.10", Verdict("HIT-1", "fail", variant="plain http"), True),
        ("docker-26.1-containerd", Verdict("HIT-1", "fail"), False),
        ("docker-20.10", Verdict("ORDER-1", "fail"), False),
    ],
)
def test_a_deviation_speaks_of_one_rule_and_the_daemons_that_it_names(
    daemon: str, verdict: Verdict, explained: bool
) -> None:
    assert deviation("HIT-1", daemon="docker-20*").explains(daemon, verdict) is explained


def test_a_deviation_may_speak_of_several_rules_and_of_one_kind_of_case_only() -> None:
    known = deviation("FALLBACK-4", "FALLBACK-5", variant="corrupt *")
    assert known.explains("any", Verdict("FALLBACK-4", "fail", variant="corrupt layer"))
    assert known.explains("any", Verdict("FALLBACK-5", "fail", variant="corrupt config"))
    assert not known.explains("any", Verdict("FALLBACK-4", "fail", variant="truncate layer"))
    assert not known.explains("any", Verdict("FALLBACK-6", "fail", variant="corrupt layer"))
