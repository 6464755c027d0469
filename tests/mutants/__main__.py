"""The kill table: every rule and the mutants that turn it red; every rule beside broken mirrors; the rules for mirrors
and the broken mirrors that they find out.

The exit code is 1, with a sentence each, where a rule or a mutant survives.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fixtures.model import Switch
from suites.catalogue import rules
from suites.explaining import BROKEN_BY
from suites.mirror.judge import rules as mirror_rules
from tests.mutants.broken_mirrors import trying as broken_mirrors
from tests.mutants.broken_mirrors.table import MUTANTS
from tests.mutants.mirrors import FAULTS, LACKS, SILENT
from tests.mutants.table import KILLS, Kill
from tests.mutants.trying import CASES, Beside, Tried, complaints, try_mirrors, try_mutant


def main() -> None:
    """Try all mutants, print the tables, and say what survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it to a file, too")
    parser.add_argument("--broken-by", action="store_true", help="only write what `mirror-conformance explain` tells")
    chosen = parser.parse_args()
    if chosen.broken_by:
        BROKEN_BY.write_text(json.dumps(broken_by(), indent=2) + "\n", encoding="utf-8")
        return
    tried = [try_mutant(kill, store) for kill, store in CASES]
    beside = try_mirrors()
    mirrors = broken_mirrors.try_all()
    survivors = (*complaints(tried, beside), *broken_mirrors.complaints(mirrors))
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(_killed(tried))
    console.print(_kept(beside))
    console.print(_found_out(mirrors))
    for sentence in survivors:
        console.print(sentence, style="bold red", markup=False)
    killed = sum(not one.complaint for one in tried)
    kept = sum(one.kept for one in beside)
    console.print(
        f"{len(rules())} rules, {len({_mutant(one.kill) for one in tried})} broken daemons, {len(tried)} trials, "
        f"{killed} killed; {len(FAULTS) + len(LACKS)} broken mirrors, {kept} verdicts beside "
        f"them; {len(mirror_rules())} rules for mirrors, {len(mirrors)} broken mirrors on trial; "
        f"{len(survivors) or 'no'} survivors.",
        style="bold red" if survivors else "bold green",
    )
    if chosen.json:
        chosen.json.write_text(
            json.dumps(_document(tried, beside, mirrors, survivors), indent=2) + "\n", encoding="utf-8"
        )
    sys.exit(bool(survivors))


def broken_by() -> dict[str, list[str]]:
    """By rule, in words, the broken daemons or mirrors that turn it red."""
    switches = [
        (rule, [kill for kill in KILLS if kill.rule == rule and isinstance(kill.by, Switch)]) for rule in rules()
    ]
    daemons = {rule: list(dict.fromkeys(str(kill.by) for kill in kills)) for rule, kills in switches}
    mirrors = {
        rule: list(dict.fromkeys(mutant.says for mutant in MUTANTS if rule in mutant.rules)) for rule in mirror_rules()
    }
    return daemons | mirrors


def _killed(tried: Iterable[Tried]) -> Table:
    table = Table("rule", "is killed by a daemon that", "classic", "containerd", title="Rules and broken daemons")
    order = list(rules())
    for rule, of_rule in groupby(sorted(tried, key=lambda one: order.index(one.kill.rule)), lambda one: one.kill.rule):
        by_mutant: dict[str, list[Tried]] = {}
        for one in of_rule:
            by_mutant.setdefault(_mutant(one.kill), []).append(one)
        for number, (mutant, all_of_it) in enumerate(by_mutant.items()):
            cells = [_cell([one for one in all_of_it if one.store == store]) for store in ("classic", "containerd")]
            table.add_row("" if number else rule, mutant, *cells, end_section=number == len(by_mutant) - 1)
    return table


def _cell(tried: list[Tried]) -> str:
    if not tried:
        return "-"
    survived = sum(bool(one.complaint) for one in tried)
    return f"[bold red]{survived} SURVIVE[/]" if survived else f"killed {len(tried)}"


def _mutant(kill: Kill) -> str:
    """What is broken, in words."""
    if isinstance(kill.by, Switch):
        return str(kill.by)
    return f"(its history) {kill.by.__name__.replace('_', ' ')}"


def _kept(beside: Iterable[Beside]) -> Table:
    table = Table("rule", "broken mirrors", "kept", "blamed", title="Rules and broken mirrors, with a right daemon")
    beside = list(beside)
    for rule in rules():
        of_rule = [one for one in beside if one.rule == rule]
        blamed = sum(len(one.complaints) for one in of_rule)
        if rule in SILENT and not of_rule:
            table.add_row(rule, SILENT[rule], "-", "-")
        else:
            kept = str(sum(one.kept for one in of_rule))
            table.add_row(rule, str(len(of_rule)), kept, f"[bold red]{blamed}[/]" if blamed else "0")
    return table


def _found_out(mirrors: Iterable[broken_mirrors.Tried]) -> Table:
    table = Table("rule", "finds out a mirror that", "on the trial", "", title="Rules for mirrors and broken mirrors")
    mirrors = tuple(mirrors)
    for rule in mirror_rules():
        of_rule = [one for one in mirrors if rule in one.mutant.rules]
        for number, one in enumerate(of_rule):
            cell = "[bold red]SURVIVES[/]" if one.complaint else "killed"
            table.add_row("" if number else rule, one.mutant.says, one.mutant.trial, cell)
    return table


def _document(
    tried: Iterable[Tried],
    beside: Iterable[Beside],
    mirrors: Iterable[broken_mirrors.Tried],
    survivors: tuple[str, ...],
) -> dict[str, object]:
    return {
        "rules": list(rules()),
        "daemons": [
            {
                "rule": one.kill.rule,
                "mutant": _mutant(one.kill),
                "store": one.store,
                "killed": not one.complaint,
                "said": one.said,
            }
            for one in tried
        ],
        "mirrors": [
            {"rule": one.rule, "mirror": one.mirror, "kept": one.kept, "blamed": len(one.complaints)} for one in beside
        ],
        "broken mirrors": [
            {
                "rules": list(one.mutant.rules),
                "mutant": one.mutant.says,
                "trial": one.mutant.trial,
                "killed": not one.complaint,
                "said": one.said,
            }
            for one in mirrors
        ],
        "survivors": list(survivors),
    }


if __name__ == "__main__":
    main()
