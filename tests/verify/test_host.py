"""What is found out on a host, and what cannot be: the daemon's API, its process, its files."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from fixtures.errors import CannotRunError, UsageError
from suites.verify.facts import Authorities, Kind, Proxies, Setup
from suites.verify.host import Machine, of_file, of_host, of_root
from suites.verify.in_force import in_force
from suites.verify.lint import lint
from tests.verify.engines import SNAPSHOTTER, engine, info, machine, put
from tests.verify.setups import GCR, written

JSON = "/etc/docker/daemon.json"
UNIT = "/lib/systemd/system/docker.service"
DEBIAN = "[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path) -> Iterator[None]:
    """No Docker of this machine's own is found."""
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("DOCKER_")]:
            del os.environ[name]
        os.environ["HOME"] = str(tmp_path / "nobody")
        yield


def looked(directory: Path, some: Machine, answer: dict[str, object]) -> Setup:
    with engine(directory, answer) as host, mock.patch.dict(os.environ, {"DOCKER_HOST": host}):
        return of_host(some)


def ways(setup: Setup) -> list[tuple[str, tuple[str, ...] | None]]:
    return [(source.way, source.mirrors) for source in setup.sources]


def codes(setup: Setup) -> list[str]:
    return [remark.code for remark in lint(setup)]


def test_a_daemon_and_its_file(tmp_path: Path) -> None:
    some = machine(tmp_path, "-H", "fd://")
    file = put(some, JSON, written(GCR))
    setup = looked(tmp_path, some, info(f"{GCR}/", insecure=["a.test"], DriverStatus=SNAPSHOTTER))
    assert setup.kind == Kind("28.5.2", "containerd")
    assert (setup.shown, setup.insecure, setup.unknown) == ((f"{GCR}/",), ("127.0.0.0/8", "a.test"), ())
    assert ways(setup) == [("daemon.json", (GCR,)), ("flag", None)]
    assert in_force(setup).why == f"{file} sets them, and the daemon shows them"


def test_a_daemon_with_a_flag_and_the_unit_that_has_it(tmp_path: Path) -> None:
    some = machine(tmp_path, f"--registry-mirror={GCR}")
    put(some, UNIT, DEBIAN)
    put(some, "/etc/default/docker", f'DOCKER_OPTS="--registry-mirror={GCR}"')
    setup = looked(tmp_path, some, info(f"{GCR}/"))
    assert ways(setup) == [("flag", (GCR,)), ("systemd unit", (GCR,)), ("DOCKER_OPTS", (GCR,))]
    named = some.at("/etc/default/docker")
    assert in_force(setup).why == f"{named} (DOCKER_OPTS) sets them, and the daemon shows them"
    assert codes(setup) == []


def test_drop_ins_are_read_in_order_and_those_of_etc_count_more(tmp_path: Path) -> None:
    some = machine(tmp_path)
    put(some, UNIT, "[Service]\nExecStart=/usr/bin/dockerd\n")
    own = "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --registry-mirror={}\n"
    put(some, "/etc/systemd/system/docker.service.d/20.conf", own.format(GCR))
    put(some, "/usr/lib/systemd/system/docker.service.d/20.conf", own.format("https://hidden.test"))
    put(some, "/run/systemd/system/docker.service.d/10.conf", own.format("https://first.test"))
    assert ways(of_root(some)) == [("systemd unit", (GCR,))]


def test_a_daemon_that_was_not_restarted_since_its_flags_changed(tmp_path: Path) -> None:
    some = machine(tmp_path)
    put(some, UNIT, f"[Service]\nExecStart=/usr/bin/dockerd --registry-mirror={GCR}\n")
    setup = looked(tmp_path, some, info())
    assert "not-in-force" in codes(setup)


def test_what_starts_other_daemons_is_none_of_this_ones(tmp_path: Path) -> None:
    some = machine(tmp_path, service=False)
    put(some, UNIT, f"[Service]\nExecStart=/usr/bin/dockerd --registry-mirror={GCR}\n")
    setup = looked(tmp_path, some, info())
    assert ways(setup) == [("flag", None)]
    assert codes(setup) == ["no-mirror"]


def test_another_file_that_the_command_line_names(tmp_path: Path) -> None:
    some = machine(tmp_path, "--config-file=/x/own.json")
    put(some, JSON, written("https://not.test"))
    missing = looked(tmp_path, some, info())
    assert "missing-file" in codes(missing)
    (tmp_path / "docker.sock").unlink()
    put(some, "/x/own.json", written(GCR))
    assert ways(looked(tmp_path, some, info()))[0] == ("daemon.json", (GCR,))


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    some = machine(tmp_path)
    file = put(some, JSON, written(GCR))
    denied = PermissionError(13, "Permission denied")
    real = Path.read_bytes
    with mock.patch.object(
        Path, "read_bytes", lambda self: (_ for _ in ()).throw(denied) if self == file else real(self)
    ):
        setup = looked(tmp_path, some, info(f"{GCR}/"))
    (remark,) = lint(setup)
    assert (remark.code, remark.advice) == ("unreadable", "Run the command as root, to have it looked at.")
    assert in_force(setup).mirrors == (f"{GCR}/",)


def test_docker_desktop_has_a_file_of_its_own(tmp_path: Path) -> None:
    some = machine(tmp_path)
    put(some, JSON, written("https://not.test"))
    (some.home / ".docker").mkdir()
    (some.home / ".docker/daemon.json").write_text(written(GCR))
    assert ways(looked(tmp_path, some, info(f"{GCR}/", OperatingSystem="Docker Desktop"))) == [("daemon.json", (GCR,))]


def test_a_rootless_daemon_has_a_file_of_its_own(tmp_path: Path) -> None:
    some = machine(tmp_path, service=False)
    (some.home / ".config/docker").mkdir(parents=True)
    (some.home / ".config/docker/daemon.json").write_text(written(GCR))
    setup = looked(tmp_path, some, info(f"{GCR}/", SecurityOptions=["name=rootless"]))
    assert ways(setup) == [("daemon.json", (GCR,)), ("flag", None)]


def test_a_rootless_daemon_has_certificates_of_its_own_where_its_owner_says(tmp_path: Path) -> None:
    some = machine(tmp_path, service=False)
    (some.processes / str(os.getpid()) / "environ").write_text("HOME=/home/ada\0XDG_CONFIG_HOME=/srv/ada\0")
    setup = looked(tmp_path, some, info(SecurityOptions=["name=rootless"]))
    assert setup.authorities == Authorities(certs_d="/srv/ada/docker/certs.d")


def test_an_environment_that_may_not_be_read_is_said_to_be_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = machine(tmp_path)
    reading = Path.read_bytes

    def read(path: Path) -> bytes:
        if path.name == "environ":
            raise PermissionError(errno.EACCES, "Permission denied")
        return reading(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    setup = looked(tmp_path, some, info())
    assert [sentence for sentence in setup.unknown if "SSL_CERT_DIR" in sentence] != []


def test_a_daemon_in_a_container_is_not_taken_for_this_machines(tmp_path: Path) -> None:
    some = machine(tmp_path)
    (some.processes / str(os.getpid()) / "status").write_text("NSpid:\t700\t1\n")
    setup = looked(tmp_path, some, info(f"{GCR}/"))
    assert setup.sources == ()
    assert codes(setup) == ["unknown"]


def test_where_systemd_listens_the_only_dockerd_is_meant(tmp_path: Path) -> None:
    some = machine(tmp_path, name="systemd")
    other = some.processes / "4711"
    other.mkdir()
    (other / "comm").write_text("dockerd\n")
    (other / "cmdline").write_text(f"dockerd\0--registry-mirror\0{GCR}\0")
    (other / "status").write_text("NSpid:\t4711\n")
    (some.processes / "self").mkdir()
    assert ways(looked(tmp_path, some, info(f"{GCR}/"))) == [("flag", (GCR,))]


def test_a_daemon_that_nobody_sees(tmp_path: Path) -> None:
    some = machine(tmp_path, name="socat")
    assert codes(looked(tmp_path, some, info(f"{GCR}/"))) == ["unknown"]


def test_a_daemon_that_was_named_and_does_not_answer(tmp_path: Path) -> None:
    with (
        mock.patch.dict(os.environ, {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}),
        pytest.raises(CannotRunError, match=r"^DOCKER_HOST=unix://.*none\.sock names an engine that does not answer"),
    ):
        of_host(machine(tmp_path))


def test_files_alone_where_no_daemon_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suites.verify.daemon.find_own_engine", lambda: None)
    monkeypatch.setattr("suites.verify.host.usual_sockets", lambda *_: iter([]))
    some = machine(tmp_path)
    with pytest.raises(CannotRunError, match=r"^Nothing configures a dockerd below "):
        of_host(some)
    put(some, JSON, written("ftp://mirror.test"))
    setup = of_host(some, "28.5")
    assert (setup.shown, in_force(setup).mirrors) == (None, None)
    assert codes(setup) == ["mirror-with-wrong-scheme", "unknown"]


def test_a_flag_and_a_file_below_another_root(tmp_path: Path) -> None:
    some = machine(tmp_path)
    put(some, JSON, written(GCR))
    put(some, UNIT, f"[Service]\nExecStart=/usr/bin/dockerd --registry-mirror={GCR}\n")
    assert "flag-and-file" in codes(of_root(some))


def test_the_init_script_where_there_is_no_unit(tmp_path: Path) -> None:
    some = machine(tmp_path)
    put(some, "/etc/default/docker", f'export DOCKER_OPTS="--registry-mirror={GCR}"')
    setup = of_root(some)
    assert ways(setup) == [("DOCKER_OPTS", (GCR,))]
    assert in_force(setup).mirrors == (f"{GCR}/",)


def test_what_stops_a_daemon_is_named_where_a_person_would_change_it(tmp_path: Path) -> None:
    some = machine(tmp_path)
    put(some, UNIT, "[Service]\nEnvironmentFile=/etc/default/docker\nExecStart=/usr/bin/dockerd $DOCKER_OPTS\n")
    defaults = put(some, "/etc/default/docker", f"DOCKER_OPTS=--registry-mirrors={GCR}")
    setup = of_root(some)
    assert in_force(setup).why == f"dockerd does not start with what is written in {defaults} (DOCKER_OPTS)"
    assert [remark.place for remark in lint(setup)] == [str(defaults)]


def test_a_variable_that_the_unit_does_not_read_is_not_in_force(tmp_path: Path) -> None:
    some = machine(tmp_path)
    put(some, UNIT, "[Service]\nExecStart=/usr/bin/dockerd\n")
    put(some, "/etc/default/docker", f'DOCKER_OPTS="--registry-mirror={GCR}"')
    setup = of_root(some)
    assert in_force(setup).mirrors == ()
    assert codes(setup) == ["docker-opts-unread", "no-mirror"]


@pytest.mark.parametrize(
    ("text", "version", "store"),
    [
        ("{}", "", "classic"),
        ("{}", "28.5", "classic"),
        ("{}", "29.1", "containerd"),
        ('{"features": {"containerd-snapshotter": true}}', "28.5", "containerd"),
        ('{"features": {"containerd-snapshotter": false}}', "29.1", "classic"),
        ("{", "", "classic"),
    ],
)
def test_the_image_store_of_a_file(tmp_path: Path, text: str, version: str, store: str) -> None:
    (tmp_path / "daemon.json").write_text(text)
    assert of_file(tmp_path / "daemon.json", version).kind == Kind(version, store)  # type: ignore[arg-type]
    assert of_file(tmp_path / "daemon.json", version, "containerd").kind == Kind(version, "containerd")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json cannot be read: No such file or directory\.$"):
        of_file(tmp_path / "none.json")


def test_the_environment_of_a_daemon_is_heeded(tmp_path: Path) -> None:
    some = machine(tmp_path)
    environment = (
        "HTTPS_PROXY=http://ada:secret@proxy.test:3128\0SSL_CERT_FILE=/etc/own.pem\0SSL_CERT_DIR=/etc/own:/more\0"
    )
    (some.processes / str(os.getpid()) / "environ").write_text(environment)
    setup = looked(tmp_path, some, info(HttpsProxy="http://xxxxx:xxxxx@proxy.test:3128", NoProxy="b.test"))
    assert setup.proxies == Proxies("", "http://ada:secret@proxy.test:3128", "b.test")
    assert setup.authorities == Authorities("/etc/own.pem", "/etc/own:/more")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"RegistryConfig": []}, "RegistryConfig: "),
        ({"RegistryConfig": {"Mirrors": "https://a.test"}}, r"RegistryConfig\.Mirrors: "),
        ({"RegistryConfig": {"Mirrors": [7]}}, r"RegistryConfig\.Mirrors\.0: "),
        ({"DriverStatus": [["\x1b[31m"]]}, r"DriverStatus\.0"),
        ({"RegistryConfig": {"IndexConfigs": {"\x1b[31m": 3}}}, r"RegistryConfig\.IndexConfigs\.\\x1b\[31m: "),
    ],
)
def test_a_daemon_that_answers_with_something_else_is_refused_in_a_sentence(
    tmp_path: Path, answer: dict[str, object], reason: str
) -> None:
    with pytest.raises(CannotRunError, match=f"^The daemon at unix://.* does not say how it is set up: {reason}"):
        looked(tmp_path, machine(tmp_path), answer)


@pytest.mark.parametrize("answer", [{}, {"RegistryConfig": None}, {"RegistryConfig": {"Mirrors": None}}])
def test_a_daemon_that_says_nothing_of_mirrors_has_none(tmp_path: Path, answer: dict[str, object]) -> None:
    assert looked(tmp_path, machine(tmp_path), answer).shown == ()
