"""What keeps a dockerd from starting on its command line: as each daemon of the lab said (docs/configuration.md)."""

import pytest

from fixtures.profiles import Profile, load_profiles
from suites.configuration import told
from suites.configuration.misconfigurations import MISCONFIGURATIONS, Misconfiguration
from suites.configuration.verified import NOTHING, verified
from suites.verify.facts import Setup
from suites.verify.flags import CommandLine
from suites.verify.lint import lint
from suites.verify.sources import command_line, docker_opts, service
from suites.verify.systemd import File
from tests.verify.setups import GCR, NEW, OLD

PLACE = "/etc/default/docker"
PROFILES = load_profiles()


def codes(*arguments: str, version: str = "28.5.2") -> list[str]:
    return [remark.code for remark in CommandLine(arguments, "here", version).remarks()]


@pytest.mark.parametrize("one", [one for one in MISCONFIGURATIONS if one.flags], ids=lambda one: one.name)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_flags_are_refused_where_a_daemon_has_refused_them(one: Misconfiguration, profile: Profile) -> None:
    refused = told.read()[one.name][profile.name].start is not None
    said = verified(one, profile)
    assert ("refuses to start" in said) is refused
    assert not refused or said != NOTHING


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--debug", "-D"),
        ("-H", "fd://", "--containerd=/run/containerd/containerd.sock"),
        ("--log-level", "debug", "--registry-mirror", GCR),
        ("--storage-opt", ""),
        ("--registry-mirror", "--debug"),
        ("--unheard-of=1",),
    ],
)
def test_what_nobody_can_call_wrong_is_not_called_so(arguments: tuple[str, ...]) -> None:
    assert codes(*arguments, version="") == []


def test_a_flag_that_a_version_does_not_have() -> None:
    assert codes("--graph=/docker", version=NEW.version) == ["wrong-flag"]
    assert codes("--graph=/docker", version=OLD.version) == []
    assert codes("--http-proxy=http://proxy.test", version=OLD.version) == ["wrong-flag"]


def test_a_flag_without_a_value() -> None:
    assert codes("--debug", "--registry-mirror") == ["flag-without-value"]
    assert codes("--insecure-registry") == ["flag-without-value"]
    assert codes("--registry-mirror=") == []


def test_words_that_are_no_flags() -> None:
    assert codes(f"--registry-mirror={GCR}", GCR) == ["stray-argument"]
    assert codes("--", "a", "b") == ["stray-argument", "stray-argument"]
    (remark,) = CommandLine((f"\u2014registry-mirror={GCR}",), "here").remarks()
    assert (remark.code, "word processor" in remark.advice) == ("stray-argument", True)


def test_what_the_package_reads_of_a_file_is_said_of_its_line() -> None:
    unit = File("/u", f"[Service]\nEnvironmentFile=-{PLACE}\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n")
    text = f"# mine\nDOCKER_OPTS=--registry-mirrors={GCR}\n"
    started, arguments = service([unit], {PLACE: text})
    defaults = docker_opts(text, PLACE, None)
    setup = Setup(NEW, (command_line(("dockerd",), "process 7"), started, defaults))
    found = [(remark.code, remark.place, remark.line) for remark in lint(setup) if remark.severity == "error"]
    assert found == [("wrong-flag", PLACE, 2)]
    assert arguments[-1] == f"--registry-mirrors={GCR}"


def test_the_arguments_of_another_program_are_its_own() -> None:
    unit = File("/u", "[Service]\nExecStart=/bin/sh -c 'exec dockerd' registry-mirror\n")
    assert service([unit], {})[0].remarks == ()
