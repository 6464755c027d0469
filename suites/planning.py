"""What a run would make, start and play, found out without starting anything."""

from collections import Counter
from collections.abc import Iterator, Sequence

from fixtures.engine.discovery import Engine, find_engine
from fixtures.images.making import Source, planned_images
from fixtures.machine.debian import apt_obstacle
from fixtures.profiles import Profile
from report.text import number
from suites.inventory import Test


def plan(
    profiles: Sequence[Profile], source: Source, tests: Sequence[Test], at_once: int, rules: Sequence[str]
) -> Iterator[str]:
    """The plan in lines: daemons, engine, images, then the tests, daemon by daemon.

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
    judged = number(len(rules), "rule")
    yield f"tests   {number(len(tests), 'test')}, judged by {judged}, with at most {number(at_once, 'daemon')} at once"
    lanes: dict[tuple[str, bool], Counter[str]] = {}
    for test in tests:
        lanes.setdefault((test.daemon, test.waits), Counter())[test.function] += 1
    for (daemon, waits), functions in lanes.items():
        alone = ", each in a lane of its own, since they wait" if waits else ""
        yield f"lane    {daemon}: {number(functions.total(), 'test')}{alone}"
        yield from (f"          {count:>4}  {function}" for function, count in functions.items())


def _engine(engine: Engine | None) -> str:
    if engine is not None:
        return f"the one at {engine.host}"
    reason = apt_obstacle()
    return f"none answers, and none can be started, because {reason}" if reason else "a private one would be started"
