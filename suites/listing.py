"""The daemons and the rules that there are, for people and for programs."""

import json
from collections.abc import Iterator
from functools import cache

from fixtures.profiles import MODELS, Profile, load_profiles
from suites import catalogue
from suites.inventory import WHERE, Test, inventory
from suites.verdict import Rule, Subject

NEEDS: dict[Subject, str] = {
    "daemon": "a Docker engine, in which a dockerd runs beside a fake Docker Hub and fake mirrors; or a model of one",
    "configuration": "a Docker engine, in which a dockerd runs beside a fake Docker Hub; or a model of one",
    "mirror": "a mirror, and a fake Docker Hub that it has for its upstream",
}
"""What it takes to try a rule of a subject."""


def lines(*, sources: bool) -> Iterator[str]:
    """The daemons and rules, one a line; with ``sources`` also what is behind each rule."""
    for profile in load_profiles():
        tried = ", tried by default" if profile.default else ""
        yield f"{profile.name}: dockerd {profile.version}, {profile.store} image store{tried}"
    for profile in MODELS:
        yield f"{profile.name}: a model of a dockerd, {profile.store} image store; no Docker"
    yield ""
    for rule in catalogue.rules().values():
        yield f"{rule.id}  {rule.level}  {rule.title}"
        if sources:
            yield f"    why: {rule.why}"
            yield f"    source: {rule.source}"
            yield f"    needs: {NEEDS[rule.subject]}"


def to_json() -> str:
    """All of it as JSON."""
    tests = tests_of_rules()
    document = {
        "daemons": [_daemon(profile) for profile in (*load_profiles(), *MODELS)],
        "rules": [_rule(rule, tests[rule.id]) for rule in catalogue.rules().values()],
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


def nightly(tests: tuple[Test, ...]) -> bool:
    """Whether all that is there for a rule runs with ``--nightly`` alone."""
    return bool(tests) and all(test.nightly for test in tests)


def _daemon(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "version": profile.version,
        "store": profile.store,
        "is_model": profile.is_model,
        "default": profile.default,
    }


def _rule(rule: Rule, tests: tuple[Test, ...]) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "subject": rule.subject,
        "source": rule.source,
        "why": rule.why,
        "needs": NEEDS[rule.subject],
        "needs_nightly": nightly(tests),
        "tests": [test.function for test in tests],
    }
