"""A trial of a mirror: a scenario with what it is there for."""

from dataclasses import dataclass

from fixtures.mirrors.scenario import MirrorScenario
from fixtures.mirrors.subject import MirrorSubject
from suites.mirror.judge import Judge, judge


@dataclass(frozen=True)
class Trial:
    """A scenario under its name. ``rules`` are those that it is there for, ``only`` the profile that it is for, and
    ``feature`` what the mirror must declare, and ``promise`` what it must promise. ``judge`` is who judges
    what came of it.
    """

    name: str
    scenario: MirrorScenario
    rules: tuple[str, ...]
    only: str = ""
    feature: str = ""
    promise: str = ""
    judge: Judge = judge

    def unfit(self, subject: MirrorSubject) -> str:
        """Why it is not for a mirror, as the end of a sentence that begins with "it"; ``""`` where it is."""
        if self.only not in ("", subject.profile):
            return f"is about {self.only} mirrors"
        if self.feature and self.feature not in subject.features:
            return f"is about mirrors that declare the feature {self.feature!r}"
        if self.promise and getattr(subject.promises, self.promise) is None:
            return f"is about mirrors that promise {self.promise!r}"
        return ""
