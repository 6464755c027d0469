"""What a case of the matrix is: one thing that a client does, and what must come of it."""

import re
from dataclasses import dataclass
from typing import Literal

from simulator.arrangement import Account, Arrangement, Content, Copy, Fault, Holdings, ImageSpec, Limits
from simulator.journal import Exchange

PASSWORD, ACCESS_TOKEN = "lovelace-1815", "dckr_pat_analytical"

Kept = Literal["bytes", "layers", "nothing"]
"""What a push keeps of the arranged image: all of its bytes, its uncompressed layers, or neither."""


@dataclass(frozen=True)
class Push:
    """Where a case pushes to, which arranged image it had there, and what it keeps of it."""

    to: str
    image: str = ""
    kept: Kept = "nothing"


@dataclass(frozen=True)
class Case:
    """One thing that a client does.

    ``script`` runs in a shell that ends at the first command that fails, with a home of its own and the variables of
    :func:`variables`. ``says`` is what the output must hold, with the same variables (``|`` parts what will do as
    well). ``asks`` are patterns, each of which a :func:`line` of the journal must match, and ``never`` those that none
    may. ``fails`` tells that the script must fail. ``limits``, ``fault`` (of Hub) and ``mirrors`` (a dockerd's
    ``registry-mirrors``) are there beforehand. ``daemons`` is a pattern of the names of the daemons that the case is
    for. ``note`` is what may surprise a reader, for docs/simulator-reference.md.
    """

    action: str
    script: str
    says: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    fails: bool = False
    push: Push | None = None
    limits: Limits | None = None
    fault: Fault | None = None
    mirrors: tuple[str, ...] = ()
    daemons: str = ".*"
    note: str = ""


@dataclass(frozen=True)
class Client:
    """A client, the versions that were tried (newer ones are), and the cases."""

    name: str
    versions: tuple[str, ...]
    cases: tuple[Case, ...]

    def was_tried(self, version: str) -> bool:
        """Whether a version is one of those that the matrix names (``1.22`` names ``1.22.0``), or newer than all."""
        numbers = [int(number) for number in re.findall(r"\d+", version)]
        named = [[int(number) for number in known.split(".")] for known in self.versions]
        return numbers >= max(named) or any(numbers[: len(known)] == known for known in named)


def arrangement(salt: str, case: Case) -> Arrangement:
    """Hub, two snapshots, a pull-through cache and another registry, with bytes that no client has met before: they
    follow from ``salt``.
    """
    platforms = ("linux/amd64", "linux/arm64")
    app, secret = Copy("library/app", "1.0", "multi"), Copy("ada/secret", "1.0", "single")
    public = (
        app,
        Copy("library/app", "2.0", "single"),
        Copy("library/oci", "latest", "oci"),
        Copy("library/large", "latest", "large"),
    )
    return Arrangement(
        images={
            "multi": ImageSpec(f"multi-{salt}", "docker", (40_000, 3 << 20), platforms),
            "oci": ImageSpec(f"oci-{salt}", "oci", (30_000, 2_000), platforms),
            "single": ImageSpec(f"single-{salt}", "docker", (512, 700)),
            "large": ImageSpec(f"large-{salt}", "docker", (3 << 20,)),
        },
        servers={
            "hub": Holdings((*public, secret), (case.fault,) if case.fault else ()),
            "mirror-1": Holdings(public),
            "mirror-2": Holdings(public),
            "mirror-3": Holdings(policy="pull-through"),
            "elsewhere": Holdings((app,)),
        },
        accounts=(Account("ada", PASSWORD, (ACCESS_TOKEN,)),),
        private=("ada/secret",),
        limits=case.limits,
    )


def variables(contents: dict[str, Content]) -> dict[str, str]:
    """The root digest of each image under its name, and the account's secrets."""
    return {name.upper(): content.root for name, content in contents.items()} | {
        "PASSWORD": PASSWORD,
        "ACCESS_TOKEN": ACCESS_TOKEN,
    }


def line(exchange: Exchange) -> str:
    """An exchange for people and patterns: ``hub GET layer library/app 307 bearer ada https registry-1.docker.io``."""
    account = f" {exchange.account}" if exchange.account else ""
    return (
        f"{exchange.server} {exchange.method} {exchange.stage} {exchange.repository or '-'} {exchange.status} "
        f"{exchange.credentials}{account} {exchange.scheme} {exchange.host}"
    )
