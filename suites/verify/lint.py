"""What is to be said of a setup: mirrors that cannot work, that endanger, or that a daemon is known to trip over."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from suites.deviations import Deviation
from suites.verify.facts import Remark, Setup, Source
from suites.verify.in_force import in_force, named
from suites.verify.mirrors import listed, masked, normalised
from suites.verify.proxies import through
from suites.verify.traps import traps
from suites.verify.url import remarks_on

MANY = 4
"""A pull that no mirror can serve asks each of them first."""


def lint(setup: Setup, deviations: Sequence[Deviation] = ()) -> tuple[Remark, ...]:
    """All that is to be said, of the sources in their order first. ``deviations`` are those known of daemons."""
    return (
        *_said_once([remark for source in setup.sources for remark in _of_source(setup, source)]),
        *_of_unwritten(setup),
        *_of_all(setup),
        *traps(setup, deviations),
        *(Remark("unknown", "note", sentence, "") for sentence in setup.unknown),
    )


def _said_once(remarks: Sequence[Remark]) -> Iterator[Remark]:
    """What is to be said of several sources alike, said of the one where a person would change it: options go from a
    file's line to a unit and on to a process.
    """
    nearest: dict[tuple[str, str, str], Remark] = {}
    for remark in remarks:
        key = remark.code, remark.mirror, remark.sentence
        if key not in nearest or remark.line or not nearest[key].line:
            nearest[key] = remark
    yield from (remark for remark in remarks if remark in nearest.values())


def _of_source(setup: Setup, source: Source) -> Iterator[Remark]:
    yield from source.remarks
    insecure = (*setup.insecure, *(host for one in setup.sources for host in one.insecure))
    mirrors = source.mirrors or ()
    for number, url in enumerate(mirrors):
        line = source.lines[number] if number < len(source.lines) else 0
        for remark in (*remarks_on(url, setup.kind, insecure), *_repeated(url, mirrors[:number])):
            yield replace(remark, place=source.place, line=line)
    for entry in source.insecure:
        if "://" in entry:
            yield Remark(
                "insecure-with-scheme",
                "warning",
                f"`insecure-registries` holds hosts and networks, and {masked(entry)} is a URL.",
                "Write the host and its port alone.",
                source.place,
            )


def _repeated(url: str, before: Sequence[str]) -> Iterator[Remark]:
    same = next((other for other in before if normalised((other,)) == normalised((url,))), None)
    if same is not None:
        spelled = "" if same == url else ", for a slash at the end means nothing"
        sentence = f"The mirror stands there already{spelled}: it is asked once."
        yield Remark("mirror-repeated", "warning", sentence, "Take one of them out.", mirror=url)


def _of_unwritten(setup: Setup) -> Iterator[Remark]:
    """Mirrors that are in force, and stand in no source that could be read."""
    written = {url for source in setup.sources for url in normalised(source.mirrors or ())}
    for url in setup.shown or ():
        if url not in written:
            yield from remarks_on(url, setup.kind, setup.insecure)


def _of_all(setup: Setup) -> Iterator[Remark]:
    state = in_force(setup)
    if state.clash:
        flag, file = state.clash
        yield Remark(
            "flag-and-file",
            "error",
            f"Mirrors are set by a flag ({named(flag)}) and in {file.place}: dockerd refuses to start, even where both "
            "say the same, or the file an empty list.",
            "Keep one of them. The file can be changed without a restart.",
            file.place,
            stops=True,
        )
    if state.differs:
        yield Remark(
            "not-in-force",
            "error",
            f"The daemon uses {listed(setup.shown or ())}, and written is {listed(state.written)}.",
            "Restart the daemon. A reload is enough where `registry-mirrors` is in daemon.json still; where it was "
            "taken out, a reload leaves the old mirrors as they were: write [] for none.",
            state.source.place if state.source else "",
        )
    yield from _of_next_start(setup)
    mirrors = state.mirrors or ()
    if state.mirrors == () and not state.differs:
        yield Remark("no-mirror", "note", "No mirror is in force: every pull goes to Docker Hub.", "")
    yield from _of_proxies(setup, mirrors)
    if len(mirrors) >= MANY:
        yield Remark(
            "many-mirrors",
            "note",
            f"{len(mirrors)} mirrors are set: a pull that none of them can serve asks each in turn, and one that "
            "is slow or dead holds up every pull.",
            "Keep the one or two that hold what you need.",
        )


def _of_proxies(setup: Setup, mirrors: Sequence[str]) -> Iterator[Remark]:
    for url in mirrors:
        if proxy := through(setup.proxies, url):
            sentence = f"The daemon asks this mirror through the proxy {masked(proxy)}."
            advice = "A mirror of your own network belongs into NO_PROXY: restart the daemon after that."
            yield Remark("mirror-by-proxy", "note", sentence, advice, mirror=url)


def _of_next_start(setup: Setup) -> Iterator[Remark]:
    """Flags that a dockerd which runs does not have, and the next one will."""
    running = next((source for source in setup.sources if source.way == "flag"), None)
    started_by = next((source for source in setup.sources if source.way == "systemd unit"), None) or next(
        (source for source in setup.sources if source.way == "DOCKER_OPTS"), None
    )
    if running is None or started_by is None or started_by.problem:
        return
    now, then = normalised(running.mirrors or ()), normalised(started_by.mirrors or ())
    if now != then:
        yield Remark(
            "not-in-force",
            "error",
            f"dockerd runs with {listed(now)} as its flags, and would be started with {listed(then)}.",
            "Restart the daemon: flags are never reloaded. After a change of a unit, `systemctl daemon-reload` first.",
            started_by.place,
        )
