"""The places that can set mirrors, read from their texts: each a :class:`~suites.verify.facts.Source`.

``daemon.json`` is read in :mod:`suites.verify.daemon_json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from suites.verify import shell, systemd
from suites.verify.facts import Code, Remark, Source
from suites.verify.flags import CommandLine, arguments_of_dockerd, mirrors_and_insecure
from suites.verify.systemd import File

VARIABLE = "DOCKER_OPTS"
DEFAULTS = "/etc/default/docker"


def command_line(arguments: Sequence[str], place: str) -> Source:
    """The command line of a dockerd that runs."""
    mirrors, insecure = mirrors_and_insecure(arguments)
    return Source("flag", place, mirrors, insecure)


def docker_opts(text: str, place: str, unit: systemd.Unit | None, version: str = "") -> Source:
    """``/etc/default/docker``. The init script reads it (``unit`` is None), or the unit as an environment file, or
    nobody. ``place`` is where a person finds it, ``version`` the dockerd's.
    """
    read = unit is None or (unit.reads(VARIABLE) and DEFAULTS in unit.environment_files)
    try:
        assigned = shell.assignments(text).get(VARIABLE)
    except shell.UnterminatedError as error:
        sentence = f"A quotation that begins in line {error.line} is never closed, so {VARIABLE} is not set."
        remark = Remark("broken-docker-opts", "error", sentence, "Close it.", place, error.line)
        return Source("DOCKER_OPTS", place, None, problem=sentence, remarks=(remark,))
    if assigned is None:
        return Source("DOCKER_OPTS", place)
    by_systemd = systemd.environment_of(text).get(VARIABLE)
    if unit is not None and read:
        words = systemd.words(f"${VARIABLE}", {VARIABLE: by_systemd or ""})
    else:
        words = tuple(assigned.value.split())
    mirrors, insecure = mirrors_and_insecure(words)
    remarks = tuple(_of_variable(assigned, by_systemd, place, unit, read=read))
    if read and not assigned.unclear and not any(remark.severity == "error" for remark in remarks):
        remarks += tuple(CommandLine(words, place, version, assigned.line).remarks())
    problem = next((remark.sentence for remark in remarks if remark.severity == "error"), "")
    return Source("DOCKER_OPTS", place, mirrors, insecure, problem, (assigned.line,) * len(mirrors or ()), remarks)


def service(
    files: Sequence[File], environment_files: Mapping[str, str], version: str = ""
) -> tuple[Source, tuple[str, ...]]:
    """A systemd unit with its drop-ins, and the command line that it makes; ``environment_files`` are texts by path."""
    unit = systemd.unit(files)
    place = unit.commands[-1][1] if unit.commands else files[0].path
    environment = dict(unit.environment)
    for path in unit.environment_files:
        environment |= systemd.environment_of(environment_files.get(path, ""))
    if len(unit.commands) > 1:
        named = " and ".join(dict.fromkeys(path for _, path in unit.commands))
        sentence = f"The unit has {len(unit.commands)} ExecStart= lines ({named}), and systemd refuses to start it."
        advice = "Write an empty ExecStart= before the one of the drop-in."
        remark = Remark("two-commands", "error", sentence, advice, place, stops=True)
        return Source("systemd unit", place, problem=sentence, remarks=(remark,)), ()
    arguments = systemd.words(unit.commands[0][0], environment) if unit.commands else ()
    mirrors, insecure = mirrors_and_insecure(arguments)
    remarks = tuple(CommandLine(arguments_of_dockerd(arguments), place, version).remarks())
    problem = next((remark.sentence for remark in remarks), "")
    return Source("systemd unit", place, mirrors, insecure, problem, remarks=remarks), arguments


def _of_variable(
    assigned: shell.Assigned, by_systemd: str | None, place: str, unit: systemd.Unit | None, *, read: bool
) -> Iterator[Remark]:
    """What is to be said of how the variable is written."""

    def warning(code: Code, sentence: str, advice: str) -> Remark:
        return Remark(code, "warning", sentence, advice, place, assigned.line)

    elsewhere = "set mirrors in /etc/docker/daemon.json"
    if not assigned.value.strip():
        return
    if not read:
        sentence = f"The systemd unit does not read {VARIABLE}: what is written there is not in force."
        yield warning("docker-opts-unread", sentence, f"Empty it, and {elsewhere}.")
    elif unit is not None and (by_systemd or "") != assigned.value:
        otherwise = "empty" if by_systemd is None else repr(by_systemd)
        sentence = f"systemd is no shell: it takes {VARIABLE} for {otherwise}, a shell for {assigned.value!r}."
        yield warning("docker-opts-otherwise", sentence, f"Write it without `export` and `$`, or {elsewhere}.")
    elif unit is None and assigned.unclear:
        sentence = f"Only running the file would tell what {VARIABLE} is."
        yield replace(warning("docker-opts-unclear", sentence, f"Write it out, or {elsewhere}."), severity="note")
    elif unit is None and set(assigned.value) & set("'\""):
        sentence = f"{VARIABLE} has quotation marks inside of its value: they reach dockerd as part of the options."
        yield replace(warning("docker-opts-quotes", sentence, "Leave the inner ones out."), severity="error")
