"""The command line ``mirror-conformance``."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import pytest
import typer
from docker.errors import DockerException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fixtures.engine import private as private_engine
from fixtures.engine.cleanup import sweep
from fixtures.engine.discovery import ensure_engine, find_engine
from fixtures.errors import LabError, UsageError
from fixtures.images import tool
from fixtures.images.making import Images, Source, ensure_served, ensure_tool, remove_images
from fixtures.images.served import LATEST
from fixtures.lab.lab import Lab
from fixtures.lab.registries import Registries
from fixtures.model import ModelLab
from fixtures.playing import Player
from fixtures.profiles import Profile, load_profiles, select
from fixtures.scenario import Scenario
from report.text import inert
from report.write import ReportError, check_writable
from suites import actions, catalogue, collector, explaining, lanes, listing, planning
from suites.bundling import bundle_of
from suites.deviations import DEVIATIONS, load
from suites.findings import findings_of
from suites.inventory import inventory
from suites.mirror import again
from suites.mirror import command as mirrors
from suites.mirror.baseline import baseline_of
from suites.mirror.judge import BOOK as MIRRORS
from suites.mirror.page import mirrors_of
from suites.preparing import interruptible, prepared
from suites.saved import evidence, is_of_mirror, read_history, read_scenario
from suites.shrinking import extent, shrunk
from suites.telling import Judged, deliver, judged, save_smaller, tell
from suites.verify.command import verify

SUITES = Path(__file__).parent
REPORT = Path("conformance-report")
HISTORY = "history.json"
NOTHING_TESTED = 5

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "Put Docker Hub mirrors, and the daemons that use them, on trial.\n\n"
        "Exit codes: 0 conformant, 1 not conformant, 2 wrong usage, 3 cannot run here, "
        "4 harness error, 5 nothing was tested, 130 interrupted."
    ),
)
output = Console(highlight=False, markup=False)
errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Daemons = Annotated[
    list[str] | None,
    typer.Option(
        "--daemon",
        help=(
            "A daemon, a pattern such as 'docker-26*', default or all; model:classic and model:containerd are models, "
            "which need no Docker. May be repeated."
        ),
    ),
]
ImageSource = Annotated[Source, typer.Option("--images", help="Where images come from.")]
DeviationsFile = Annotated[Path, typer.Option(help="The file of known deviations.")]
Example = Annotated[str, typer.Argument(help="The id of a saved example, or a path to a scenario's file.")]
ReportDirectory = Annotated[Path, typer.Option("--report", help="The directory of reports.")]


@app.command()
def run(
    daemon: Daemons = None,
    keyword: Annotated[str, typer.Option("-k", help="Only tests that match: a rule's id, or a word of a name.")] = "",
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only report these rules; all is played.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of everything that is drawn.")] = 0,
    scale: Annotated[float, typer.Option(min=0.01, help="How many examples to draw; 1 is the usual budget.")] = 1.0,
    nightly: Annotated[bool, typer.Option("--nightly", help="Also play what takes long: all pairs of faults.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be played; start nothing.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Daemons at work at once; by default one more than there are cores. Others may wait."),
    ] = None,
    images: ImageSource = "auto",
    deviations: DeviationsFile = DEVIATIONS,
    report: ReportDirectory = REPORT,
) -> None:
    """Put real dockerds, or models of them, on trial, and write the verdicts to the report directory."""
    wanted = catalogue.select(rule) if rule else tuple(catalogue.rules())
    profiles = select(daemon or ["default"])
    load(deviations, [profile.name for profile in load_profiles()])
    check_writable(report)
    arguments = [
        str(SUITES),
        f"--rootdir={SUITES}",
        f"--config-file={SUITES / 'pytest.ini'}",
        *(f"--daemon={profile.name}" for profile in profiles),
        f"--seed={seed}",
        f"--scale={scale}",
        f"--images={images}",
        f"--deviations={deviations.absolute()}",
        *(["--nightly"] if nightly else []),
        *(["-k", keyword] if keyword else []),
    ]
    chosen = collector.collect(arguments)
    if not chosen.lanes:
        _refuse(f"No test matches -k {keyword!r}: `mirror-conformance list` shows the rules' ids.", NOTHING_TESTED)
    at_once = lanes.workers(chosen.lanes.values(), workers or (os.cpu_count() or 1) + 1)
    if dry_run:
        output.print("\n".join(planning.plan(profiles, images, inventory(arguments), at_once, wanted)), soft_wrap=True)
        raise typer.Exit
    processes = f"--numprocesses={at_once if at_once > 1 else 0}"
    with ready(profiles, images), _progress() as told:
        gathered = collector.Collector(told, chosen)
        status = pytest.main([*arguments, processes], plugins=[gathered])
    command = shlex.join(["mirror-conformance", *sys.argv[1:]])
    interrupted = status == pytest.ExitCode.INTERRUPTED
    finished = gathered.run(wanted, seed, command, interrupted=interrupted, nightly=nightly)
    raise typer.Exit(deliver(finished, report, output))


@app.command()
def replay(
    example: Example,
    daemon: Daemons = None,
    url: mirrors.Url = "",
    description: mirrors.DescriptionFile = None,
    hub: mirrors.HubControl = mirrors.CONTROL,
    hub_token: mirrors.HubToken = None,
    ca: mirrors.Authority = None,
    images: ImageSource = "auto",
    deviations: DeviationsFile = DEVIATIONS,
    baseline: mirrors.Known = None,
    report: ReportDirectory = REPORT,
) -> None:
    """Play a scenario on the daemon or mirror that it failed on, or on others, and judge it."""
    where = mirrors.Where(url, description, hub, hub_token, ca, report)
    mirrors_own = _of_mirror(example, daemon or [], where, report)
    if mirrors_own:
        held = mirrors.known_failures(baseline, description)
        with where.lab(mirrors_own) as mirror:
            told = mirrors_own.played(mirror).judged
        raise typer.Exit(tell(told, example, held.known if held else (), output))
    scenario, profiles = _example(example, daemon or [], report)
    known = load(deviations, [profile.name for profile in load_profiles()])
    codes = [0]
    with labs(profiles, images) as start:
        for profile in profiles:
            with start(profile) as lab:
                history = lab.play(scenario, with_log=True)
            codes.append(tell(judged(scenario, history), example, known, output))
    raise typer.Exit(max(codes))


@app.command()
def shrink(
    example: Example,
    daemon: Daemons = None,
    url: mirrors.Url = "",
    description: mirrors.DescriptionFile = None,
    hub: mirrors.HubControl = mirrors.CONTROL,
    hub_token: mirrors.HubToken = None,
    ca: mirrors.Authority = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only these rules must still be broken.")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long smaller scenarios may be tried.")] = 120,
    images: ImageSource = "auto",
    report: ReportDirectory = REPORT,
) -> None:
    """Make a scenario that breaks rules smaller, as long as it breaks them, and save the smaller one."""
    limit = timedelta(seconds=seconds)
    where = mirrors.Where(url, description, hub, hub_token, ca, report)
    mirrors_own = _of_mirror(example, daemon or [], where, report)
    if mirrors_own:
        wanted = frozenset(catalogue.select(rule or ["*"], MIRRORS))
        with where.lab(mirrors_own) as mirror:
            smaller = again.shrunk(mirrors_own, mirror, wanted, limit, _say)
        _smaller(example, extent(mirrors_own.scenario), smaller.judged, wanted, extent(smaller.scenario), report)
        return
    wanted = frozenset(catalogue.select(rule) if rule else catalogue.rules())
    scenario, profiles = _example(example, daemon or [], report)
    if len(profiles) != 1:
        raise UsageError("A scenario is made smaller on one daemon: name it with --daemon.")
    (profile,) = profiles
    with labs(profiles, images) as start, start(profile) as lab:
        small = shrunk(scenario, lab, wanted, limit, _say)
        history = lab.play(small, with_log=True)
    _smaller(example, extent(scenario), judged(small, history), wanted, extent(small), report)


@app.command()
def judge(
    example: Annotated[str, typer.Argument(help="The id of a saved example, or a path to its history.json.")],
    deviations: DeviationsFile = DEVIATIONS,
    baseline: mirrors.Known = None,
    report: ReportDirectory = REPORT,
) -> None:
    """Judge a saved history again. Needs no Docker, and no mirror."""
    known = load(deviations, [profile.name for profile in load_profiles()])
    directory = evidence(example, report)
    if is_of_mirror(directory / "scenario.json"):
        held = mirrors.known_failures(baseline, None)
        raise typer.Exit(tell(again.read(directory).judged, example, held.known if held else (), output))
    scenario, history = read_scenario(directory / "scenario.json"), read_history(directory / HISTORY)
    raise typer.Exit(tell(judged(scenario, history), example, known, output))


@app.command()
def findings(
    files: Annotated[
        list[Path], typer.Argument(metavar="REPORT.json...", help="The report.json of runs, each in its directory.")
    ],
    deviations: DeviationsFile = DEVIATIONS,
) -> None:
    """Print what daemons do where they differ from the rules, for those who run them: docs/findings.md.

    Of several runs, the last that has a daemon tells of it.
    """
    profiles = load_profiles()
    known = load(deviations, [profile.name for profile in profiles])
    typer.echo(findings_of(files, known, profiles).page(), nl=False)


@app.command("mirrors")
def mirrors_page(
    files: Annotated[list[Path], typer.Argument(metavar="REPORT.json...", help="The report.json of runs of mirrors.")],
) -> None:
    """Print what mirrors do not keep, for those who run them: docs/mirrors.md.

    Of several runs, the last that has a mirror tells of it.
    """
    typer.echo(mirrors_of(files).page(), nl=False)


@app.command()
def baseline(
    file: Annotated[Path, typer.Argument(metavar="REPORT.json", help="The report.json of a run of a mirror.")],
) -> None:
    """Print a baseline: what a mirror did not keep in a run, as known failures for `mirror --baseline`."""
    typer.echo(baseline_of(file), nl=False)


@app.command("list")
def list_all(
    sources: Annotated[bool, typer.Option("--sources", help="Also why each matters and where it is promised.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All of it for programs, with what each rule needs.")] = False,
) -> None:
    """Show the daemons that can be tried, and the rules."""
    if as_json:
        typer.echo(listing.to_json(), nl=False)
    else:
        output.print("\n".join(listing.lines(sources=sources)), soft_wrap=True)


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="A rule's id, with or without its variant, or a pattern.")],
    deviations: DeviationsFile = DEVIATIONS,
) -> None:
    """Tell all about a rule: where it is promised, what breaks it, and which daemons are known to."""
    chosen = catalogue.select([rule], catalogue.BOOK, MIRRORS)
    known = load(deviations, [profile.name for profile in load_profiles()])
    output.print("\n".join(explaining.explain(chosen, known, output.width)), soft_wrap=True)


@app.command()
def bundle(
    report: ReportDirectory = REPORT,
    file: Annotated[Path, typer.Option("--output", help="The archive to write.")] = Path("bundle.zip"),
) -> None:
    """Put the reports, scenarios and histories of a run into one archive, without secrets."""
    archive = bundle_of(report)
    file.write_bytes(archive)
    _say(f"{file}: {len(archive) / 1e3:.0f} kB.")


@app.command("simulator-image")
def simulator_image(images: ImageSource = "auto") -> None:
    """Make the container image of the simulator, and print its name."""
    engine = ensure_engine(_say)
    ensure_served(engine, images, _say)
    output.print(LATEST, soft_wrap=True)


@app.command("tool-image")
def tool_image(images: ImageSource = "auto") -> None:
    """Make the container image of this tool, and print its name."""
    engine = ensure_engine(_say)
    packages = {name: SUITES.with_name(name) for name in ("simulator", "fixtures", "suites", "report")}
    ensure_tool(engine, images, _say, packages, metadata.distribution("mirror-conformance"))
    output.print(tool.LATEST, soft_wrap=True)


@app.command()
def clean() -> None:
    """Remove what ended commands left behind: containers, networks and volumes."""
    engine = find_engine()
    if engine is None:
        errors.print("No Docker engine runs here, so nothing of ours can be left in one.")
        return
    with closing(engine.client()) as client:
        swept = sweep(client)
    removed = (*swept.containers, *swept.networks, *swept.volumes)
    errors.print(f"Removed {', '.join(removed)}." if removed else "Nothing was left behind.")


@app.command("engine-down")
def engine_down(
    images: Annotated[bool, typer.Option("--images", help="Remove the lab's images too, in any engine.")] = False,
) -> None:
    """Stop the private Docker engine that an earlier command started, if there is one."""
    engine = find_engine()
    if images and engine is not None and not engine.private:
        removed = remove_images(engine)
        errors.print(f"Removed {len(removed)} images from the engine at {engine.host}.")
    private_engine.stop(images, _say)


app.command()(verify)
app.command()(mirrors.mirror)
app.command()(mirrors.hub)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        output.print(metadata.version("mirror-conformance"))
        raise typer.Exit


def main() -> None:
    """Run the command line: whatever is refused is one sentence, with the exit code that goes with it."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except LabError as refusal:
        _refuse(str(refusal), refusal.exit_code)
    except ReportError as refusal:
        _refuse(str(refusal), LabError.exit_code)
    except DockerException as failure:
        _refuse(f"The Docker engine failed: {failure}", LabError.exit_code)
    except OSError as failure:
        _refuse(f"This machine failed the lab: {failure}", LabError.exit_code)


def _smaller(name: str, before: str, of: Judged, wanted: Collection[str], after: str, report: Path) -> None:
    """Save a scenario that was made smaller, and say how much smaller it is."""
    found = [verdict for verdict in of.verdicts if verdict.ruling == "fail" and verdict.rule in wanted]
    if not found:
        raise LabError(f"{of.subject} does not break a rule each time it plays this scenario.")
    folder = save_smaller(of, found, report, output)
    _say(f"{name}: {before}. {folder.name}: {after}.")


def _of_mirror(example: str, daemons: Sequence[str], where: mirrors.Where, report: Path) -> again.Saved | None:
    """A saved example of a mirror; ``None`` where it is of a daemon.

    Raises:
        UsageError: it is to be played on what it is not for.
    """
    file = _scenario_file(example, report)
    if not is_of_mirror(file):
        if where.url or where.description:
            raise UsageError(f"The example {example} is of a daemon: --daemon says on which to play it.")
        return None
    if daemons:
        raise UsageError(f"The example {example} is of a mirror: --url or --description say on which to play it.")
    return again.read(file.parent)


def _scenario_file(example: str, report: Path) -> Path:
    """The file of a scenario that was saved, or of a person's own."""
    file = Path(example)
    return file if file.is_file() and file.name != HISTORY else evidence(example, report) / "scenario.json"


def _example(example: str, daemons: Sequence[str], report: Path) -> tuple[Scenario, tuple[Profile, ...]]:
    """A scenario that was saved, or of a person's own, and the daemons meant: by default that which it failed on."""
    file = _scenario_file(example, report)
    scenario = read_scenario(file)
    failed_on = file.with_name(HISTORY)
    saved = file.name == "scenario.json" and failed_on.is_file()
    return scenario, select(daemons or [read_history(failed_on).daemon if saved else "default"])


@contextmanager
def labs(
    profiles: tuple[Profile, ...], source: Source
) -> Iterator[Callable[[Profile], AbstractContextManager[Player]]]:
    """What starts a lab of one of these daemons."""
    with ready(profiles, source) as made, Registries(made) if made else nullcontext() as registries:

        def start(profile: Profile) -> AbstractContextManager[Player]:
            if profile.is_model or registries is None:
                return nullcontext(ModelLab(profile.store))
            return Lab(profile, registries)

        yield start


@contextmanager
def ready(profiles: tuple[Profile, ...], source: Source) -> Iterator[Images | None]:
    """All that a command needs to play scenarios on these daemons. Models need nothing, an engine least of all."""
    real = tuple(profile for profile in profiles if not profile.is_model)
    with interruptible(), prepared(real, source) if real else nullcontext() as made:
        yield made


@contextmanager
def _progress() -> Iterator[collector.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("starting the lab", total=None)

        def told(ended: int, total: int, last: str) -> None:
            bar.update(task, completed=ended, total=total, description=last)
            if not errors.is_terminal and ended % 20 == 0:
                errors.print(f"{ended} of {total} tests done")

        yield told


def _say(line: str) -> None:
    errors.print(line)


def _refuse(sentence: str, code: int) -> NoReturn:
    """End with a sentence. It may end in what a server or a container said, which acts on nobody who reads it."""
    with actions.guarded(sys.stderr):
        errors.print("\n".join(map(inert, sentence.splitlines())))
    sys.exit(code)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """End as Ctrl-C does, so that everything is cleaned up."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
