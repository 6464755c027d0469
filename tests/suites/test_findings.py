"""The page of findings: made of a run's report, and the project's own page is of the project's own deviations."""

import re
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.model import ModelLab, Switch
from fixtures.profiles import load_profiles
from report.findings import Finding, Findings
from report.results import Daemon, RuleResult, Run, Told
from report.write import write
from suites.catalogue import rules
from suites.deviations import DEVIATIONS, Deviation, load
from suites.findings import findings_of
from suites.judge import judge
from suites.saved import SCENARIOS
from suites.tally import result_of, weigh
from suites.verdict import Cause
from tests.mutants.trials import EVICTED_DURING

PAGE = (Path(__file__).parents[2] / "docs" / "findings.md").read_text(encoding="utf-8")
OWN = load(DEVIATIONS, [profile.name for profile in load_profiles()])
AGAIN = Deviation(
    ("FALLBACK-7",),
    "model:*",
    "Layers are fetched again.",
    SCENARIOS / "mirror-evicts-a-layer-during-a-pull.json",
    title="Fetched again",
    advice="Evict whole images.",
    documents="Docker, 'docker pull'",
    reports=("https://example.test/1",),
)
TOLD = Told("model:classic", "dns", "503", "no such | host", names_image=True, names_hub=True, names_mirrors=False)


def page(directory: Path, known: Deviation) -> str:
    """The page of a run on a model daemon that is broken on purpose."""
    lab = ModelLab("classic", {Switch.FETCHES_LAYERS_AGAIN})
    history = lab.play(EVICTED_DURING)
    tally, _ = weigh(EVICTED_DURING, history, judge(EVICTED_DURING, history), (known,))
    run = Run(
        results=tuple(result_of(rules()[rule], "model:classic", count) for rule, count in tally.counts.items()),
        daemons=(Daemon("model:classic", "1.0", "classic", scenarios=1, pulls=2, seconds=3.0),),
        seed=0,
        scenarios=1,
        pulls=2,
        seconds=3.0,
        started="2026-11-24T15:00:00+00:00",
        tool_version="0",
        command="mirror-conformance run",
        told=(TOLD,),
    )
    write(run, directory)
    return findings_of([directory / "report.json"], (known,), (lab.profile,)).page()


def test_a_finding_says_what_happens_where_and_what_to_do(tmp_path: Path) -> None:
    text = page(tmp_path, AGAIN)
    for said in (
        "### Fetched again\n\nLayers are fetched again.\n\n**What to do.** Evict whole images.\n",
        f"- FALLBACK-7 (SHOULD): {rules()['FALLBACK-7'].title} Promised by {rules()['FALLBACK-7'].source}.",
        "- Daemons: every version tried (1.0) with the classic image store.",
        "- Where the daemon's documentation should say so: Docker, 'docker pull'.",
        "- Reported: <https://example.test/1>.",
        "(../suites/scenarios/mirror-evicts-a-layer-during-a-pull.json)",
        "- Smallest case of the run, on model:classic:\n\n```text\n",
        "docker pull library/app:1.0",
        "| FALLBACK-7 | SHOULD | deviates 1 of 1 |",
        "| *examples* | | 1 |\n| *pulls* | | 2 |\n| *seconds* | | 3 |\n",
        "| dns | 503 | all | no such \\| host | yes | yes | **no** |",
    ):
        assert said in text
    assert re.search(r"^>> +\d+ .*GET v1 layer", text, flags=re.MULTILINE)


def test_a_daemon_on_which_a_rule_cannot_be_judged_is_not_told_to_keep_it() -> None:
    rule, daemons = rules()["CONFIG-10"], ("docker-20.10.24", "docker-26.1.5")
    made = Findings(
        commands=(),
        day="",
        daemons=tuple(Daemon(name, name.removeprefix("docker-"), "classic") for name in daemons),
        results=(RuleResult(rule, daemons[0], "not applicable"), RuleResult(rule, daemons[1], "deviation", deviated=1)),
        told=(),
        findings=(Finding(Cause("Passes all.", "Blind"), (rule,), daemons[1:]),),
    ).page()
    assert "- Daemons: every version tried (26.1.5) with the classic image store." in made
    assert "| CONFIG-10 | SHOULD | not applicable | deviates 1 of 1 |" in made


def test_what_endangers_users_is_told_without_a_recipe(tmp_path: Path) -> None:
    withheld = Deviation(AGAIN.rules, "model:*", "Withheld.", title="Ill", advice="Upgrade.", withheld=True)
    section = page(tmp_path, withheld).partition("### Ill")[2].partition("\n## ")[0]
    assert "**What to do.** Upgrade." in section
    assert "see [SECURITY.md](../SECURITY.md)" in section
    assert "```" not in section
    assert ".json" not in section


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(None, "cannot be read: No such file"), ("", "is wrong at its start: "), ("{}", "is wrong at format: ")],
)
def test_what_is_no_report_is_refused(text: str | None, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=f"^The report {file} {sentence}"):
        findings_of([file], (), ())


def test_the_projects_own_deviations_say_all_that_a_person_needs() -> None:
    for entry in OWN:
        assert all((entry.title, entry.advice, entry.documents)), entry.reason
    assert len({entry.title for entry in OWN}) == len(OWN)


def test_the_projects_own_page_has_each_of_them_and_no_other() -> None:
    sections = {text.partition("\n")[0]: text for text in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]}
    assert list(sections) == [entry.title for entry in OWN]
    for entry in OWN:
        text = sections[entry.title].partition("\n## ")[0]
        for said in (entry.reason, entry.advice, entry.documents, *entry.rules, *entry.reports):
            assert said in text
        shown = bool(re.search(r"^```", text, flags=re.MULTILINE))
        assert shown is (entry.evidence is not None)
        if entry.evidence:
            assert f"scenarios/{entry.evidence.relative_to(SCENARIOS)}" in text


def test_the_projects_own_page_has_every_rule_of_the_book() -> None:
    below = PAGE.partition("## Rules and daemons")[2]
    assert set(re.findall(r"^\| ([A-Z]+-\d\S*) \|", below, flags=re.MULTILINE)) == set(rules())
