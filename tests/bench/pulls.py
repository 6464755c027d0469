"""Pulls a second on real daemons: bare, by the engine API alone, and through the lab with its judge.

Run by ``tox run -e bench -- pulls``. For each daemon, in alternating rounds, the same kind of image is pulled from the
same mirror: with nothing around it but its removal, and as a property test does, drawn by hypothesis, arranged, pulled,
inspected, fetched from the journal, judged and removed. Ratios within one run are what to look at.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from fixtures.lab.lab import Lab
from fixtures.lab.registries import Registries
from fixtures.profiles import select
from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Holdings, ImageSpec
from suites.judge import judge
from suites.preparing import prepared

MIRROR = ("https://mirror.gcr.io",)


def scenario(*names: str) -> Scenario:
    """Images that a mirror holds, each of one small layer, and a pull of each."""
    copies = tuple(Copy("library/app", name, name) for name in names)
    return Scenario(
        images={name: ImageSpec(name) for name in names},
        servers={"mirror-1": Holdings(copies), "hub": Holdings(copies)},
        mirrors=MIRROR,
        steps=tuple(Pull(Reference("library/app", name, short=True)) for name in names),
    )


def bare(lab: Lab, pulls: int) -> float:
    """Seconds for pulls by the engine API alone, each with its removal."""
    names = [f"v{number}" for number in range(pulls)]
    with lab.open(scenario(*names)) as play:
        began = time.perf_counter()
        for name in names:
            play.pull_bare(Reference("library/app", name, short=True))
        return time.perf_counter() - began


def through_the_lab(lab: Lab, pulls: int) -> float:
    """Seconds for as many drawn scenarios of one pull each, played and judged."""

    @settings(
        max_examples=pulls,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(st.integers())
    def search(number: int) -> None:
        played = scenario(f"v{abs(number) % 1000}")
        judge(played, lab.play(played))

    began = time.perf_counter()
    search()
    return time.perf_counter() - began


def main() -> None:
    """Measure the chosen daemons and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", action="append", help="a daemon, a pattern, default or all (default: all)")
    parser.add_argument("--pulls", type=int, default=60, help="pulls in each round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each kind")
    chosen = parser.parse_args()
    profiles = select(chosen.daemon or ["all"])
    table = Table("daemon", "bare ms", "bare/s", "lab ms", "lab/s", "overhead", "least", "greatest")
    with prepared(profiles, "auto") as images, Registries(images) as registries:
        for profile in profiles:
            with Lab(profile, registries) as lab:
                table.add_row(profile.name, *_row(lab, chosen.pulls, chosen.rounds))
    Console(width=110).print(table)


def _row(lab: Lab, pulls: int, rounds: int) -> list[str]:
    kinds: tuple[Callable[[Lab, int], float], ...] = (bare, through_the_lab)
    for kind in kinds:
        kind(lab, 10)
    timed = [tuple(kind(lab, pulls) / pulls for kind in kinds) for _ in range(rounds)]
    plain, whole = median(round_[0] for round_ in timed), median(round_[1] for round_ in timed)
    ratios = sorted(round_[1] / round_[0] - 1 for round_ in timed)
    return [
        f"{plain * 1000:.1f}",
        f"{1 / plain:.1f}",
        f"{whole * 1000:.1f}",
        f"{1 / whole:.1f}",
        f"{median(ratios):+.0%}",
        f"{ratios[0]:+.0%}",
        f"{ratios[-1]:+.0%}",
    ]


if __name__ == "__main__":
    main()
