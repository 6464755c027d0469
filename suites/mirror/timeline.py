"""A mirror's history, request by request, each with all that was so when it began."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from fixtures.mirrors.history import Answer, Happened, MirrorHistory
from fixtures.mirrors.scenario import Ask, Drop, Fill, MirrorScenario, Pass, Pull, Step
from simulator.arrangement import Break, Content, ContentObject, Evict, Fault, Heal, Publish
from simulator.journal import Exchange


@dataclass(frozen=True)
class State:
    """What Hub and mirror are known to hold.

    ``tags`` are Hub's, with the image that each names; ``images`` those of each repository, by tag or not; ``before``
    all that a tag ever named. ``held`` are the images that the mirror was let hold, by repository and tag; ``dropped``
    those that it evicted since. ``since`` is how many seconds passed after a tag changed at Hub.
    """

    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    images: dict[str, frozenset[str]] = field(default_factory=dict)
    before: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    dropped: dict[tuple[str, str], str] = field(default_factory=dict)
    since: dict[tuple[str, str], float] = field(default_factory=dict)

    def named(self, repository: str, tag: str, image: str) -> "State":
        """The same, where a tag names an image at Hub."""
        place = (repository, tag)
        known = place in self.tags
        return replace(
            self,
            tags={**self.tags, place: image},
            images={**self.images, repository: self.images.get(repository, frozenset()) | {image}},
            before={**self.before, place: self.before.get(place, frozenset()) | {image}},
            since={**self.since, place: 0.0} if known else self.since,
        )


@dataclass(frozen=True)
class Case:
    """One answer, and all that was so when it was asked for. ``number`` is the step's, ``index`` that of the client."""

    number: int
    index: int
    ask: Ask
    answer: Answer
    happened: Happened
    scenario: MirrorScenario
    history: MirrorHistory
    state: State
    earlier: tuple["Case", ...] = ()

    @property
    def upstream(self) -> tuple[Exchange, ...]:
        """What Hub was asked meanwhile."""
        return self.history.during(self.happened)

    @property
    def fills(self) -> bool:
        """Whether the mirror fetches what it lacks."""
        return self.history.profile == "pull-through"

    @property
    def healthy(self) -> bool:
        """Whether Hub gives everybody everything at present."""
        hidden = self.ask.repository in self.scenario.private
        return not self.state.faults and not hidden and self.scenario.limits_nobody

    @property
    def place(self) -> tuple[str, str]:
        return self.ask.repository, self.ask.reference

    @property
    def by_tag(self) -> bool:
        reference = self.ask.reference
        return self.ask.kind == "manifest" and not reference.startswith("@") and ":" not in reference

    @cached_property
    def image(self) -> str:
        """The image that is asked for, or that an object is asked of; ``""`` where none is."""
        if self.ask.reference.startswith("@"):
            return self.ask.reference[1:].partition("/")[0]
        return self.state.tags.get(self.place, "")

    @cached_property
    def part(self) -> ContentObject | None:
        """The object that the reference names by digest, or that the tag names at Hub."""
        content = self.history.contents.get(self.image)
        if content is None or self.ask.kind not in ("manifest", "blob"):
            return None
        role = self.ask.reference.partition("/")[2] if self.ask.reference.startswith("@") else ""
        return next((part for part in content.objects if part.role == role), None) if role else content.objects[0]

    @property
    def at_hub(self) -> bool:
        """Whether Hub has it, in this repository."""
        if self.by_tag:
            return self.place in self.state.tags
        there = self.state.images.get(self.ask.repository, frozenset())
        return self.part is not None and any(
            self.part.digest == part.digest for image in there for part in self.history.contents[image].objects
        )

    @property
    def is_overfull(self) -> bool:
        """Whether the mirror was let hold more than it says that it has room for, and so may have evicted any of it."""
        room = self.history.promises.capacity
        contents = self.history.contents
        parts = {part.digest: part.size for image in self.state.held.values() for part in contents[image].objects}
        return room is not None and sum(parts.values()) > room

    @property
    def held(self) -> bool:
        """Whether the mirror was let hold it, and has not evicted it since."""
        if self.is_overfull:
            return False
        if self.by_tag:
            return self.place in self.state.held
        return self.part is not None and any(
            self.part.digest == part.digest
            for (repository, _), image in self.state.held.items()
            if repository == self.ask.repository
            for part in self.history.contents[image].objects
        )

    @property
    def servable(self) -> bool:
        """Whether the mirror is to serve it: Hub has it and is well, and the mirror has it or fetches it."""
        return self.healthy and self.at_hub and (self.held or self.fills)

    @property
    def reads(self) -> bool:
        """Whether content is asked for, and all of it."""
        ask = self.ask
        whole = ask.stop_after is None and not self.has("range")
        return ask.kind in ("manifest", "blob") and ask.method == "GET" and whole

    @property
    def whole(self) -> bool:
        """Whether content was asked for, and all of an answer with it came."""
        return self.reads and self.answer.status == 200 and not self.answer.problem

    @property
    def is_misled(self) -> bool:
        """Whether Hub gives something else than it has, of which nobody can know before its end: what the mirror hands
        on is then Hub's fault, and what it keeps is judged by itself.
        """
        wrong = (f for f in self.state.faults if f.kind == "corrupt" or (f.kind == "status" and f.status < 300))
        return not self.held and any(True for _ in wrong)

    @property
    def leads_away(self) -> bool:
        """Whether the client was sent elsewhere, which BLOB-5 judges: of content there is nothing to see then."""
        return 300 <= self.answer.status < 400 and self.answer.status != 304

    @property
    def is_choosy(self) -> bool:
        """Whether the client takes one form alone, or nothing that it knows: it may get no content, and rightly."""
        return self.has("accept") or self.has("if-none-match")

    def has(self, header: str) -> bool:
        """Whether the request has a header."""
        return any(name.lower() == header for name, _ in self.ask.headers)

    def sent(self, header: str) -> str:
        """The value of a header of the request."""
        return next((value for name, value in self.ask.headers if name.lower() == header), "")

    @property
    def served(self) -> bool:
        """Whether all of what was asked for came, and nothing else: by digest that, by tag what Hub has there."""
        return self.whole and self.part is not None and self.answer.digest == self.part.digest

    @property
    def name(self) -> str:
        """What was asked for, in words."""
        ask = self.ask
        what = f" {ask.reference}" if ask.reference else ""
        query = f"?{ask.query}" if ask.query else ""
        return f"{ask.method} {ask.kind}{f' of {ask.repository}' if ask.repository else ''}{what}{query}"


def cases(scenario: MirrorScenario, history: MirrorHistory) -> tuple[Case, ...]:
    """Every request of a history, in order."""
    found: list[Case] = []
    state = _arranged(scenario)
    for happened in history.happened:
        step = scenario.steps[happened.step]
        if isinstance(step, Ask):
            earlier = tuple(found)
            found += (
                Case(happened.step, index, one, answer, happened, scenario, history, state, earlier)
                for index, (one, answer) in enumerate(zip(_asked(step, happened), happened.answers, strict=True))
            )
            if step.meanwhile and not happened.failed:
                state = _after(state, step.meanwhile, happened)
        elif not happened.failed:
            state = _after(state, step, happened)
    return tuple(found)


def states(scenario: MirrorScenario, history: MirrorHistory) -> Iterator[tuple[Happened, State]]:
    """Every step of a history, with all that was so when it began."""
    state = _arranged(scenario)
    for happened in history.happened:
        yield happened, state
        step = scenario.steps[happened.step]
        if not happened.failed:
            state = _after(state, (step.meanwhile or step) if isinstance(step, Ask | Pull) else step, happened)


def _asked(step: Ask, happened: Happened) -> tuple[Ask, ...]:
    """The request that each answer is to: a page that was followed to is one to the first."""
    return step.at_once if len(step.at_once) > 1 else (step,) * len(happened.answers)


def content_of(case: Case) -> Content | None:
    """All objects of the image that is asked for."""
    return case.history.contents.get(case.image)


def _arranged(scenario: MirrorScenario) -> State:
    state = State(faults=scenario.hub.faults)
    for copy in scenario.hub.copies:
        state = state.named(copy.repository, copy.tag or "", copy.image)
    for name, artifact in scenario.artifacts.items():
        state = state.named(artifact.repository, artifact.tag, name)
    return state


def _after(state: State, step: Step, happened: Happened) -> State:
    match step:
        case Publish(repository=repository, tag=tag, image=image):
            return state.named(repository, tag, image)
        case Evict(repository=repository, tag=tag):
            return _deleted(state, repository, tag or "")
        case Break(fault=fault):
            return replace(state, faults=(*state.faults, fault))
        case Heal():
            return replace(state, faults=())
        case Fill(repository, tag, image) if all(answer.status == 200 for answer in happened.answers):
            place = (repository, tag)
            dropped = {key: value for key, value in state.dropped.items() if key != place}
            return replace(state, held={**state.held, place: image}, dropped=dropped)
        case Drop(repository, tag) if (repository, tag) in state.held:
            place = (repository, tag)
            held = {key: value for key, value in state.held.items() if key != place}
            return replace(state, held=held, dropped={**state.dropped, place: state.held[place]})
        case Pass(seconds):
            return replace(state, since={place: age + seconds for place, age in state.since.items()})
        case _:
            return state


def _deleted(state: State, repository: str, tag: str) -> State:
    """The same, where Hub has deleted a tag and its image."""
    gone = state.tags.get((repository, tag))
    tags = {place: image for place, image in state.tags.items() if place != (repository, tag)}
    others = {image for (other, _), image in tags.items() if other == repository}
    left = frozenset(image for image in state.images.get(repository, frozenset()) if image != gone or image in others)
    return replace(
        state,
        tags=tags,
        images={**state.images, repository: left},
        since={**state.since, (repository, tag): 0.0},
    )


def each(found: tuple[Case, ...], *kinds: str) -> Iterator[Case]:
    """The requests of these kinds."""
    return (case for case in found if case.ask.kind in kinds)
