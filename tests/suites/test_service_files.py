"""The judge's reading of a service's files: as shells read them, and as the documents say that systemd does."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from fixtures.scenario import RestartService
from suites.configuration.writing import drop_ins, machine_files, option_files
from suites.service_files import Reading, StopsError, UnreadError, environment_file, read, shell_variables

MIRROR = "https://mirror.gcr.io"
FLAG = f"--registry-mirror={MIRROR}"
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
STOPPED = "the shell has stopped"


def shells_value(shell: str, text: str, directory: Path) -> str:
    """What a shell has in DOCKER_OPTS when it has read a file as the init script does."""
    file = directory / "docker"
    file.write_text(text)
    script = f"set -e; DOCKER_OPTS=; . {file}; printf '%s' \"$DOCKER_OPTS\""
    ended = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False, env={"PATH": "/nowhere"})
    return STOPPED if ended.returncode else ended.stdout


def our_value(text: str) -> str:
    try:
        return shell_variables(text, {"DOCKER_OPTS": ""})["DOCKER_OPTS"]
    except StopsError:
        return STOPPED


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_is_read_as_a_shell_reads_it(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell) or shell

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(option_files)
    def compare(text: str) -> None:
        assert our_value(text) == shells_value(program, text, tmp_path)

    compare()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "text",
    [
        'DOCKER_OPTS="a\\"b \\$"',
        "DOCKER_OPTS='a\"b'\"c'd\"",
        'DOCKER_OPTS=a\\ b"c d"e',
        'DOCKER_OPTS="a \\\n  b" # c\n',
        "DOCKER_OPTS=a; DOCKER_OPTS=b",
        'DOCKER_OPTS=a\nDOCKER_OPTS="$DOCKER_OPTS b"\nDOCKER_OPTS=$DOCKER_OPTS.c\n',
        "OTHER=1 DOCKER_OPTS=x#y",
        "export DOCKER_OPTS\nDOCKER_OPTS=z",
        "DOCKER_OPTS='a",
        'DOCKER_OPTS="a',
        "DOCKER_OPTS=a b",
    ],
)
def test_what_people_seldom_write(shell: str, text: str, tmp_path: Path) -> None:
    try:
        ours = our_value(text)
    except UnreadError:
        ours = ""
    assert ours in {"", shells_value(shutil.which(shell) or shell, text, tmp_path)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f'DOCKER_OPTS="{FLAG}"\n', FLAG),
        (f"DOCKER_OPTS={FLAG} --debug\n", f"{FLAG} --debug"),
        (f"  DOCKER_OPTS = '{FLAG}'  \n", FLAG),
        (f'DOCKER_OPTS="{FLAG}"  # a comment\n', f"{FLAG}# a comment"),
        (f'export DOCKER_OPTS="{FLAG}"\n', None),
        (f'#DOCKER_OPTS="{FLAG}"\n;DOCKER_OPTS="{FLAG}"\n', None),
        (f'DOCKER_OPTS="$DOCKER_OPTS {FLAG}"\n', f"$DOCKER_OPTS {FLAG}"),
        ('DOCKER_OPTS="a \\\n b"\nDOCKER_OPTS="c \\\n d"\n', "c  d"),
        ("DOCKER_OPTS=a\\ b \\\nc\n", "a b c"),
    ],
)
def test_systemd_reads_another_language(text: str, value: str | None) -> None:
    assert environment_file(text).get("DOCKER_OPTS") == value


OVERRIDE = f"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// {FLAG}\n"


@pytest.mark.parametrize(
    ("step", "reading"),
    [
        (RestartService("init-script", f"DOCKER_OPTS='{FLAG} -D --label a=b'"), Reading((MIRROR,))),
        (RestartService("init-script", f"DOCKER_OPTS='{FLAG}/x'"), Reading(trouble=f"{MIRROR}/x is no mirror")),
        (RestartService("init-script", "DOCKER_OPTS=--mirror"), Reading(trouble="dockerd knows no --mirror")),
        (RestartService("init-script", "DOCKER_OPTS=x --debug"), Reading(trouble="the shell runs --debug")),
        (RestartService("init-script", settings={"registry-mirrors": [MIRROR]}), Reading((MIRROR,))),
        (
            RestartService("systemd", f"DOCKER_OPTS={FLAG}", settings={"registry-mirrors": [MIRROR]}),
            Reading(trouble="mirrors by a flag and in daemon.json"),
        ),
        (RestartService("systemd", f"DOCKER_OPTS={FLAG}"), Reading((MIRROR,))),
        (RestartService("systemd", f'DOCKER_OPTS="{FLAG}"', OVERRIDE), Reading((MIRROR,))),
        (RestartService("docker-unit", f"DOCKER_OPTS={FLAG}"), Reading()),
        (RestartService("docker-unit", drop_in=OVERRIDE), Reading((MIRROR,))),
        (
            RestartService("docker-unit", drop_in=OVERRIDE.replace("ExecStart=\n", "")),
            Reading(trouble="a unit with 2 ExecStart="),
        ),
        (RestartService("boot2docker", machine_files((MIRROR,))[0]), Reading((MIRROR,))),
        (RestartService("docker-machine", drop_in=machine_files((MIRROR,))[1]), Reading((MIRROR,))),
        (RestartService("desktop", settings={"experimental": False}), Reading()),
    ],
)
def test_what_is_to_be_in_force(step: RestartService, reading: Reading) -> None:
    assert read(step) == reading


@pytest.mark.parametrize(
    "options", ["DOCKER_OPTS=$(cat x)", "DOCKER_OPTS=~/x", "DOCKER_OPTS=$HOME", "a & b", "export -p"]
)
def test_nothing_is_said_of_what_is_not_known(options: str) -> None:
    with pytest.raises(UnreadError):
        read(RestartService("init-script", options))


def test_nobody_says_what_systemd_makes_of_an_open_quote() -> None:
    with pytest.raises(UnreadError):
        read(RestartService("systemd", f"DOCKER_OPTS='{FLAG}\n"))


@settings(deadline=None)
@given(option_files, drop_ins)
def test_whatever_people_write_is_read(options: str, drop_in: str) -> None:
    assert read(RestartService("init-script", options))
    assert read(RestartService("systemd", options, drop_in))
