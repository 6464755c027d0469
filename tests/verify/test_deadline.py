"""Whatever hangs, all is told by one deadline, and what was not found out is said. No test measures time."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from unittest import mock

import pytest

from fixtures.errors import CannotRunError
from suites import __main__ as program
from suites.verify import host
from suites.verify.answers import Image
from suites.verify.command import _probed
from suites.verify.deadline import Deadline
from suites.verify.facts import Kind, Proxies, Setup
from suites.verify.host import Machine, of_host, of_root
from suites.verify.judgement import judge
from suites.verify.network import Network
from suites.verify.predict import predict
from suites.verify.probe import probe
from suites.verify.proxies import HIDDEN
from tests.verify.engines import engine, info, machine, put
from tests.verify.setups import GCR, written

JSON = "/etc/docker/daemon.json"
SOON = 1.0
"""Seconds for what hangs: nothing is waited for any longer."""
APP = Image("library/app", "1.0", "linux/amd64")
CLASSIC = Kind("28.5.2", "classic")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server of this process that takes connections, and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[str]:
    """The DOCKER_HOST of a daemon that takes connections, and never says a word."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        server.listen()
        yield f"unix://{tmp_path}/docker.sock"


def test_what_is_done_in_time_is_given_and_what_fails_is_raised() -> None:
    assert Deadline(30.0).keep(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        Deadline(30.0).keep(lambda: 1 // 0)


def test_what_hangs_is_left_to_itself() -> None:
    never = threading.Event()
    with pytest.raises(TimeoutError):
        Deadline(0.01).keep(never.wait)
    never.set()


def test_a_deadline_that_is_over_has_no_time_left() -> None:
    past = Deadline(4.5, began=-1000.0)
    assert past.left == 0.0
    assert past.share(0.5).seconds == 0.0


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_a_hung_daemon_that_was_named_is_an_error(
    tmp_path: Path, hung: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv(variable, hung)
    monkeypatch.setattr("suites.verify.daemon.find_own_engine", lambda: threading.Event().wait())
    with pytest.raises(
        CannotRunError, match=rf"^{variable}={hung} names a daemon that did not answer within 0\.5 s \("
    ):
        of_host(Machine(tmp_path), deadline=Deadline(SOON))


def test_of_a_hung_daemon_only_files_are_told(tmp_path: Path, hung: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        "fixtures.engine.discovery.usual_sockets", lambda *_: iter([Path(hung.removeprefix("unix://"))])
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    some = machine(tmp_path)
    put(some, JSON, written(GCR))
    setup = of_host(some, deadline=Deadline(SOON))
    assert (setup.shown, setup.sources[0].mirrors) == (None, (GCR,))
    (why,) = setup.unknown
    assert why == "No daemon answered within 0.5 s (--timeout gives it more): only files were looked at."


def test_a_file_that_hangs_is_said(tmp_path: Path) -> None:
    some = machine(tmp_path)
    some.at(JSON).parent.mkdir(parents=True)
    os.mkfifo(some.at(JSON))
    with pytest.raises(CannotRunError, match=r"^A file below .*root could not be read within 0\.3 s \("):
        of_root(some, deadline=Deadline(SOON))


def test_of_a_daemon_whose_file_hangs_the_daemon_is_told(tmp_path: Path) -> None:
    some = machine(tmp_path)
    some.at(JSON).parent.mkdir(parents=True)
    os.mkfifo(some.at(JSON))
    with engine(tmp_path, info(f"{GCR}/")) as docker, mock.patch.dict(os.environ, {"DOCKER_HOST": docker}):
        setup = of_host(some, deadline=Deadline(8.0))
    assert (setup.shown, setup.sources) == ((f"{GCR}/",), ())
    assert setup.unknown == ("The files of this host could not be read in time: one of them hangs.",)


def test_a_name_service_that_hangs_is_no_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def unheard(*_: object, **__: object) -> list[object]:
        never.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", unheard)
    told = probe(Setup(CLASSIC, (), ("https://mirror.test/",)), APP, timeout=SOON)
    never.set()
    (skipped,) = predict(CLASSIC, told).skipped
    assert (skipped.problem, skipped.because) == (
        "lookup",
        "it has a name that the name service does not find in time",
    )


def test_a_mirror_that_does_not_answer_is_said_to_be_waited_for(silent: socket.socket) -> None:
    port = silent.getsockname()[1]
    told = probe(Setup(CLASSIC, (), (f"http://127.0.0.1:{port}/",)), APP, timeout=5.0, hub=False)
    judgement = judge(Setup(CLASSIC, (), (f"http://127.0.0.1:{port}/",)), (), None, told)
    assert [answer.problem for answer in told.mirrors[0].answers] == ["timeout"]
    assert judgement.prediction is not None
    assert judgement.prediction.skipped[0].because.startswith("it did not answer a ping within ")


def test_a_mirror_for_which_there_was_no_time_is_not_called_dead(silent: socket.socket) -> None:
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
    told = predict(CLASSIC, probe(Setup(CLASSIC, (), (url,)), APP, timeout=0.0, hub=False))
    assert [skipped.because for skipped in told.skipped] in (
        ["it could not be asked in time"],
        ["it has a name that the name service does not find in time"],
    )


def test_where_no_time_is_left_no_mirror_is_asked_or_blamed() -> None:
    setup, probed = _probed(Setup(CLASSIC, (), (f"{GCR}/",)), APP, Network(), Deadline(4.5, began=-1000.0))
    assert probed is None
    assert setup.unknown == ("There was no time to ask any mirror: --timeout gives more.",)
    assert [remark.severity for remark in judge(setup).remarks if remark.code == "unknown"] == ["note"]


def test_a_probe_that_hangs_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr("suites.verify.command.probe", lambda *_, **__: never.wait())
    _, probed = _probed(Setup(CLASSIC, (), (f"{GCR}/",)), APP, Network(), Deadline(SOON))
    never.set()
    assert probed is None


def test_behind_a_proxy_whose_password_is_hidden_nobody_is_asked() -> None:
    setup = Setup(CLASSIC, (), (f"{GCR}/",), proxies=Proxies(https=f"http://{HIDDEN}proxy.test:3128"))
    told, probed = _probed(setup, APP, Network(), Deadline(30.0))
    assert probed is None
    assert "nobody can tell from here. Run the command as root." in told.unknown[0]


def test_verify_loads_nothing_of_the_lab(tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text(written(GCR))
    script = (
        "import sys; from suites.__main__ import main\n"
        "sys.argv = ['mirror-conformance', 'verify', '--file', 'daemon.json']\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, [n for n in ('pytest', 'hypothesis', 'testcontainers', 'suites.cli')"
        " if n in sys.modules])"
    )
    ran = run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("verify", "--file", "none.json"), 2, "The file none.json cannot be read: No such file or directory.\n"),
    (("verify", "--root", "\x1b[31m"), 2, "There is no directory \\x1b[31m.\n"),
    (("replay", "abc123"), 2, "There is no example 'abc123' in conformance-report/failures; nothing is saved there.\n"),
])  # fmt: skip
def test_the_program_refuses_in_one_sentence(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mirror-conformance", *arguments])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert (ended.value.code, *capsys.readouterr()) == (code, "", said)


def test_the_deadline_begins_with_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = []

    def of_host(*arguments: object) -> Setup:
        given.append(arguments[-1])
        return Setup(CLASSIC, (), ())

    monkeypatch.setattr(host, "of_host", of_host)
    monkeypatch.setattr("suites.__main__.time.monotonic", lambda: 12.0)
    monkeypatch.setattr(sys, "argv", ["mirror-conformance", "verify"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        program.main()
    assert given == [Deadline(4.5, began=12.0)]
