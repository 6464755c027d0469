"""SPEED, TELL: what a hit is worth, and how one can tell that it was one."""

from collections.abc import Iterator
from statistics import median

from fixtures.mirrors.history import Answer
from fixtures.mirrors.scenario import Direct
from suites.mirror.timeline import Case
from suites.rules.finding import Finding
from suites.rules.mirror.common import TrialRule, came

_TELLING = ("x-cache", "x-cache-status", "x-proxy-cache", "cf-cache-status", "cache-status", "age")


def hits_are_compared_with_hub(found: tuple[Case, ...]) -> Iterator[Finding]:
    """The time of hits as a ratio to that of asking Hub's own registry, in the same run: never judged by time."""
    hits = [case for case in found if case.ask.kind == "blob" and case.reads and case.held]
    direct = _direct(hits[0]) if hits else []
    if not direct:
        return
    lost = [case for case in hits if not case.served]
    if lost:
        yield Finding(False, f"there is no hit to take the time of: {came(lost[0])}", step=lost[0].number)
        return
    ratio = median(case.answer.seconds for case in hits) / max(median(answer.seconds for answer in direct), 1e-6)
    first = median(case.answer.first_byte for case in hits)
    measure = (("a hit's time, of that of Hub's own registry", ratio), ("seconds to a hit's first byte", first))
    said = f"a hit takes {ratio:.1f} times as long as Hub's own registry does for the same"
    yield Finding(True, said, step=hits[-1].number, measure=measure)


def _direct(case: Case) -> list[Answer]:
    """What came from Hub itself, without the mirror."""
    steps, history = case.scenario.steps, case.history
    asked = [happened for happened in history.happened if isinstance(steps[happened.step], Direct)]
    return [a for happened in asked for a in happened.answers if a.status == 200 and not a.problem]


def hits_can_be_told_from_misses(found: tuple[Case, ...]) -> Iterator[Finding]:
    for number, hit in enumerate(found):
        before = [c for c in found[:number] if c.place == hit.place and c.ask == hit.ask]
        if len(before) != 1 or not hit.fills or hit.held or not hit.healthy or not _is_one_blob(hit):
            continue
        if not (hit.served and before[0].served):
            continue
        told = [name for name in _TELLING if hit.answer.header(name) != before[0].answer.header(name)]
        said = f"a hit differs from a miss in {told[0]}" if told else "no header tells a hit from a miss"
        yield Finding(bool(told), said, step=hit.number)


def _is_one_blob(case: Case) -> bool:
    return case.ask.kind == "blob" and case.ask.clients == 1


TRIAL_RULES: dict[str, TrialRule] = {"SPEED-1": hits_are_compared_with_hub, "TELL-1": hits_can_be_told_from_misses}
