"""Ask daemons what they make of misconfigurations, and write docs/configuration.md of it, and of what verify says."""

import argparse
import os
import sys

from fixtures.engine.discovery import ensure_engine
from fixtures.images.making import ensure_images
from fixtures.lab.lab import Lab
from fixtures.lab.registries import Registries
from fixtures.profiles import Profile, select
from suites.configuration.misconfigurations import MISCONFIGURATIONS
from suites.configuration.told import TOLD, Answers, ask, read, write


def main() -> None:
    """Ask the daemons that are named; what others were told before stays."""
    parser = argparse.ArgumentParser(prog="python -m suites.configuration", description=__doc__)
    parser.add_argument("--daemon", action="append", help="a name, a pattern, default or all (all)")
    parser.add_argument("--page", action="store_true", help="ask nobody: make the page of what was told before")
    arguments = parser.parse_args()
    answers: Answers = read() if TOLD.exists() else {}
    if arguments.page:
        write(answers)
    else:
        _ask(select(arguments.daemon or ["all"]), answers)


def _ask(chosen: tuple[Profile, ...], answers: Answers) -> None:
    """Ask daemons, and write what they tell in its place among the answers, after each: it takes minutes."""
    engine = ensure_engine(print)
    os.environ.update(engine.environment())
    with Registries(ensure_images(engine, chosen, "auto", print)) as registries:
        for profile in chosen:
            with Lab(profile, registries) as lab:
                for number, one in enumerate(MISCONFIGURATIONS, start=1):
                    answers.setdefault(one.name, {})[profile.name] = ask(lab, one)
                    sys.stderr.write(f"\r{profile.name}: {number} of {len(MISCONFIGURATIONS)} ")
            write(answers)
            sys.stderr.write("\n")


if __name__ == "__main__":
    main()
