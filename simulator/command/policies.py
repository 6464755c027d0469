"""Mirrors' policies as one writes them on a command line: ``gcr``, ``mirror-1=pull-through``, ``mirror-2=own.json``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.command.imagespec import SpecError
from simulator.control import wire
from simulator.mirror.policy import PRESETS, Policy, PresetName, policy_of


@dataclass(frozen=True)
class Policies:
    """The policies and the upstream addresses that mirrors are given; ``""`` stands for all the others."""

    policies: dict[str, Policy | PresetName]
    upstreams: dict[str, str]

    def of(self, mirror: str, otherwise: Policy | PresetName | None) -> Policy | PresetName | None:
        """The policy of a mirror that has another one (``None``: none) unless it is given one."""
        chosen = self.policies.get(mirror, self.policies.get("", otherwise))
        url = self.upstreams.get(mirror, self.upstreams.get("", ""))
        if not url:
            return chosen
        if chosen is None:
            message = f"{mirror} is a snapshot and asks nobody: it can have no --upstream without a --policy."
            raise SpecError(message)
        policy = policy_of(chosen)
        return replace(policy, upstream=replace(policy.upstream, url=url))


def read(policies: Iterable[str], upstreams: Iterable[str], mirrors: tuple[str, ...]) -> Policies:
    """Read ``[MIRROR=]POLICY`` and ``[MIRROR=]URL``; raises SpecError."""
    chosen = {mirror: _policy(text) for mirror, text in _given("--policy", policies, mirrors)}
    return Policies(chosen, dict(_given("--upstream", upstreams, mirrors)))


def _given(option: str, texts: Iterable[str], mirrors: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    seen = set()
    for text in texts:
        mirror, equals, value = text.partition("=")
        if not equals or "/" in mirror:
            mirror, value = "", text
        elif mirror not in mirrors:
            message = f"{mirror!r} (in {option} {text}) is no mirror; there are: {', '.join(mirrors) or 'none'}."
            raise SpecError(message)
        if mirror in seen:
            message = f"There are two of {option} for {mirror or 'all mirrors'}."
            raise SpecError(message)
        seen.add(mirror)
        yield mirror, value


def _policy(text: str) -> Policy | PresetName:
    for name in PRESETS:
        if text == name:
            return name
    try:
        return wire.policy_from(Path(text).read_bytes())
    except OSError as error:
        known = ", ".join(PRESETS)
        message = f"The policy {text!r} is none of: {known}; nor a file that can be read: {error.strerror or error}."
        raise SpecError(message) from error
    except wire.MalformedError as error:
        message = f"The policy {text} cannot be used. {error}"
        raise SpecError(message) from error
