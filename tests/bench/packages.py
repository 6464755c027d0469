"""Programs of Debian packages, unpacked beside the machine's own rather than installed."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fixtures.errors import CannotRunError
from fixtures.machine.debian import ARCHIVE_KEYRING, apt_obstacle, architecture, debian_mirror, last_lines

REGISTRY, TOOLS, CRANE = "docker-registry", ("wrk", "libluajit-5.1-2", "hey"), "crane"

CRANE_SUITE = "forky"
"""The first of Debian's suites that has crane. It is one file, and needs no library."""


def unpack(work: Path) -> Path:
    """Fetch the packages through the machine's own apt, and unpack them; returns their root.

    Raises:
        CannotRunError: something is missing.
    """
    if obstacle := apt_obstacle():
        raise CannotRunError(f"The benchmark gets other registries as Debian packages, and cannot: {obstacle}.")
    root = work / "root"
    packages = work / "packages"
    packages.mkdir()
    _run(["apt-get", "--quiet", "update"], packages)
    _run(["apt-get", "--quiet", "download", REGISTRY, *TOOLS], packages)
    other = _other_suite(work / "apt")
    _run(["apt-get", "--quiet", *other, "update"], packages)
    _run(["apt-get", "--quiet", *other, "download", CRANE], packages)
    for package in sorted(packages.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(root)], packages)
    return root


def libraries(root: Path) -> dict[str, str]:
    """What lets the programs find the libraries that were unpacked with them."""
    places = sorted({str(library.parent) for library in (root / "usr/lib").rglob("*.so*")})
    return {"LD_LIBRARY_PATH": ":".join(places)}


def _other_suite(directory: Path) -> list[str]:
    """Options that make apt-get look at another suite, and keep what it learns to itself."""
    mirror = debian_mirror()
    if mirror is None:
        raise CannotRunError(f"{CRANE} comes from Debian {CRANE_SUITE}, and this machine's apt sources name no mirror.")
    parts, lists, cache = directory / "parts", directory / "lists", directory / "cache"
    for needed in (parts, lists / "partial", cache / "archives/partial"):
        needed.mkdir(parents=True)
    sources = directory / "sources.list"
    keys = f"arch={architecture()} signed-by=/usr/share/keyrings/{ARCHIVE_KEYRING}.gpg"
    sources.write_text(f"deb [{keys}] {mirror} {CRANE_SUITE} main\n", encoding="ascii")
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": parts,
        "Dir::State::lists": lists,
        "Dir::Cache": cache,
        "Acquire::Check-Valid-Until": "false",
        "APT::Get::List-Cleanup": "false",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _run(command: Sequence[str], directory: Path) -> None:
    done = subprocess.run(
        [command[0], *(("-o", "APT::Sandbox::User=root") if command[0] == "apt-get" else ()), *command[1:]],
        check=False,
        cwd=directory,
        env=os.environ | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise CannotRunError(f"{' '.join(command)} failed:\n{last_lines(done.stdout)}")
