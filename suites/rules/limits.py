"""RATE: what pulls cost of Docker Hub's limits, and what is left to whoever has used them up."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from fixtures.history import History
from fixtures.scenario import Scenario
from simulator.journal import Exchange
from suites.rules.endpoints import hit, how_it_failed, variant
from suites.rules.finding import Finding, HistoryRule, PullRule, broken, kept
from suites.timeline import HUB, PullCase, pulls

PAUSE = 1.0
"""Seconds. Whoever has been told 429 and asks the same again sooner has not heard it: Retry-After, where a server
sends it, counts in whole seconds (RFC 9110 section 10.2.3).
"""

_ONCE_MORE = 2
"""Requests. A GET may be repeated once by an HTTP client that knows of no 429 yet (RFC 9110 section 9.2.2)."""


def pulls_cost_what_hub_documents(scenario: Scenario, history: History) -> Iterator[Finding]:
    for case in pulls(scenario, history) if scenario.limits else ():
        wanted = _documented_cost(scenario, case)
        if wanted is None:
            continue
        spent = [entry for entry in history.spent(case.outcome) if entry.cost]
        cost = sum(entry.cost for entry in spent)
        paid = [e for e in case.exchanges if e.seq in {entry.seq for entry in spent}]
        served = f"{hit(case)} has all of" if not wanted else "no mirror has"
        said = f"{served} {case.spelled()}, and the pull cost {cost} of Hub's limit"
        finding = kept(said, paid or case.exchanges) if cost == wanted else broken(f"{said}, not {wanted}", paid)
        kind = "miss" if wanted else "hit"
        yield replace(finding, variant=variant(case, kind), step=case.number, measure=((f"cost of a {kind}", cost),))


def _documented_cost(scenario: Scenario, case: PullCase) -> int | None:
    """What Docker Hub documents that a pull costs, where that is clear: nothing where a mirror serves it, one where
    Hub serves an image of one platform that the daemon never had.
    """
    if hit(case):
        return 0
    mirrors = case.situation.mirrors
    missed = all(case.copy_at(mirror) is None and case.misses(mirror) for mirror in mirrors)
    exempt = case.reference.repository in scenario.limits.exempt if scenario.limits else False
    if not case.is_hub or not missed or not case.usable(HUB) or case.image_at(HUB) in case.had or exempt:
        return None
    return 1 if case.outcome.result == "ok" else None


def over_the_limit_mirrors_serve(scenario: Scenario, history: History) -> Iterator[Finding]:
    for case in pulls(scenario, history):
        server = hit(case)
        if server is None or not case.customer.over_limit:
            continue
        if case.outcome.result == "ok" and case.got() == case.image_at(server):
            finding = kept(f"Hub's limit is used up, and {server} served {case.spelled()}", case.to((server,)))
        else:
            finding = broken(
                f"Hub's limit is used up, {server} has all of {case.spelled()}, and the pull {how_it_failed(case)}",
                case.exchanges,
            )
        yield replace(finding, variant=variant(case), step=case.number)


def limiting_mirror_is_not_hammered(case: PullCase) -> Finding | None:
    refused = [e for e in case.to(case.situation.mirrors) if e.status == 429]
    if not case.is_hub or not refused:
        return None
    most = max(Counter(map(_request, refused)).values())
    burst = _burst(refused)
    if burst:
        finding = broken(
            f"{burst[0].server} answered 429, and was asked the same {len(burst)} times within {PAUSE:g} s", burst
        )
    else:
        finding = kept(f"{refused[0].server} answered 429, and was not asked the same again and again", refused)
    return replace(finding, variant=variant(case), measure=(("the same request after 429", float(most)),))


def _burst(refused: list[Exchange]) -> list[Exchange]:
    """A request that was refused and repeated, twice or more, within the pause."""
    for _, group in groupby(sorted(refused, key=_request), key=_request):
        alike = list(group)
        for first in alike:
            within = [e for e in alike if 0 <= e.began - first.began < PAUSE]
            if len(within) > _ONCE_MORE:
                return within
    return []


def _request(exchange: Exchange) -> tuple[str, str, str]:
    return exchange.server, exchange.method, exchange.target


RULES: dict[str, PullRule] = {"RATE-3": limiting_mirror_is_not_hammered}
HISTORY_RULES: dict[str, HistoryRule] = {
    "RATE-1": pulls_cost_what_hub_documents,
    "RATE-2": over_the_limit_mirrors_serve,
}
