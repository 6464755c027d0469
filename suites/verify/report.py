"""A judgement for people, for programs and for GitHub's workflows. Whatever others wrote is made harmless."""

from collections.abc import Iterator
from typing import Any, Literal

from report.portable import dump
from report.text import inert, listed, seconds, wrap
from suites.verify.answers import HUB, Probe, Probed
from suites.verify.facts import Kind, Remark, Severity, Source
from suites.verify.in_force import named
from suites.verify.judgement import Judgement
from suites.verify.mirrors import masked
from suites.verify.predict import Prediction
from suites.verify.pulling import Pulled
from suites.verify.traps import CODE as TRAP

Format = Literal["text", "json", "github"]

FORMAT = "mirror-conformance-verify/1"
"""Changes its number when a field is renamed, removed or given another meaning. ``schema.json`` says what is in it."""

_OLD_COMMAND = "##["
"""What GitHub takes for a command wherever in a line it stands (actions/runner, ActionCommand.cs)."""

_ORDER: tuple[Severity, ...] = ("error", "warning", "note")
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


def text_of(judgement: Judgement, width: int = 100) -> str:
    """For people: what is in force and why, what is to be said, what a pull would do, and the end of it."""
    return "\n".join(_text(judgement, width)) + "\n"


def json_of(judgement: Judgement, tool_version: str) -> str:
    """For programs, as ``schema.json`` has it."""
    setup, state = judgement.setup, judgement.state
    text = dump(
        _without_credentials(
            {
                "format": FORMAT,
                "tool_version": tool_version,
                "exit_code": judgement.exit_code,
                "daemon": {
                    "version": setup.kind.version,
                    "store": setup.kind.store,
                    "was_asked": setup.shown is not None,
                },
                "in_force": {"mirrors": _list(state.mirrors), "why": state.why},
                "expected": _list(judgement.expected),
                "sources": [
                    {
                        "way": source.way,
                        "place": source.place,
                        "mirrors": _list(source.mirrors),
                        "insecure": list(source.insecure),
                        "problem": source.problem,
                    }
                    for source in setup.sources
                ],
                "remarks": [
                    {
                        "code": remark.code,
                        "severity": remark.severity,
                        "sentence": remark.sentence,
                        "advice": remark.advice,
                        "place": remark.place,
                        "line": remark.line or None,
                        "mirror": remark.mirror,
                        "stops": remark.stops,
                    }
                    for remark in judgement.remarks
                ],
                "pull": _pull(judgement),
                "pulled": _pulled(judgement.pulled) if judgement.pulled else None,
            }
        )
    )
    return text.replace(_OLD_COMMAND, "\\u0023#[")


def github_of(judgement: Judgement) -> str:
    """Workflow commands, which GitHub shows beside the lines that they are about
    (GitHub, 'Workflow commands for GitHub Actions').
    """
    shown = (remark for remark in judgement.remarks if not _is_general(remark))
    return "".join(f"{_command(remark)}\n" for remark in shown) + f"{inert(_ending(judgement))}\n"


def _text(judgement: Judgement, width: int) -> Iterator[str]:
    yield _named(judgement.setup.kind)
    yield from _in_force(judgement, width)
    yield from _asked(judgement, width)
    yield from _shown(judgement, width)
    yield from _remarks(judgement, width)
    yield from ("", inert(_ending(judgement)))


def _in_force(judgement: Judgement, width: int) -> Iterator[str]:
    state = judgement.state
    known = "unknown" if state.mirrors is None else "" if state.mirrors else "none"
    yield from ("", f"Mirrors in force{': ' if known else ''}{known}")
    yield from (f"  {number}. {inert(masked(url))}" for number, url in enumerate(state.mirrors or (), start=1))
    yield from _wrapped(f"  ({state.why})", width, 3)
    if judgement.setup.sources:
        yield from ("", "What sets mirrors")
    for source in judgement.setup.sources:
        yield from _wrapped(f"  {_said_by(source)}", width, 4)


def _asked(judgement: Judgement, width: int) -> Iterator[str]:
    probed, prediction = judgement.probed, judgement.prediction
    if probed is None or prediction is None:
        return
    yield from ("", f"A pull of {inert(str(probed.image))}")
    for probe in (*probed.mirrors, *([probed.hub] if probed.hub else [])):
        yield from _wrapped(f"  {_holds(probe, probed, prediction)}", width, 4)
    yield from _wrapped(f"  {prediction.sentence}", width, 2)


def _shown(judgement: Judgement, width: int) -> Iterator[str]:
    if judgement.pulled is None:
        return
    yield from ("", f"What one real pull of {inert(str(judgement.pulled.image))} has shown")
    for statement in judgement.pulled.statements:
        yield from _wrapped(f"  {statement.weight}: {statement.sentence}", width, 4)


def _remarks(judgement: Judgement, width: int) -> Iterator[str]:
    general = [remark for remark in judgement.remarks if _is_general(remark)]
    own = [remark for remark in judgement.remarks if not _is_general(remark)]
    if own:
        yield from ("", "Remarks")
    for remark in sorted(own, key=lambda remark: _ORDER.index(remark.severity)):
        yield from _wrapped(f"  {remark.severity}: {_about(remark)}{remark.sentence} [{remark.code}]", width, 4)
        yield from _wrapped(f"    {remark.advice}", width, 4) if remark.advice else ()
    if general:
        yield from ("", "Known of this daemon (docs/findings.md tells all of it)")
    for remark in general:
        yield from _wrapped(f"  - {remark.sentence.partition('. ')[0]}", width, 4)


def _wrapped(line: str, width: int, hang: int) -> list[str]:
    indent = len(line) - len(line.lstrip(" "))
    return wrap(f"{' ' * indent}{inert(masked(line))}", width, hang)


def _named(kind: Kind) -> str:
    version = f"Docker {kind.version}" if kind.version else "Docker of an unknown version, taken for a new one"
    return inert(f"{version} with the {kind.store} image store")


def _said_by(source: Source) -> str:
    if source.mirrors is not None:
        return f"{named(source)}: {', '.join(source.mirrors) or 'an empty list'}"
    return f"{named(source)}: {source.problem or 'says nothing of mirrors'}"


def _about(remark: Remark) -> str:
    line = f", line {remark.line}" if remark.line else ""
    place = f"{remark.place}{line}"
    mirror = f"({remark.mirror})" if place and remark.mirror else remark.mirror
    return f"{place} {mirror}".strip() + ": " if place or mirror else ""


def _is_general(remark: Remark) -> bool:
    """Whether it is a known deviation that has nothing to do with one mirror more than with another."""
    return remark.code == TRAP and not remark.mirror


def _holds(probe: Probe, probed: Probed, prediction: Prediction) -> str:
    """What an endpoint holds of the image, as it was asked."""
    called = prediction.called(probe.mirror)
    if probe.mirror == HUB:
        quota = f"; {probe.quota.remaining} of {probe.quota.limit} pulls are left" if probe.quota else ""
        return f"{called}: {f'means {probe.root[:19]} by it' if probe.root else 'does not answer for it'}{quota}"
    ways = [way for way, there in (("by tag", probe.by_tag), ("by digest", probe.by_digest)) if there]
    said = [f"has it {listed(ways)}" if ways else "does not have it, or does not say"]
    if probe.by_digest:
        said.append("complete" if probe.complete else f"without {len(probe.missing)} of its objects")
    if probed.hub and probed.hub.root and probe.root:
        said.append("as Docker Hub has it" if probed.hub.root == probe.root else "another than Docker Hub has")
    if probe.seconds:
        said.append(f"a request takes {seconds(probe.seconds)}")
    return f"{called}: {', '.join(said)}"


def _ending(judgement: Judgement) -> str:
    counts = {one: sum(remark.severity == one for remark in judgement.remarks) for one in ("error", "warning")}
    told = [f"{count} {one}{'s' * (count != 1)}" for one, count in counts.items() if count]
    return f"{'NOT IN ORDER' if judgement.exit_code else 'IN ORDER'}: {listed(told) or 'nothing is wrong'}."


def _list(urls: tuple[str, ...] | None) -> list[str] | None:
    return None if urls is None else list(urls)


def _without_credentials(value: Any) -> Any:
    """Plain data, with no user name or password in any URL."""
    match value:
        case str():
            return masked(value)
        case dict():
            return {key: _without_credentials(item) for key, item in value.items()}
        case list():
            return [_without_credentials(item) for item in value]
        case _:
            return value


def _pull(judgement: Judgement) -> dict[str, Any] | None:
    probed, prediction = judgement.probed, judgement.prediction
    if probed is None or prediction is None:
        return None
    quota = probed.hub.quota if probed.hub else None
    return {
        "image": str(probed.image),
        "result": prediction.result,
        "sentence": prediction.sentence,
        "served_by": list(prediction.by),
        "skipped": [
            {"mirror": one.mirror, "problem": one.problem, "because": one.because} for one in prediction.skipped
        ],
        "doubts": list(prediction.doubts),
        "mirrors": [
            {
                "mirror": probe.mirror,
                "by_tag": probe.by_tag,
                "by_digest": probe.by_digest,
                "complete": probe.complete,
                "digest": probe.root,
                "seconds": probe.seconds,
            }
            for probe in probed.mirrors
        ],
        "hub": probed.hub
        and {
            "digest": probed.hub.root,
            "quota": quota and {"limit": quota.limit, "remaining": quota.remaining, "seconds": quota.window},
        },
    }


def _pulled(pulled: Pulled) -> dict[str, Any]:
    return {
        "image": str(pulled.image),
        "result": pulled.result,
        "error": pulled.error,
        "seconds": pulled.seconds,
        "was_there": pulled.was_there,
        "removed": pulled.removed,
        "statements": [{"weight": one.weight, "sentence": one.sentence} for one in pulled.statements],
    }


def _command(remark: Remark) -> str:
    properties = [("title", f"mirror-conformance {remark.code}")]
    if remark.line:
        properties = [("file", remark.place), ("line", str(remark.line)), *properties]
    given = ",".join(f"{name}={_property(value)}" for name, value in properties)
    place = "" if remark.line else _about(remark)
    return f"::{_GITHUB[remark.severity]} {given}::{_data(masked(f'{place}{remark.sentence} {remark.advice}'.strip()))}"


def _data(value: str) -> str:
    return inert(value).replace("%", "%25")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
