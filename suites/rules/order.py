"""ORDER: who is asked, and in which order."""

from dataclasses import replace
from itertools import groupby, pairwise

from simulator.arrangement import Break
from simulator.journal import Exchange
from suites.rules.endpoints import UNSEEN, hit, unseen, variant
from suites.rules.finding import Finding, PullRule, broken, kept
from suites.timeline import PullCase

_ASIDE = frozenset({"token", "other"})
"""Stages at which a server is asked where a challenge of its own says, and not where it is configured."""


def in_configured_order(case: PullCase) -> Finding | None:
    if not case.is_hub or not case.situation.mirrors or not case.exchanges:
        return None
    finding = disorder(case) or kept(f"asked in order: {', '.join(case.asked())}", _first_contacts(case.exchanges))
    return replace(finding, variant=variant(case))


def first_usable_copy_serves(case: PullCase) -> Finding | None:
    server = hit(case)
    return replace(_served_by(case, server), variant=variant(case)) if server else None


def _served_by(case: PullCase, server: str) -> Finding:
    position = case.situation.endpoints.index(server)
    later = case.to(case.situation.endpoints[position + 1 :])
    if later:
        asked = ", ".join(dict.fromkeys(e.server for e in later))
        return broken(f"{server} has a usable copy of {case.spelled()}, yet {asked} was asked too", later)
    if case.outcome.result != "ok" or case.got() != case.image_at(server):
        return broken(
            f"{server} has a usable copy of {case.spelled()}, yet the pull did not bring it: "
            f"{case.outcome.error or 'another image was taken'}",
            case.to((server,)),
        )
    return kept(f"{server} served {case.spelled()}, and nobody after it was asked", case.to((server,)))


def new_order_after_change(case: PullCase) -> Finding | None:
    if not case.is_hub or case.situation.changed_by == "start" or not case.exchanges:
        return None
    return replace(_new_order(case), variant=variant(case, case.situation.changed_by))


def _new_order(case: PullCase) -> Finding:
    strangers = [e for e in case.exchanges if e.server not in case.situation.endpoints]
    if strangers:
        return broken(f"{strangers[0].server} is no longer configured, yet was asked", strangers)
    return disorder(case) or kept(
        f"after the {case.situation.changed_by}, asked in the new order: {', '.join(case.asked())}",
        _first_contacts(case.exchanges),
    )


def disorder(case: PullCase) -> Finding | None:
    """What is wrong with the order in which the endpoints were asked, if anything is."""
    ranks = {server: rank for rank, server in enumerate(case.situation.endpoints)}
    known = [e for e in case.exchanges if e.server in ranks]
    upgraded = [e for e in known if e.server in case.situation.plain and e.scheme == "https" and e.stage not in _ASIDE]
    if upgraded:
        return broken(f"{upgraded[0].server} is configured in plain HTTP and was asked in HTTPS", upgraded)
    if case.together:
        hidden = {c.server for c in case.meanwhile if isinstance(c, Break) and c.fault.kind in UNSEEN}
        known = [e for e in known if e.server not in hidden and not unseen(case, e.server)]
    else:
        skipping = _skipping(case, known, ranks)
        if skipping:
            return skipping
    for _, group in groupby(sorted(known, key=_object), key=_object):
        contacts = _first_contacts(tuple(group))
        for before, after in pairwise(contacts):
            if ranks[after.server] < ranks[before.server]:
                return broken(
                    f"for {after.role or after.reference or after.stage}, {before.server} was asked before "
                    f"{after.server}, which is configured first",
                    [before, after],
                )
    return None


def _skipping(case: PullCase, known: list[Exchange], ranks: dict[str, int]) -> Finding | None:
    """Whom the pull came to before one that is configured first. Of pulls that overlap nobody knows: whose the ping was
    that a mirror did not answer cannot be told.
    """
    visible = [server for server in case.situation.endpoints if not unseen(case, server)]
    asked: set[str] = set()
    for exchange in _first_contacts(known):
        skipped = [s for s in visible if ranks[s] < ranks[exchange.server] and s not in asked]
        if skipped:
            return broken(f"{exchange.server} was asked before {skipped[0]}, which is configured first", [exchange])
        asked.add(exchange.server)
    return None


def _object(exchange: Exchange) -> tuple[str, str]:
    return (exchange.repository, exchange.reference) if exchange.reference else (exchange.stage, "")


def _first_contacts(exchanges: tuple[Exchange, ...] | list[Exchange]) -> list[Exchange]:
    first: dict[str, Exchange] = {}
    for exchange in sorted(exchanges, key=lambda e: e.seq):
        first.setdefault(exchange.server, exchange)
    return list(first.values())


RULES: dict[str, PullRule] = {
    "ORDER-1": in_configured_order,
    "ORDER-2": first_usable_copy_serves,
    "ORDER-3": new_order_after_change,
}
