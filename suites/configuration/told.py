"""What daemons do with misconfigurations, and what they tell the person: as data, and as a page of the docs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from fixtures.playing import Player
from fixtures.profiles import load_profiles
from fixtures.scenario import Reload, Scenario
from suites.configuration.misconfigurations import MIRROR, MISCONFIGURATIONS, Misconfiguration
from suites.configuration.verified import verified

TOLD = Path(__file__).with_name("told.json")
PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

_BEFORE = json.dumps({"registry-mirrors": [MIRROR], "labels": ["of=before"]})
_NO_CHECK = "unknown flag: --validate"


@dataclass(frozen=True)
class Told:
    """What one daemon did with settings.

    ``start`` is its sentence where it did not start (``None``: it did), ``mirrors`` those that it then showed.
    ``check`` is the sentence of ``--validate`` (``""``: it found nothing wrong, ``None``: there is no such flag).
    ``reload`` is the sentence of a running daemon that was to reload the file (``""``: it did, ``None``: it was not
    asked, for it is not the text of a file that is wrong), ``kept`` whether its mirrors and labels stayed as they were.
    """

    start: str | None
    mirrors: tuple[str, ...] = ()
    check: str | None = None
    reload: str | None = None
    kept: bool | None = None


Answers = dict[str, dict[str, Told]]
"""What was told: by misconfiguration, then by daemon."""

_ANSWERS = TypeAdapter(Answers)


def ask(lab: Player, one: Misconfiguration) -> Told:
    """Try settings on a daemon: checked, at a start, and in a reload of one that runs."""
    check, start = lab.play(Scenario(steps=(one.check, one.start))).outcomes
    reload = None
    if one.place == "file" and not one.flags:
        before, reload = lab.play(Scenario(steps=(Reload(_BEFORE), Reload(one.file)))).outcomes
    return Told(
        start=None if start.result == "ok" else start.error,
        mirrors=start.shown or (),
        check=None if _NO_CHECK in check.error else check.error,
        reload=reload.error if reload else None,
        kept=(reload.shown, reload.labels) == (before.shown, before.labels) if reload else None,
    )


def read() -> Answers:
    """What was told when daemons were asked last."""
    return _ANSWERS.validate_json(TOLD.read_bytes())


def write(answers: Answers) -> None:
    """Keep what was told, and make the page of it."""
    TOLD.write_bytes(_ANSWERS.dump_json(answers, indent=1, exclude_defaults=True, ensure_ascii=True) + b"\n")
    PAGE.write_text(page(answers), encoding="utf-8")


def page(answers: Answers) -> str:
    """All misconfigurations with what each daemon does, as Markdown."""
    lines = [*_HEAD]
    for one in MISCONFIGURATIONS:
        lines += ["", f"### {one.name[0].upper()}{one.name[1:]}", "", f"    {_spelled(one)}", ""]
        lines += (*_answered(answers.get(one.name, {})), *_verified(one))
    return "\n".join(lines) + "\n"


_HEAD = (
    "# What is wrong with my mirror settings?",
    "",
    "What people write where mirrors are configured, and what real daemons make of it: whether they start, what",
    "`docker system info` then shows, what the person is told, what `dockerd --validate` says (from 23.0 on), and what",
    "a running daemon does that reloads such a file (SIGHUP). A daemon that starts and shows *no mirror* tells nobody.",
    "",
    "Beside it stands what [`mirror-conformance verify`](verify.md) says, which needs no daemon: of a file with",
    "`--file`, `--daemon-version` and `--store`; of arguments with `--root`, where a systemd unit gives them.",
    "",
    "The list is `suites/configuration/misconfigurations.py`, the answers are in `suites/configuration/told.json`.",
    "This page and the answers are made anew by `python -m suites.configuration`, which needs an engine; the page",
    "alone by `python -m suites.configuration --page`, which needs none.",
)


def _spelled(one: Misconfiguration) -> str:
    """The settings in one line."""
    file = {"directory": "(a directory)", "dangling link": "(a link to nothing)"}.get(one.place)
    text = file or ("(no file)" if one.file is None else one.file.encode("unicode_escape").decode() or "(empty)")
    return f"daemon.json: {text}" if not one.flags else f"dockerd {' '.join(one.flags)}; daemon.json: {text}"


def _answered(told: Mapping[str, Told]) -> Iterator[str]:
    """An item for each answer, with the daemons that gave it."""
    for answer, daemons in _alike((daemon, _sentence(one)) for daemon, one in told.items()).items():
        yield f"- **{', '.join(daemons)}**: {answer}"


def _verified(one: Misconfiguration) -> Iterator[str]:
    """An item for each thing that ``verify`` says, with the daemons that it says it of."""
    profiles = load_profiles()
    for answer, daemons in _alike((profile.name, verified(one, profile)) for profile in profiles).items():
        of = f" of {', '.join(daemons)}" if len(daemons) < len(profiles) else ""
        yield f"- `verify`{of}: {answer}"


def _alike(said: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What was said, with the daemons that it was said of, or by."""
    found: dict[str, list[str]] = {}
    for daemon, sentence in said:
        found.setdefault(sentence, []).append(daemon.removeprefix("docker-"))
    return found


def _sentence(told: Told) -> str:
    parts = [_started(told)]
    if told.check is not None:
        agrees = bool(told.check) is (told.start is not None)
        parts.append(f"`--validate` {'agrees' if agrees else 'refuses it' if told.check else 'finds nothing wrong'}")
    if told.reload is not None:
        kept = "changes nothing" if told.kept else "changes what is in force"
        parts.append(f"a reload is {'refused' if told.reload else 'said to have worked'}, and {kept}")
    return "; ".join(parts) + "."


def _started(told: Told) -> str:
    if told.start is not None:
        return f"does not start: `{_short(told.start)}`"
    shown = ", ".join(f"`{mirror}`" for mirror in told.mirrors) or "*no mirror*"
    return f"starts, and shows {shown}"


def _short(sentence: str) -> str:
    return re.sub(r"\s+", " ", sentence).replace("`", "'")


def missing(answers: Answers, daemons: Iterable[str]) -> list[str]:
    """The misconfigurations that not all of these daemons were asked."""
    wanted = set(daemons)
    return [one.name for one in MISCONFIGURATIONS if wanted - answers.get(one.name, {}).keys()]
