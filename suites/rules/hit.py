"""HIT, OUTAGE, DIGEST, STALE, SYNC: what a copy at a mirror is good for."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.history import History
from fixtures.scenario import Scenario, Step
from simulator.arrangement import Evict, Fault, Publish, Warm
from suites.rules.endpoints import PLAIN_HTTP, hit, how_it_failed, variant
from suites.rules.finding import Finding, HistoryRule, PullRule, broken, kept
from suites.timeline import HUB, PullCase, pulls


def hit_asks_nothing_of_hub(case: PullCase) -> Finding | None:
    server = hit(case)
    if server is None:
        return None
    to_hub = case.to((HUB,))
    if to_hub:
        finding = broken(f"{server} has all of {case.spelled()}, yet Hub was asked for {to_hub[0].stage}", to_hub)
    else:
        finding = kept(f"{server} has all of {case.spelled()}, and Hub saw no request", case.to((server,)))
    return replace(finding, variant=variant(case))


def cached_image_is_pulled_while_hub_is_down(case: PullCase) -> Finding | None:
    server = hit(case)
    how = next(filter(None, map(_outage, case.shelf(HUB).faults)), "")
    if server is None or not how:
        return None
    if case.outcome.result == "ok" and case.got() == case.image_at(server):
        finding = kept(f"Hub is down ({how}), and {server} served {case.spelled()}", case.to((server,)))
    else:
        finding = broken(
            f"Hub is down ({how}), {server} has all of {case.spelled()}, and the pull {how_it_failed(case)}",
            case.exchanges,
        )
    return replace(finding, variant=f"{how}: {PLAIN_HTTP}" if case.situation.plain else how)


def _outage(fault: Fault) -> str:
    """What keeps a server from serving anybody anything, if a fault does."""
    if fault.kind in ("refuse", "dns"):
        return fault.kind
    if fault.at != "any" or fault.method or fault.skip or fault.times is not None:
        return ""
    if fault.kind == "status":
        return "5xx" if fault.status >= 500 else ""
    return fault.kind if fault.kind in ("hang", "reset") else ""


def digest_yields_that_digest(case: PullCase) -> Finding | None:
    if case.reference.digest is None or case.outcome.result != "ok":
        return None
    if case.got() == case.reference.digest:
        return kept(f"the pull by digest brought {case.reference.digest}", case.exchanges)
    return broken(
        f"the pull by digest of {case.reference.digest} brought {case.got() or 'something else'}", case.exchanges
    )


def older_copy_wins(case: PullCase) -> Finding | None:
    server = hit(case)
    if server is None or case.reference.digest is not None:
        return None
    older, newer = case.image_at(server), case.image_at(HUB)
    if newer is None or older == newer or case.outcome.result != "ok":
        return None
    behind = _versions_behind(case, older)
    if behind is None:
        return None
    if case.got() == older:
        finding = kept(
            f"{server} served a copy of {case.spelled()} that is {behind} version(s) behind Hub's", case.to((server,))
        )
    else:
        finding = broken(f"{server} has an older copy of {case.spelled()}, yet {case.got()} was taken", case.exchanges)
    return replace(finding, variant=variant(case), measure=(("versions behind", float(behind)),))


def _versions_behind(case: PullCase, older: str | None) -> int | None:
    """How often Hub's tag was published anew since the older image; ``None``: Hub never had it there."""
    copies = [c for c in case.shelf(HUB).copies if c.repository == case.reference.repository]
    positions = [number for number, copy in enumerate(copies) if copy.image == older]
    return len(copies) - 1 - positions[-1] if positions else None


def synced_mirror_gives_hubs_present_copy(scenario: Scenario, history: History) -> Iterator[Finding]:
    cases = {case.number: case for case in pulls(scenario, history)}
    synced: set[tuple[str, str, str]] = set()
    for number, step in enumerate(scenario.steps):
        case = cases.get(number)
        finding = _synced(case, synced) if case else None
        if case and finding:
            yield replace(finding, variant=variant(case), step=number)
        synced = _after(synced, step)


def _synced(case: PullCase, synced: set[tuple[str, str, str]]) -> Finding | None:
    server, reference = hit(case), case.reference
    if server is None or reference.digest is not None or case.image_at(HUB) is None:
        return None
    if (server, reference.repository, reference.tag or "latest") not in synced:
        return None
    if case.outcome.result == "ok" and case.got() == case.image_at(HUB):
        return kept(f"{server} has synced {case.spelled()} with Hub, and gave {case.got()}", case.to((server,)))
    return broken(
        f"{server} has synced {case.spelled()} with Hub, which is {case.image_at(HUB)}, and the pull "
        f"{how_it_failed(case)}",
        case.exchanges,
    )


def _after(synced: set[tuple[str, str, str]], step: Step) -> set[tuple[str, str, str]]:
    """Which mirrors have which tags as Docker Hub has them, because they took them from there."""
    match step:
        case Warm(server=server, repository=repository, tag=tag):
            return synced | {(server, repository, tag)}
        case Publish(server=server, repository=repository, tag=tag):
            return {one for one in synced if one[1:] != (repository, tag) or server not in {HUB, one[0]}}
        case Evict(server=server, repository=repository):
            return {one for one in synced if one[1] != repository or server not in {HUB, one[0]}}
        case _:
            return synced


RULES: dict[str, PullRule] = {
    "HIT-1": hit_asks_nothing_of_hub,
    "OUTAGE-1": cached_image_is_pulled_while_hub_is_down,
    "DIGEST-1": digest_yields_that_digest,
    "STALE-1": older_copy_wins,
}

HISTORY_RULES: dict[str, HistoryRule] = {"SYNC-1": synced_mirror_gives_hubs_present_copy}
