"""Predicts what a pull would do, of what all endpoints answered: who serves it, who is skipped, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from report.text import seconds
from suites.verify.answers import CONNECTION, HUB, Answer, Image, Part, Probe, Probed, Problem, Stage, is_whole
from suites.verify.clients import Client, Fate, client_of
from suites.verify.facts import Kind

Result = Literal["ok", "failed", "waits"]
"""What becomes of a pull: an image, an error, or no end."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A mirror that gives nothing to the pull, and why, as the end of a sentence about it."""

    mirror: str
    problem: Problem
    because: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a pull would do.

    ``served`` says of each object, by its digest, which endpoint gives it (a mirror's URL, or HUB), as far as it can be
    told; ``rest`` who gives all others, ``""`` where there are none, or nobody can tell; ``by`` are these endpoints, in
    the order in which they are asked. ``reason`` says why a pull would fail or wait. ``doubts`` are sentences about
    what nobody can tell without a pull; with none, all is told.
    """

    image: Image
    mirrors: tuple[str, ...]
    result: Result
    root: str = ""
    served: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""
    undecided: frozenset[str] = frozenset()
    """The layers that somebody may have given before the pull went on to others: nobody can tell who gives these."""
    settled: bool = True
    """Whether it does not depend on that how the pull ends, and who gives the rest."""
    unseen: bool = False
    """Whether only Docker Hub shows what the image consists of: a mirror that has some of it cannot be asked for that,
    and may serve it, or fail the pull with it."""
    waited: float = 0.0
    """Seconds for which an answer was waited for that a pull would wait for."""
    named_by: str = ""
    """Who says which image is meant."""
    skipped: tuple[Skipped, ...] = ()
    reason: str = ""
    doubts: tuple[str, ...] = ()
    tried: bool = True
    """Whether the lab has tried just this version of dockerd."""

    @property
    def by(self) -> tuple[str, ...]:
        """Who serves, in the order in which they are asked."""
        givers = {*self.served.values(), self.rest}
        return tuple(one for one in (*self.mirrors, HUB) if one in givers)

    @property
    def sentence(self) -> str:
        """All of it, for a person."""
        return _sentence(self)

    def called(self, endpoint: str) -> str:
        """An endpoint, as a sentence names it: ``mirror 2 (https://...)``."""
        if endpoint == HUB:
            return HUB
        return f"mirror {self.mirrors.index(endpoint) + 1} ({endpoint})"


def predict(kind: Kind, probed: Probed) -> Prediction:
    """What a pull of the image that was asked for would do, now."""
    known = client_of(kind)
    endpoints = (*probed.mirrors, probed.hub or Probe(HUB))
    pull = _Pull(known.client, probed.image, endpoints)
    prediction = pull.whole() if known.client.whole else pull.by_request()
    if known.client.withheld and any(endpoint.insecure for endpoint in endpoints):
        prediction = replace(prediction, doubts=(*prediction.doubts, _WITHHELD))
    return replace(prediction, tried=known.tried)


_WITHHELD = (
    "A mirror is in `insecure-registries`: of this version, what happens then is withheld (SECURITY.md), and may be "
    "something else."
)


class _Ends(Exception):  # noqa: N818 - it is how a pull ends, not an error
    """The pull ends without an image."""

    def __init__(self, result: Result, reason: str, waited: float = 0.0) -> None:
        super().__init__(reason)
        self.result, self.reason, self.waited = result, reason, waited


class _Pull:
    """One pull, played on answers."""

    def __init__(self, client: Client, image: Image, endpoints: Sequence[Probe]) -> None:
        self._client, self._image, self._endpoints = client, image, endpoints
        self._mirrors = tuple(endpoint.mirror for endpoint in endpoints[:-1])
        self._refused: dict[str, Skipped] = {}
        self._doubts: list[str] = []
        self._early: set[str] = set()
        self._settled = True
        self._unseen = False

    def whole(self) -> Prediction:
        """The whole image comes from one endpoint: the first that has it, and hands it out. What an earlier one has
        given of it may be kept.
        """
        given: dict[str, str] = {}
        for endpoint in self._endpoints:
            try:
                if self._first_obstacle(endpoint, given) is not None:
                    continue
            except _Ends as end:
                return replace(self._told(end.result, endpoint, reason=end.reason), waited=end.waited)
            parts = endpoint.parts or (Part("manifest", endpoint.root),)
            served = {part.digest: given.get(part.digest, endpoint.mirror) for part in parts}
            rest = "" if is_whole(endpoint.parts) else endpoint.mirror
            return self._told("ok", endpoint, served, rest)
        return self._told("failed", reason=f"nobody has all of {self._image}")

    def _first_obstacle(self, endpoint: Probe, given: dict[str, str]) -> Answer | None:
        """What sends the daemon on from an endpoint; None where nothing does. ``given`` is what others have given that
        is kept; what this one gives in vain is added.
        """
        ping = endpoint.answer("ping")
        if ping is not None and ping.problem:
            return self._note(endpoint, ping)
        if not self._by_digest_alone(endpoint):
            answer = self._name_of(endpoint)
            if answer.problem and self._meets(endpoint, answer) == "next":
                return answer
        for part in endpoint.parts or (Part("manifest", endpoint.root),):
            if part.digest in given:
                continue
            found = self._object_of(endpoint, part)
            if found is not None and found.problem and self._meets(endpoint, found) == "next":
                self._settled &= part.digest not in self._early
                self._note_early(endpoint, part)
                return found
            if part.stage in self._client.keeps:
                given[part.digest] = endpoint.mirror
        return self._note(endpoint, _LACKS_PLATFORM) if _lacks_platform(endpoint.parts) else None

    def _note_early(self, endpoint: Probe, failed: Part) -> None:
        """Note the layers that an endpoint gives at the same time as it fails with a config or another layer: those
        that come in time may be kept.
        """
        if failed.stage == "manifest" or "layer" in self._client.keeps:
            return
        answers = ((part, endpoint.answer(part.stage, part.digest)) for part in endpoint.parts or ())
        early = {part.digest for part, answer in answers if part.stage == "layer" and answer and not answer.problem}
        if early:
            self._early |= early
            self._doubts.append(
                f"{self._called(endpoint)} may give layers before the pull goes on, and these may be kept."
            )

    def _by_digest_alone(self, endpoint: Probe) -> bool:
        return self._image.by_digest and endpoint.mirror != HUB

    def by_request(self) -> Prediction:
        """Whoever knows the tag first says which image is meant; each object comes from the first who hands it out."""
        first = 0
        for position, endpoint in enumerate(self._endpoints):
            try:
                answer = self._name_of(endpoint)
                if answer.problem and self._meets(endpoint, answer) == "next":
                    continue
                served, rest = self._objects(endpoint, self._endpoints[first:])
            except _Ends as end:
                if self._client.follows and end.result == "failed":
                    first = position + 1
                    continue
                return replace(self._told(end.result, endpoint, reason=end.reason), waited=end.waited)
            return self._told("ok", endpoint, served, rest)
        return self._told("failed", reason=f"nobody has all of {self._image}")

    def _objects(self, resolver: Probe, endpoints: Sequence[Probe]) -> tuple[dict[str, str], str]:
        """Who gives each object of what an endpoint means, and who the rest."""
        root = resolver.root
        parts = next((images[root] for images in (e.images for e in self._endpoints) if root in images), None)
        if _lacks_platform(parts):
            raise _Ends("failed", f"the image that {self._called(resolver)} means is not for this host's platform")
        served = {part.digest: self._giver(part, endpoints) for part in parts or (Part("manifest", root),)}
        if is_whole(parts):
            return served, ""
        if not any(endpoint.mirror != HUB and not _is_dead(endpoint) for endpoint in endpoints):
            return served, HUB
        self._doubts.append(
            "Only Docker Hub shows the image's manifest, and showing it costs a pull: a mirror that has some "
            "of its layers would serve those, and would fail the pull if it broke off midway or spoiled them."
        )
        self._unseen = True
        return served, ""

    def _giver(self, part: Part, endpoints: Sequence[Probe]) -> str:
        for endpoint in endpoints:
            answer = self._object_of(endpoint, part)
            if answer is None or not answer.problem or self._meets(endpoint, answer) == "used":
                return endpoint.mirror
        raise _Ends("failed", f"nobody who may be asked hands out the {_WORDS[part.stage]} {part.digest[:19]}…")

    def _name_of(self, endpoint: Probe) -> Answer:
        """What an endpoint says that the tag means."""
        answer = endpoint.answer("name")
        if answer is not None:
            return answer
        if endpoint.mirror == HUB and not endpoint.answers:
            self._doubts.append("Docker Hub was not asked.")
        else:
            self._doubts.append(f"There was no time to ask {self._called(endpoint)} for the tag.")
        return Answer("name", "HEAD", "") if endpoint.mirror == HUB else _UNASKED

    def _object_of(self, endpoint: Probe, part: Part) -> Answer | None:
        """What an endpoint says of an object; None where it would hand it out as far as anybody knows."""
        named = endpoint.answer("name")
        if endpoint.mirror == HUB:
            if named is not None and named.problem in CONNECTION:
                return named
            if part.stage == "manifest" and endpoint.quota is not None and not endpoint.quota.remaining:
                return _LIMITED
            if part.digest == endpoint.root:
                return None
        answer = endpoint.answer(part.stage, part.digest)
        if answer is None and _is_dead(endpoint):
            return endpoint.answers[-1]
        if answer is None:
            self._doubts.append(
                f"Nobody asked {self._called(endpoint)} for the {_WORDS[part.stage]} {part.digest[:19]}…."
            )
        return answer

    def _meets(self, endpoint: Probe, answer: Answer) -> Fate:
        """What the daemon does about an answer with a problem: go on to the next endpoint, or use it.

        Raises:
            _Ends: it ends the pull.
        """
        fate = self._client.fate(answer.stage, answer.problem)
        if fate == "fails":
            raise _Ends("failed", f"{self._called(endpoint)} {_does(answer)}, and this daemon asks nobody else then")
        if fate == "waits":
            raise _Ends(
                "waits",
                f"{self._called(endpoint)} {_does(answer)}, and this daemon waits for it without a limit",
                answer.seconds,
            )
        if fate == "next":
            self._note(endpoint, answer)
        return fate

    def _note(self, endpoint: Probe, answer: Answer) -> Answer:
        if endpoint.mirror != HUB:
            self._refused.setdefault(endpoint.mirror, Skipped(endpoint.mirror, answer.problem, f"it {_does(answer)}"))
        return answer

    def _called(self, endpoint: Probe) -> str:
        return Prediction(self._image, self._mirrors, "ok").called(endpoint.mirror)

    def _told(
        self,
        result: Result,
        resolver: Probe | None = None,
        served: Mapping[str, str] | None = None,
        rest: str = "",
        reason: str = "",
    ) -> Prediction:
        told = Prediction(self._image, self._mirrors, result, served=served or {}, rest=rest, reason=reason)
        told = replace(told, undecided=frozenset(self._early), settled=self._settled, unseen=self._unseen)
        if resolver is not None:
            told = replace(told, root=resolver.root, named_by=resolver.mirror)
        used = (*told.by, told.named_by)
        skipped = tuple(one for mirror, one in self._refused.items() if mirror not in used)
        return replace(told, skipped=skipped, doubts=tuple(dict.fromkeys(self._doubts)))


_LACKS_PLATFORM = Answer("manifest", "GET", "", problem="status", detail="platform")
_UNASKED = Answer("name", "HEAD", "", problem="unreachable", detail="unasked")
_LIMITED = Answer("manifest", "GET", "", status=429, problem="status")


def _is_dead(endpoint: Probe) -> bool:
    """Whether no request gets through to an endpoint."""
    return bool(endpoint.answers) and endpoint.answers[-1].problem in CONNECTION


def _lacks_platform(parts: Sequence[Part] | None) -> bool:
    """Whether an image has nothing for the platform."""
    return parts is not None and not parts


_WORDS: Mapping[Stage, str] = {
    "ping": "ping",
    "token": "token",
    "name": "tag",
    "manifest": "manifest",
    "config": "config",
    "layer": "layer",
}

_DOES: Mapping[Problem, str] = {
    "dns": "has a name that nobody knows",
    "lookup": "has a name that the name service does not find in time",
    "proxy": "is not to be reached through the daemon's proxy",
    "refused": "refuses connections",
    "unreachable": "cannot be reached",
    "untrusted": "has a certificate that is not trusted",
    "tls": "fails in the TLS handshake",
    "reset": "breaks connections off",
    "malformed": "does not answer in HTTP",
    "redirect": "redirects to where nobody answers",
    "unauthorized": "wants a login",
    "not-a-registry": "answers with a web page: it is no registry",
}

_SPOILS: Mapping[Problem, str] = {
    "wrong-type": "gives the {} a foreign Content-Type",
    "wrong-digest": "calls the {} by another digest",
    "length-too-great": "announces more of the {} than there is",
    "length-too-small": "announces less of the {} than there is",
    "wrong-content": "hands out a {} with wrong bytes",
    "cut-short": "cuts the {} short",
}


def _does(answer: Answer) -> str:
    """What an endpoint does, after its name."""
    if answer is _LACKS_PLATFORM:
        return "has nothing for this host's platform"
    if answer is _UNASKED:
        return "could not be asked in time"
    word = _WORDS[answer.stage]
    if answer.problem == "status" and answer.status == 404:
        return "does not have the image" if answer.stage == "name" else f"lacks the {word}"
    if answer.problem == "status":
        return f"answers {answer.status} to a request for the {word}"
    if answer.problem == "timeout":
        asked = "a ping" if answer.stage == "ping" else f"a request for the {word}"
        return f"did not answer {asked} within {seconds(answer.seconds)}"
    return _DOES.get(answer.problem) or _SPOILS[answer.problem].format(word)


def _sentence(told: Prediction) -> str:
    return (
        "; ".join((_beginning(told), *_skips(told)))
        + "."
        + "".join(f" {doubt[0].upper()}{doubt[1:]}" for doubt in told.doubts)
    )


def _beginning(told: Prediction) -> str:
    if told.result == "waits":
        return f"A pull of {told.image} would wait: {told.reason}"
    if told.result == "failed":
        return f"A pull of {told.image} would fail: {told.reason}"
    by = [told.called(endpoint) for endpoint in told.by]
    return f"A pull of {told.image} would be served by {' and '.join(by)}"


def _skips(told: Prediction) -> Iterator[str]:
    if told.result == "ok" and told.named_by not in told.by:
        yield f"{told.called(told.named_by)} would say which image is meant"
    for one in told.skipped:
        yield f"{told.called(one.mirror)} would be skipped because {one.because}"
