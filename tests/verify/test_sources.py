"""Command lines, /etc/default/docker and systemd units: read as dockerd, a shell and systemd read them."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suites.verify import shell, systemd
from suites.verify.facts import Source
from suites.verify.flags import configuration_file
from suites.verify.sources import command_line, docker_opts, service
from suites.verify.systemd import File
from tests.verify.setups import GCR, UNTIMED

PLACE = "/etc/default/docker"
OTHER = "https://other.test"
DEBIAN = File(
    "/lib/systemd/system/docker.service",
    "[Unit]\nAfter=docker.socket\n[Service]\nEnvironmentFile=-/etc/default/docker\n"
    "ExecStart=/usr/sbin/dockerd -H fd:// \\\n  --containerd=/run/containerd/containerd.sock $DOCKER_OPTS\n"
    "ExecReload=/bin/kill -s HUP $MAINPID\n",
)
DOCKER = File(
    "/usr/lib/systemd/system/docker.service",
    "[Service]\nExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock\n",
)


@pytest.mark.parametrize(
    ("arguments", "mirrors"),
    [
        (["dockerd"], None),
        (["dockerd", "--debug"], None),
        (["dockerd", "--registry-mirror", GCR], (GCR,)),
        (["dockerd", f"--registry-mirror={GCR}"], (GCR,)),
        (["dockerd", f"--registry-mirror={GCR}", "-D", "--registry-mirror", OTHER], (GCR, OTHER)),
        (["dockerd", f"--registry-mirror={GCR}?a=b"], (f"{GCR}?a=b",)),
        (["dockerd", "--registry-mirror="], ("",)),
        (["dockerd", "--registry-mirror"], None),
        (["dockerd", f"--registry-mirrors={GCR}"], None),
        (["dockerd", "--", f"--registry-mirror={GCR}"], None),
    ],
)
def test_a_command_line(arguments: list[str], mirrors: tuple[str, ...] | None) -> None:
    assert command_line(arguments, "process 7") == Source("flag", "process 7", mirrors)


def test_insecure_registries_and_the_file_of_a_command_line() -> None:
    assert command_line(["dockerd", "--insecure-registry", "a.test"], "x").insecure == ("a.test",)
    assert configuration_file(["dockerd", "-D"]) == "/etc/docker/daemon.json"
    assert configuration_file(["dockerd", "--config-file=/a.json"]) == "/a.json"


# Shell


def by_sh(script: str, tmp_path: Path) -> str:
    file = tmp_path / "script"
    file.write_text(script)
    shown = subprocess.run(
        ["sh", "-c", '. "$0"; printf "%s." "$DOCKER_OPTS"', str(file)], capture_output=True, text=True, check=True
    )
    return shown.stdout.removesuffix(".")


@pytest.mark.parametrize(
    "script",
    [
        f'DOCKER_OPTS="--registry-mirror={GCR}"',
        f"DOCKER_OPTS='--registry-mirror={GCR} --debug' # mine",
        f"export DOCKER_OPTS=--registry-mirror={GCR}",
        f'# DOCKER_OPTS="no"\nDOCKER_OPTS="--debug"\nDOCKER_OPTS="$DOCKER_OPTS --registry-mirror={GCR}"',
        f'M={GCR}\nDOCKER_OPTS="--registry-mirror=${{M}} --debug"',
        "DOCKER_OPTS=\"--label='a b'\"",
        "DOCKER_OPTS='$M'",
        'DOCKER_OPTS="\\$M \\"x\\" \\a"',
        "DOCKER_OPTS=a b''=",
        "'DOCKER_OPTS'=a",
        "DOCKER_OPTS=a\\ b",
        'DOCKER_OPTS="a \\\nb"',
        "DOCKER_OPTS=--a\\\n--b",
        'DOCKER_OPTS="a\nb"',
        "DOCKER_OPTS=a; OTHER=b",
        "OTHER=b \\\n  DOCKER_OPTS=a",
        "DOCKER_OPTS=a#b",
        "DOCKER_OPTS=",
        "DOCKER_OPTS=a true",
        "echo DOCKER_OPTS=a >/dev/null",
        "ulimit -c 0\nDOCKER_OPTS=--debug\n",
    ],
)
def test_a_script_is_read_as_a_shell_reads_it(script: str, tmp_path: Path) -> None:
    assigned = shell.assignments(script).get("DOCKER_OPTS")
    assert (assigned.value if assigned else "") == by_sh(script, tmp_path)
    assert assigned is None or not assigned.unclear


PIECES = st.lists(
    st.sampled_from(("a", "--b=", " ", "'", '"', "\\", "\n", "$A", "${A}", "#", "$", "\\\n", "x y", "=", "\u00e9"))
).map("".join)


@UNTIMED
@given(PIECES)
def test_any_value_is_read_as_a_shell_reads_it(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    script, directory = f"A='one two'\nDOCKER_OPTS={value}\n", tmp_path_factory.mktemp("script")
    try:
        assigned = shell.assignments(script).get("DOCKER_OPTS")
    except shell.UnterminatedError:
        with pytest.raises(subprocess.CalledProcessError):
            by_sh(script, directory)
        return
    if assigned and not assigned.unclear:
        assert assigned.value == by_sh(script, directory)


@UNTIMED
@given(st.text(max_size=60))
def test_no_script_makes_it_crash(script: str) -> None:
    docker_opts(script, PLACE, None)
    docker_opts(script, PLACE, systemd.unit([DEBIAN]))
    docker_opts(f"DOCKER_OPTS={script}", PLACE, systemd.unit([DOCKER]))
    service([File("docker.service", f"[Service]\nExecStart={script}\n{script}")], {script: script})


# /etc/default/docker


def codes(source: Source) -> list[str]:
    return [remark.code for remark in source.remarks]


def test_docker_opts_of_the_init_script() -> None:
    source = docker_opts(f'# nothing\nDOCKER_OPTS="--registry-mirror={GCR} --insecure-registry a.test"', PLACE, None)
    assert source == Source("DOCKER_OPTS", PLACE, (GCR,), ("a.test",), lines=(2,))


def test_quotes_within_docker_opts_reach_the_daemon_of_the_init_script() -> None:
    text = f"DOCKER_OPTS=\"--registry-mirror='{GCR}'\""
    source = docker_opts(text, PLACE, None)
    assert source.mirrors == (f"'{GCR}'",)
    assert codes(source) == ["docker-opts-quotes"]
    assert docker_opts(text, PLACE, systemd.unit([DEBIAN])).mirrors == (GCR,)


@pytest.mark.parametrize("text", ['DOCKER_OPTS="$(cat /mirrors)"', "DOCKER_OPTS=`mirrors`", 'DOCKER_OPTS="${A:-b}"'])
def test_what_only_running_it_would_tell(text: str) -> None:
    assert codes(docker_opts(text, PLACE, None)) == ["docker-opts-unclear"]


def test_a_quotation_that_is_never_closed() -> None:
    source = docker_opts(f'\nDOCKER_OPTS="--registry-mirror={GCR}\n', PLACE, None)
    assert (codes(source), source.remarks[0].line, source.mirrors) == (["broken-docker-opts"], 2, None)


def test_a_unit_that_reads_docker_opts() -> None:
    source = docker_opts(f'DOCKER_OPTS="--registry-mirror={GCR}"', PLACE, systemd.unit([DEBIAN]))
    assert (source.mirrors, codes(source)) == ((GCR,), [])


@pytest.mark.parametrize(
    "text", [f"export DOCKER_OPTS=--registry-mirror={GCR}", f'A={GCR}\nDOCKER_OPTS="--registry-mirror=$A"']
)
def test_a_unit_is_no_shell(text: str) -> None:
    assert codes(docker_opts(text, PLACE, systemd.unit([DEBIAN]))) == ["docker-opts-otherwise"]
    assert codes(docker_opts(text, PLACE, None)) == []


def test_a_unit_that_does_not_read_docker_opts() -> None:
    text = f'DOCKER_OPTS="--registry-mirror={GCR}"'
    assert codes(docker_opts(text, PLACE, systemd.unit([DOCKER]))) == ["docker-opts-unread"]
    only_file = File(DOCKER.path, f"{DOCKER.text}EnvironmentFile={PLACE}\n")
    assert codes(docker_opts(text, PLACE, systemd.unit([only_file]))) == ["docker-opts-unread"]
    assert codes(docker_opts("#DOCKER_OPTS=", PLACE, systemd.unit([DOCKER]))) == []


# systemd


def drop_in(text: str) -> File:
    return File("/etc/systemd/system/docker.service.d/mirror.conf", f"[Service]\n{text}\n")


def test_a_unit_takes_docker_opts_from_its_environment_file() -> None:
    source, arguments = service([DEBIAN], {PLACE: f'DOCKER_OPTS="--registry-mirror={GCR} --debug"\n'})
    assert source == Source("systemd unit", DEBIAN.path, (GCR,))
    assert arguments[-2:] == (f"--registry-mirror={GCR}", "--debug")


def test_a_drop_in_replaces_the_command() -> None:
    own = drop_in(f"ExecStart=\nExecStart=-/usr/bin/dockerd --registry-mirror={GCR} --config-file=/x.json")
    source, arguments = service([DOCKER, own], {})
    assert source == Source("systemd unit", own.path, (GCR,))
    assert configuration_file(arguments) == "/x.json"


def test_a_drop_in_that_adds_a_second_command() -> None:
    source, _ = service([DOCKER, drop_in(f"ExecStart=/usr/bin/dockerd --registry-mirror={GCR}")], {})
    (remark,) = source.remarks
    assert (remark.code, remark.stops, remark.place) == ("two-commands", True, drop_in("").path)


def test_the_environment_of_a_drop_in() -> None:
    own = drop_in(f'Environment="DOCKER_OPTS=--registry-mirror={GCR}" "A=b"')
    assert service([DEBIAN, own], {})[0].mirrors == (GCR,)
    assert service([DEBIAN, own], {PLACE: "DOCKER_OPTS="})[0].mirrors is None
    assert service([DEBIAN, own, drop_in("Environment=")], {})[0].mirrors is None


def test_a_unit_without_a_command() -> None:
    assert service([File("docker.service", "[Service]\nType=notify")], {}) == (
        Source("systemd unit", "docker.service"),
        (),
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("d $A", ("d", "one", "two three")),
        ("d ${A}", ("d", "one 'two three'")),
        ("d $A/x", ("d", "one 'two three'/x")),
        ("d $NONE 'a b'", ("d", "a b")),
    ],
)
def test_words_of_a_command(command: str, words: tuple[str, ...]) -> None:
    assert systemd.words(command, {"A": "one 'two three'"}) == words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=b\n# A=c\n; A=d", {"A": "b"}),
        ("A='b c'", {"A": "b c"}),
        ('A="b $C"', {"A": "b $C"}),
        ("export A=b", {}),
        ("A=b \\\nc", {"A": "b c"}),
        ("A", {}),
        (" A = b ", {"A": "b"}),
        ("A=b\\ c", {"A": "b c"}),
        ('A="', {"A": '"'}),
    ],
)
def test_an_environment_file(text: str, found: dict[str, str]) -> None:
    assert systemd.environment_of(text) == found
