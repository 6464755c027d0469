"""CONFIG-3, -4, -11 and -12: whether the mirrors that a service was given are in force when it was restarted."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from fixtures.history import History, Outcome
from fixtures.scenario import RestartService, Scenario, Service
from suites.rules.configuration import normalised
from suites.rules.endpoints import unseen
from suites.rules.finding import Finding, HistoryRule
from suites.service_files import Reading, UnreadError, read
from suites.timeline import HUB, PullCase, pulls, situations

_FILES: dict[Service, str] = {
    "init-script": "DOCKER_OPTS",
    "systemd": "DOCKER_OPTS",
    "docker-unit": "DOCKER_OPTS",
    "docker-machine": "DOCKER_OPTS",
    "boot2docker": "EXTRA_ARGS",
    "desktop": "",
}
"""What a service's file of options sets."""


def options_are_in_force(scenario: Scenario, history: History) -> Iterator[Finding]:
    for step, finding in _restarts(scenario, history, {"init-script"}):
        yield _of(finding, step.command)


def unit_does_as_it_says(scenario: Scenario, history: History) -> Iterator[Finding]:
    for step, finding in _restarts(scenario, history, {"systemd", "docker-unit"}):
        yield _of(finding, f"{step.service}: {_given(step)}")


def desktop_settings_are_in_force(scenario: Scenario, history: History) -> Iterator[Finding]:
    for _, finding in _restarts(scenario, history, {"desktop"}):
        yield finding


def generated_files_are_in_force(scenario: Scenario, history: History) -> Iterator[Finding]:
    for step, finding in _restarts(scenario, history, {"boot2docker", "docker-machine"}):
        yield _of(finding, step.service)


def _of(finding: Finding, variant: str) -> Finding:
    return replace(finding, variant=variant)


def _restarts(
    scenario: Scenario, history: History, services: Collection[Service]
) -> Iterator[tuple[RestartService, Finding]]:
    """Each restart of some services whose files say something that is known here."""
    cases = {case.number: case for case in pulls(scenario, history)}
    for number, (step, _, outcome) in enumerate(situations(scenario, history)):
        if not isinstance(step, RestartService) or step.service not in services:
            continue
        try:
            reading = read(step)
        except UnreadError:
            continue
        wrong = _wrong(reading, outcome, cases.get(number + 1))
        reason = f"{_given(step)}: {wrong}" if wrong else f"{_given(step)}: {_right(reading)}"
        yield step, Finding(not wrong, reason, step=number, remark=outcome.stands_in)


def _given(step: RestartService) -> str:
    """Which of a service's files say something."""
    keys = "daemon.json" if step.service != "desktop" else "Docker Desktop's settings"
    said = {_FILES[step.service]: step.options, "a drop-in": step.drop_in, keys: step.settings}
    return " and ".join(name for name, what in said.items() if what) or "nothing"


def _wrong(reading: Reading, outcome: Outcome, following: PullCase | None) -> str:
    if reading.trouble:
        return "" if outcome.result != "ok" else f"the daemon started, in spite of {reading.trouble}"
    wanted = normalised(reading.mirrors)
    if outcome.result != "ok":
        return f"the daemon did not start: {outcome.error}"
    if outcome.shown != wanted:
        return f"/info shows {_listed(outcome.shown)}, and to be in force is {_listed(wanted)}"
    unasked = _unasked(following) if following is not None else []
    return f"the next cold pull did not ask {', '.join(unasked)}" if unasked else ""


def _right(reading: Reading) -> str:
    if reading.trouble:
        return f"the daemon did not start, for {reading.trouble}"
    return f"in force is {', '.join(urlsplit(url).netloc for url in reading.mirrors) or 'no mirror'}"


def _unasked(case: PullCase) -> list[str]:
    """The mirrors that a cold pull went past, where each can be seen to be asked and none has the image."""
    mirrors = case.situation.mirrors
    cold = case.is_hub and case.foreseen and not {case.reference.digest, case.image_at(HUB)} & case.had
    if not cold or any(case.copy_at(mirror) or unseen(case, mirror) for mirror in mirrors):
        return []
    return [mirror for mirror in mirrors if mirror not in case.asked()]


def _listed(urls: tuple[str, ...] | None) -> str:
    return ", ".join(urls) if urls else "no mirror"


RULES: dict[str, HistoryRule] = {
    "CONFIG-3": options_are_in_force,
    "CONFIG-4": unit_does_as_it_says,
    "CONFIG-11": desktop_settings_are_in_force,
    "CONFIG-12": generated_files_are_in_force,
}
