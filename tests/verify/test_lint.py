"""What is said of a setup. What stops a daemon, it says; what does not, it does not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.profiles import load_profiles
from suites.deviations import DEVIATIONS, Deviation, load
from suites.verify.daemon_json import daemon_json
from suites.verify.facts import Kind, Setup, Source
from suites.verify.in_force import in_force
from suites.verify.keys import takes
from suites.verify.lint import lint
from suites.verify.mirrors import masked, normalised
from suites.verify.traps import profiles_like
from suites.verify.url import asked_at
from tests.verify.dockerd import CASES, EVERY, Case
from tests.verify.setups import (
    GCR,
    KINDS,
    MIDDLE,
    MIDDLE_CONTAINERD,
    NEW,
    NEW_CLASSIC,
    OLD,
    PLACE,
    UNTIMED,
    file,
    flag,
    insecure,
    remarks,
    setup,
    written,
)

KNOWN = load(DEVIATIONS, [profile.name for profile in load_profiles()])
URLS = st.one_of(
    st.text(max_size=40),
    st.from_regex(
        r"\A(https?|HTTPS|ftp)?(://)?[a-z0-9.:@,%\[\] -]{0,12}(:[0-9]{0,6})?(/[a-z/]{0,5})?[?#]?[a-z]{0,2}\Z"
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("registry-mirrors", "insecure-registries", "registry-mirror", "x")) | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def codes(text: str | bytes, kind: Kind = NEW) -> list[str]:
    return [remark.code for remark in remarks(text, kind)]


@pytest.mark.parametrize("version", sorted(EVERY))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_remarks_are_those_of_the_daemon(case: Case, version: str) -> None:
    kind = Kind(version, "classic")
    found = remarks(case.text, kind)
    assert any(remark.stops for remark in found) is (version in case.refused_by)
    assert (in_force(setup(case.text, kind)).mirrors is None) is (version in case.refused_by)
    of_old_ones_alone = case.code in {"empty-file", "byte-order-mark", "not-utf8", "text-after-json", "unknown-key"}
    if case.code and not (of_old_ones_alone and version not in case.refused_by):
        assert case.code in [remark.code for remark in found]
    if not case.code:
        assert not [remark.code for remark in found if remark.code != "no-mirror"]


def test_every_remark_says_what_to_do_and_where() -> None:
    for case in CASES:
        for remark in remarks(case.text):
            assert remark.sentence.endswith(".")
            assert remark.advice.endswith((".", "?", "]", '"]')) or remark.severity == "note"
            assert remark.place == PLACE or remark.code in {"no-mirror", "many-mirrors"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('{\n "registry-mirrors": [\n  "https://a.test",\n  "ftp://b.test"\n ]\n}', "mirror-with-wrong-scheme", 4),
        ('{\n "debug": true,\n "registry-mirror": []\n}', "wrong-key", 3),
        ('{\n "debug": true,\n "foo": []\n}', "unknown-key", 3),
        ('{\n "registry-mirrors": [],\n\n}', "trailing-comma", 4),
        ('{\n "registry-mirrors": []\n "a": 1}', "broken-json", 3),
        ('{\n\n "registry-mirrors": 7}', "wrong-type", 3),
        ('{"registry-mirrors": ["https://a.test"],\n "registry-mirrors": ["ftp://b.test"]}', "repeated-key", 2),
        (
            '{"registry-mirrors": ["ftp://a.test"],\n "registry-mirrors": ["ftp://b.test"]}',
            "mirror-with-wrong-scheme",
            2,
        ),
        ('{"a": "registry-mirrors",\n "registry-mirrors": ["ftp://b.test"]}', "mirror-with-wrong-scheme", 2),
        ('{\n "registry-m\\u0069rrors":\n ["ftp://b.test"]}', "mirror-with-wrong-scheme", 3),
    ],
)
def test_a_remark_names_the_line(text: str, code: str, line: int) -> None:
    (found,) = [remark for remark in remarks(text) if remark.code == code]
    assert (found.place, found.line) == (PLACE, line)


@UNTIMED
@given(JSON)
def test_what_is_written_as_json_is_read_as_it_was_written(value: object) -> None:
    text = json.dumps(value)
    read = file(text)
    mirrors = value.get("registry-mirrors") if isinstance(value, dict) else None
    if isinstance(mirrors, list) and all(isinstance(one, str) for one in mirrors) and not read.problem:
        assert read.mirrors == tuple(mirrors)
        assert len(read.lines) == len(mirrors)


@UNTIMED
@given(st.lists(st.text(max_size=30)), st.lists(st.text(max_size=10)), st.booleans())
def test_mirrors_that_were_written_are_read(mirrors: list[str], hosts: list[str], escaped: bool) -> None:
    settings = {"insecure-registries": hosts, "registry-mirrors": mirrors}
    text = json.dumps(settings, indent=1, ensure_ascii=escaped)
    read = daemon_json(text.encode(), PLACE)
    assert (read.mirrors, read.insecure) == (tuple(mirrors), tuple(hosts))
    lines = [text.split("\n")[line - 1].strip(" ,") for line in read.lines]
    assert [json.loads(line) for line in lines] == mirrors


@UNTIMED
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_file_makes_it_crash(data: bytes) -> None:
    for kind in KINDS:
        lint(Setup(kind, (daemon_json(data, PLACE, kind.version),)), KNOWN)


@UNTIMED
@given(st.lists(URLS, max_size=3), st.lists(URLS, max_size=3), st.lists(URLS, max_size=2), st.sampled_from(KINDS))
def test_no_mirror_makes_it_crash(mirrors: list[str], shown: list[str], hosts: list[str], kind: Kind) -> None:
    source = Source("daemon.json", PLACE, tuple(mirrors), tuple(hosts))
    found = lint(Setup(kind, (source,), tuple(shown), tuple(hosts)), KNOWN)
    for remark in found:
        assert remark.code
        assert remark.sentence


@UNTIMED
@given(URLS)
def test_normalising_twice_changes_nothing_more(url: str) -> None:
    once = normalised((url, url))
    assert len(once) == 1
    assert len(normalised((*once, f"{url}"))) == 1


def test_credentials_are_in_no_sentence() -> None:
    text = written("https://user:secret@mirror.gcr.io", insecure_registries=["https://user:secret@a.test"])
    said = lint(setup(text, NEW, ["https://other.test/"]))
    assert "not-in-force" in [remark.code for remark in said]
    assert not [remark for remark in said if "secret" in remark.sentence + remark.advice]
    assert masked("https://user:secret@mirror.gcr.io/") == "https://...@mirror.gcr.io/"


@pytest.mark.parametrize(
    ("kind", "path", "asked"),
    [
        (MIDDLE, "/sub", "/sub/v2/"),
        (MIDDLE, "/v2", "/v2/v2/"),
        (NEW_CLASSIC, "/v2", "/v2/v2/"),
        (MIDDLE_CONTAINERD, "/sub", "/v2/sub/"),
        (NEW, "/sub", "/sub/v2/"),
        (NEW, "/v2", "/v2/"),
    ],
)
def test_a_path_is_asked_for_where_the_lab_saw_it(kind: Kind, path: str, asked: str) -> None:
    assert asked_at(path, kind) == asked
    (found,) = [r for r in remarks(written(f"{GCR}{path}"), kind) if r.code == "mirror-with-path"]
    assert f" {asked}," in found.sentence


def test_a_network_of_insecure_registries_counts_where_the_daemon_heeds_it() -> None:
    text = written("https://10.1.2.3", insecure_registries=["10.0.0.0/8"])
    assert codes(text, NEW) == codes(text, MIDDLE) == ["mirror-insecure"]
    assert codes(text, MIDDLE_CONTAINERD) == []


def test_capitals_in_a_scheme_matter_to_the_classic_store() -> None:
    assert codes(written("HTTPS://mirror.gcr.io"), NEW) == []
    for kind in (OLD, MIDDLE, NEW_CLASSIC):
        assert codes(written("HTTPS://mirror.gcr.io"), kind) == ["mirror-with-uppercase-scheme"]


@pytest.mark.parametrize(
    ("key", "version", "taken"),
    [
        ("runtimes", "28.5.2", True),
        ("runtimes", "", True),
        ("http-proxy", "20.10.24", False),
        ("http-proxy", "23.0", None),
        ("http-proxy", "27.1", True),
        ("bip6", "26.1.5", False),
        ("bip6", "27.1", None),
        ("bip6", "29.0", None),
        ("graph", "26.1.5", False),
        ("graph", "19.3", None),
        ("nonsense", "27.1", False),
        ("nonsense", "29.0", None),
        ("nonsense", "", None),
    ],
)
def test_of_keys_that_nobody_tried_nothing_is_claimed(key: str, version: str, taken: bool | None) -> None:
    assert takes(key, version) is taken


# What is in force


def test_a_daemon_that_shows_what_is_written() -> None:
    state = in_force(setup(written(GCR), NEW, [f"{GCR}/"]))
    assert (state.mirrors, state.differs, state.clash) == ((f"{GCR}/",), False, None)
    assert state.why == f"{PLACE} sets them, and the daemon shows them"


@pytest.mark.parametrize("shown", [[], ["https://old.test/"], [f"{GCR}/", "https://old.test/"]])
def test_a_daemon_that_shows_something_else(shown: list[str]) -> None:
    differing = setup(written(GCR), NEW, shown)
    state = in_force(differing)
    assert state.differs
    assert state.mirrors == tuple(shown)
    assert "not-in-force" in [remark.code for remark in lint(differing)]


def test_mirrors_that_nothing_sets_any_more() -> None:
    left = setup("{}", NEW, [f"{GCR}/"])
    assert in_force(left).differs
    assert "not-in-force" in [remark.code for remark in lint(left)]


def test_what_cannot_be_read_is_no_contradiction() -> None:
    unreadable = Setup(NEW, (Source("daemon.json", PLACE, problem="Permission denied"),), (f"{GCR}/",))
    assert not in_force(unreadable).differs
    assert [remark.severity for remark in lint(unreadable) if remark.severity != "note"] == []
    remote = Setup(NEW, (), (f"{GCR}/",), unknown=("The daemon runs elsewhere.",))
    assert not in_force(remote).differs
    assert [remark.code for remark in lint(remote)] == ["unknown"]


@pytest.mark.parametrize("in_file", [(GCR,), ("https://other.test",), ()])
def test_a_flag_and_a_file(in_file: tuple[str, ...]) -> None:
    both = setup(written(*in_file), NEW, None, flag(GCR))
    assert in_force(both).mirrors is None
    assert [r.code for r in lint(both) if r.stops] == ["flag-and-file"]
    running = replace(both, shown=(f"{GCR}/",))
    assert in_force(running).mirrors == (f"{GCR}/",)
    assert [r.code for r in lint(running) if r.stops] == ["flag-and-file"]


def test_a_flag_alone_is_in_force() -> None:
    assert in_force(setup("{}", NEW, None, flag(GCR))).mirrors == (f"{GCR}/",)


def test_the_command_line_of_a_daemon_counts_more_than_what_makes_the_next() -> None:
    unit = Source("systemd unit", "docker.service", ("https://new.test",))
    running = Setup(NEW, (flag(GCR), unit), (f"{GCR}/",))
    assert in_force(running).mirrors == (f"{GCR}/",)
    assert not in_force(running).differs


def test_a_mirror_that_is_shown_and_written_nowhere_is_looked_at_too() -> None:
    shown = Setup(NEW, (), ("http://mirror.test/",), unknown=("The daemon runs elsewhere.",))
    assert "mirror-in-plain-http" in [remark.code for remark in lint(shown)]


# Known deviations


def trap(**more: object) -> Deviation:
    return replace(Deviation(("HIT-1",), "*", "It happens.", Path("x"), title="A trap", advice="Beware."), **more)  # type: ignore[arg-type]


def sprung(some: Setup, *deviations: Deviation) -> list[tuple[str, str]]:
    return [(r.severity, r.mirror) for r in lint(some, deviations) if r.code == "known-deviation"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (OLD, ["docker-20.10.24"]),
        (Kind("20.10", "classic"), ["docker-20.10.5", "docker-20.10.24"]),
        (Kind("28.5", "containerd"), ["docker-28.5.2-containerd"]),
        (Kind("", "containerd"), ["docker-26.1.5-containerd", "docker-28.5.2-containerd"]),
        (Kind("29.1.3", "containerd"), ["docker-29.1.3-containerd"]),
        (Kind("27.3.1", "classic"), ["docker-27.3.1"]),
    ],
)
def test_a_daemon_is_known_under_the_names_of_the_lab(kind: Kind, names: list[str]) -> None:
    assert list(profiles_like(kind)) == names


def test_a_deviation_of_such_daemons_is_told_and_of_others_not() -> None:
    assert sprung(setup(written(GCR)), trap(daemon="docker-28.5.2-containerd")) == [("note", "")]
    assert sprung(setup(written(GCR)), trap(daemon="*-containerd")) == [("note", "")]
    assert sprung(setup(written(GCR)), trap(daemon="docker-26.1.5-containerd")) == []
    assert sprung(setup(written(GCR), NEW_CLASSIC), trap(daemon="*-containerd")) == []


def test_nobody_without_a_mirror_is_told_of_traps() -> None:
    assert sprung(setup("{}"), trap()) == []


def test_a_deviation_about_some_mirrors_is_told_of_these() -> None:
    plain = "http://plain.test"
    both = setup(written(GCR, plain))
    assert sprung(both, trap(variant="*plain http")) == [("warning", f"{plain}/")]
    assert sprung(both, trap(variant="*plain http", rules=("CONFIG-6", "HIT-1"))) == [("error", f"{plain}/")]
    assert sprung(both, trap(variant="insecure*")) == []
    assert sprung(insecure(both, "mirror.gcr.io"), trap(variant="insecure*")) == [("warning", f"{GCR}/")]


def test_the_known_ones_warn_of_plain_http_where_it_is_not_spoken() -> None:
    plain = written("http://mirror.test:5000")
    told = [r for r in lint(setup(plain, MIDDLE_CONTAINERD), KNOWN) if r.severity == "error"]
    assert ["HTTPS" in remark.sentence for remark in told] == [True]
    for kind in (NEW, MIDDLE, OLD):
        assert [r for r in lint(setup(plain, kind), KNOWN) if r.severity == "error"] == []
