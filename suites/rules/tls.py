"""TLS: whom a daemon trusts, whatever is configured for mirrors."""

from dataclasses import replace

from suites.rules.endpoints import PLAIN_HTTP, brought_what_was_offered, hit, how_it_failed, rescued
from suites.rules.finding import Finding, PullRule, broken, kept
from suites.timeline import HUB, PullCase


def mirrors_weaken_nothing_towards_hub(case: PullCase) -> Finding | None:
    if not case.is_hub or not case.situation.mirrors or hit(case):
        return None
    finding = _towards_hub(case)
    return finding and replace(finding, variant=_setting(case))


def _setting(case: PullCase) -> str:
    """The weakest of what is configured for mirrors."""
    return PLAIN_HTTP if case.situation.plain else "insecure" if case.situation.insecure else "https"


def _towards_hub(case: PullCase) -> Finding | None:
    to_hub, untrusted = case.to((HUB,)), _is_untrusted(case, HUB)
    in_plain = [e for e in to_hub if e.scheme == "http"]
    if in_plain:
        return broken("Hub was asked in plain HTTP", in_plain)
    if untrusted and to_hub:
        return broken("Hub has a certificate that nobody trusts, and was asked all the same", to_hub)
    if untrusted:
        return kept(f"Hub has a certificate that nobody trusts, and was not asked: {case.outcome.error}")
    return kept("Hub was asked in TLS, with a certificate that is trusted", to_hub) if to_hub else None


def untrusted_mirror_is_not_used(case: PullCase) -> Finding | None:
    met = _untrusted_mirrors_met(case)
    if not met:
        return None
    used = case.to(met)
    names = " and ".join(met)
    if used:
        return broken(f"{used[0].server} has a certificate that nobody trusts, and was asked all the same", used)
    others_behave = all(case.clean(s) for s in case.situation.endpoints if s not in met)
    if not others_behave or not rescued(case, met[-1]):
        return None
    if brought_what_was_offered(case):
        return kept(f"{names} has a certificate that nobody trusts, and was not asked", case.exchanges)
    return broken(
        f"{names} has a certificate that nobody trusts, a later endpoint has {case.spelled()}, and the pull "
        f"{how_it_failed(case)}",
        case.exchanges,
    )


def _untrusted_mirrors_met(case: PullCase) -> list[str]:
    """The untrusted mirrors that stand before whoever serves the pull."""
    met: list[str] = []
    if case.is_hub:
        for server in case.situation.mirrors:
            if case.usable(server):
                break
            met += [server] if _is_untrusted(case, server) else []
    return met


def _is_untrusted(case: PullCase, server: str) -> bool:
    return any(fault.kind == "untrusted" for fault in case.shelf(server).faults)


RULES: dict[str, PullRule] = {
    "TLS-1": mirrors_weaken_nothing_towards_hub,
    "TLS-2": untrusted_mirror_is_not_used,
}
