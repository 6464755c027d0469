"""Somebody has logged in to Docker Hub, and a mirror wants to know who it is."""

import pytest

from fixtures.scenario import Login, Pull, Reference, Scenario
from simulator.arrangement import Account, Copy, Fault, Holdings, ImageSpec
from suites.trial import Trial

CHALLENGES = {
    "none": "",
    "a password": 'Basic realm="mirror"',
    "a token of its own": 'Bearer realm="https://mirror.gcr.io/token",service="mirror"',
    "a token of a stranger": 'Bearer realm="https://registry.elsewhere.test/token",service="elsewhere"',
    "a token of Hub": 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
}


@pytest.mark.rules("CRED-1")
@pytest.mark.parametrize("wish", CHALLENGES)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_what_hub_knows_somebody_by_reaches_nobody_else(trial: Trial, wish: str, scheme: str) -> None:
    copy = Copy("ada/app", "1.0", "v1")
    asks = (Fault("status", status=401, challenge=CHALLENGES[wish]),) if CHALLENGES[wish] else ()
    trial.play(
        Scenario(
            images={"v1": ImageSpec("v1")},
            servers={"hub": Holdings((copy,)), "mirror-1": Holdings((copy,), asks)},
            mirrors=(f"{scheme}://mirror.gcr.io",),
            steps=(Login("ada"), Pull(Reference("ada/app", "1.0"))),
            accounts=(Account("ada", "secret"),),
            private=("ada/app",),
        )
    )
