"""Daemons as clients of a mirror: who asked what, whose a failure is, and what cannot be observed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from fixtures.errors import UsageError
from fixtures.images.making import Images
from fixtures.lab.registries import Registries
from fixtures.mirrors.daemons import Client, Clients, Wanted
from fixtures.mirrors.dockerds import dockerds, own_lab
from fixtures.mirrors.history import Pulled
from fixtures.mirrors.local import MIRROR, local_lab, subject_of
from fixtures.mirrors.models import model_clients
from fixtures.mirrors.playing import MirrorLab
from fixtures.model import Switch
from fixtures.profiles import select as select_daemons
from report.results import RuleResult
from report.terminal import TerminalReport
from simulator.arrangement import Holdings
from simulator.journal import Exchange
from simulator.local import LocalSimulator
from simulator.mirror.policy import FROZEN
from suites.mirror.clients import check_clients, chosen, dockerds_alone
from suites.mirror.judge import judge, rules
from suites.mirror.trial import Trial
from suites.mirror.trials import trials
from suites.mirror.trying import select, try_mirror
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.mirror.test_command import control as control_of

MISS = "pull of what is not held"


def named(lab: MirrorLab, name: str) -> Trial:
    return next(trial for trial in trials(lab.subject) if trial.name == name)


@contextmanager
def broken_daemon(*, controlled: bool) -> Iterator[MirrorLab]:
    """A daemon that gives up at a miss, before our own cached-only mirror."""
    with ExitStack() as stack:
        simulator = stack.enter_context(LocalSimulator(mirrors=1))
        url = simulator.mirrors[0].url
        held = {MIRROR: Holdings(policy=FROZEN)}
        subject = subject_of("frozen", simulator, url)
        broken = model_clients(("classic",), url, simulator.health(), (Switch.GIVES_UP_ON_404,))
        daemons = stack.enter_context(broken)
        right = MirrorLab(subject, simulator, held, clients=Clients(daemons))
        clients = Clients(daemons, control=(lambda: right) if controlled else None)
        yield MirrorLab(subject, simulator, held, clients=clients)


def tried(lab: MirrorLab, name: str, rule: str) -> RuleResult:
    run = try_mirror(lab, select([name], lab.subject), tuple(rules()), "command", lambda *_: None)
    return next(result for result in run.results if result.rule.id == rule)


def test_what_a_daemon_asks_of_hub_is_not_taken_for_the_mirrors() -> None:
    with local_lab("frozen") as lab:
        history = lab.play(named(lab, MISS).scenario)
    assert {exchange.client for exchange in history.by_daemons} == {"model:classic", "model:containerd"}
    assert history.exchanges == ()
    first, second = history.happened[0].pulls
    assert {e.client for e in history.past_the_mirror(second)} == {second.daemon} != {first.daemon}
    assert history.for_a_pull(first) == ()


def test_what_a_mirror_fetches_is_not_taken_for_a_daemons() -> None:
    with local_lab("pull-through") as lab:
        history = lab.play(named(lab, MISS).scenario)
    assert history.by_daemons == ()
    assert any(exchange.stage == "layer" for exchange in history.exchanges)


def test_what_a_daemon_does_before_a_right_mirror_too_is_its_own() -> None:
    with broken_daemon(controlled=True) as lab:
        result = tried(lab, MISS, "CLIENT-3/classic")
    assert result.status == "deviation"
    assert "It is the daemon's and not the mirror's" in result.reason


def test_without_a_right_mirror_to_compare_a_failure_is_the_mirrors() -> None:
    with broken_daemon(controlled=False) as lab:
        result = tried(lab, MISS, "CLIENT-3/classic")
    assert result.status == "fail"
    assert "that the daemon did not go on to Hub is its own part" in result.reason


def test_a_failure_is_drawn_with_the_daemons_exchanges() -> None:
    with broken_daemon(controlled=False) as lab:
        run = try_mirror(lab, select([MISS], lab.subject), tuple(rules()), "command", lambda *_: None)
    console = Console(file=StringIO(), width=100)
    console.print(TerminalReport(run))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1. docker pull library/app:1.0 -> model:classic: manifest for" in shown


@dataclass(frozen=True)
class Complaining:
    """A daemon whose log says why it left the mirror."""

    inner: Client
    line: str
    name: str = "docker-1"
    version: str = "1"
    store: Literal["classic", "containerd"] = "classic"

    def pull(self, wanted: Wanted) -> Pulled:
        return replace(self.inner.pull(wanted), said=(self.line,), daemon=self.name)

    def sent(self, exchange: Exchange) -> bool:
        return self.inner.sent(exchange)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("Error getting v2 registry: tls: failed to verify certificate: x509: signed by unknown authority", True),
        ("dial tcp 10.0.0.1:5000: connect: connection refused", True),
        ("Attempting next endpoint for pull after error: manifest unknown", False),
    ],
)
def test_a_daemon_that_cannot_use_the_mirror_is_found_out_first(line: str, refused: bool) -> None:
    with ExitStack() as stack:
        simulator = stack.enter_context(LocalSimulator(mirrors=1))
        url = simulator.mirrors[0].url
        (inner,) = stack.enter_context(model_clients(("classic",), url, simulator.health()))
        daemons = Clients((Complaining(inner, line),))
        lab = MirrorLab(subject_of("frozen", simulator, url), simulator, clients=daemons)
        if refused:
            with pytest.raises(UsageError, match="Configuration: docker-1 cannot use the mirror simulator:frozen: "):
                check_clients(lab)
        else:
            check_clients(lab)


def test_a_pull_that_takes_too_long_is_given_up() -> None:
    with ExitStack() as stack:
        simulator = stack.enter_context(LocalSimulator(mirrors=1))
        daemons = model_clients(("classic",), simulator.mirrors[0].url, simulator.health())
        (daemon,) = stack.enter_context(daemons)
        pulled = daemon.pull(Wanted("library/app", "1.0", deadline=0.0))
    assert (pulled.result, pulled.image) == ("deadline", None)


@pytest.mark.parametrize(
    ("daemons", "remark"),
    [
        (["none"], "not observable: its trial needs a daemon (--daemon)"),
        (["docker-28.5.2"], "not observable: its trial needs a daemon that reaches the mirror: a dockerd of the lab"),
    ],
)
def test_what_needs_a_daemon_is_not_observable_without(call: Call, daemons: list[str], remark: str) -> None:  # noqa: F811
    with LocalSimulator(mirrors=1) as simulator:
        arguments = ["--url", simulator.mirrors[0].url, "--hub", control_of(simulator), "--profile", "cached-only"]
        arguments += [word for daemon in daemons for word in ("--daemon", daemon)]
        call("mirror", *arguments, "--trial", "ping", "--trial", MISS)
    report = json.loads(Path("conformance-report/report.json").read_text())
    (result,) = (one for one in report["results"] if one["rule"]["id"] == "CLIENT-3/classic")
    assert result["reason"].startswith(remark)


def test_a_store_that_no_daemon_has_is_not_observable(call: Call) -> None:  # noqa: F811
    ended = call("mirror", "--url", "simulator:frozen", "--daemon", "model:classic", "--trial", MISS)
    assert "not observable: no daemon with the containerd image store is on trial" in " ".join(ended.out.split())


def test_daemons_that_cannot_be_clients_are_refused() -> None:
    with pytest.raises(UsageError, match="--daemon none stands alone"):
        chosen(["none", "docker-28.5.2"], contained=True)
    with pytest.raises(UsageError, match="A model daemon reaches no mirror in a container"):
        dockerds_alone(chosen(["model:classic"], contained=True))
    assert [profile.name for profile in chosen([], contained=False)] == ["model:classic", "model:containerd"]
    assert {profile.store for profile in chosen([], contained=True)} == {"classic", "containerd"}


@pytest.mark.engine
def test_real_daemons_pull_through_our_own_mirror(images: Images) -> None:
    profiles = select_daemons(["default"])
    with ExitStack() as stack:
        registries = stack.enter_context(Registries(images))
        running = stack.enter_context(dockerds(profiles, registries))
        lab = stack.enter_context(own_lab("pull-through", registries, running))
        check_clients(lab)
        for name in ("pull of what is held", "cold pull", "pull of what is nowhere", "direct pull"):
            trial = named(lab, name)
            verdicts = judge(trial.scenario, lab.play(trial.scenario))
            assert [verdict for verdict in verdicts if verdict.ruling != "pass"] == []
            said = {verdict.rule for verdict in verdicts}
            assert {f"{rule}/{store}" for rule in trial.rules for store in ("classic", "containerd")} <= said
