"""Strategies: what hypothesis may draw. Adversity is drawn here or listed in a scenario, never left to luck."""

from collections.abc import Sequence

from hypothesis import strategies as st

from fixtures.addresses import ELSEWHERE_HOST, MIRROR_HOSTS
from fixtures.scenario import Pull, Reference, Scenario, Together
from simulator.arrangement import Break, Change, Copy, Evict, Fault, FaultPlace, Heal, Holdings, ImageSpec, Warm

REPOSITORIES = ("library/app", "team/tool")
TAGS = ("1.0", "latest")
MANY_PLATFORMS = ("linux/amd64", "linux/arm64")
PARTS = ("manifest", "config", "layer:0")
REFUSALS = (401, 403, 404, 429, 500, 502, 503)

MIRROR_SERVERS = tuple(f"mirror-{number}" for number in range(1, len(MIRROR_HOSTS) + 1))
HOST_OF = dict(zip(MIRROR_SERVERS, MIRROR_HOSTS, strict=True))

NOT_A_REGISTRY = Fault("status", status=200, body="<html>Welcome</html>", content_type="text/html")


_one_layer = st.sampled_from(((64,), (512,), (2048,)))
_layers = st.lists(st.sampled_from((64, 512, 2048)), min_size=1, max_size=3)


@st.composite
def image_specs(draw: st.DrawFn, seed: str) -> ImageSpec:
    """An image: one to three small layers, mostly one, for each costs a daemon time; either format, one platform or
    two.
    """
    return ImageSpec(
        seed=seed,
        format=draw(st.sampled_from(("docker", "oci"))),
        layers=tuple(draw(st.one_of(_one_layer, _one_layer, _layers))),
        platforms=draw(st.sampled_from(((), (), MANY_PLATFORMS))),
    )


_scheme = st.sampled_from(("https", "https", "https", "http"))


def mirror_urls(servers: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """URLs of some mirrors, mostly https."""
    return st.tuples(*(_scheme.map(f"{{}}://{HOST_OF[server]}".format) for server in servers))


orders = st.lists(st.sampled_from(MIRROR_SERVERS), max_size=len(MIRROR_SERVERS), unique=True).map(tuple)
"""Which mirrors are configured, in which order: none to all of them."""

_early: st.SearchStrategy[FaultPlace] = st.sampled_from(("any", "ping", "manifest", "manifest-by-tag"))

early_faults = st.one_of(
    st.sampled_from((Fault("refuse"), Fault("dns"), Fault("untrusted"), NOT_A_REGISTRY)),
    st.builds(Fault, st.just("status"), _early, status=st.sampled_from(REFUSALS), body=st.sampled_from(("", "busy"))),
    st.builds(Fault, st.just("reset"), _early),
)
"""Faults that show at once: before the mirror has handed out a manifest."""

bad_manifests = st.builds(
    Fault, st.sampled_from(("corrupt", "truncate")), st.just("manifest"), method=st.just("GET"), after=st.just(20)
)
"""Manifests whose bytes are not what their digest says."""

mirror_faults = st.one_of(early_faults, bad_manifests)


@st.composite
def references(draw: st.DrawFn, repository: str, tag: str, digest: str | None, host: str | None = None) -> Reference:
    """Every spelling of one image: with and without ``library/`` and Hub's names, by tag, digest, both."""
    by = draw(st.sampled_from(("tag", "digest", "both"))) if digest else "tag"
    official = repository.startswith("library/")
    return Reference(
        repository=repository,
        tag=tag if by in {"tag", "both"} else None,
        digest=digest if by in {"digest", "both"} else None,
        host=draw(st.sampled_from(("", "", "docker.io", "index.docker.io"))) if host is None else host,
        short=host is None and official and draw(st.booleans()),
    )


@st.composite
def holdings(draw: st.DrawFn, repository: str, tag: str, current: str, older: str) -> Holdings:
    """What a mirror holds of one tag: nothing, Hub's present image, an older one, or a part of either."""
    kind = draw(st.sampled_from(("nothing", "nothing", "current", "current", "older", "part")))
    if kind == "nothing":
        return Holdings()
    image = older if kind == "older" else current
    without = (draw(st.sampled_from(PARTS)),) if kind == "part" else ()
    return Holdings(copies=(Copy(repository, tag, image, without),))


@st.composite
def pull_scenarios(draw: st.DrawFn) -> Scenario:
    """One pull, with any number of mirrors, contents and faults, of any spelling."""
    repository, tag = draw(st.sampled_from(REPOSITORIES)), draw(st.sampled_from(TAGS))
    images = {name: draw(image_specs(name)) for name in ("v1", "v2")}
    order = draw(orders)
    servers = {"hub": draw(_hub(repository, tag))}
    for server in MIRROR_SERVERS:
        held = draw(holdings(repository, tag, "v2", "v1"))
        faults = (draw(mirror_faults),) if server in order and draw(st.integers(0, 3)) == 0 else ()
        servers[server] = Holdings(held.copies, faults)
    servers["elsewhere"] = Holdings((Copy(repository, tag, "v2"),) if draw(st.booleans()) else ())
    target = draw(st.sampled_from(("hub",) * 6 + ("mirror", "elsewhere")))
    host = {"hub": None, "mirror": HOST_OF[draw(st.sampled_from(MIRROR_SERVERS))], "elsewhere": ELSEWHERE_HOST}[target]
    reference = draw(references(repository, tag, draw(st.sampled_from((None, "v1", "v2"))), host))
    return Scenario(
        images=images,
        servers={name: held for name, held in servers.items() if held != Holdings()},
        mirrors=draw(mirror_urls(order)),
        steps=(Pull(reference, platform=draw(st.sampled_from((None, None, "linux/amd64")))),),
    )


@st.composite
def _hub(draw: st.DrawFn, repository: str, tag: str) -> Holdings:
    older, current = Copy(repository, None, "v1"), Copy(repository, tag, "v2")
    return Holdings(copies=draw(st.sampled_from(((older, current), (older, current), (current,), ()))))


_MANY = ("library/app", "team/tool", "team/base")
_TWO_MIRRORS = MIRROR_SERVERS[:2]

_passing_faults = st.sampled_from(
    (
        *(Fault("status", status=status) for status in (403, 404)),
        *(Fault("status", "manifest", status=status) for status in (429, 500, 503)),
        Fault("status", "layer", status=404),
        Fault("reset", "manifest"),
    )
)
"""Faults that come and go while pulls run: none of them makes a daemon wait before it repeats a request."""

_changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Evict, st.sampled_from(_TWO_MIRRORS), st.sampled_from(_MANY)),
    st.builds(Evict, st.sampled_from(_TWO_MIRRORS), st.sampled_from(_MANY), roles=st.just(("layer:1",))),
    st.builds(Warm, st.sampled_from(_TWO_MIRRORS), st.sampled_from(_MANY), st.just(TAGS[0])),
    st.builds(Break, st.sampled_from(_TWO_MIRRORS), _passing_faults),
    st.builds(Heal, st.sampled_from(_TWO_MIRRORS)),
)


@st.composite
def overlapping_pulls(draw: st.DrawFn) -> Scenario:
    """Several pulls at once, of different images or of one, while mirrors evict, break and heal; then one more."""
    tag = TAGS[0]
    copies = {repository: Copy(repository, tag, repository.partition("/")[2]) for repository in _MANY}
    held = st.lists(st.sampled_from(_MANY), unique=True).map(lambda some: Holdings(tuple(copies[one] for one in some)))
    pulled = draw(st.one_of(st.permutations(_MANY), st.lists(st.sampled_from(_MANY), min_size=2, max_size=4)))
    pulls = tuple(
        Pull(draw(references(repository, tag, draw(st.sampled_from((None, copies[repository].image))))))
        for repository in pulled
    )
    return Scenario(
        images={copy.image: ImageSpec(copy.image, layers=(64, 512)) for copy in copies.values()},
        servers={"hub": Holdings(tuple(copies.values())), **{mirror: draw(held) for mirror in _TWO_MIRRORS}},
        mirrors=tuple(f"https://{HOST_OF[mirror]}" for mirror in _TWO_MIRRORS),
        steps=(
            Together(
                pulls, tuple(draw(st.lists(_changes, max_size=5))), pause=draw(st.sampled_from((0.0, 0.01, 0.03)))
            ),
            Pull(Reference(draw(st.sampled_from(_MANY)), tag)),
        ),
    )
