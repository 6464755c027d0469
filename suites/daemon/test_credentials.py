"""Somebody has logged in to Docker Hub, and a mirror wants to know who it is."""

import pytest

from fixtures.scenario import Login, Logout, Pull, Reference, Scenario
from simulator.arrangement import Account, Break, Copy, Fault, Holdings, ImageSpec
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


@pytest.mark.rules("CRED-2")
def test_what_a_mirror_knows_somebody_by_is_used_with_it_alone(trial: Trial) -> None:
    """The classic image store heeds a challenge to its ping, the containerd image store one to its first request."""
    host, wish = "mirror.gcr.io", CHALLENGES["a password"]
    signing_in = (
        Fault("status", "ping", status=401, challenge=wish),
        Fault("status", "manifest", "HEAD", times=1, status=401, challenge=wish),
    )
    copies = tuple(Copy("ada/app", f"{number}.0", f"v{number}") for number in (1, 2, 3))
    trial.play(
        Scenario(
            images={copy.image: ImageSpec(copy.image) for copy in copies},
            servers={"hub": Holdings(copies), "mirror-1": Holdings(copies)},
            steps=(
                Login("ada", host),
                *(Break("mirror-1", fault) for fault in signing_in),
                Pull(Reference("ada/app", "1.0", host=host)),
                Pull(Reference("ada/app", "2.0")),
                Logout(host),
                Pull(Reference("ada/app", "3.0")),
            ),
            accounts=(Account("ada", "secret"),),
        )
    )
