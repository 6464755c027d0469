"""What the lab has seen daemons of this kind do, where it concerns a setup: read from the known deviations."""

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from fixtures.profiles import load_profiles
from suites.deviations import Deviation
from suites.verify.facts import Code, Kind, Remark, Setup, Severity
from suites.verify.in_force import in_force
from suites.verify.mirrors import is_insecure
from suites.verify.versions import parsed

CODE: Code = "known-deviation"

_Concerned = Callable[[str, Setup], bool]


def traps(setup: Setup, deviations: Sequence[Deviation]) -> Iterator[Remark]:
    """A remark for each deviation of such a daemon: of what concerns only some mirrors, one for each of these."""
    state = in_force(setup)
    mirrors = state.written if state.mirrors is None else state.mirrors
    if not mirrors:
        return
    names = profiles_like(setup.kind)
    for deviation in deviations:
        seen = [name for name in names if deviation.concerns(name)]
        if not seen:
            continue
        concerned = _concerned(deviation)
        if concerned is None:
            yield _remark(deviation, seen)
        else:
            yield from (_remark(deviation, seen, mirror) for mirror in mirrors if concerned(mirror, setup))


def profiles_like(kind: Kind) -> tuple[str, ...]:
    """The names under which the lab knows such a daemon: exactly, or those whose version begins as this one does.

    One that the lab does not know has the name that its profile would have; one of an unknown version has all names
    of its image store.
    """
    version = parsed(kind.version)
    profiles = [profile for profile in load_profiles() if profile.store == kind.store]
    if alike := tuple(p.name for p in profiles if parsed(p.version)[: len(version)] == version):
        return alike
    suffix = "-containerd" if kind.store == "containerd" else ""
    return (f"docker-{'.'.join(map(str, version))}{suffix}",)


def _remark(deviation: Deviation, seen: Sequence[str], mirror: str = "") -> Remark:
    broken = any(rule.startswith("CONFIG-") for rule in deviation.rules)
    severity: Severity = "note" if not mirror else "error" if broken else "warning"
    sentence = f"{deviation.title}. {deviation.reason}" if deviation.title else deviation.reason
    return Remark(CODE, severity, f"{sentence} Seen with {', '.join(seen)}.", deviation.advice, mirror=mirror)


def _concerned(deviation: Deviation) -> _Concerned | None:
    """Which mirrors a deviation is about, by the kind of case it names; None: it is about any."""
    words = re.sub(r"[*?]", " ", deviation.variant).strip()
    return next((concerned for kind, concerned in _KINDS.items() if words and fnmatchcase(words, f"*{kind}*")), None)


def _is_plain(mirror: str, setup: Setup) -> bool:
    del setup
    return mirror.lower().startswith("http://")


def _is_insecure(mirror: str, setup: Setup) -> bool:
    return is_insecure(mirror.partition("://")[2].strip("/"), setup.insecure)


_KINDS: dict[str, _Concerned] = {"plain http": _is_plain, "insecure": _is_insecure}
