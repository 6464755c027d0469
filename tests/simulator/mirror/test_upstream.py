"""Whatever an upstream answers, a mirror ends, keeps nothing that is wrong, and shows its secrets to nobody else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.messages import Request, Response
from simulator.mirror.mirror import Mirror
from simulator.mirror.policy import Policy, Sync, Upstream
from simulator.mirror.upstream import MOST_HOPS
from simulator.programs import Ask, Given
from simulator.registry.content import build
from simulator.registry.paths import route
from simulator.topology import Site
from tests.simulator.worlds import SINGLE, blob_path, manifest_path
from tests.simulator.worlds import digest as digest_in

SITE = Site("one", "mirror", ("one.test",), "10.0.0.3")
BASE, REALM, STRANGER = "https://upstream.test", "https://realm.test/token", "https://stranger.test/token"
URLS = st.sampled_from([BASE, REALM, STRANGER, "http://realm.test/", "//", "http://[", "ftp://x", "/v2/", "x y"])
TEXT = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=8)
CHALLENGES = st.one_of(
    st.builds('Bearer realm="{}",service="{}",scope="{}"'.format, URLS | TEXT, TEXT, TEXT),
    st.builds('Bearer realm="{}",error="insufficient_scope"'.format, URLS),
    st.sampled_from(['Basic realm="x"', "Basic", "Bearer", "Negotiate", ""]),
    TEXT,
)
CONTENT = build(SINGLE).bytes_of
DIGESTS = st.sampled_from([*CONTENT, "sha256:1", "sha512:1", "x"])
LIVES = st.sampled_from(["0", "-1", "1", "1" + 400 * "0", "Infinity", "NaN", '"5"', "null", "true", "1e-300"])
TOKENS = st.builds(
    '{{"token": {}, "expires_in": {}}}'.format,
    st.sampled_from(['"good"', '""', "1", '"a\\nb"', "null"]),
    LIVES,
).map(str.encode)
BODIES = st.sampled_from([*CONTENT.values(), b"", b"<html>", b"[]", b"{}", b"[" * 100_000]) | TOKENS
RESPONSES = st.builds(
    Response,
    status=st.sampled_from([200, 200, 200, 401, 401, 301, 307, 307, 400, 403, 404, 429, 500, 503]),
    headers=st.fixed_dictionaries(
        {},
        optional={
            "WWW-Authenticate": CHALLENGES,
            "Location": URLS | TEXT,
            "Docker-Content-Digest": DIGESTS,
            "Content-Length": st.sampled_from(["0", "585", "x"]),
            "Content-Type": st.sampled_from(["application/vnd.docker.distribution.manifest.v2+json", "text/html"]),
            "Retry-After": TEXT,
        },
    ).map(lambda headers: tuple(headers.items())),
    body=BODIES,
)
PATHS = st.sampled_from(
    [
        manifest_path("1"),
        manifest_path(digest_in("single", "manifest")),
        blob_path("single", "config"),
        "/v2/a/tags/list",
    ]
)
POLICY = Policy(
    upstream=Upstream(BASE, "user", "secret", ("realm.test",)), sync=Sync("on-read"), catalogue=True, tags="upstream"
)


@settings(deadline=None, max_examples=150)
@given(
    asked=st.lists(st.tuples(PATHS, st.sampled_from(["GET", "HEAD"])), min_size=1, max_size=3),
    answers=st.lists(RESPONSES, min_size=12, max_size=12),
)
def test_whatever_the_upstream_answers(asked: list[tuple[str, str]], answers: list[Response]) -> None:
    mirror = Mirror(SITE, POLICY, "seed", 0.0)
    left = list(answers)
    for path, method in asked:
        response = answered(mirror, Request(method, "one.test", path), left)
        assert response.status in (200, 404, 429, 502, 503)
        assert all((name + value).isprintable() for name, value in response.headers)
    for wanted, data in CONTENT.items():
        found = mirror.cache.manifest("library/app", wanted) or mirror.cache.blob("library/app", wanted)
        assert found is None or found.data == data
    assert mirror.cache.digest("library/app", "1") in {"", digest_in("single", "manifest")}


def answered(mirror: Mirror, request: Request, left: list[Response]) -> Response:
    """What a mirror answers whose upstream gives these answers, one after another."""
    asked = route(request.path)
    if response := mirror.at_once(asked, request, 1.0):
        return response
    program = mirror.answer(asked, request, 1.0)
    try:
        effect = next(program)
        for _ in range(2 * (3 + MOST_HOPS)):
            assert isinstance(effect, Ask)
            keeps_its_secrets(effect.request)
            gives = left.pop(0) if left else Response(500)
            if effect.sink and gives.status == 200:
                effect.sink.write(bytes(gives.body))
                effect.sink.finish()
            effect = program.send(Given(1.0, gives))
    except StopIteration as done:
        final: Response = done.value
        return final
    raise AssertionError("it asks without end")


def keeps_its_secrets(request: Request) -> None:
    """The password goes to the upstream and its realm, a token to the upstream, all of it over TLS."""
    shown = request.header("authorization")
    assert not shown or request.scheme == "https"
    assert not shown.startswith("Basic") or request.host in ("upstream.test", "realm.test")
    assert not shown.startswith("Bearer") or request.host == "upstream.test"
    assert "secret" not in request.path + request.query
