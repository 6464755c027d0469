"""Whole stories as data: what the stateful trials play step by step, drawn at once for a model daemon."""

from hypothesis import strategies as st

from fixtures.addresses import ELSEWHERE_HOST
from fixtures.scenario import Configure, Pull, Reference, Remove, Restart, Scenario, ShowInfo, Step
from simulator.arrangement import Break, Change, Copy, Evict, Heal, Holdings, ImageSpec, Publish, Warm
from suites.strategies import (
    HOST_OF,
    MIRROR_SERVERS,
    PARTS,
    TAGS,
    image_specs,
    mirror_faults,
    mirror_urls,
    orders,
    references,
)

REPOSITORY = "library/app"
VERSIONS = ("v1", "v2", "v3")
LONGEST = 14

_mirrors = st.sampled_from(MIRROR_SERVERS)
_servers = st.sampled_from(("hub", *MIRROR_SERVERS))
_tags = st.sampled_from(TAGS)
_urls = orders.flatmap(mirror_urls)
_parts = st.one_of(st.just(()), st.sampled_from(PARTS).map(lambda part: (part,)))

changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Publish, st.just(REPOSITORY), _tags, st.sampled_from(VERSIONS), _servers),
    st.builds(Warm, _mirrors, st.just(REPOSITORY), _tags),
    st.builds(Evict, _servers, st.just(REPOSITORY), st.one_of(st.none(), _tags), _parts),
    st.builds(Break, _mirrors, mirror_faults),
    st.builds(Heal, _mirrors),
)


@st.composite
def _pulls(draw: st.DrawFn) -> Pull:
    host = draw(st.sampled_from((None, None, None, HOST_OF["mirror-1"], HOST_OF["mirror-2"], ELSEWHERE_HOST)))
    digest = draw(st.one_of(st.none(), st.sampled_from(VERSIONS)))
    return Pull(draw(references(REPOSITORY, draw(_tags), digest, host)))


_steps: st.SearchStrategy[Step] = st.one_of(
    _pulls(),
    _pulls(),
    changes,
    st.builds(Configure, st.one_of(st.none(), _urls)),
    st.builds(Restart, _urls, st.sampled_from(("file", "flag"))),
    st.builds(Remove, st.builds(Reference, st.just(REPOSITORY), _tags)),
    st.just(ShowInfo()),
)


@st.composite
def arranged(draw: st.DrawFn) -> Scenario:
    """Images, and who holds which at first; no step yet."""
    images: dict[str, ImageSpec] = {name: draw(image_specs(name)) for name in VERSIONS}
    holders = ("hub", "elsewhere", *MIRROR_SERVERS)
    copies = {server: draw(st.sampled_from((None, "v1", "v2"))) for server in holders}
    tag = draw(_tags)
    return Scenario(
        images=images,
        servers={server: Holdings((Copy(REPOSITORY, tag, image),)) for server, image in copies.items() if image},
        mirrors=draw(_urls),
    )


@st.composite
def stories(draw: st.DrawFn) -> Scenario:
    """A scenario of many steps."""
    start = draw(arranged())
    steps = draw(st.lists(_steps, min_size=1, max_size=LONGEST))
    return Scenario(start.images, start.servers, start.mirrors, tuple(steps))
