"""What ``mirror-conformance verify`` says of a misconfiguration, without Docker: what a person can know beforehand."""

import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fixtures.errors import UsageError
from fixtures.profiles import Profile, load_profiles
from report.text import inert
from suites.configuration.misconfigurations import Misconfiguration
from suites.deviations import DEVIATIONS, Deviation, load
from suites.verify import host
from suites.verify.facts import Setup
from suites.verify.judgement import Judgement, judge
from suites.verify.mirrors import masked
from suites.verify.traps import CODE as TRAP

NOTHING = "finds nothing wrong"

_FILE = "etc/docker/daemon.json"
_UNIT = "etc/systemd/system/docker.service"


def verified(one: Misconfiguration, profile: Profile) -> str:
    """What it says of settings on a daemon: its errors and warnings, with their codes.

    A file is looked at alone (``--file``); dockerd's arguments are looked at in a systemd unit, with the file beside it
    (``--root``).
    """
    with TemporaryDirectory() as directory:
        root = Path(directory)
        _write(one, root)
        try:
            said = " ".join(_sentences(judge(_look(one, root, profile), _deviations()))) or NOTHING
        except UsageError as refusal:
            said = f"refuses: {refusal}"
        return said.replace(f"{root}/", "/")


@cache
def _deviations() -> tuple[Deviation, ...]:
    return load(DEVIATIONS, [profile.name for profile in load_profiles()])


def _write(one: Misconfiguration, root: Path) -> None:
    file, unit = root / _FILE, root / _UNIT
    for path in (file, unit):
        path.parent.mkdir(parents=True)
    if one.place == "directory":
        file.mkdir()
    elif one.place == "dangling link":
        file.symlink_to("/nowhere/daemon.json")
    elif one.file is not None:
        file.write_text(one.file, encoding="utf-8")
    if one.flags:
        unit.write_text(f"[Service]\nExecStart=/usr/bin/{shlex.join(['dockerd', *one.flags])}\n", encoding="utf-8")


def _look(one: Misconfiguration, root: Path, profile: Profile) -> Setup:
    if one.flags:
        return host.of_root(host.Machine(root), profile.version, profile.store)
    return host.of_file(root / _FILE, profile.version, profile.store)


def _sentences(found: Judgement) -> Iterator[str]:
    for severity in ("error", "warning"):
        for remark in found.remarks:
            if remark.severity == severity and not (remark.code == TRAP and not remark.mirror):
                yield f"{severity}: {inert(masked(remark.sentence))} ({remark.code})"
