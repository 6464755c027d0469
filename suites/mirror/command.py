"""``mirror-conformance mirror`` and ``hub``."""

import contextlib
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from fixtures.errors import LabError, UsageError
from fixtures.mirrors.local import claimed, local_lab
from fixtures.mirrors.outside import OutsideLab, hub_client
from fixtures.mirrors.playing import WAITED, MirrorLab
from fixtures.mirrors.subject import FEATURES, Feature, MirrorSubject, Profile, Promises
from fixtures.mirrors.visiting import Manners, Visitor
from report.results import Run, exit_code
from report.terminal import TerminalReport
from report.write import write
from simulator.client import SimulatorClient, SimulatorError
from simulator.command import serve
from simulator.mirror.policy import PRESETS, PresetName
from suites.catalogue import select as select_rules
from suites.mirror.description import described
from suites.mirror.judge import BOOK
from suites.mirror.outside import Visit, compared, image_of, visit_mirror
from suites.mirror.planning import plan, plan_outside
from suites.mirror.trying import Progress, check, select, try_mirror

OWN = "simulator:"
"""How the URL of our own mirrors begins, which need no Hub beside them."""

_MANNERS = Manners()

CONTROL = "http://127.0.0.1:8900"

output = Console(highlight=False, markup=False)
errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def mirror(
    url: Annotated[str, typer.Option(help="Where the mirror is; simulator:pull-through, :gcr, :frozen are ours.")] = "",
    description: Annotated[Path | None, typer.Option(help="What the mirror is and promises, as TOML.")] = None,
    hub: Annotated[str, typer.Option(help="The control API of the Hub that is the mirror's upstream.")] = CONTROL,
    hub_token: Annotated[Path | None, typer.Option(help="The file with the control API's token.")] = None,
    profile: Annotated[Profile | None, typer.Option(help="What the mirror does with what it lacks.")] = None,
    name: Annotated[str | None, typer.Option(help="What reports call the mirror.")] = None,
    ca: Annotated[Path | None, typer.Option(help="The CA file that the mirror's certificate is of.")] = None,
    stale: Annotated[float | None, typer.Option(min=0, help="Seconds that a tag may be behind, as promised.")] = None,
    feature: Annotated[list[str] | None, typer.Option(help="A feature that the mirror declares.")] = None,
    trial: Annotated[list[str] | None, typer.Option("--trial", help="Only this trial. May be repeated.")] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only report these rules.")] = None,
    outside: Annotated[
        bool,
        typer.Option("--outside", help="Ask a mirror that cannot be pointed at our Hub, and judge what that shows."),
    ] = False,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image", help="An image that the mirror has, REPO[:TAG][@DIGEST]; with --outside. May be repeated."
        ),
    ] = None,
    requests: Annotated[int, typer.Option(min=1, help="The most requests that --outside makes.")] = _MANNERS.requests,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between the requests of --outside.")] = _MANNERS.pause,
    blob_bytes: Annotated[
        int, typer.Option(min=1, help="The largest blob, in bytes, that --outside fetches.")
    ] = _MANNERS.blob_bytes,
    compare_hub: Annotated[
        bool,
        typer.Option("--compare-hub", help="With --outside: ask Docker Hub, by HEAD alone, what the tags name now."),
    ] = False,
    writes: Annotated[
        bool, typer.Option("--writes", help="With --outside: try whether it refuses to be written to.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be asked; ask nothing.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait where no hook lets time pass.")] = WAITED,
    report: Annotated[Path, typer.Option("--report", help="The directory of reports.")] = Path("conformance-report"),
) -> None:
    """Put a mirror on trial, whose upstream is the Hub that `mirror-conformance hub` serves."""
    wanted = select_rules(rule or ["*"], BOOK)
    command = shlex.join(["mirror-conformance", *sys.argv[1:]])
    promises = None if stale is None else Promises(stale=stale)
    given: dict[str, object] = {"profile": profile, "name": name, "authority": ca, "promises": promises}
    given["features"] = _features(feature) if feature else None
    manners = Manners(requests, pause, blob_bytes)
    if outside:
        visit = _visit(url, image or [], trial or [], writes=writes)
        subject = described(description, url, **given)
        if dry_run:
            _show(plan_outside(subject, visit, wanted, manners, compares=compare_hub))
        _end(_visited(subject, compared_with_hub(visit) if compare_hub else visit, manners, wanted, command), report)
    if image or compare_hub or writes or manners != _MANNERS:
        raise UsageError("--image, --requests, --pause, --blob-bytes, --compare-hub and --writes are for --outside.")
    if dry_run:
        subject = claimed(_preset(url, description)) if url.startswith(OWN) else described(description, url, **given)
        _show(plan(subject, select(trial or [], subject), wanted, wait))
    beside = _Beside(hub, hub_token, wait)
    with _lab(url, description, given, beside) as lab:
        chosen = select(trial or [], lab.subject)
        check(lab)
        finished = try_mirror(lab, chosen, wanted, command, _telling(len(chosen)))
    _end(finished, report)


def hub(
    address: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 for all.")] = "127.0.0.1",
    host: Annotated[list[str] | None, typer.Option(help="A name that is in the certificate, too.")] = None,
    ports: Annotated[str, typer.Option(help="The ports for TLS and plain HTTP, such as 8443,8080.")] = "",
    control: Annotated[str, typer.Option(help="Where the control API listens.")] = "127.0.0.1:8900",
    directory: Annotated[
        Path | None, typer.Option(help="Keep the certificates there: ca.pem is the authority.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show the exchanges.")] = False,
) -> None:
    """Serve the fake Docker Hub, for a mirror to be pointed at, until Ctrl-C."""
    arguments = ["--mirrors", "0", "--address", address, "--control", control]
    arguments += [word for one in host or () for word in ("--host", one)]
    arguments += ["--ports", ports] if ports else []
    arguments += ["--directory", str(directory)] if directory else []
    raise typer.Exit(serve.main([*arguments, *(["--quiet"] if quiet else [])]))


@dataclass(frozen=True)
class _Beside:
    """The Hub that is beside a mirror: its control API and the file with that one's token; and how long to wait."""

    hub: str
    token: Path | None
    wait: float


def _features(names: list[str]) -> frozenset[Feature]:
    for name in names:
        if name not in FEATURES:
            raise UsageError(f"No feature is called {name!r}; there are: {', '.join(FEATURES)}.")
    return frozenset(feature for feature in FEATURES if feature in names)


@contextlib.contextmanager
def mirror_on_trial(description: Path, hub: str) -> Iterator[MirrorLab]:
    """The mirror of a description, beside the Hub whose control API is there. Raises LabError."""
    with _lab("", description, {}, _Beside(hub, None, WAITED)) as lab:
        yield lab


def _preset(url: str, file: Path | None) -> PresetName:
    """The preset that a URL of one of our own mirrors names."""
    preset = next((name for name in PRESETS if url == f"{OWN}{name}"), None)
    if preset is None:
        raise UsageError(f"There is no mirror {url!r} of ours; there are: {', '.join(OWN + p for p in PRESETS)}.")
    if file:
        raise UsageError(f"{url} needs no --description: what it is and promises is known.")
    return preset


def _visit(url: str, images: list[str], names: list[str], *, writes: bool) -> Visit:
    if url.startswith(OWN):
        raise UsageError(f"{url} is of this process, and can be pointed at our Hub: leave out --outside.")
    if not images:
        raise UsageError("From outside a mirror is asked for what it has: name it with --image library/alpine:3.20.")
    return Visit(tuple(map(image_of, images)), writes=writes, trials=tuple(names))


def compared_with_hub(visit: Visit) -> Visit:
    """The same, with what the real Docker Hub has."""
    with hub_client() as client:
        return compared(visit, client)


def _visited(subject: MirrorSubject, visit: Visit, manners: Manners, wanted: tuple[str, ...], command: str) -> Run:
    lab = OutsideLab(subject, Visitor(manners))
    finished = visit_mirror(lab, visit, wanted, command, lambda _, name: errors.print(f"trial {name}"))
    errors.print(f"{lab.visitor.made} requests were made.")
    return finished


@contextlib.contextmanager
def _lab(url: str, file: Path | None, given: dict[str, object], beside: "_Beside") -> Iterator[MirrorLab]:
    """The mirror, and the Hub that it is to ask."""
    if url.startswith(OWN):
        with local_lab(_preset(url, file)) as lab:
            yield lab
        return
    subject = described(file, url, **given)
    try:
        secret = beside.token.read_text(encoding="utf-8").strip() if beside.token else ""
    except OSError as error:
        raise UsageError(f"The token file {beside.token} cannot be read: {error.strerror or error}.") from error
    with SimulatorClient(beside.hub, token=secret) as control:
        try:
            sites = control.health().sites
        except SimulatorError as error:
            raise UsageError(f"{error} Start it with `mirror-conformance hub`, or name it with --hub.") from error
        if not any(site.kind == "hub" for site in sites):
            raise LabError(f"What answers at {beside.hub} serves no Hub.")
        yield MirrorLab(subject, control, waited=beside.wait)


def _telling(total: int) -> Progress:
    def tell(number: int, _: str) -> None:
        if number % 10 == 0:
            errors.print(f"{number} of {total} trials done")

    return tell


def _show(lines: Iterator[str]) -> NoReturn:
    output.print("\n".join(lines), soft_wrap=True)
    raise typer.Exit


def _end(finished: Run, report: Path) -> NoReturn:
    output.print(TerminalReport(finished))
    write(finished, report)
    raise typer.Exit(exit_code(finished))
