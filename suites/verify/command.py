"""``mirror-conformance verify``: looks at a host's mirrors, or at one file, and judges them."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Annotated

import httpx
import typer

from fixtures.errors import CannotRunError, LabError, UsageError
from fixtures.profiles import Store, load_profiles
from report.text import encodable, inert
from suites import actions
from suites.deviations import DEVIATIONS, load
from suites.verify import host, pulling, report
from suites.verify.answers import POPULAR, Image, Probed
from suites.verify.deadline import Deadline
from suites.verify.facts import Setup
from suites.verify.judgement import Judgement, judge, to_probe
from suites.verify.network import Network, read_addresses
from suites.verify.probe import probe
from suites.verify.proxies import HIDDEN
from suites.verify.pulling import Pulled
from suites.verify.versions import parsed

_WIDTH = 100
_SECONDS = 4.5
"""Less than 5 in all, with what is left to do when they are over."""
_TO_TELL = 0.95
"""By when all must have answered, of the time there is."""
_LEAST = 2.0
"""Seconds that there are for others however long the program took to start: it is a busy machine that it starts on."""
_TOO_LITTLE = 0.3
"""Seconds in which nobody can be asked for anything."""


def main(arguments: Sequence[str], began: float) -> None:
    """Run the command alone; ``began`` is when the program did, by the monotonic clock."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(verify)
    try:
        app(list(arguments), prog_name="mirror-conformance verify", obj=began)
    except LabError as refusal:
        print(inert(str(refusal)), file=sys.stderr)
        sys.exit(refusal.exit_code)


def verify(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="As with --file, each: for pre-commit.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Look at this daemon.json alone: no Docker, and no mirror is asked.")
    ] = None,
    daemon_version: Annotated[
        str, typer.Option(help="Of the dockerd that --file is for, or where none answers: 28.5, say.")
    ] = "",
    store: Annotated[Store | None, typer.Option(help="The image store, likewise.")] = None,
    root: Annotated[Path, typer.Option(help="Read the files below this directory; another than / has no daemon.")] = (
        Path("/")
    ),
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Be a gate: just this mirror is in force. May be repeated, in order."),
    ] = None,
    style: Annotated[report.Format, typer.Option("--format", help="How to tell it.")] = "text",
    image: Annotated[str, typer.Option(help="The image of Docker Hub that mirrors are asked for.")] = POPULAR,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no mirror.")] = False,
    pull: Annotated[
        bool, typer.Option("--pull", help="Pull the image once for real, say where it came from, and remove it again.")
    ] = False,
    resolve: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT:ADDRESS", help="Where a host is, as curl has it. May be repeated."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds for all of it, but for --pull.")] = _SECONDS,
) -> None:
    """Say which mirrors this host's Docker uses and why, what is wrong with them, and what a pull would do.

    Nothing is changed, and nothing is pulled without --pull. Exit codes: 0 in order, 1 not in order, 2 wrong usage,
    3 cannot run here.
    """
    wanted, addresses = Image.read(image), read_addresses(resolve or ())
    if daemon_version and not parsed(daemon_version):
        message = f"{daemon_version!r} is no version of Docker: write it like 28.5 or 28.5.2."
        raise UsageError(message)
    if not root.is_dir():
        message = f"There is no directory {root}."
        raise UsageError(message)
    for url in expect or ():
        if "://" not in url:
            message = f"--expect {url!r} is no mirror's URL: write it as in daemon.json, like https://mirror.gcr.io."
            raise UsageError(message)
    alone = [*(files or ()), *([file] if file else ())]
    if pull and (offline or alone or root != Path("/")):
        message = "--pull pulls with the daemon of this host: leave files, --offline and --root away."
        raise UsageError(message)
    if len(alone) > 1 and style == "json":
        message = "JSON tells of one file at a time: name one, or another --format."
        raise UsageError(message)
    began = time.monotonic() if context.obj is None else context.obj
    deadline = Deadline(max(timeout, time.monotonic() - began + min(timeout, _LEAST)), began)
    deviations = load(DEVIATIONS, [profile.name for profile in load_profiles()])
    network = Network(root=root, addresses=addresses)
    codes = []
    for one in alone or [None]:
        setup = _look(one, root, daemon_version, store, deadline)
        network = replace(network, proxies=setup.proxies, authorities=setup.authorities)
        probed = None
        if one is None and not offline and to_probe(setup).shown:
            setup, probed = _probed(setup, wanted, network, deadline.share(_TO_TELL))
        pulled = _pulled(setup, wanted, network) if pull else None
        judgement = judge(setup, deviations, expect or None, probed, pulled)
        _tell(judgement, style)
        codes.append(judgement.exit_code)
    raise typer.Exit(max(codes))


def _look(file: Path | None, root: Path, version: str, store: Store | None, deadline: Deadline) -> Setup:
    machine = host.Machine(root)
    if file is not None:
        return host.of_file(file, version, store)
    if root != Path("/"):
        return host.of_root(machine, version, store)
    return host.of_host(machine, version, store, deadline)


def _probed(setup: Setup, image: Image, network: Network, deadline: Deadline) -> tuple[Setup, Probed | None]:
    """What the mirrors in force answer; where there was no time to ask any, that is unknown of the setup."""
    left = deadline.left
    if HIDDEN in f"{setup.proxies.http}{setup.proxies.https}":
        sentence = (
            "The daemon asks through a proxy, and its password is not to be seen: what mirrors would answer, "
            "nobody can tell from here. Run the command as root."
        )
        return replace(setup, unknown=(*setup.unknown, sentence)), None
    try:
        if left < _TOO_LITTLE:
            raise TimeoutError
        return setup, deadline.keep(lambda: probe(to_probe(setup), image, network=network, timeout=left))
    except TimeoutError:
        sentence = "There was no time to ask any mirror: --timeout gives more."
        return replace(setup, unknown=(*setup.unknown, sentence)), None


def _pulled(setup: Setup, image: Image, network: Network) -> Pulled:
    if not setup.socket:
        message = "--pull needs a daemon that answers at a socket of this host: none does."
        raise CannotRunError(message)
    try:
        return pulling.pull(setup, image, socket=Path(setup.socket), network=network)
    except httpx.HTTPError as error:
        raise CannotRunError(f"The daemon at {setup.socket} broke off: {error or type(error).__name__}.") from error


def _tell(judgement: Judgement, style: report.Format) -> None:
    match style:
        case "json":
            print(report.json_of(judgement, metadata.version("mirror-conformance")), end="")
        case "github":
            _print(report.github_of(judgement))
        case _:
            with actions.guarded():
                _print(report.text_of(judgement, _WIDTH))


def _print(text: str) -> None:
    print(encodable(text, sys.stdout.encoding), end="")
