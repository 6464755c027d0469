"""CONFIG: whether the mirrors that were written down are in force, shown, and used."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from fixtures.history import History, Outcome
from fixtures.scenario import Configure, Reload, Restart, Scenario, ShowInfo, Start, Step
from suites.rules.endpoints import CAPITALS, PLAIN_HTTP, in_capitals, unseen
from suites.rules.finding import Finding, HistoryRule
from suites.timeline import HUB, PullCase, Situation, pulls, reading_of, servers_of, situations


def normalised(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Mirror URLs as a daemon documents to show them: each once, with a slash at the end. What names no host, and was
    taken nevertheless, has no such form; of two slashes, the first is a path.
    """
    return tuple(dict.fromkeys(f"{url.removesuffix('/')}/" if urlsplit(url).netloc else url for url in urls))


def file_is_in_force(scenario: Scenario, history: History) -> Iterator[Finding]:
    yield from _in_force(scenario, history, "file", "registry-mirrors in daemon.json")


def flag_is_in_force(scenario: Scenario, history: History) -> Iterator[Finding]:
    yield from _in_force(scenario, history, "flag", "--registry-mirror")


def info_shows_every_mirror(scenario: Scenario, history: History) -> Iterator[Finding]:
    for step, situation, outcome in situations(scenario, history):
        if isinstance(step, ShowInfo):
            wrong = _wrongly_shown(normalised(situation.configured), outcome)
            reason = wrong or f"shown as configured: {_hosts(situation.configured) or 'none'}"
            yield Finding(not wrong, reason, variant=situation.changed_by, step=outcome.step)


def _wrongly_shown(wanted: tuple[str, ...], outcome: Outcome) -> str:
    if outcome.shown != wanted:
        return f"/info shows {listed(outcome.shown)}, and configured is {listed(wanted)}"
    if (outcome.text or ()) != wanted:
        return f"docker system info prints {listed(outcome.text)}, and configured is {listed(wanted)}"
    if not wanted and outcome.text is not None:
        return "no mirror is configured, and docker system info prints a section for them"
    if outcome.formatted is not None and outcome.formatted != wanted:
        return f"docker system info prints {listed(outcome.formatted)} as JSON, and configured is {listed(wanted)}"
    return ""


def listed(urls: tuple[str, ...] | None) -> str:
    """Mirrors in a sentence."""
    return ", ".join(urls) if urls else "no mirror"


def shown_is_used(scenario: Scenario, history: History) -> Iterator[Finding]:
    variant = PLAIN_HTTP if _any_plain(scenario) else ""
    cold = {case.number: case for case in pulls(scenario, history) if _is_cold(case)}
    shown: tuple[str, ...] | None = None
    for number, outcome in enumerate(history.outcomes):
        if outcome.shown is not None:
            shown = outcome.shown
        case = cold.get(number)
        if case is None or shown is None:
            continue
        variant = CAPITALS if any(map(in_capitals, shown)) else variant
        asked = tuple(server for server in case.asked() if server != HUB)
        named = servers_of(shown, history.hosts)
        if asked != named:
            yield Finding(
                False,
                f"/info shows {_hosts(shown)}, and a cold pull asked {asked or 'no mirror'}",
                tuple(e.seq for e in case.exchanges),
                variant,
                number,
            )
        else:
            yield Finding(True, f"the cold pull asked what /info shows: {_hosts(shown)}", (), variant, number)


def _in_force(scenario: Scenario, history: History, how: str, what: str) -> Iterator[Finding]:
    cases = {case.number: case for case in pulls(scenario, history)}
    for step, situation, outcome in situations(scenario, history):
        urls = _given(step, situation, how)
        if urls is not None:
            wanted = normalised(urls)
            wrong = _not_in_force(wanted, outcome, cases.get(outcome.step + 1))
            reason = f"{what}: {wrong}" if wrong else f"{what} is in force: {_hosts(wanted) or 'no mirror'}"
            variant = CAPITALS if any(map(in_capitals, wanted)) else PLAIN_HTTP if _plain(wanted) else ""
            yield Finding(not wrong, reason, variant=variant, step=outcome.step)


def _given(step: Step, situation: Situation, how: str) -> tuple[str, ...] | None:
    """The mirrors that a start sets in a way, where that is how it sets any. With neither, there is a file at most."""
    if isinstance(step, Restart):
        return step.mirrors if step.how == how else None
    if not isinstance(step, Start):
        return None
    reading = reading_of(situation, step)
    sound = reading.certain and not reading.mistakes
    return reading.mirrors if sound and (reading.by or "file") == how else None


def _not_in_force(wanted: tuple[str, ...], outcome: Outcome, following: PullCase | None) -> str:
    if outcome.result != "ok":
        return f"the daemon did not start: {outcome.error}"
    if outcome.shown != wanted:
        return f"/info shows {listed(outcome.shown)}, and configured is {listed(wanted)}"
    if following is not None and _is_cold(following) and _unasked(following):
        return f"the next cold pull did not ask {', '.join(_unasked(following))}"
    return ""


def _plain(urls: tuple[str, ...]) -> bool:
    return any(url.lower().startswith("http://") for url in urls)


def _any_plain(scenario: Scenario) -> bool:
    configured = [step.mirrors or () for step in scenario.steps if isinstance(step, Restart | Configure)]
    texts = [step.file or "" for step in scenario.steps if isinstance(step, Start | Reload)]
    flags = [flag for step in scenario.steps if isinstance(step, Start) for flag in step.flags]
    return any(map(_plain, (scenario.mirrors, *configured))) or any(
        "http://" in text.lower() for text in (*texts, *flags)
    )


def _unasked(case: PullCase) -> list[str]:
    return [server for server in case.situation.mirrors if server not in case.asked()]


def _is_cold(case: PullCase) -> bool:
    """Whether a pull must go past every mirror: neither the daemon nor any of them has the image, and each
    can be seen to be asked.
    """
    mirrors = case.situation.mirrors
    return (
        case.is_hub
        and bool(case.exchanges)
        and case.foreseen
        and not {case.reference.digest, case.image_at(HUB)} & case.had
        and not any(case.copy_at(mirror) or unseen(case, mirror) for mirror in mirrors)
    )


def _hosts(urls: tuple[str, ...]) -> str:
    return ", ".join(url.partition("://")[2].partition("/")[0] or url for url in urls)


RULES: dict[str, HistoryRule] = {
    "CONFIG-1": file_is_in_force,
    "CONFIG-2": flag_is_in_force,
    "CONFIG-5": info_shows_every_mirror,
    "CONFIG-6": shown_is_used,
}
