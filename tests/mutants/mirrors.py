"""Mirrors that are broken on purpose: what they do must never be blamed on a daemon that is right."""

from dataclasses import replace

from fixtures.scenario import Scenario
from simulator.arrangement import Copy, Fault, FaultPlace, Holdings
from suites.strategies import NOT_A_REGISTRY

_STAGES: tuple[FaultPlace, ...] = ("ping", "manifest-by-tag", "manifest-by-digest", "config", "layer")
_CONTENT: tuple[FaultPlace, ...] = ("manifest", "config", "layer")

FAULTS: dict[str, Fault] = {
    "refuses connections": Fault("refuse"),
    "has no address": Fault("dns"),
    "has a certificate that nobody trusts": Fault("untrusted"),
    "is no registry": NOT_A_REGISTRY,
    "redirects to nowhere": Fault("redirect", location="https://nowhere.test/"),
    **{f"answers {status}": Fault("status", status=status) for status in (401, 403, 404, 429, 500, 503)},
    **{f"answers 503 at {stage}": Fault("status", stage, status=503) for stage in _STAGES},
    **{f"answers 404 at {stage}": Fault("status", stage, status=404) for stage in _STAGES},
    **{f"breaks connections at {stage}": Fault("reset", stage) for stage in _STAGES},
    **{f"hangs at {stage}": Fault("hang", stage) for stage in _STAGES},
    **{f"serves a wrong {stage}": Fault("corrupt", stage, "GET") for stage in _CONTENT},
    **{f"ends a {stage} early": Fault("truncate", stage, "GET", after=20) for stage in _CONTENT},
    "breaks content off in the midst": Fault("reset", "any", "GET", after=20),
    "closes connections": Fault("close"),
    "sends what is no HTTP": Fault("garbage"),
    "sends headers without end": Fault("endless-headers"),
    "sends a body without end": Fault("endless-body", "manifest", "GET"),
    "announces two lengths": Fault("two-lengths"),
    "announces more than it sends": Fault("wrong-length", "manifest", "GET", by=10),
    "announces less than it sends": Fault("wrong-length", "manifest", "GET", by=-10),
    "breaks TLS handshakes off": Fault("half-handshake", then="close"),
    "answers TLS with an alert": Fault("tls-alert"),
    "names wrong digests": Fault("wrong-digest", "manifest"),
    "names wrong media types": Fault("wrong-type", "manifest"),
    "takes its time": Fault("slow", seconds=1.0),
}
"""A mirror that misbehaves, in one way each."""

LACKS = ("manifest", "config", "layer:0", "layer:1")
"""The objects that a mirror's copies may lack."""

_NEEDS_A_RIGHT_MIRROR = "its case is a mirror that does all it should"
_NO_PULL = "its case is no pull"
SILENT: dict[str, str] = {
    **{f"OUTAGE-1/{how}": _NEEDS_A_RIGHT_MIRROR for how in ("refuse", "dns", "hang", "reset", "5xx")},
    **dict.fromkeys(("SYNC-1", "STALE-1", "RATE-1", "RATE-2", "DIRECT-1", "DIRECT-2"), _NEEDS_A_RIGHT_MIRROR),
    **dict.fromkeys(("CONFIG-2", "CONFIG-5", *(f"CONFIG-{number}" for number in (8, 9, 10, 13, 14))), _NO_PULL),
    **dict.fromkeys(("CONFIG-4", "CONFIG-7/containers", "CONFIG-11", "CONFIG-12"), _NO_PULL),
}
"""The rules that say nothing beside a broken mirror, and why."""


def broken_mirrors(scenario: Scenario) -> dict[str, Scenario]:
    """A scenario with its first mirror broken in each way."""
    return {
        **{name: _with_fault(scenario, fault) for name, fault in FAULTS.items()},
        **{f"lacks {role}": _without(scenario, role) for role in LACKS},
    }


def _with_fault(scenario: Scenario, fault: Fault) -> Scenario:
    held = scenario.servers.get("mirror-1", Holdings())
    broken = replace(held, faults=(*held.faults, fault))
    return replace(scenario, servers={**scenario.servers, "mirror-1": broken})


def _without(scenario: Scenario, role: str) -> Scenario:
    held = scenario.servers.get("mirror-1", Holdings())
    copies = tuple(_lacking(copy, role) for copy in held.copies)
    return replace(scenario, servers={**scenario.servers, "mirror-1": replace(held, copies=copies)})


def _lacking(copy: Copy, role: str) -> Copy:
    return replace(copy, without=tuple(dict.fromkeys((*copy.without, role))))
