"""What a mirror is good for while Hub is not there."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import Ask
from fixtures.mirrors.subject import MirrorSubject
from simulator.arrangement import Limits
from suites.mirror.trial import Trial
from suites.mirror.trials.common import (
    BY_DIGEST,
    BY_TAG,
    HANGS,
    LAYER,
    OTHER,
    OUTAGES,
    PATIENCE,
    TAG,
    TAKEN,
    one,
)


def outages_trials(subject: MirrorSubject) -> Iterator[Trial]:
    for how, fault in OUTAGES.items():
        steps = (TAKEN, fault, BY_DIGEST, LAYER, BY_TAG)
        yield Trial(f"outage ({how})", one(*steps), (f"DOWN-1/{how}", f"DOWN-2/{how}"))
        yield Trial(f"cold outage ({how})", one(fault, BY_TAG, LAYER), (f"DOWN-4/{how}",), only="pull-through")
    stale = (TAKEN, OUTAGES["5xx"], BY_TAG)
    yield Trial("stale tag", one(*stale), ("DOWN-3",), only="pull-through")
    first, *others = (replace(asked, deadline=PATIENCE) for asked in _while_hub_hangs(subject))
    waiting = replace(first, beside=tuple(others))
    rules = ("DOWN-1/hang", "DOWN-2/hang", "DOWN-4/hang", "DOWN-5")
    yield Trial("outage (hang)", one(TAKEN, HANGS, waiting), rules)
    spent = Limits(anonymous=0)
    yield Trial("limit used up", one(BY_TAG, limits=spent), ("DOWN-4/limit", "ERROR-2"), only="pull-through")


def _while_hub_hangs(subject: MirrorSubject) -> tuple[Ask, ...]:
    """What is asked all at once, so that whoever waits for Hub makes the trial no longer than one client's patience."""
    held = (BY_TAG, BY_DIGEST, LAYER)
    return held if subject.profile == "cached-only" else (*held, Ask("manifest", OTHER, TAG))
