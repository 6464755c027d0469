"""What a person is told of a pull that nobody can serve, and whether it names the cause."""

import re
from collections.abc import Iterator

from fixtures.history import History
from fixtures.scenario import Scenario
from report.results import Told
from simulator.arrangement import Fault
from suites.rules.endpoints import CONTENT, DELAYS, kind_of
from suites.timeline import HUB, PullCase, pulls

MISSING, PRIVATE, OVER_LIMIT, INCOMPLETE = "no such image", "private", "limit used up", "a part is missing"

_WORDS: dict[str, tuple[str, ...]] = {
    MISSING: ("not found", "manifest unknown", "does not exist"),
    PRIVATE: ("denied", "authoriz", "does not exist"),
    OVER_LIMIT: ("429", "too many requests", "toomanyrequests", "rate limit"),
    INCOMPLETE: ("not found", "blob unknown", "unknown blob"),
    "refuse": ("connection refused",),
    "dns": ("no such host", "lookup"),
    "untrusted": ("x509", "certificate"),
    "reset": ("connection reset", "eof"),
    "hang": ("timeout", "deadline", "awaiting headers"),
    "401": ("401", "authoriz", "no basic auth"),
    "403": ("403", "forbidden"),
    "404": ("404", "not found", "unknown"),
    "429": ("429", "too many requests", "toomanyrequests"),
    "500": ("500", "internal server error"),
    "502": ("502", "bad gateway"),
    "503": ("503", "service unavailable"),
    "not-a-registry": ("text/html", "invalid character"),
    "redirect": ("nowhere.test", "redirect"),
    "wrong-digest": ("digest",),
    "wrong-type": ("media type", "content type", "mediatype"),
    "corrupt": ("digest", "verif", "invalid"),
    "truncate": ("eof", "short read", "digest", "unexpected end", "size validation"),
}
"""Of which words, in small letters, one must be in a sentence that names a trouble."""

_SAME = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:..."),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "10.0.0.1"),
    (re.compile(r"10\.0\.0\.1:(?!443\b|80\b|53\b)\d+"), "10.0.0.1:..."),
)
"""What differs from one pull to the next."""

_OBJECT_NOT_FOUND = re.compile(r"unexpected media type \S+ for sha256:\S+ not found")
"""Says "not found" of something that is there, and not an image."""


def told_of(scenario: Scenario, history: History) -> Iterator[Told]:
    """What is told of each pull through mirrors that failed because nobody can serve it.

    Where several mirrors have different troubles, or a server has several, nothing can be concluded.
    """
    for case in pulls(scenario, history):
        if case.outcome.result == "ok" or not case.is_hub or not case.situation.mirrors or not case.foreseen:
            continue
        mirrors = {trouble(case, mirror) for mirror in case.situation.mirrors}
        hub = trouble(case, HUB)
        if hub and len(mirrors) == 1 and (theirs := mirrors.pop()):
            yield _told(case, hub, theirs)


def _told(case: PullCase, hub: str, mirrors: str) -> Told:
    sentence = case.outcome.error.replace(f"-{case.history.salt}", "")
    for pattern, same in _SAME:
        sentence = pattern.sub(same, sentence)
    name = case.reference.repository.removeprefix("library/")
    return Told(
        daemon=case.history.daemon,
        hub=hub,
        mirrors=mirrors,
        sentence=sentence,
        names_image=name in sentence,
        names_hub=names(sentence, hub),
        names_mirrors=names(sentence, mirrors),
    )


def names(sentence: str, trouble: str) -> bool:
    """Whether a sentence names a trouble of :func:`trouble`."""
    lowered = _OBJECT_NOT_FOUND.sub("", sentence.lower())
    return any(word in lowered for word in _WORDS[trouble])


def trouble(case: PullCase, server: str) -> str:
    """Why a server cannot serve a pull, in a word; nothing, where it could or where that has several reasons."""
    faults = [fault for fault in case.shelf(server).faults if fault.kind not in DELAYS]
    kinds = {kind_of(fault) for fault in faults}
    if server == HUB and case.customer.over_limit and not kinds:
        return OVER_LIMIT
    if server == HUB and case.reference.repository in case.customer.hidden:
        return PRIVATE if not kinds else ""
    copy = case.copy_at(server)
    if kinds:
        alone = len(kinds) == 1 and all(map(_is_lasting, faults))
        kind = next(iter(kinds))
        return kind if alone and kind in _WORDS and not (kind in CONTENT and copy is None) else ""
    if copy is None:
        return MISSING
    return INCOMPLETE if case.lacking(copy) else ""


def _is_lasting(fault: Fault) -> bool:
    """Whether a fault keeps a server from serving any pull."""
    everywhere = fault.at == "any" or fault.kind in CONTENT | {"wrong-digest", "wrong-type"}
    return everywhere and not fault.skip and fault.times is None
