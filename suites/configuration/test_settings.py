"""Settings word for word: what documents call right is in force, what they call wrong is refused and named."""

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from fixtures.scenario import Configure, Pull, Reference, Reload, Run, Scenario, ShowInfo, Start, Step, Validate
from simulator.arrangement import Copy, Holdings, ImageSpec
from suites.configuration.misconfigurations import MIRROR, MISCONFIGURATIONS
from suites.configuration.strategies import (
    files_with_a_wrong_key,
    files_with_a_wrong_mirror,
    long_lists,
    sound_files,
    sound_flags,
    unreachable_lists,
    wrong_files,
)
from suites.rules.settings import knows_no_check
from suites.trial import Trial

STARTS = 5
RELOADS = 8
CONTAINERS, MOST_RELOADS = 4, 8
SHOWN = ShowInfo(as_json=False)
"""What a reload is followed by: how the client prints mirrors does not depend on it, and each form costs as much as a
pull.
"""

GOOD = f'{{"registry-mirrors": ["{MIRROR}"], "labels": ["of=before"]}}'
PULL = Pull(Reference("library/app", "1.0"))


def story(*steps: Step) -> Scenario:
    """A scenario with an image that no mirror has."""
    copies = (Copy("library/app", "1.0", "v1"),)
    return Scenario(images={"v1": ImageSpec("v1")}, servers={"hub": Holdings(copies)}, steps=steps)


def checked(file: str | None, flags: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """What a careful person does."""
    return Validate(file, flags), Start(file, flags)


@pytest.mark.rules("CONFIG-1", "CONFIG-5", "CONFIG-6", "CONFIG-10")
def test_a_right_file_is_in_force_after_a_start(trial: Trial) -> None:
    @seed(trial.seed("right files"))
    @trial.examples(STARTS)
    @given(sound_files())
    def search(file: str) -> None:
        trial.play(story(*checked(file), PULL, ShowInfo()))

    trial.play(story(Start(GOOD, place="elsewhere"), PULL, ShowInfo()))
    if knows_no_check(trial.play(story(*checked(None), PULL, ShowInfo()))):
        trial.cannot("This dockerd has no --validate: it came with 23.0.", "CONFIG-10")
    trial.explore(search)


@pytest.mark.rules("CONFIG-2", "CONFIG-5", "CONFIG-6", "CONFIG-7", "CONFIG-10")
def test_right_flags_are_in_force_after_a_start_and_whatever_is_reloaded(trial: Trial) -> None:
    @seed(trial.seed("right flags"))
    @trial.examples(STARTS - 2)
    @given(sound_flags(), sound_files())
    def search(flags: tuple[str, ...], file: str) -> None:
        labels = '{"labels": ["of=after"]}'
        steps = (*checked(None, flags), PULL, ShowInfo(), Reload(file), Reload(labels), Reload(None), ShowInfo())
        trial.play(story(*steps))

    trial.explore(search)


@pytest.mark.rules("CONFIG-8", "CONFIG-10", "CONFIG-14")
def test_wrong_settings_are_refused_at_a_start(trial: Trial) -> None:
    @seed(trial.seed("wrong settings"))
    @trial.examples(STARTS)
    @given(st.one_of(files_with_a_wrong_mirror(), files_with_a_wrong_key()))
    def search(file: str) -> None:
        trial.play(story(*checked(file)))

    trial.explore(search)


@pytest.mark.rules("CONFIG-9", "CONFIG-10")
def test_an_option_by_flag_and_file_is_refused_at_a_start(trial: Trial) -> None:
    @seed(trial.seed("flag and file"))
    @trial.examples(STARTS - 2)
    @given(sound_files(), sound_flags())
    def search(file: str, flags: tuple[str, ...]) -> None:
        trial.play(story(*checked(file, flags)))

    trial.explore(search)


@pytest.mark.rules("CONFIG-5", "CONFIG-7")
def test_a_right_file_is_in_force_after_a_reload(trial: Trial) -> None:
    @seed(trial.seed("right reloads"))
    @trial.examples(RELOADS)
    @given(st.one_of(sound_files(), sound_files(long_lists), sound_files(unreachable_lists)), sound_files())
    def search(before: str, after: str) -> None:
        trial.play(story(Reload(before), Reload(after), PULL, SHOWN))

    trial.play(story(Reload(GOOD), Reload('{"registry-mirrors": []}'), PULL, ShowInfo()))
    trial.explore(search)


@pytest.mark.rules("CONFIG-7")
def test_a_wrong_file_changes_nothing_in_a_reload(trial: Trial) -> None:
    @seed(trial.seed("wrong reloads"))
    @trial.examples(2 * RELOADS)
    @given(wrong_files)
    def search(file: str) -> None:
        trial.play(story(Reload(GOOD), Reload(file), SHOWN))

    trial.explore(search)


@pytest.mark.rules("CONFIG-7")
def test_no_reload_stops_a_container(trial: Trial) -> None:
    """Where the machine can run none inside of a daemon, the report says why nothing is told."""
    if lacking := trial.lab.runs_none():
        trial.cannot(lacking, "CONFIG-7/containers")
        pytest.skip(lacking)

    @seed(trial.seed("containers"))
    @trial.examples(CONTAINERS)
    @given(st.lists(st.one_of(sound_files(), wrong_files), min_size=1, max_size=MOST_RELOADS))
    def search(files: list[str]) -> None:
        trial.play(story(Run(), *map(Reload, files), PULL, ShowInfo()))

    trial.play(story(Run(), Reload(GOOD), Reload("{"), Configure(None), Reload(None), Configure((MIRROR,)), ShowInfo()))
    trial.explore(search)


@pytest.mark.nightly
@pytest.mark.rules("CONFIG-8", "CONFIG-9", "CONFIG-10", "CONFIG-13", "CONFIG-14")
def test_every_misconfiguration_is_refused_at_a_start(trial: Trial) -> None:
    trial.play_each(story(one.check, one.start, ShowInfo()) for one in MISCONFIGURATIONS)
