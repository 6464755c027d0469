"""A scenario and what became of it, in words."""

import json
import shlex
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from fixtures.history import History, Outcome
from fixtures.profiles import is_model
from fixtures.scenario import (
    Advance,
    Build,
    Configure,
    Login,
    Logout,
    Place,
    Pull,
    PullAllTags,
    Push,
    Reference,
    Reload,
    Remove,
    Restart,
    RestartService,
    Run,
    Scenario,
    Search,
    Service,
    ShowInfo,
    Start,
    Step,
    Together,
    Validate,
)
from report.text import digest, inert, listed, number, seconds, size, wrap
from simulator.arrangement import Break, Copy, Evict, Fault, Heal, Holdings, ImageSpec, Publish, Warm

_PLACES = {
    "any": "every request",
    "ping": "the ping",
    "token": "token requests",
    "manifest": "manifest requests",
    "manifest-by-tag": "manifest requests by tag",
    "manifest-by-digest": "manifest requests by digest",
    "blob": "blob requests",
    "config": "config requests",
    "layer": "layer requests",
    "upload": "upload requests",
    "tags": "tag list requests",
    "referrers": "referrers requests",
}


@dataclass(frozen=True)
class Taken:
    """One step in words: what was done, and after an arrow how it ended, where there is anything to say of it."""

    judged: bool
    number: int
    said: str
    ended: str


def named(history: History) -> str:
    """The daemon, or model of one, that a history is of."""
    what = "no daemon, but a model of one" if is_model(history.daemon) else f"dockerd {history.version}"
    return f"{history.daemon} ({what}, {history.store} store)"


def describe(scenario: Scenario, history: History, *, judged: Container[int] = (), width: int = 100) -> list[str]:
    """The scenario in plain words, then its steps, numbered, with their outcomes.

    ``judged`` are the indices of steps to mark.
    """
    return laid_out(arranged(scenario, history), taken(scenario, history, judged), width)


def laid_out(arrangement: Sequence[tuple[str, str]], steps: Sequence[Taken], width: int) -> list[str]:
    """An arrangement and the steps that were taken, as lines that are no wider than ``width``."""
    column = max(len(name) for name, _ in arrangement) + 4
    lines = [piece for name, text in arrangement for piece in wrap(f"  {name}".ljust(column) + text, width, column)]
    number_width = len(str(len(steps)))
    for step in steps:
        mark = ">>" if step.judged else "  "
        said = f"{mark} {step.number:>{number_width}}. {step.said}{step.ended}"
        lines += wrap(said, width, number_width + 5)
    return lines


def arranged(scenario: Scenario, history: History) -> list[tuple[str, str]]:
    """What there is before the first step: the images, then each server with what it holds and how it fails."""
    several = len(scenario.images) > 1
    images = [f"{name} ({_image(spec)})" for name, spec in scenario.images.items() if several or not _trivial(spec)]
    lines = [("image" if len(images) == 1 else "images", inert("; ".join(images)))] if images else []
    lines.append(("hub", "; ".join([_state(scenario.servers.get("hub", Holdings()), several), *_terms(scenario)])))
    told: set[str] = set()
    for url in scenario.mirrors:
        server = server_of(url, history)
        state = _state(scenario.servers.get(server, Holdings()), several)
        remark = "is as above" if server in told else state if server else "is no server of the lab"
        lines.append((server or "?", f"{inert(url)} {remark}"))
        told |= {server} - {""}
    for server, holdings in scenario.servers.items():
        if server not in told | {"hub"}:
            remark = "" if server == "elsewhere" else "(not configured) "
            lines.append((inert(server), remark + _state(holdings, several)))
    if not scenario.mirrors:
        lines.append(("mirrors", "none configured"))
    return lines


def _terms(scenario: Scenario) -> Iterator[str]:
    """To whom Hub gives what, where that is not everything to everybody."""
    if scenario.private:
        yield inert(f"keeps {listed([_short(repository) for repository in scenario.private])} private")
    if scenario.limits:
        pulls = scenario.limits.anonymous
        yield "limits pulls" if pulls is None else f"lets an address pull {number(pulls, 'time')}"


def taken(scenario: Scenario, history: History, judged: Container[int] = ()) -> list[Taken]:
    """The steps in order."""
    outcomes = {outcome.step: outcome for outcome in history.outcomes}
    return [
        Taken(index in judged, index + 1, spell(step, history), _ending(step, outcomes.get(index), history))
        for index, step in enumerate(scenario.steps)
    ]


def server_of(url: str, history: History) -> str:
    """The name of the server behind a mirror's URL; nothing, where no server of the lab is."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return inert(history.hosts.get(parts.netloc) or history.hosts.get(host, ""))


def spell(step: Step, history: History) -> str:
    """A step as a person would type it, or say it."""
    return inert(_spelled(step, history))


def _spelled(step: Step, history: History) -> str:
    match step:
        case Pull() | Together() | PullAllTags():
            return _pulled(step, history)
        case Build(reference, builder, frontend=frontend):
            read = f", # syntax={_reference(frontend, history)}" if frontend else ""
            return f"docker build FROM {_reference(reference, history)} ({builder}{read})"
        case Push(reference):
            return f"docker push {_reference(reference, history)}"
        case Search() | Login() | Logout():
            return _said(step)
        case Remove(reference):
            return f"docker image rm {_reference(reference, history)}"
        case Configure() | Restart() | Start() | Reload() | Validate() | RestartService():
            return _restarted(step) if isinstance(step, RestartService) else _configured(step)
        case Run() | ShowInfo():
            return "docker run --detach" if isinstance(step, Run) else "docker system info"
        case Advance(seconds=skipped):
            return f"the registries' clock skips {seconds(skipped)}"
        case _:
            return _changed(step)


def _pulled(step: Pull | Together | PullAllTags, history: History) -> str:
    match step:
        case Pull(reference, platform):
            option = f"--platform {platform} " if platform else ""
            return f"docker pull {option}{_reference(reference, history)}"
        case PullAllTags(reference):
            return f"docker pull --all-tags {_reference(reference, history)}"
        case Together(pulls, changes):
            meanwhile = f"; meanwhile {'; '.join(map(_changed, changes))}" if changes else ""
            return f"at once: {'; '.join(_pulled(pull, history) for pull in pulls)}{meanwhile}"


def _said(step: Search | Login | Logout) -> str:
    match step:
        case Search(repository):
            return f"docker search {repository}"
        case Login(account, host):
            return f"docker login --username {account} {host}".rstrip()
        case Logout(host):
            return f"docker logout {host}".rstrip()


_SERVICES: dict[Service, tuple[str, str]] = {
    "init-script": ("service docker restart", "/etc/default/docker"),
    "systemd": ("systemctl restart docker", "/etc/default/docker"),
    "docker-unit": ("systemctl restart docker (Docker's own unit)", "/etc/default/docker"),
    "docker-machine": ("systemctl restart docker (docker-machine)", "/etc/default/docker"),
    "boot2docker": ("/etc/init.d/docker restart (boot2docker)", "/var/lib/boot2docker/profile"),
    "desktop": ("Docker Desktop: Apply & Restart", ""),
}
"""How a person restarts a service, and its file of options."""


def _configured(step: Configure | Restart | Start | Reload | Validate) -> str:
    match step:
        case Start(file, flags, place):
            return f"start as: {shlex.join(['dockerd', *flags])} with {_file(file, place)}"
        case Reload(file):
            return f"reload {_file(file)}"
        case Validate(file, flags, place):
            return f"{shlex.join(['dockerd', '--validate', *flags])} with {_file(file, place)}"
        case Configure(None, insecure):
            return f'reload daemon.json without "registry-mirrors"{_insecure(insecure)}'
        case Configure(mirrors, insecure):
            return f'reload daemon.json with "registry-mirrors": {json.dumps(mirrors)}{_insecure(insecure)}'
        case Restart(mirrors, "flag"):
            return " ".join(["restart as: dockerd", *(f"--registry-mirror={url}" for url in mirrors)])
        case Restart(mirrors):
            return f'restart dockerd with "registry-mirrors": {json.dumps(mirrors)}'


def _file(text: str | None, place: Place = "file") -> str:
    match place:
        case "file" | "elsewhere":
            where = "daemon.json elsewhere" if place == "elsewhere" else "daemon.json"
            return f"no {where}" if text is None else f"{where} {text}"
        case "directory":
            return "a directory as daemon.json"
        case "dangling link":
            return "a link to nothing as daemon.json"


def _restarted(step: RestartService) -> str:
    command, file = _SERVICES[step.service]
    if step.command == "stop and start":
        command = f"{command.replace('restart', 'stop')}, then {command.replace('restart', 'start')}"
    told = [
        "with nothing running" if step.command == "restart of a stopped one" else "",
        f"{file}: {json.dumps(step.options)}" if step.options else "",
        f"a drop-in: {json.dumps(step.drop_in)}" if step.drop_in else "",
        f"daemon.json: {json.dumps(step.settings)}" if step.settings else "",
    ]
    return "; ".join([command, *filter(None, told)])


def _insecure(hosts: tuple[str, ...]) -> str:
    return f', "insecure-registries": {json.dumps(hosts)}' if hosts else ""


def _changed(step: Publish | Warm | Evict | Break | Heal) -> str:
    match step:
        case Publish(repository, tag, image, server):
            return f"{server} publishes {_short(repository)}:{tag} = image {image}"
        case Warm(server, repository, tag):
            return f"{server} takes Hub's copy of {_short(repository)}:{tag}"
        case Evict(server, repository, tag, roles):
            what = f"{_short(repository)}:{tag}" if tag else f"everything of {_short(repository)}"
            return f"{server} evicts {f'{listed(list(roles))} of ' if roles else ''}{what}"
        case Break(server, fault):
            return f"{server} breaks: {_fault(fault)}"
        case Heal(server):
            return f"{server} is healed"


def _reference(reference: Reference, history: History) -> str:
    host = f"{reference.host}/" if reference.host else ""
    name = _short(reference.repository) if reference.short else reference.repository
    tag = f":{reference.tag}" if reference.tag else ""
    if reference.digest is None:
        return f"{host}{name}{tag}"
    content = history.contents.get(reference.digest)
    return f"{host}{name}{tag}@{digest(content.root) if content else reference.digest}"


def _short(repository: str) -> str:
    return repository.removeprefix("library/")


def _ending(step: Step, outcome: Outcome | None, history: History) -> str:
    if outcome is None:
        return " -> not reached"
    if isinstance(step, Together):
        ended = zip(step.pulls, outcome.pulls, strict=False)
        return "".join(_ending(pull, of_pull, history) for pull, of_pull in ended)
    took = seconds(outcome.seconds)
    left = f", left behind: {inert(', '.join(outcome.leftovers))}" if outcome.leftovers else ""
    if outcome.result == "deadline":
        return f" -> did not end in {took}{left}"
    if outcome.result == "failed":
        return f" -> failed: {inert(outcome.error) or 'no error text'} ({took}){left}"
    if isinstance(step, Pull):
        return f" -> ok{_held(outcome, history)}, {took}"
    if isinstance(step, ShowInfo):
        return f" -> {_shown(outcome)}"
    return ""


def _held(outcome: Outcome, history: History) -> str:
    image = outcome.image
    if image is None:
        return ", but no image"
    names = [
        name
        for name, content in history.contents.items()
        if image.id in {content.root, *(thing.digest for thing in content.objects)}
    ]
    origin = "" if len(history.contents) == 1 and names else f" ({', '.join(names) or 'of no image of the scenario'})"
    spoilt = ", LAYERS DO NOT MATCH THEIR DIGESTS" if image.bytes_verified is False else ""
    return f", image {inert(digest(image.id) + origin)}{spoilt}"


def _shown(outcome: Outcome) -> str:
    if outcome.text:
        return f"prints {inert(', '.join(line.strip() for line in outcome.text))}"
    if outcome.shown:
        return f"prints no mirror; /info has {inert(', '.join(outcome.shown))}"
    return "shows no mirror"


def _trivial(spec: ImageSpec) -> bool:
    return spec.format == "docker" and len(spec.layers) == 1 and not spec.platforms


def _image(spec: ImageSpec) -> str:
    words = [spec.format, f"{number(len(spec.layers), 'layer')} of {size(sum(spec.layers))}"]
    return ", ".join([*words, *([f"for {listed(list(spec.platforms))}"] if spec.platforms else [])])


def _state(holdings: Holdings, several: bool) -> str:
    copies = [_copy(copy, several) for copy in holdings.copies]
    faults = [_fault(fault) for fault in holdings.faults]
    held = [f"holds {listed(copies)}"] if copies else [] if faults else ["holds nothing"]
    return inert("; ".join([*held, *_policy(holdings), *faults]))


def _policy(holdings: Holdings) -> list[str]:
    policy = holdings.policy
    return [] if policy is None else [f"caches like {policy}" if isinstance(policy, str) else "caches as the file says"]


def _copy(copy: Copy, several: bool) -> str:
    name = _short(copy.repository)
    named = f"{name}:{copy.tag}" if copy.tag else f"{name} (by digest only)"
    image = f" = image {copy.image}" if several else ""
    return named + image + (f" without {listed(list(copy.without))}" if copy.without else "")


def _fault(fault: Fault) -> str:
    whole = {
        "refuse": "refuses connections",
        "dns": "its name does not resolve",
        "untrusted": "its certificate is of an authority that nobody trusts",
        "half-handshake": "breaks off its TLS handshakes",
        "tls-alert": f"answers TLS handshakes with alert {fault.alert}",
    }.get(fault.kind)
    return whole or f"{_misbehaviour(fault)}{_occasions(fault)}"


def _misbehaviour(fault: Fault) -> str:
    place = f"{fault.method} {_PLACES[fault.at]}{_selection(fault)}".strip()
    cut_after = f"after {size(fault.after)}" if fault.after >= 0 else "before any answer"
    return {
        "status": f"answers {fault.status} to {place}",
        "reset": f"resets the connection on {place} {cut_after}",
        "hang": f"never answers {place}",
        "slow": f"spreads its answers to {place} over {seconds(fault.seconds)}",
        "truncate": f"cuts its answers to {place} off {cut_after}",
        "corrupt": f"corrupts its answers to {place}",
        "wrong-digest": f"answers {place} with content of another digest",
        "wrong-type": f"answers {place} with a wrong media type",
        "redirect": f"redirects {place} to {fault.location} ({fault.status or 307})",
        "close": f"closes the connection on {place} before any answer",
        "garbage": f"answers {place} with bytes that are no HTTP",
        "slow-headers": f"spreads the headers of its answers to {place} over {seconds(fault.seconds)}",
        "endless-headers": f"answers {place} with headers that never end",
        "endless-body": f"answers {place} with a body that never ends",
        "wrong-length": f"answers {place} with a Content-Length that is wrong by {fault.by}",
        "two-lengths": f"answers {place} with two Content-Lengths",
    }[fault.kind]


def _selection(fault: Fault) -> str:
    """What else an exchange must be for a fault to strike it."""
    chosen = {
        "about": fault.repository,
        "by": fault.reference,
        "for": fault.role,
        "of client": fault.client,
        "of account": fault.account,
    }
    return "".join(f" {word} {value}" for word, value in chosen.items() if value)


def _occasions(fault: Fault) -> str:
    chance = f", with probability {fault.probability:g}" if fault.probability < 1 else ""
    skipped = f"after the first {fault.skip}" if fault.skip > 1 else "after the first one" if fault.skip else ""
    if fault.times is None:
        return chance + (f", {skipped}" if skipped else "")
    times = "once" if fault.times == 1 else f"{fault.times} times"
    return f"{chance}, {times}{f' {skipped}' if skipped else ''}"
