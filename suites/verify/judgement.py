"""All that was found out of a host's mirrors, and what it comes to: a gate that is open or shut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from report.text import seconds
from suites.deviations import Deviation
from suites.verify.answers import Probed
from suites.verify.facts import Remark, Setup, Severity
from suites.verify.in_force import InForce, in_force
from suites.verify.lint import lint
from suites.verify.mirrors import listed, normalised
from suites.verify.predict import Prediction, predict
from suites.verify.pulling import Pulled

_ENOUGH = 1.0
"""Seconds for which an answer must have been waited for in vain, before a mirror is held to be at fault."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A setup, what is in force of it, what is to be said, and what a pull would do where anybody was asked.

    ``expected`` are the mirrors that a person demands, in order; None: they demand none.
    """

    setup: Setup
    state: InForce
    remarks: tuple[Remark, ...]
    expected: tuple[str, ...] | None = None
    probed: Probed | None = None
    prediction: Prediction | None = None
    pulled: Pulled | None = None

    @property
    def is_as_expected(self) -> bool:
        """Whether exactly the demanded mirrors are in force, in that order."""
        return self.expected is None or self.expected == self.state.mirrors

    @property
    def exit_code(self) -> int:
        """0 where nothing is wrong, else 1."""
        return int(not self.is_as_expected or any(remark.severity == "error" for remark in self.remarks))


def judge(
    setup: Setup,
    deviations: Sequence[Deviation] = (),
    expected: Sequence[str] | None = None,
    probed: Probed | None = None,
    pulled: Pulled | None = None,
) -> Judgement:
    """Judge a setup, with what its mirrors answered, where they were asked, and what a pull has shown."""
    state = in_force(setup)
    demanded = None if expected is None else normalised(expected)
    prediction = predict(setup.kind, probed) if probed else None
    remarks = (
        *lint(setup, deviations),
        *(_of_prediction(prediction, setup) if prediction else ()),
        *(_of_pull(pulled) if pulled else ()),
    )
    judgement = Judgement(setup, state, remarks, demanded, probed, prediction, pulled)
    if judgement.is_as_expected:
        return judgement
    sentence = f"Expected is {listed(demanded or ())}, and in force is {_told(state)}."
    unmet = Remark("not-as-expected", "error", sentence, "Set these mirrors, in this order, and restart the daemon.")
    return replace(judgement, remarks=(*remarks, unmet))


def to_probe(setup: Setup) -> Setup:
    """A setup whose mirrors in force can be asked: those that are shown, or would be after a start."""
    return replace(setup, shown=in_force(setup).mirrors or ())


def _told(state: InForce) -> str:
    return "nothing that anybody could tell" if state.mirrors is None else listed(state.mirrors)


def _of_prediction(prediction: Prediction, setup: Setup) -> Iterator[Remark]:
    if not prediction.tried:
        daemon = f"Docker {setup.kind.version or 'of an unknown version'} with the {setup.kind.store} image store"
        sentence = f"{daemon} was not tried in the lab: what a pull would do is told as of the nearest that was."
        yield Remark("unknown", "note", sentence, "")
    if prediction.result != "ok":
        waits = prediction.result == "waits"
        sentence = f"A pull of {prediction.image} would {'wait' if waits else 'fail'}: {prediction.reason}."
        slow = "Whether it is slow or dead, `--timeout 60` tells. " if waits else ""
        severity: Severity = "warning" if waits and prediction.waited < _ENOUGH else "error"
        yield Remark("pull-fails", severity, sentence, f"{slow}Take the mirror out of the list until it is mended.")
    for skipped in prediction.skipped:
        lacks = skipped.problem == "status"
        yield Remark(
            "mirror-skipped",
            "note" if lacks else "warning",
            f"A pull of {prediction.image} would skip {prediction.called(skipped.mirror)}, because {skipped.because}.",
            "" if lacks else "Mend the mirror, or take it out of the list: it costs time in each pull.",
            mirror=skipped.mirror,
        )


def _of_pull(pulled: Pulled) -> Iterator[Remark]:
    if pulled.result != "ok":
        sentence = f"A pull of {pulled.image} failed after {seconds(pulled.seconds)}: {pulled.error}."
        yield Remark("pull-failed", "error", sentence, "Look into the daemon's log.")
