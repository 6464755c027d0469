"""What a mirror is good for while Hub is not there."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import Ask, Step
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
    held: tuple[Step, ...] = (BY_DIGEST, LAYER)
    if subject.profile == "cached-only":
        held = (*held, BY_TAG)
    yield Trial("outage (hang)", one(TAKEN, HANGS, *held), ("DOWN-1/hang", "DOWN-5"))
    waiting = replace(BY_TAG, deadline=PATIENCE, beside=(Ask("manifest", OTHER, TAG, deadline=PATIENCE),))
    rules = ("DOWN-2/hang", "DOWN-4/hang", "DOWN-5")
    yield Trial("waiting for Hub", one(TAKEN, HANGS, waiting), rules, only="pull-through")
    spent = Limits(anonymous=0)
    yield Trial("limit used up", one(BY_TAG, limits=spent), ("DOWN-4/limit", "ERROR-2"), only="pull-through")
