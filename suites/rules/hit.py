"""HIT, DIGEST, STALE: what a copy at a mirror is good for."""

from dataclasses import replace

from suites.rules.endpoints import hit, variant
from suites.rules.finding import Finding, PullRule, broken, kept
from suites.timeline import HUB, PullCase


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


RULES: dict[str, PullRule] = {
    "HIT-1": hit_asks_nothing_of_hub,
    "DIGEST-1": digest_yields_that_digest,
    "STALE-1": older_copy_wins,
}
