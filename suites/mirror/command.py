"""``mirror-conformance mirror`` and ``hub``."""

import contextlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from fixtures.errors import LabError, UsageError
from fixtures.images.making import ensure_images
from fixtures.lab.registries import Registries
from fixtures.mirrors.containers import MirrorContainer, hub_in_reach, mirror_in_container
from fixtures.mirrors.dockerds import dockerds, own_lab
from fixtures.mirrors.images import ensure_image
from fixtures.mirrors.local import claimed, local_lab
from fixtures.mirrors.outside import OutsideLab, hub_client
from fixtures.mirrors.playing import WAITED, MirrorLab
from fixtures.mirrors.subject import FEATURES, OWN, Feature, MirrorSubject, Profile, Promises
from fixtures.mirrors.visiting import Manners, Visitor
from fixtures.profiles import Profile as DaemonProfile
from report.results import Run
from report.write import check_writable, write_log
from simulator.client import SimulatorClient, SimulatorError
from simulator.command import serve
from simulator.mirror.policy import PRESETS, PresetName
from simulator.topology import Topology
from suites.catalogue import select as select_rules
from suites.mirror.again import Saved
from suites.mirror.baseline import Baseline, load, lying_beside
from suites.mirror.clients import check_clients, chosen, contained, dockerds_alone, models
from suites.mirror.description import Description, described, known, place_of, read
from suites.mirror.judge import BOOK
from suites.mirror.outside import Visit, compared, image_of, visit_mirror
from suites.mirror.planning import plan, plan_outside
from suites.mirror.trying import Progress, check, select, try_mirror
from suites.preparing import engine_at_hand, prepared, say
from suites.telling import deliver

LINES = 500
"""Lines of a mirror's own log that are kept."""

_MANNERS = Manners()

CONTROL = "http://127.0.0.1:8900"

_DESCRIPTION = (
    "What the mirror is and promises, and the container that it runs in, if it does: a TOML file, or one of "
    f"{', '.join(known())}."
)

Url = Annotated[str, typer.Option(help="Where the mirror is; simulator:pull-through, :gcr, :frozen are ours.")]
DescriptionFile = Annotated[Path | None, typer.Option(help=_DESCRIPTION)]
HubControl = Annotated[str, typer.Option("--hub", help="The control API of the Hub that is the mirror's upstream.")]
HubToken = Annotated[Path | None, typer.Option(help="The file with the control API's token.")]
Authority = Annotated[Path | None, typer.Option("--ca", help="The CA file that the mirror's certificate is of.")]
Known = Annotated[
    Path | None,
    typer.Option("--baseline", help="The known failures, as TOML; by default what lies beside the description."),
]

output = Console(highlight=False, markup=False)
errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def mirror(
    url: Url = "",
    description: DescriptionFile = None,
    hub: HubControl = CONTROL,
    hub_token: HubToken = None,
    profile: Annotated[Profile | None, typer.Option(help="What the mirror does with what it lacks.")] = None,
    name: Annotated[str | None, typer.Option(help="What reports call the mirror.")] = None,
    ca: Authority = None,
    stale: Annotated[float | None, typer.Option(min=0, help="Seconds that a tag may be behind, as promised.")] = None,
    feature: Annotated[list[str] | None, typer.Option(help="A feature that the mirror declares.")] = None,
    trial: Annotated[list[str] | None, typer.Option("--trial", help="Only this trial. May be repeated.")] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only report these rules.")] = None,
    daemon: Annotated[
        list[str] | None, typer.Option("--daemon", help="A daemon that pulls through it, or none. May be repeated.")
    ] = None,
    baseline: Known = None,
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
    held = known_failures(baseline, description)
    check_writable(report)
    command = shlex.join(["mirror-conformance", *sys.argv[1:]])
    promises = None if stale is None else Promises(stale=stale)
    given: dict[str, object] = {"profile": profile, "name": name, "authority": ca, "promises": promises}
    given["features"] = _features(feature) if feature else None
    manners = Manners(requests, pause, blob_bytes)
    if outside:
        visit = _visit(url, image or [], trial or [], writes=writes)
        subject = described(_described(description), url, given=given)
        if dry_run:
            _show(plan_outside(subject, visit, wanted, manners, compares=compare_hub))
        visit = compared_with_hub(visit) if compare_hub else visit
        _end(_held(_visited(subject, visit, manners, wanted, command), held, whole=False), report)
    if image or compare_hub or writes or manners != _MANNERS:
        raise UsageError("--image, --requests, --pause, --blob-bytes, --compare-hub and --writes are for --outside.")
    if dry_run:
        subject, clients = _claimed(url, description, given, daemon or [])
        _show(plan(subject, select(trial or [], subject), wanted, wait, clients))
    beside = _Beside(hub, hub_token, wait, tuple(daemon or ()))
    with _lab(url, description, given, beside, report) as lab:
        asked = select(trial or [], lab.subject)
        check(lab)
        check_clients(lab)
        finished = try_mirror(lab, asked, wanted, command, _telling(len(asked)), known=held.known if held else ())
    finished = _held(finished, held, whole=not trial)
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
    where = "" if f"http://{control}" == CONTROL else f" --hub http://{control}"
    say(f"Point your mirror at this Hub, then try it: mirror-conformance mirror --url URL{where}")
    arguments = ["--mirrors", "0", "--address", address, "--control", control]
    arguments += [word for one in host or () for word in ("--host", one)]
    arguments += ["--ports", ports] if ports else []
    arguments += ["--directory", str(directory)] if directory else []
    raise typer.Exit(serve.main([*arguments, *(["--quiet"] if quiet else [])]))


def known_failures(given: Path | None, description: Path | None) -> Baseline | None:
    """The known failures that a mirror is held against, if there are any."""
    file = given or (lying_beside(place_of(description)) if description else None)
    return load(file) if file else None


@dataclass(frozen=True)
class Where:
    """Where a person wants a saved example of a mirror to be played again; nowhere named: on the mirror that it is of,
    which must be ours then.
    """

    url: str = ""
    description: Path | None = None
    hub: str = CONTROL
    hub_token: Path | None = None
    authority: Path | None = None
    report: Path = Path("conformance-report")
    daemons: tuple[str, ...] = ()

    @contextlib.contextmanager
    def lab(self, saved: Saved) -> Iterator[MirrorLab]:
        """The mirror, ready to be asked. Raises UsageError."""
        if saved.history.from_outside:
            raise UsageError(
                "The example was seen from outside, where what Docker Hub and the mirror had then cannot be arranged "
                "again: ask the mirror anew with `mirror-conformance mirror --outside`; `judge` judges what came."
            )
        own = saved.history.mirror if saved.history.mirror.startswith(OWN) else ""
        if not (self.url or self.description or own):
            raise UsageError(
                f"The example is of the mirror {saved.history.mirror}: say with --url or --description where it is."
            )
        url = self.url or ("" if self.description else own)
        given: dict[str, object] = {"authority": self.authority}
        beside = _Beside(self.hub, self.hub_token, WAITED, self.daemons)
        with _lab(url, self.description, given, beside, self.report) as lab:
            check(lab)
            yield lab


@dataclass(frozen=True)
class _Beside:
    """What is beside a mirror: the Hub's control API and the file with that one's token, and the names of the daemons;
    and how long to wait.
    """

    hub: str
    token: Path | None
    wait: float
    daemons: tuple[str, ...]


def _features(names: list[str]) -> frozenset[Feature]:
    for name in names:
        if name not in FEATURES:
            raise UsageError(f"No feature is called {name!r}; there are: {', '.join(FEATURES)}.")
    return frozenset(feature for feature in FEATURES if feature in names)


@contextlib.contextmanager
def mirror_on_trial(description: Path, hub: str) -> Iterator[MirrorLab]:
    """The mirror of a description, beside the Hub whose control API is there. Raises LabError."""
    beside = _Beside(hub, None, WAITED, ())
    with _lab("", description, {}, beside, Path("conformance-report")) as lab:
        yield lab


def _held(finished: Run, held: Baseline | None, *, whole: bool) -> Run:
    """The run, held against what is known of the mirror."""
    if held is None:
        return finished
    finished, told = held.hold(finished, of_all_trials=whole)
    errors.print("\n".join((f"Held against {held.file}.", *told)))
    return finished


def _described(file: Path | None) -> Description:
    return read(file) if file else Description()


def _claimed(
    url: str, file: Path | None, given: dict[str, object], names: Sequence[str]
) -> tuple[MirrorSubject, tuple[DaemonProfile, ...]]:
    """What a mirror says that it is, and the daemons that would be its clients, with nothing started."""
    if url.startswith(OWN):
        return claimed(_preset(url, file)), chosen(names, contained=False)
    description = _described(file)
    contained = description.container is not None and not url
    subject = described(description, url or ("its container" if contained else ""), given=given)
    return subject, chosen(names, contained=contained)


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
def _lab(url: str, file: Path | None, given: dict[str, object], beside: "_Beside", report: Path) -> Iterator[MirrorLab]:
    """The mirror, and the Hub that it is to ask."""
    if url.startswith(OWN):
        preset = _preset(url, file)
        profiles = chosen(beside.daemons, contained=False)
        real = tuple(profile for profile in profiles if not profile.is_model)
        local = local_lab(preset, stores=tuple(profile.store for profile in profiles))
        with _own(preset, dockerds_alone(profiles)) if real else local as lab:
            yield lab
        return
    description = _described(file)
    if file and description.container:
        if url:
            raise UsageError(f"The description {file} has a container: where it is, is known, without --url.")
        with _contained(description, description.container, place_of(file).parent, given, beside, report) as lab:
            yield lab
        return
    subject = described(description, url, given=given)
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
        profiles = chosen(beside.daemons, contained=False)
        with models(profiles, subject.url, Topology(sites)) as clients:
            yield MirrorLab(subject, control, waited=beside.wait, clients=clients)


@contextlib.contextmanager
def _own(preset: PresetName, profiles: tuple[DaemonProfile, ...]) -> Iterator[MirrorLab]:
    """Our own mirror beside the lab's Hub, and dockerds."""
    with contextlib.ExitStack() as stack:
        images = stack.enter_context(prepared(profiles, "auto"))
        registries = stack.enter_context(Registries(images))
        running = stack.enter_context(dockerds(profiles, registries))
        yield stack.enter_context(own_lab(preset, registries, running))


@contextlib.contextmanager
def _contained(
    description: Description,
    container: MirrorContainer,
    directory: Path,
    given: dict[str, object],
    beside: "_Beside",
    report: Path,
) -> Iterator[MirrorLab]:
    """A mirror in a container, and the lab's own Hub. What the mirror wrote is kept with the reports."""
    with engine_at_hand() as engine:
        profiles = dockerds_alone(chosen(beside.daemons, contained=True))
        images = ensure_images(engine, profiles, "auto", say)
        image = ensure_image(engine, container, directory, say)
        with (
            Registries(images) as registries,
            mirror_in_container(container, image, registries) as running,
            hub_in_reach(registries) as hub_at,
        ):
            subject = described(description, running=running, given=given)
            try:
                with contained(profiles, registries, running.address, subject.profile) as clients:
                    yield MirrorLab(subject, registries.client, waited=beside.wait, clients=clients, hub_at=hub_at)
            finally:
                say(f"What the mirror wrote itself is in {write_log(running.log(LINES), report)}.")


def _telling(total: int) -> Progress:
    def tell(number: int, _: str) -> None:
        if number % 10 == 0:
            errors.print(f"{number} of {total} trials done")

    return tell


def _show(lines: Iterator[str]) -> NoReturn:
    output.print("\n".join(lines), soft_wrap=True)
    raise typer.Exit


def _end(finished: Run, report: Path) -> NoReturn:
    raise typer.Exit(deliver(finished, report, output))
