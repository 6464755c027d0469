"""What a run would make, start and play, found out without starting anything."""

from collections import Counter
from collections.abc import Iterator, Sequence

from fixtures.engine.discovery import Engine, find_engine
from fixtures.images.making import Source, planned_images
from fixtures.machine.debian import apt_obstacle
from fixtures.profiles import Profile
from report.text import number
from suites.collector import Chosen


def plan(
    profiles: Sequence[Profile], source: Source, chosen: Chosen, at_once: int, rules: Sequence[str]
) -> Iterator[str]:
    """The plan in lines: daemons, engine, images, then the tests lane by lane.

    Raises:
        CannotRunError: an engine was named and does not answer, or an image could not be made.
    """
    yield "This would be made and played; nothing is started now."
    for profile in profiles:
        kind = "a model" if profile.is_model else f"dockerd {profile.version}"
        yield f"daemon  {profile.name}: {kind}, {profile.store} image store"
    real = [profile for profile in profiles if not profile.is_model]
    if real:
        engine = find_engine()
        yield f"engine  {_engine(engine)}"
        for title, tag, there in planned_images(engine, real, source):
            yield f"image   {tag} ({title}) {'is there' if there else 'would be made'}"
    else:
        yield "engine  none: models need no Docker"
    yield (
        f"tests   {number(chosen.tests, 'test')} in {number(chosen.lanes, 'lane')}, {at_once} at once, "
        f"judged by {number(len(rules), 'rule')}"
    )
    lanes: dict[str, Counter[str]] = {}
    for test in chosen.each:
        lanes.setdefault(test.lane, Counter())[test.function] += 1
    together = {lane: functions for lane, functions in lanes.items() if functions.total() > 1}
    for lane, functions in together.items():
        yield f"lane    {lane}: {number(functions.total(), 'test')}"
        yield from (f"          {count:>4}  {function}" for function, count in functions.items())
    alone = Counter(function for lane, of in lanes.items() if lane not in together for function in of.elements())
    if alone:
        yield f"lane    one of its own for each of {number(alone.total(), 'test')}"
        yield from (f"          {count:>4}  {function}" for function, count in alone.items())


def _engine(engine: Engine | None) -> str:
    if engine is not None:
        return f"the one at {engine.host}"
    reason = apt_obstacle()
    return f"none answers, and none can be started, because {reason}" if reason else "a private one would be started"
