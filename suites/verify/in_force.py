"""Which of a host's mirrors are in force, which source set them, and why."""

from dataclasses import dataclass

from suites.verify.facts import Setup, Source, Way
from suites.verify.mirrors import normalised
from suites.verify.url import remarks_on

_FLAGS: tuple[Way, ...] = ("flag", "systemd unit", "DOCKER_OPTS")
"""Ways that become flags of dockerd, the one that is nearest to it first."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The mirrors that pulls ask. ``mirrors`` is None where nobody can tell, or no daemon starts."""

    mirrors: tuple[str, ...] | None
    why: str
    written: tuple[str, ...] = ()
    """What the sources say, taken together."""
    source: Source | None = None
    clash: tuple[Source, Source] | None = None
    """A flag and a file that both set mirrors."""
    differs: bool = False
    """Whether the daemon uses something else than what is written."""


def in_force(setup: Setup) -> InForce:
    """What pulls ask: as a daemon shows it, or, where none was asked, as it would be after a start."""
    flag = _effective_flag(setup)
    file = next((source for source in setup.sources if source.way == "daemon.json"), None)
    clash = (flag, file) if flag and file and file.mirrors is not None else None
    source = flag or (file if file and file.mirrors is not None else None)
    written = normalised(source.mirrors or ()) if source else ()
    if setup.shown is not None:
        return _as_shown(setup, setup.shown, source, written, clash)
    if clash:
        return InForce(
            None, "dockerd does not start with a flag and a file that both set mirrors", written, None, clash
        )
    if refused := next((one for one in reversed(setup.sources) if _stops(one, setup)), None):
        return InForce(None, f"dockerd does not start with what is written in {named(refused)}", written, refused)
    if unread := next((one for one in setup.sources if one.problem and one.mirrors is None), None):
        return InForce(None, f"{named(unread)} could not be read", written, unread)
    if source is None:
        return InForce((), "nothing sets mirrors")
    return InForce(written, f"{named(source)} sets them, and no daemon was asked", written, source)


def named(source: Source) -> str:
    """A source in a sentence."""
    return f"{source.place} ({source.way})" if source.way in {"DOCKER_OPTS", "systemd unit"} else source.place


def _as_shown(
    setup: Setup,
    shown: tuple[str, ...],
    source: Source | None,
    written: tuple[str, ...],
    clash: tuple[Source, Source] | None,
) -> InForce:
    if clash:
        why = "the daemon shows them; it was started before a flag and a file contradicted each other"
        return InForce(shown, why, written, None, clash)
    if written == shown:
        by = f"{named(_origin(setup, shown) or source)} sets them" if source else "nothing sets mirrors"
        return InForce(shown, f"{by}, and the daemon shows {'them' if shown else 'none'}", written, source)
    if source is None and (setup.unknown or any(one.problem for one in setup.sources)):
        return InForce(shown, "the daemon shows them; what set them could not be read")
    if source is None:
        why = "the daemon shows them, and nothing sets them: they were taken out since, or came another way"
    else:
        why = f"the daemon shows them, and {named(source)} says otherwise: it was not restarted or reloaded since"
    return InForce(shown, why, written, source, differs=True)


def _origin(setup: Setup, shown: tuple[str, ...]) -> Source | None:
    """The source farthest from the daemon that names what it shows: where a person would change it."""
    same = [source for source in setup.sources if source.mirrors and normalised(source.mirrors) == shown]
    ways = [*reversed(_FLAGS), "daemon.json"]
    return min(same, key=lambda source: ways.index(source.way), default=None)


def _effective_flag(setup: Setup) -> Source | None:
    """What sets mirrors by flags: of a daemon that runs its command line alone, else the unit, else DOCKER_OPTS."""
    nearest = min(
        (source for source in setup.sources if source.way in _FLAGS),
        key=lambda source: _FLAGS.index(source.way),
        default=None,
    )
    return nearest if nearest and nearest.mirrors is not None else None


def _stops(source: Source, setup: Setup) -> bool:
    of_urls = (remark for url in source.mirrors or () for remark in remarks_on(url, setup.kind))
    return any(remark.stops for remark in (*source.remarks, *of_urls))
