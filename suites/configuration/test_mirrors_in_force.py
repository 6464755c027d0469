"""Every documented way to set mirrors: after a start and after a reload, shown and used."""

from typing import Literal

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from fixtures.scenario import Configure, Pull, Reference, Restart, Scenario, ShowInfo
from simulator.arrangement import Copy, Holdings, ImageSpec
from suites.strategies import mirror_urls, orders
from suites.trial import Trial

STARTS = 4
RELOADS = 6

FOUR = tuple(f"https://{host}" for host in ("mirror-3.test", "mirror.gcr.io", "mirror-4.test", "mirror-2.test"))
urls = orders.flatmap(mirror_urls)
spelled = urls.flatmap(
    lambda some: st.tuples(*(st.sampled_from((url, f"{url}/", f"{url}:{443 if 's:' in url else 80}")) for url in some))
)


def cold(*steps: Configure | Restart, at_first: tuple[str, ...] = ()) -> Scenario:
    """After each change: what is shown, and a pull that every mirror misses."""
    played: list[Configure | Restart | ShowInfo | Pull] = []
    for number, step in enumerate(steps, start=1):
        shown = ShowInfo(as_json=number == len(steps))
        played += [step, Pull(Reference("library/app", f"{number}.0")), shown]
    images = {f"v{number}": ImageSpec(f"v{number}") for number in range(1, len(steps) + 1)}
    copies = tuple(Copy("library/app", f"{name[1:]}.0", name) for name in images)
    return Scenario(images=images, servers={"hub": Holdings(copies)}, mirrors=at_first, steps=tuple(played))


@pytest.mark.draws
@pytest.mark.rules("CONFIG-1", "CONFIG-2", "CONFIG-5", "CONFIG-6", "ORDER-3")
@pytest.mark.parametrize("how", ["file", "flag"])
def test_mirrors_are_in_force_after_a_start(trial: Trial, how: Literal["file", "flag"]) -> None:
    @seed(trial.seed(f"starts {how}"))
    @trial.examples(STARTS)
    @given(spelled)
    def search(mirrors: tuple[str, ...]) -> None:
        trial.play(cold(Restart(mirrors, how)))

    trial.play(cold(Restart(FOUR, how)))
    trial.play(cold(Restart((), how)))
    trial.explore(search)


@pytest.mark.draws
@pytest.mark.rules("CONFIG-5", "CONFIG-6", "ORDER-3")
def test_mirrors_are_in_force_after_a_reload(trial: Trial) -> None:
    @seed(trial.seed("reloads"))
    @trial.examples(RELOADS)
    @given(spelled, spelled)
    def search(before: tuple[str, ...], after: tuple[str, ...]) -> None:
        trial.play(cold(Configure(before), Configure(after)))

    trial.play(cold(Configure(FOUR), Configure(None), Configure(tuple(reversed(FOUR)))))
    trial.explore(search)
