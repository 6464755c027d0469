"""BUILD: the way of the images that a build begins with."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from fixtures.history import History
from fixtures.scenario import Build, Pull, Scenario
from suites.rules.endpoints import first_server, unseen
from suites.rules.finding import Finding, HistoryRule, broken, kept
from suites.rules.order import disorder
from suites.timeline import PullCase, situations


def builds_go_the_way_of_pulls(scenario: Scenario, history: History) -> Iterator[Finding]:
    for step, situation, outcome in situations(scenario, history):
        if isinstance(step, Build):
            wanted = step.frontend or step.reference
            case = PullCase(outcome.step, Pull(wanted), situation, outcome, history.asked(outcome), history)
            if not case.is_hub or not case.exchanges:
                continue
            since = "a restart" if situation.changed_by == "restart" else "a reload"
            frontend = ", frontend" if step.frontend else ""
            finding = _judged(case, _fetched if step.frontend else _begun)
            yield replace(finding, variant=f"{step.builder}: after {since}{frontend}", step=outcome.step)


def _judged(case: PullCase, got: Callable[[PullCase, str], Finding | None]) -> Finding:
    stray = [e for e in case.exchanges if e.server not in case.situation.endpoints]
    if stray:
        return broken(f"{stray[0].server} is not configured, yet a build asked it", stray)
    seen = [server for server in case.situation.mirrors if not unseen(case, server)]
    if seen and not case.to(seen):
        return broken(f"a build fetched {case.spelled()} past {' and '.join(seen)}", case.exchanges)
    return (
        disorder(case)
        or _served(case, got)
        or kept(f"a build asked in order: {', '.join(case.asked())}", case.exchanges)
    )


def _served(case: PullCase, got: Callable[[PullCase, str], Finding | None]) -> Finding | None:
    """What is wrong with what a build got of the first endpoint that has all of the image."""
    server = first_server(case)
    if server is None:
        return None
    later = case.to(case.situation.endpoints[case.situation.endpoints.index(server) + 1 :])
    if later:
        return broken(f"{server} has a usable copy of {case.spelled()}, yet a build asked {later[0].server} too", later)
    return got(case, server)


def _begun(case: PullCase, server: str) -> Finding | None:
    """What is wrong with the image that a build begins with."""
    content, built = case.content(case.image_at(server) or ""), case.outcome.image
    if content is None or built is None or built.layers != content.diff_ids:
        ending = f"failed: {case.outcome.error}" if case.outcome.result != "ok" else "begins with another image"
        return broken(f"{server} has a usable copy of {case.spelled()}, and the build {ending}", case.exchanges)
    return None


def _fetched(case: PullCase, server: str) -> Finding | None:
    """What a build did not fetch of an image that is to read the Dockerfile, and which does not get to that here."""
    content = case.content(case.image_at(server) or "")
    given = {e.reference for e in case.to((server,)) if e.method == "GET" and e.status == 200}
    if content is None or given.issuperset(entry.digest for entry in content.objects):
        return None
    return broken(
        f"{server} has a usable copy of {case.spelled()}, and the build did not fetch all of it: {case.outcome.error}",
        case.exchanges,
    )


HISTORY_RULES: dict[str, HistoryRule] = {"BUILD-1": builds_go_the_way_of_pulls}
