"""Setups to verify, in a few words."""

import json
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import settings

from suites.verify.daemon_json import daemon_json
from suites.verify.facts import Kind, Remark, Setup, Source
from suites.verify.lint import lint

NEW = Kind("28.5.2", "containerd")
NEW_CLASSIC = Kind("28.5.2", "classic")
OLD = Kind("20.10.24+dfsg1", "classic")
MIDDLE = Kind("26.1.5", "classic")
MIDDLE_CONTAINERD = Kind("26.1.5", "containerd")
KINDS = (NEW, NEW_CLASSIC, MIDDLE, MIDDLE_CONTAINERD, OLD)

UNTIMED = settings(deadline=None)
"""For properties: what takes how long depends on what else runs on a machine."""

GCR = "https://mirror.gcr.io"
PLACE = "/etc/docker/daemon.json"


def written(*mirrors: object, **more: object) -> str:
    """A daemon.json with these mirrors."""
    return json.dumps({"registry-mirrors": list(mirrors)} | {key.replace("_", "-"): more[key] for key in more})


def file(text: str | bytes, kind: Kind = NEW) -> Source:
    return daemon_json(text if isinstance(text, bytes) else text.encode(), PLACE, kind.version)


def setup(text: str | bytes, kind: Kind = NEW, shown: Sequence[str] | None = None, *more: Source) -> Setup:
    return Setup(kind, (file(text, kind), *more), None if shown is None else tuple(shown))


def remarks(text: str | bytes, kind: Kind = NEW) -> tuple[Remark, ...]:
    return lint(setup(text, kind))


def flag(*mirrors: str) -> Source:
    return Source("flag", "the command line of process 7", mirrors)


def insecure(some: Setup, *hosts: str) -> Setup:
    return replace(some, insecure=hosts)
