"""How a mirror keeps up with Hub, and fetches from it."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import HUB, Pass
from fixtures.mirrors.subject import MirrorSubject
from simulator.arrangement import Evict, Publish
from suites.mirror.trial import Trial
from suites.mirror.trials.common import ALONE, BY_TAG, HEALED, REPOSITORY, TAG, TAKEN, V1, one, refusing

_LONG = (60.0, 240.0, 1500.0, 5400.0, 79200.0, 604800.0)
"""Seconds that pass between looks at a tag that moved, where a hook lets time pass: a week and a day, all together."""

_SHORT = (1.0, 1.0, 1.0)
"""The same where they are waited for in earnest."""


def upstream_trials(subject: MirrorSubject) -> Iterator[Trial]:
    stale = subject.promises.stale
    window = () if not stale else (Pass(stale + 1),)
    moved = Publish(REPOSITORY, TAG, "v2")
    fresh = one(TAKEN, BY_TAG, moved, *window, BY_TAG)
    yield Trial("moved tag", fresh, ("FRESH-1", "MANIFEST-3"), promise="stale")
    gone = one(TAKEN, Evict(HUB, REPOSITORY, TAG), *window, BY_TAG)
    yield Trial("deleted tag", gone, ("GONE-1",), promise="deleted")
    waits = _LONG if "advance" in subject.hooks.known else _SHORT
    later = (step for seconds in waits for step in (Pass(seconds), BY_TAG))
    yield Trial("how stale", one(TAKEN, BY_TAG, moved, BY_TAG, *later), ("FRESH-2",))
    yield Trial("many look", one(TAKEN, replace(BY_TAG, method="HEAD", clients=20)), ("QUOTA-5",))
    late = Publish(REPOSITORY, "late", "v1")
    asked = replace(BY_TAG, reference="late")
    yield Trial("late tag", one(asked, late, *window, asked), ("MISS-2/absent",), only="pull-through")
    for status in (401, 404, 429, 503):
        fault = refusing(status, at="manifest")
        steps = (fault, BY_TAG, HEALED, *window, BY_TAG)
        yield Trial(f"{status}, then well", one(*steps), (f"MISS-2/{status}",), only="pull-through")
    yield Trial("tokens", one(TAKEN, BY_TAG, images={"v1": V1}, hub=ALONE), ("QUOTA-4",), only="pull-through")
