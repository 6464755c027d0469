"""CRED: who gets to see what a user has logged in with."""

from dataclasses import replace

from simulator.journal import Exchange
from suites.rules.finding import Finding, PullRule, broken, kept
from suites.timeline import HUB, PullCase

_SECRETS = frozenset({"basic", "other"})
"""Credentials that hold a password: in a header, or in a form."""


def hub_credentials_reach_hub_alone(case: PullCase) -> Finding | None:
    if not case.is_hub or not case.customer.account:
        return None
    others = tuple(e for e in case.exchanges if e.server != HUB)
    if not others:
        return None
    told = [e for e in others if e.credentials in _SECRETS]
    if told:
        return replace(
            broken(f"{told[0].server} was sent what {case.customer.account} logs in with", told), variant="password"
        )
    lent = [e for e in _first_tokens(others) if _is_of_hub(case, e)]
    if lent:
        return replace(broken(f"{lent[0].server} was sent a token of {case.customer.account}'s", lent), variant="token")
    asked = "asked for them" if any(e.status == 401 for e in others) else "did not ask for them"
    return replace(kept(f"{others[0].server} {asked}, and got none of Hub's credentials", others), variant=asked)


def _first_tokens(exchanges: tuple[Exchange, ...]) -> list[Exchange]:
    """The first exchange with each server in which it was sent a token."""
    first: dict[str, Exchange] = {}
    for exchange in exchanges:
        if exchange.credentials == "bearer":
            first.setdefault(exchange.server, exchange)
    return list(first.values())


def _is_of_hub(case: PullCase, exchange: Exchange) -> bool:
    """Whether the token that a stranger was sent is the one that Docker Hub gave for the account just before."""
    given = [e for e in case.exchanges if e.seq < exchange.seq and e.status == 200 and _gives_tokens(e)]
    return bool(given) and bool(given[-1].account)


def _gives_tokens(exchange: Exchange) -> bool:
    return exchange.stage == "token" or exchange.target.partition("?")[0] == "/token"


def own_credentials_are_used_with_a_mirror_alone(case: PullCase) -> Finding | None:
    """A login at Docker Hub beside one at a mirror would leave open whose credentials were seen."""
    if not case.customer.members or case.customer.account:
        return None
    told = [e for e in case.exchanges if e.credentials in _SECRETS]
    strangers = [e for e in told if e.server not in case.customer.members]
    if strangers:
        return broken(
            f"{strangers[0].server} was sent what was meant for {', '.join(case.customer.members)}", strangers
        )
    asked = [e for e in case.to(case.customer.members) if e.status == 401 and _says_how_to_sign_in(case, e.server)]
    if case.host in case.customer.members and asked and not told:
        return broken(f"{case.host} asked for the credentials that were given for it, and got none", asked)
    if told:
        return kept(f"{told[0].server} alone was sent what was given for it", told)
    return kept("nobody was sent the mirror's credentials", case.exchanges) if case.exchanges else None


def _says_how_to_sign_in(case: PullCase, server: str) -> bool:
    """Whether a server's every 401 comes with a challenge: one without asks for nothing (RFC 9110 section 15.5.2)."""
    return all(fault.challenge for fault in case.shelf(server).faults if fault.status == 401)


RULES: dict[str, PullRule] = {
    "CRED-1": hub_credentials_reach_hub_alone,
    "CRED-2": own_credentials_are_used_with_a_mirror_alone,
}
