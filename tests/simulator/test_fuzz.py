"""Whatever comes, the core answers it, as HTTP allows, and with no 500."""

import json
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.bounds import Bounds
from simulator.messages import Headers, Request
from simulator.topology import HUB_HOSTS
from simulator.world import World
from tests.simulator.pushes import (
    EMPTY,
    IMAGE_TYPE,
    INDEX_TYPE,
    OTHER,
    Pusher,
    descriptor,
    manifest,
    scoped_token,
    sha256,
)
from tests.simulator.worlds import REPOSITORY, TOPOLOGY, Asker, digest

FUZZED = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(max_size=12)
DIGESTS = st.sampled_from([sha256(EMPTY), digest("single", "config"), digest("single", "manifest"), OTHER, "sha256:1"])
NAMES = st.sampled_from([REPOSITORY, "team/app", "Team", "a//b", "..", "%2e%2e"]) | TEXT
UPLOAD = "{upload}"
PLACES = st.one_of(
    st.builds("manifests/{}".format, DIGESTS | TEXT | st.sampled_from(["1", "2"])),
    st.builds("blobs/{}".format, DIGESTS | TEXT),
    st.builds("blobs/uploads/{}".format, TEXT | st.sampled_from(["", UPLOAD])),
    st.builds("referrers/{}".format, DIGESTS | TEXT),
    st.sampled_from(["tags/list", "_catalog"]),
    TEXT,
)
PATHS = st.builds("/v2/{}/{}".format, NAMES, PLACES) | st.sampled_from(["/token", "/v2/", "/v2", "", "*"]) | TEXT
PAIRS = st.tuples(
    st.sampled_from(["n", "last", "digest", "mount", "from", "artifactType", "scope", "ns", "expires"]) | TEXT,
    DIGESTS | NAMES | st.integers().map(str) | st.sampled_from(["repository:team/app:pull,push", "9" * 5000]),
)
QUERIES = st.lists(PAIRS, max_size=3).map(
    lambda pairs: "&".join(f"{quote(key)}={quote(value)}" for key, value in pairs)
)
SPANS = st.builds("{}-{}".format, st.integers() | st.just(""), st.integers() | st.just(""))
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just("range"), SPANS.map("bytes={}".format) | TEXT),
        st.tuples(st.just("content-range"), SPANS | st.sampled_from(["0-1", "0-0"]) | TEXT),
        st.tuples(st.sampled_from(["if-none-match", "if-range"]), DIGESTS.map('"{}"'.format) | TEXT),
        st.tuples(st.just("content-type"), st.sampled_from([IMAGE_TYPE, INDEX_TYPE]) | TEXT),
        st.tuples(st.just("authorization"), st.sampled_from(["Bearer {token}", "Bearer a.b", "Basic x"]) | TEXT),
        st.tuples(st.just("content-length"), st.integers().map(str) | TEXT),
    ),
    max_size=4,
).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | DIGESTS | st.just(descriptor(EMPTY)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "artifactType", "annotations"]
MANIFESTS = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3).map(
    lambda more: json.dumps({**json.loads(manifest()), **more}).encode()
)
BODIES = st.binary(max_size=40) | st.just(EMPTY) | JSON.map(lambda value: json.dumps(value).encode()) | MANIFESTS
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) | TEXT,
    host=st.sampled_from(["one.test", "two.test", *HUB_HOSTS]) | TEXT,
    path=PATHS,
    query=QUERIES | TEXT,
    headers=HEADERS,
    body=BODIES,
    arrival=st.sampled_from(["whole", "whole", "broken-off", "too-large"]),
)


def filled(headers: Headers, token: str) -> Headers:
    return tuple((name, value.replace("{token}", token)) for name, value in headers)


@FUZZED
@given(st.lists(REQUESTS, min_size=1, max_size=6))
def test_no_request_is_too_odd(requests: list[Request]) -> None:
    asker = Asker(World(TOPOLOGY, bounds=Bounds(blob=64, pushed=4096)))
    asker.arrange()
    pusher = Pusher(asker)
    pusher.small("1")
    upload = pusher.begin().rpartition("/")[2]
    token = scoped_token(asker, f"{REPOSITORY}:pull", "team/app:pull,push")
    world, before = asker.world, len(asker.world.journal)
    for asked in requests:
        request = Request(
            method=asked.method,
            host=asked.host,
            path=asked.path.replace(UPLOAD, upload),
            query=asked.query,
            headers=filled(asked.headers, token),
            body=asked.body,
            arrival=asked.arrival,
        )
        assert world.appetite(request) >= 0
        response = world.handle(request, 100.0).response
        assert world.journal.errors == []
        assert 200 <= response.status < 500
        for name, value in response.headers:
            assert (name + value).isprintable()
            (name + value).encode("latin-1")
        if response.status in (204, 304):
            assert response.header("content-length") == ""
            assert response.body == b""
        elif request.method != "HEAD":
            assert response.header("content-length") == str(len(response.body))
        assert request.method != "HEAD" or response.body == b""
    assert [exchange.seq for exchange in world.journal.since(before)] == [before + n for n in range(len(requests))]
