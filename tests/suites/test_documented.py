"""The judge's reading of settings: by the documents, and the same as the model's, which shares no code with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.model import ModelLab, Switch
from fixtures.model import settings as model
from fixtures.scenario import Scenario, ShowInfo, Start
from suites.configuration.misconfigurations import MIRROR, MISCONFIGURATIONS
from suites.configuration.strategies import long_lists, sound_files, sound_flags, unreachable_lists, wrong_files
from suites.documented import read
from suites.judge import judge

MANY = settings(max_examples=100, deadline=None)


def mirrors(*urls: str) -> str:
    return str(list(urls)).replace("'", '"').join(('{"registry-mirrors": ', "}"))


def model_takes(file: str | None, flags: tuple[str, ...] = ()) -> bool:
    try:
        model.settle(file, flags, "file", frozenset())
    except model.RefusedError:
        return False
    return True


@MANY
@given(st.one_of(sound_files(), sound_files(long_lists), sound_files(unreachable_lists)))
def test_a_sound_file_is_read_as_it_is_meant(file: str) -> None:
    reading = read(file)
    assert (reading.by, reading.certain, reading.mistakes) == ("file", True, ())
    assert model.settle(file, (), "file", frozenset()).mirrors == reading.mirrors


@MANY
@given(sound_flags())
def test_sound_flags_are_read_in_their_order(flags: tuple[str, ...]) -> None:
    reading = read(None, flags)
    assert (reading.by, reading.certain, reading.mistakes) == ("flag", True, ())
    assert reading.mirrors == tuple(flag.rpartition("=")[2] for flag in flags if flag != "--registry-mirror")


@MANY
@given(wrong_files)
def test_two_readings_agree_on_what_is_wrong(file: str) -> None:
    reading = read(file)
    assert not reading.certain or model_takes(file) is not bool(reading.mistakes)


@MANY
@given(sound_files(), sound_flags())
def test_no_option_stands_in_both_places(file: str, flags: tuple[str, ...]) -> None:
    assert "CONFIG-9" in {mistake.rule for mistake in read(file, flags).mistakes}


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("mirror.gcr.io", "scheme"),
        ("mirror.gcr.io:443", "scheme"),
        ("ftp://mirror.gcr.io", "scheme"),
        (f"{MIRROR}/v2/", "path"),
        (f"{MIRROR}//", "path"),
        (f"{MIRROR}?a", "query"),
        (f"{MIRROR}#a", "fragment"),
        ("https://a:b@mirror.gcr.io", "user info"),
        ("", "empty"),
        ("https://", "no host"),
        (f"{MIRROR} ", "a space"),
        (f"{MIRROR}/ ", "path"),
        ("https:/mirror.gcr.io", "slashes"),
        ("https://[::1", "no URL"),
        (f"{MIRROR}:https", "no URL"),
    ],
)
def test_what_is_no_mirror(url: str, kind: str) -> None:
    assert [mistake.kind for mistake in read(mirrors(url)).mistakes] == [kind]


@pytest.mark.parametrize("url", ["HTTPS://mirror.gcr.io", f"{MIRROR}/", f"{MIRROR}:5000", "http://[::1]:5000/"])
def test_what_is_a_mirror(url: str) -> None:
    assert read(mirrors(url)) == read(None, ("--registry-mirror", url)).__class__((url,), "file")


@pytest.mark.parametrize("url", [f"{MIRROR}:", f"{MIRROR}:99999", "https://зеркало.example"])
def test_where_documents_say_nothing_neither_does_the_judge(url: str) -> None:
    assert not read(mirrors(url)).certain


def test_every_misconfiguration_has_a_name_of_its_own() -> None:
    assert len({one.name for one in MISCONFIGURATIONS}) == len(MISCONFIGURATIONS)


def test_a_mirror_that_was_to_be_refused_and_is_shown_as_it_was_written_is_shown_rightly() -> None:
    scenario = Scenario(steps=(Start('{"registry-mirrors": ["https://mirror.gcr.io//"]}'), ShowInfo()))
    history = ModelLab("classic", {Switch.TAKES_WRONG_URLS}).play(scenario)
    assert {verdict.rule: verdict.ruling for verdict in judge(scenario, history)} == {
        "CONFIG-5": "pass",
        "CONFIG-8": "fail",
    }
