"""What many results have in common, said once."""

from collections.abc import Iterable, Sequence

from report import attribution
from report.results import Example, RuleResult, Run
from report.text import TOGETHER, inert, listed
from suites.verdict import Rule

_NAMED = 5
_REPLAYS = 3


def split(rule: str) -> tuple[str, str]:
    """The id of a rule as its base and its variant: ``FALLBACK-2`` and ``dns``."""
    base, _, variant = rule.partition("/")
    return base, variant


def entries(results: Iterable[RuleResult]) -> dict[str, list[RuleResult]]:
    """Results by reason; one that has several deviations stands under each of theirs."""
    found: dict[str, list[RuleResult]] = {}
    for result in results:
        known = [known.cause.told for known in result.deviations] if result.status == "deviation" else []
        for reason in dict.fromkeys(known or (result.reason,)):
            found.setdefault(reason, []).append(result)
    return found


def entry(run: Run, reason: str, results: Sequence[RuleResult]) -> str:
    """One entry of a list: the rules, the daemons, whose it is, the reason that they share, and what to replay."""
    where: dict[str, list[str]] = {}
    for result in results:
        where.setdefault(result.rule.id, []).append(result.daemon)
    what = "; ".join(f"{rules(run, ids)} on {daemons(run, names)}" for names, ids in _alike(where))
    whose = attribution.told(results)
    attributed = f" ({whose})" if whose else ""
    return f"{inert(what)}{attributed}: {inert(reason) or 'no reason was given.'}{_replays(results)}"


def explained(failed: Iterable[RuleResult]) -> tuple[list[list[tuple[Example, Rule]]], dict[str, list[RuleResult]]]:
    """Which failures to explain, and which only to name.

    Those of one scenario on one daemon are explained together. A reason that is told of a rule already is named with
    the further daemon, under the one that it was told of; what has no example, under an empty name.
    """
    told: dict[tuple[str, str], str] = {}
    fresh: list[RuleResult] = []
    brief: dict[str, list[RuleResult]] = {}
    for result in failed:
        known = told.setdefault((result.rule.id, result.reason), result.daemon)
        if result.example and known == result.daemon:
            fresh.append(result)
        else:
            brief.setdefault(known if known != result.daemon else "", []).append(result)
    return _by_scenario(fresh), brief


def unexercised(run: Run) -> list[str]:
    """The rules that a run says nothing about; first those of which it does so on no daemon."""
    where: dict[str, list[str]] = {}
    for result in run.results:
        if result.status == "not exercised":
            where.setdefault(result.rule.id, []).append(result.daemon)
    everywhere = [rule for rule, names in where.items() if len(names) == len(run.daemons)]
    lines = [inert(rules(run, everywhere))] if everywhere else []
    missing = {
        daemon.name: [rule for rule, names in where.items() if daemon.name in names and rule not in everywhere]
        for daemon in run.daemons
    }
    lines += [inert(f"on {listed(names)}: {rules(run, ids)}") for ids, names in _alike(missing) if ids]
    return lines


def rules(run: Run, ids: Iterable[str]) -> str:
    """Ids of rules, those of one base together: ``HIT-1, FALLBACK-2/dns, reset``, ``FALLBACK-2 (17 variants)``. A rule
    may stand beside variants of its own: ``CONFIG-7, CONFIG-7/containers``.
    """
    bases: dict[str, list[str]] = {}
    for rule in ids:
        base, variant = split(rule)
        bases.setdefault(base, []).append(variant)
    words = []
    for base, found in bases.items():
        variants = [variant for variant in found if variant]
        if variants != found:
            words.append(base)
        if not variants:
            continue
        there = sum(rule.id.startswith(f"{base}/") for rule in run.rules)
        if len(variants) == there > 2:
            words.append(f"{base} ({there} variants)")
        elif len(variants) > _NAMED:
            words.append(f"{base} ({len(variants)} of {there} variants)")
        else:
            words.append(f"{base}/{', '.join(variants)}")
    return ", ".join(words)


def daemons(run: Run, names: Sequence[str]) -> str:
    """Daemons by name, or by their number where they are all of a run."""
    if 1 < len(names) == len(run.daemons):
        return "both daemons" if len(names) == 2 else f"all {len(names)} daemons"
    return listed(list(names))


def _by_scenario(results: list[RuleResult]) -> list[list[tuple[Example, Rule]]]:
    """The examples, those of one scenario on one daemon together."""
    groups: list[tuple[str, list[tuple[Example, Rule]]]] = []
    for result in results:
        if result.example is None:
            continue
        played = _played(result.example)
        alike = (cases for daemon, cases in groups if daemon == result.daemon and _played(cases[0][0]) == played)
        cases = next(alike, None)
        if cases is None:
            cases = []
            groups.append((result.daemon, cases))
        cases.append((result.example, result.rule))
    return [cases for _, cases in groups]


def _played(example: Example) -> object:
    """What was played: a daemon's scenario, or a mirror's."""
    return example.tried.scenario if example.tried else example.scenario


def _alike(where: dict[str, list[str]]) -> list[tuple[list[str], list[str]]]:
    """The keys by their values."""
    found: dict[tuple[str, ...], list[str]] = {}
    for key, values in where.items():
        found.setdefault(tuple(values), []).append(key)
    return [(list(values), keys) for values, keys in found.items()]


def _replays(results: Sequence[RuleResult]) -> str:
    """A few ids for ``replay``, or names of trials: of results that have no other reason first, of each rule before a
    second of any.
    """
    seen: list[str] = []
    ranked: list[tuple[bool, int, str]] = []
    for result in results:
        if result.example:
            ranked.append((len(result.deviations) > 1, seen.count(result.rule.id), _name(result.example)))
            seen.append(result.rule.id)
    ids = list(dict.fromkeys(name for *_, name in sorted(ranked, key=lambda one: one[:2])))
    if not ids:
        return ""
    more = f" and {len(ids) - _REPLAYS} more" if len(ids) > _REPLAYS else ""
    verb = "trial" if any(result.example and result.example.tried for result in results) else "replay"
    return f" ({verb} {', '.join(map(inert, ids[:_REPLAYS]))}{more})".replace(" ", TOGETHER).replace(TOGETHER, " ", 1)


def _name(example: Example) -> str:
    """What plays it again: an id for ``replay``, or the name of a trial."""
    return example.tried.name if example.tried else example.id
