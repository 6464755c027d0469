"""Docker Hub is down, refuses whoever has used up the limit, or shows a certificate that nobody trusts."""

from dataclasses import replace

import pytest

from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec, Limits
from suites.trial import Trial

APP = Reference("library/app", "1.0", short=True)
COPY = Copy("library/app", "1.0", "v1")
IN_TLS, IN_PLAIN_HTTP = "https://mirror.gcr.io", "http://mirror.gcr.io"

OUTAGES: dict[str, Fault] = {
    **{kind: Fault(kind) for kind in ("refuse", "dns", "hang", "reset")},
    "5xx": Fault("status", status=503),
}


def with_hub(*faults: Fault, mirror: str = IN_TLS, cached: bool = True, limits: Limits | None = None) -> Scenario:
    """A Docker Hub that misbehaves, and an image that the mirror has, too, if it is cached."""
    held = {"mirror-1": Holdings((COPY,))} if cached else {}
    return Scenario(
        images={"v1": ImageSpec("v1", layers=(64, 512), platforms=("linux/amd64", "linux/arm64"))},
        servers={"hub": Holdings((COPY,), faults), **held},
        mirrors=(mirror,),
        steps=(Pull(APP, deadline=20.0), Pull(Reference("library/app", digest="v1"), deadline=20.0)),
        limits=limits,
    )


@pytest.mark.rules("OUTAGE-1", "HIT-1")
@pytest.mark.parametrize("how", OUTAGES)
def test_a_cached_image_is_pulled_while_hub_is_down(trial: Trial, how: str) -> None:
    trial.play(with_hub(OUTAGES[how]))


@pytest.mark.rules("RATE-1", "RATE-2")
@pytest.mark.parametrize("limit", [0, 100])
@pytest.mark.parametrize("cached", [True, False])
def test_pulls_cost_what_is_documented_and_a_hit_costs_nothing(trial: Trial, limit: int, cached: bool) -> None:
    trial.play(with_hub(cached=cached, limits=Limits(anonymous=limit)))


@pytest.mark.rules("TLS-1")
@pytest.mark.parametrize("mirror", [IN_TLS, IN_PLAIN_HTTP])
@pytest.mark.parametrize("fault", [None, Fault("untrusted")])
def test_a_mirror_never_weakens_tls_towards_hub(trial: Trial, mirror: str, fault: Fault | None) -> None:
    trial.play(with_hub(*([fault] if fault else []), mirror=mirror, cached=False))


@pytest.mark.rules("TLS-2")
@pytest.mark.parametrize("order", [(1, 2), (2, 1), (1,)])
@pytest.mark.parametrize("cached", [True, False])
def test_an_untrusted_mirror_is_not_used(trial: Trial, order: tuple[int, ...], cached: bool) -> None:
    hosts = {1: IN_TLS, 2: "https://mirror-2.test"}
    scenario = with_hub()
    second = {"mirror-2": Holdings((COPY,))} if cached else {}
    servers = {**scenario.servers, "mirror-1": Holdings((COPY,), (Fault("untrusted"),)), **second}
    trial.play(replace(scenario, servers=servers, mirrors=tuple(hosts[number] for number in order)))
