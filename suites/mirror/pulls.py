"""What daemons made of their pulls through a mirror, each with all that was so when it began."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from fixtures.mirrors.history import MirrorHistory, Pulled
from fixtures.mirrors.scenario import MirrorScenario, Pull
from simulator.arrangement import Content
from simulator.journal import Exchange
from suites.mirror.timeline import State, states

_USUAL = "linux/amd64"


@dataclass(frozen=True)
class PullCase:
    """One pull by one daemon. ``number`` is the step's."""

    number: int
    step: Pull
    pulled: Pulled
    scenario: MirrorScenario
    history: MirrorHistory
    state: State
    earlier: tuple["PullCase", ...] = ()

    @property
    def past(self) -> tuple[Exchange, ...]:
        """What the daemon asked of Hub itself."""
        return self.history.past_the_mirror(self.pulled)

    @property
    def fetched(self) -> tuple[Exchange, ...]:
        """What the mirror asked of Hub meanwhile."""
        return self.history.for_a_pull(self.pulled)

    @property
    def fills(self) -> bool:
        """Whether the mirror fetches what it lacks."""
        return self.history.profile == "pull-through"

    @property
    def healthy(self) -> bool:
        """Whether Hub gives everybody everything at present."""
        return not self.state.faults and self.scenario.limits_nobody

    @property
    def place(self) -> tuple[str, str]:
        return self.step.repository, self.step.reference

    @property
    def by_tag(self) -> bool:
        return bool(self.step.reference) and not self.step.reference.startswith("@")

    @cached_property
    def image(self) -> str:
        """The image that is wanted; ``""`` where Hub has none, or all tags are."""
        return self.step.reference.removeprefix("@") if not self.by_tag else self.state.tags.get(self.place, "")

    @property
    def content(self) -> Content | None:
        return self.history.contents.get(self.image)

    @property
    def at_hub(self) -> bool:
        """Whether Hub has it for everybody, in this repository."""
        hidden = self.step.repository in self.scenario.private
        return not hidden and self.image in self.state.images.get(self.step.repository, frozenset())

    @property
    def held(self) -> bool:
        """Whether the mirror was let hold it, and has not evicted it since."""
        if self.by_tag:
            return bool(self.image) and self.state.held.get(self.place) == self.image
        return any(
            repository == self.step.repository and image == self.image
            for (repository, _), image in self.state.held.items()
        )

    @property
    def brought(self) -> bool:
        """Whether an earlier pull of the same brought all of it through a mirror that fetches."""
        before = [case for case in self.earlier if (case.place, case.step.platform) == (self.place, self.step.platform)]
        return self.fills and any(case.whole and not case.past for case in before)

    @property
    def whole(self) -> bool:
        """Whether the daemon now has the image that Hub has under this name."""
        return not self.wrong

    @cached_property
    def wrong(self) -> str:
        """How what the daemon now has is not Hub's image, in words."""
        image, content = self.pulled.image, self.content
        if self.pulled.result != "ok":
            return f"it failed: {self.pulled.error}"
        if image is None or content is None:
            return "it went well, and the daemon has nothing by this name"
        if image.problem:
            return f"the daemon has something that it cannot read: {image.problem}"
        if content.root not in image.digests:
            return f"the daemon has {', '.join(image.digests) or 'an image without a digest'}, and Hub {content.root}"
        wanted = content.root if self.pulled.store == "containerd" else self._config(content)
        if image.id != wanted:
            return f"the daemon's image is {image.id}, and Hub's {wanted}"
        if self.step.platform in ("", _USUAL) and image.layers != content.diff_ids:
            return "the daemon's layers are not Hub's"
        return "the bytes that the daemon has are not those of its layers" if image.bytes_verified is False else ""

    def _config(self, content: Content) -> str:
        """The config of the platform that is wanted: it names all layers."""
        configs = [part for part in content.objects if part.role.rpartition(":")[2] == "config"]
        wanted = self.step.platform or _USUAL
        return next((part.digest for part in configs if part.role == f"{wanted}:config"), configs[0].digest)

    @property
    def name(self) -> str:
        """What was pulled by whom, in words."""
        how = " from the mirror's own host" if self.step.direct else ""
        what = self.step.reference or "all tags"
        platform = f" for {self.step.platform}" if self.step.platform else ""
        return f"{self.pulled.daemon} pulled {self.step.repository} {what}{platform}{how}"


def pulls(scenario: MirrorScenario, history: MirrorHistory) -> Iterator[PullCase]:
    """Every pull of a history, in order."""
    found: list[PullCase] = []
    for happened, state in states(scenario, history):
        step = scenario.steps[happened.step]
        if isinstance(step, Pull) and not happened.failed:
            for pulled in happened.pulls:
                found.append(PullCase(happened.step, step, pulled, scenario, history, state, tuple(found)))
    yield from found
