"""Finds out how this host sets its mirrors, and changes nothing: the daemon's API, its process, and files."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from fixtures.engine.discovery import usual_sockets
from fixtures.engine.endpoint import probe
from fixtures.errors import CannotRunError, UsageError
from fixtures.profiles import Store
from suites.verify import daemon, systemd
from suites.verify.connections import peer_of
from suites.verify.daemon import Daemon
from suites.verify.daemon_json import chosen_store, daemon_json
from suites.verify.deadline import Deadline
from suites.verify.facts import Authorities, Kind, Proxies, Remark, Setup, Source, Way
from suites.verify.flags import DEFAULT_CONFIGURATION, configuration_file
from suites.verify.proxies import HIDDEN
from suites.verify.sources import DEFAULTS, command_line, docker_opts, service
from suites.verify.systemd import File
from suites.verify.versions import parsed

SECONDS = 5.0
"""How long all of it may take, by default."""
_DAEMONS_SHARE = 0.5
"""In which a daemon must say how it is set up, of all the time there is."""
_FILES_SHARE = 0.3
"""In which all files must be read, of the time that is left then."""

LOOPBACK = ("::1/128", "127.0.0.0/8")

_HIDDEN_ENVIRONMENT = (
    "Whether the daemon's environment names authorities that it trusts (SSL_CERT_FILE, SSL_CERT_DIR) was not looked "
    "at: that needs root."
)
_UNIT = "docker.service"
_UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_CONTAINERD_BY_DEFAULT = (29,)
"""Docker Engine 29 release notes: new installations use the containerd image store."""


@dataclass(frozen=True)
class Machine:
    """Where a machine keeps what is looked at; other than its own root, home and processes in tests alone."""

    root: Path = Path("/")
    home: Path = field(default_factory=Path.home)
    processes: Path = Path("/proc")
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def at(self, path: str) -> Path:
        """A path of the machine, where it can be read."""
        return self.root / path.lstrip("/")


def of_file(path: Path, version: str = "", store: Store | None = None) -> Setup:
    """What one ``daemon.json`` would do on a dockerd of this version, with no daemon anywhere.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The file {path} cannot be read: {error.strerror}.") from error
    source = daemon_json(data, str(path), version)
    kind = Kind(version, store or chosen_store(data) or _usual_store(version))
    return Setup(kind, (source,), insecure=(*source.insecure, *LOOPBACK))


def of_root(machine: Machine, version: str = "", store: Store | None = None, deadline: Deadline | None = None) -> Setup:
    """What the files of a root directory would do after a start, with no daemon asked.

    Raises:
        CannotRunError: there is no file that configures a dockerd, or one cannot be read in time.
    """
    deadline = deadline or Deadline(SECONDS)
    until = deadline.share(_FILES_SHARE)
    try:
        return until.keep(lambda: _of_files(machine, version, store))
    except TimeoutError:
        message = f"A file below {machine.root} could not be read {daemon.within(until)}."
        raise CannotRunError(message) from None


def of_host(machine: Machine, version: str = "", store: Store | None = None, deadline: Deadline | None = None) -> Setup:
    """How this host sets its mirrors: as its daemon shows it, and as its files say it. Without a daemon that answers,
    ``version`` and ``store`` say which one it would be.

    Raises:
        CannotRunError: DOCKER_HOST or DOCKER_CONTEXT names a daemon that does not answer; or there is neither a daemon
            nor a file that configures one.
    """
    deadline = deadline or Deadline(SECONDS)
    until = deadline.share(_DAEMONS_SHARE)
    try:
        told = daemon.ask(until)
        why = "" if told else until.keep(lambda: _why_nobody_answers(machine))
    except TimeoutError:
        told, why = None, f"No daemon answered {daemon.within(until)}: only files were looked at."
    if told is None:
        setup = of_root(machine, version, store, deadline)
        return replace(setup, unknown=(*setup.unknown, why))
    try:
        found = deadline.share(_FILES_SHARE).keep(lambda: _sources(told, machine))
    except TimeoutError:
        found = _Found(unknown=("The files of this host could not be read in time: one of them hangs.",))
    return Setup(
        told.kind,
        found.sources,
        told.mirrors,
        told.insecure,
        found.unknown,
        told.socket,
        _revealed(told.proxies, found.environment),
        _authorities(told, machine, found.environment),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of a daemon that answers: the sources that can have set it up, what stays unknown of them, and the
    environment of its process, where that can be read.
    """

    sources: tuple[Source, ...] = ()
    unknown: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def _revealed(shown: Proxies, environment: Mapping[str, str]) -> Proxies:
    """Proxies with the user names and passwords that a daemon does not show, where its environment has them."""

    def revealed(url: str, name: str) -> str:
        given = environment.get(name) or environment.get(name.lower()) or url
        return given if HIDDEN in url else url

    return replace(shown, http=revealed(shown.http, "HTTP_PROXY"), https=revealed(shown.https, "HTTPS_PROXY"))


def _authorities(told: Daemon, machine: Machine, environment: Mapping[str, str]) -> Authorities:
    """Where a daemon finds authorities. One without root has a ``certs.d`` in its owner's home."""
    certs_d = f"{_owners(machine, environment)}/docker/certs.d" if told.is_rootless else ""
    return Authorities(environment.get("SSL_CERT_FILE", ""), environment.get("SSL_CERT_DIR", ""), certs_d)


def _owners(machine: Machine, environment: Mapping[str, str]) -> Path:
    """Where the owner of a daemon without root keeps what configures it."""
    known = environment or machine.environment
    return Path(known.get("XDG_CONFIG_HOME") or Path(known.get("HOME") or machine.home) / ".config")


def _of_files(machine: Machine, version: str, store: Store | None) -> Setup:
    sources = _files(machine, version)
    if not sources:
        message = f"Nothing configures a dockerd below {machine.root}: no daemon.json, no {DEFAULTS}, no {_UNIT}."
        raise CannotRunError(message)
    data = _read(machine.at(DEFAULT_CONFIGURATION))
    chosen = chosen_store(data) if isinstance(data, bytes) else None
    insecure = (*(host for source in sources for host in source.insecure), *LOOPBACK)
    return Setup(Kind(version, store or chosen or _usual_store(version)), sources, insecure=insecure)


def _sources(told: Daemon, machine: Machine) -> _Found:
    if told.is_desktop:
        return _Found(tuple(_configuration(machine.home / ".docker/daemon.json", told.kind.version)))
    if not told.socket:
        return _Found(unknown=(f"The daemon runs at {told.host}: its files cannot be read from here.",))
    process = _process_of(told.socket, machine)
    if process is None:
        sentence = f"The process behind {told.host} is not to be seen here, so its files cannot be found."
        return _Found(unknown=(sentence,))
    if told.is_rootless:
        default = _owners(machine, process.environment or {}) / "docker/daemon.json"
    else:
        default = machine.at(DEFAULT_CONFIGURATION)
    unknown = () if process.environment is not None else (_HIDDEN_ENVIRONMENT,)
    return _Found(_of_process(process, default, machine, told.kind.version), unknown, process.environment or {})


@dataclass(frozen=True, slots=True)
class _Process:
    number: int
    arguments: tuple[str, ...]
    is_service: bool
    """Whether the machine's service manager started it, from its unit or init script."""
    environment: Mapping[str, str] | None
    """None where it may not be read."""


def _of_process(process: _Process, default: Path, machine: Machine, version: str) -> tuple[Source, ...]:
    named = configuration_file(process.arguments)
    file = default if named == DEFAULT_CONFIGURATION else machine.at(named)
    running = command_line(process.arguments, f"the command line of dockerd (process {process.number})")
    begun = _service(machine, version)[0] if process.is_service else ()
    return (*_configuration(file, version, named_by="" if file == default else running.place), running, *begun)


def _files(machine: Machine, version: str) -> tuple[Source, ...]:
    """All files of a machine that a start would read."""
    begun, arguments = _service(machine, version)
    named = configuration_file(arguments)
    by = f"the command line in {begun[0].place}" if named != DEFAULT_CONFIGURATION and begun else ""
    return (*_configuration(machine.at(named), version, named_by=by), *begun)


def _configuration(path: Path, version: str, named_by: str = "") -> Iterator[Source]:
    data = _read(path)
    if isinstance(data, bytes):
        yield daemon_json(data, str(path), version)
    elif not isinstance(data, FileNotFoundError):
        yield _unreadable("daemon.json", path, data)
    elif named_by:
        sentence = f"There is no such file, though {named_by} names it: dockerd refuses to start."
        remark = Remark("missing-file", "error", sentence, "Write it, or change --config-file.", str(path), stops=True)
        yield Source("daemon.json", str(path), problem=sentence, remarks=(remark,))


def _service(machine: Machine, version: str) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """What the service manager starts a dockerd with: the unit and DOCKER_OPTS, and the command line they make."""
    defaults = _read(machine.at(DEFAULTS))
    files = _unit_files(machine)
    sources: list[Source] = []
    unit, arguments = None, tuple[str, ...]()
    if files:
        unit = systemd.unit(files)
        texts = {path: _text(machine.at(path)) for path in unit.environment_files}
        source, arguments = service(files, texts, version)
        sources.append(source)
    if isinstance(defaults, bytes):
        sources.append(docker_opts(defaults.decode("utf-8", "replace"), str(machine.at(DEFAULTS)), unit, version))
    elif not isinstance(defaults, FileNotFoundError):
        sources.append(_unreadable("DOCKER_OPTS", machine.at(DEFAULTS), defaults))
    return tuple(sources), arguments


def _unit_files(machine: Machine) -> list[File]:
    """The unit and its drop-ins, in the order in which systemd reads them; none where no systemd is in charge."""
    if machine.root == Path("/") and not machine.at("/run/systemd/system").is_dir():
        return []
    units = (machine.at(f"{directory}/{_UNIT}") for directory in _UNIT_DIRECTORIES)
    main = next((unit for unit in units if unit.is_file()), None)
    if main is None:
        return []
    drop_ins: dict[str, Path] = {}
    for directory in reversed(_UNIT_DIRECTORIES):
        with suppress(OSError):
            drop_ins |= {path.name: path for path in machine.at(f"{directory}/{_UNIT}.d").glob("*.conf")}
    ordered = (main, *(drop_ins[name] for name in sorted(drop_ins)))
    return [File(str(path), _text(path)) for path in ordered]


def _read(path: Path) -> bytes | OSError:
    try:
        return path.read_bytes()
    except OSError as error:
        return error


def _text(path: Path) -> str:
    data = _read(path)
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""


def _unreadable(way: Way, path: Path, error: OSError) -> Source:
    sentence = f"The file cannot be read: {error.strerror}."
    advice = "Run the command as root, to have it looked at." if isinstance(error, PermissionError) else ""
    remark = Remark("unreadable", "note", sentence, advice, str(path))
    return Source(way, str(path), problem=sentence, remarks=(remark,))


def _usual_store(version: str) -> Store:
    return "containerd" if parsed(version) >= _CONTAINERD_BY_DEFAULT else "classic"


def _why_nobody_answers(machine: Machine) -> str:
    for path in usual_sockets(machine.environment, machine.home):
        with suppress(OSError):
            if path.is_socket() and isinstance(answer := probe(f"unix://{path}"), str):
                return f"The daemon at {path} does not answer ({answer}): only files were looked at."
    return "No daemon answers here: only files were looked at."


def _process_of(path: str, machine: Machine) -> _Process | None:
    """The dockerd behind a socket: who listens there, or, where systemd does for it, the only dockerd there is."""
    peer = peer_of(Path(path))
    name = _text(machine.processes / str(peer) / "comm").strip()
    if name == "systemd":
        with suppress(OSError):
            all_of_them = [entry for entry in machine.processes.iterdir() if _is_dockerd(entry)]
            peer = int(all_of_them[0].name) if len(all_of_them) == 1 else 0
    if peer <= 0 or not _is_dockerd(machine.processes / str(peer)):
        return None
    process = machine.processes / str(peer)
    arguments = _text(process / "cmdline").rstrip("\0").split("\0")
    is_service = _UNIT in _text(process / "cgroup") or _text(machine.at("/var/run/docker.pid")).strip() == str(peer)
    return _Process(peer, tuple(arguments), is_service, _environment(process))


def _environment(process: Path) -> Mapping[str, str] | None:
    data = _read(process / "environ")
    if isinstance(data, PermissionError):
        return None
    lines = data.decode("utf-8", "surrogateescape").split("\0") if isinstance(data, bytes) else []
    return {name: value for name, equals, value in (line.partition("=") for line in lines) if equals}


def _is_dockerd(process: Path) -> bool:
    """Whether a process is a dockerd, and none of a container's."""
    if not process.name.isdigit() or _text(process / "comm").strip() != "dockerd":
        return False
    namespaces = next((line for line in _text(process / "status").splitlines() if line.startswith("NSpid:")), "")
    return len(namespaces.split()) <= 2
