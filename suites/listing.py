"""The daemons and the rules that there are, for people and for programs."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache

from fixtures.mirrors.playing import hook_of
from fixtures.mirrors.subject import HOOKS
from fixtures.profiles import MODELS, Profile, load_profiles
from suites import catalogue
from suites.inventory import WHERE, Test, inventory
from suites.mirror import judge as mirrors
from suites.mirror.trials import PROMISING, Trial, trials_of_rules
from suites.verdict import Rule, Subject

NEEDS: dict[Subject, str] = {
    "daemon": "a Docker engine, in which a dockerd runs beside a fake Docker Hub and fake mirrors; or a model of one",
    "configuration": "a Docker engine, in which a dockerd runs beside a fake Docker Hub; or a model of one",
    "mirror": "a mirror whose upstream is the fake Docker Hub of `mirror-conformance hub`, or one of ours; no Docker",
}
"""What it takes to try a rule of a subject."""

PROMISED = {"FRESH-1": "stale", "GONE-1": "deleted"}
"""The rules that judge a promise of the mirror's own, and which."""


def every_rule() -> dict[str, Rule]:
    """The rules of both books: for daemons and their configuration, then for mirrors."""
    return catalogue.rules() | mirrors.rules()


def needs(rule: Rule) -> str:
    """What it takes to try a rule."""
    return "; ".join([NEEDS[rule.subject], *(_of_mirror(rule.id) if rule.subject == "mirror" else ())])


def lines(*, sources: bool) -> Iterator[str]:
    """The daemons and rules, one a line; with ``sources`` also what is behind each rule."""
    for profile in load_profiles():
        tried = ", tried by default" if profile.default else ""
        yield f"{profile.name}: dockerd {profile.version}, {profile.store} image store{tried}"
    for profile in MODELS:
        yield f"{profile.name}: a model of a dockerd, {profile.store} image store; no Docker"
    yield ""
    for rule in every_rule().values():
        yield f"{rule.id}  {rule.level}  {rule.title}"
        if sources:
            yield f"    why: {rule.why}"
            yield f"    source: {rule.source}"
            yield f"    needs: {needs(rule)}"


def to_json() -> str:
    """All of it as JSON."""
    document = {
        "daemons": [_daemon(profile) for profile in (*load_profiles(), *MODELS)],
        "rules": [_rule(rule) for rule in every_rule().values()],
    }
    return json.dumps(document, indent=2) + "\n"


@cache
def tests_of_rules() -> dict[str, tuple[Test, ...]]:
    """The tests that are there for each rule. Every other one is evidence for it, too, where its case comes up."""
    each = inventory([*WHERE, f"--daemon={MODELS[0].name}", "--nightly"])
    found: dict[str, dict[str, Test]] = {rule: {} for rule in catalogue.rules()}
    for test in each:
        for rule in catalogue.select(test.rules) if test.rules else ():
            found[rule][test.function] = test
    return {rule: tuple(tests.values()) for rule, tests in found.items()}


def told(rule: Rule) -> list[str]:
    """The names of what is there for a rule: its tests, or a mirror's trials."""
    if rule.subject == "mirror":
        return [f"mirror --trial {shlex.quote(trial.name)}" for trial in _trials(rule.id)]
    return [test.function for test in tests_of_rules()[rule.id]]


def nightly(rule: Rule) -> bool:
    """Whether all that is there for a rule runs with ``--nightly`` alone."""
    tests = tests_of_rules().get(rule.id, ())
    return bool(tests) and all(test.nightly for test in tests)


def _trials(rule: str) -> tuple[Trial, ...]:
    found = trials_of_rules()
    return found.get(rule) or found.get(rule.partition("/")[0], ())


def _of_mirror(rule: str) -> list[str]:
    """What a mirror must be, declare or promise, and the hooks that it must have, for a rule to be observable."""
    base, variant = rule.partition("/")[::2]
    trials = _trials(rule)
    found = []
    only = variant if base == "PROFILE-1" else trials[0].only if len({trial.only for trial in trials}) == 1 else ""
    found += [f"the profile {only}"] if only else []
    if trials and all(trial.feature for trial in trials):
        found.append(f"the feature {trials[0].feature}")
    found += [f"the promise {PROMISED[base]}"] if base in PROMISED else []
    hooks = [{hook_of(step, PROMISING) for step in trial.scenario.steps} for trial in trials]
    needed = set.intersection(*hooks) if hooks else set()
    return [*found, *(f"the hook {hook}" for hook in HOOKS if hook in needed)]


def _daemon(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "version": profile.version,
        "store": profile.store,
        "is_model": profile.is_model,
        "default": profile.default,
    }


def _rule(rule: Rule) -> dict[str, object]:
    return {**asdict(rule), "needs": needs(rule), "needs_nightly": nightly(rule), "tests": told(rule)}
