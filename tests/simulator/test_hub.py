"""Docker Hub's tokens and redirects, straight from the core."""

import json
from datetime import UTC, datetime

import pytest

from simulator.arrangement import Arrangement, Copy, Holdings
from simulator.hub.hub import ADDRESS_LIFE
from simulator.hub.tokens import TOKEN_LIFE
from simulator.topology import AUTH_HOST, CDN_HOST, HUB_HOSTS, INDEX_HOST, REGISTRY_HOST, Site, Topology
from simulator.world import World
from tests.simulator.worlds import IMAGES, REPOSITORY, TOPOLOGY, Asker, blob_path, data, digest, errors, manifest_path

CHALLENGE = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'


@pytest.fixture
def asker() -> Asker:
    asker = Asker()
    asker.arrange()
    return asker


@pytest.mark.parametrize("host", [REGISTRY_HOST, INDEX_HOST, "Registry-1.docker.io:443"])
def test_without_a_token_hub_tells_where_to_get_one(asker: Asker, host: str) -> None:
    ping = asker.ask("/v2/", host=host)
    assert (ping.status, ping.header("www-authenticate")) == (401, CHALLENGE)
    manifest = asker.ask(manifest_path("1"), host=host)
    assert (manifest.status, errors(manifest)[0]["code"]) == (401, "UNAUTHORIZED")
    assert manifest.header("www-authenticate") == f'{CHALLENGE},scope="repository:{REPOSITORY}:pull"'
    assert asker.last.credentials == "none"


def test_a_token_opens_its_repository_and_no_other(asker: Asker) -> None:
    token = asker.token()
    assert asker.hub("/v2/", token=token).status == 200
    assert asker.hub(manifest_path("1"), token=token).body == data("single", "manifest")
    assert asker.last.credentials == "bearer"
    assert asker.hub("/v2/library/other/manifests/1", token=token).status == 401


def test_a_token_without_scope_opens_the_ping_alone(asker: Asker) -> None:
    token = asker.token("")
    assert asker.hub("/v2/", token=token).status == 200
    assert asker.hub(manifest_path("1"), token=token).status == 401


def test_what_does_not_exist(asker: Asker) -> None:
    token = asker.token()
    assert errors(asker.hub(manifest_path("none"), token=token))[0]["code"] == "MANIFEST_UNKNOWN"
    assert errors(asker.hub(f"/v2/{REPOSITORY}/blobs/sha256:{'0' * 64}", token=token))[0]["code"] == "BLOB_UNKNOWN"
    unknown = asker.hub("/v2/library/none/manifests/1", token=asker.token("library/none"))
    assert unknown.status == 401
    assert unknown.header("www-authenticate").endswith(',error="insufficient_scope"')


def test_a_token_expires(asker: Asker) -> None:
    token = asker.token()
    asker.now += TOKEN_LIFE - 2
    assert asker.hub("/v2/", token=token).status == 200
    assert asker.hub("/v2/", token=token).status == 401


@pytest.mark.parametrize(
    "spoil", [lambda token: token[:-1] + "x", lambda token: "x" + token, lambda _: "a.b", str.upper]
)
def test_a_token_that_is_not_ours_opens_nothing(asker: Asker, spoil: type[str]) -> None:
    assert asker.hub("/v2/", token=spoil(asker.token())).status == 401


def test_the_token_answer_is_what_daemons_read() -> None:
    asker = Asker(World(TOPOLOGY, epoch=datetime(2026, 1, 1, tzinfo=UTC)))
    response = asker.ask("/token?scope=repository:a/b:pull,push&scope=repository:c:pull", host=AUTH_HOST)
    value = json.loads(bytes(response.body))
    assert value.pop("token") == value.pop("access_token")
    assert value == {"expires_in": TOKEN_LIFE, "issued_at": "2026-01-01T00:00:01Z"}
    assert (asker.last.stage, asker.last.repository) == ("token", "a/b")


def test_a_token_can_be_asked_for_by_post(asker: Asker) -> None:
    form = f"service=registry.docker.io&scope=repository:{REPOSITORY}:pull".encode()
    response = asker.ask("/token", "POST", AUTH_HOST, body=form)
    assert asker.hub(manifest_path("1"), token=json.loads(bytes(response.body))["access_token"]).status == 200


@pytest.mark.parametrize(
    ("method", "headers", "body", "kind"),
    [
        ("GET", (("authorization", "Basic eDp5"),), b"", "basic"),
        ("POST", (), b"grant_type=password&username=x&password=secret", "other"),
        ("POST", (), b"grant_type=refresh_token&refresh_token=secret", "other"),
    ],
)
def test_there_are_no_accounts_and_no_secret_is_written_down(
    asker: Asker, method: str, headers: tuple[tuple[str, str], ...], body: bytes, kind: str
) -> None:
    assert asker.ask("/token", method, AUTH_HOST, headers, body).status == 401
    assert asker.last.credentials == kind
    assert "secret" not in repr(asker.last)
    assert "eDp5" not in repr(asker.last)


def test_tokens_follow_from_the_seed_and_none_is_another() -> None:
    one, same, other = Asker(), Asker(), Asker(World(TOPOLOGY, seed="other"))
    assert one.token() == same.token()
    assert one.token() != Asker().token()
    assert one.hub("/v2/", token=other.token()).status == 401


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_comes_from_the_cdn(asker: Asker, method: str) -> None:
    redirect = asker.hub(blob_path("single", "layer:0"), method, asker.token())
    assert (redirect.status, redirect.body) == (307, b"")
    assert (asker.last.stage, asker.last.role) == ("layer", "layer:0")
    served = asker.cdn(redirect.header("location"), method)
    layer = data("single", "layer:0")
    assert (served.status, served.body) == (200, layer if method == "GET" else b"")
    assert served.header("content-length") == str(len(layer))
    assert served.header("docker-content-digest") == ""
    assert (asker.last.stage, asker.last.role, asker.last.image) == ("layer", "layer:0", "single")
    assert (asker.last.repository, asker.last.reference) == (REPOSITORY, digest("single", "layer:0"))


def test_the_cdn_serves_ranges(asker: Asker) -> None:
    location = asker.hub(blob_path("single", "layer:0"), token=asker.token()).header("location")
    served = asker.cdn(location, headers=(("range", "bytes=5-9"),))
    assert (served.status, served.body) == (206, data("single", "layer:0")[5:10])


def test_the_cdn_refuses_what_is_not_signed_or_signed_for_something_else(asker: Asker) -> None:
    token = asker.token()
    config = asker.hub(blob_path("single", "config"), token=token).header("location")
    layer = asker.hub(blob_path("single", "layer:0"), token=token).header("location")
    swapped = layer.partition("?")[0] + "?" + config.partition("?")[2]
    for location in (layer.partition("?")[0], layer[:-1] + "x", layer.replace("app", "ape"), swapped):
        assert asker.cdn(location).status == 403
    assert asker.cdn(layer).status == 200
    asker.now += ADDRESS_LIFE
    assert asker.cdn(layer).status == 403


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [(AUTH_HOST, "/v2/", 404), (AUTH_HOST, "/", 404), ("production.cloudflare.docker.com", "/", 403)],
)
def test_each_name_does_its_own_work_alone(asker: Asker, host: str, path: str, status: int) -> None:
    assert asker.ask(path, host=host).status == status


@pytest.mark.parametrize(
    ("ports", "written"), [((443,), ""), ((8443,), ":8443"), ((8443, 443), ""), ((8443, 9443), ":8443"), ((), "")]
)
def test_addresses_carry_the_port_where_it_is_not_the_usual_one(ports: tuple[int, ...], written: str) -> None:
    asker = Asker(World(Topology((Site("hub", "hub", HUB_HOSTS, "10.0.0.2", ports),))))
    copies = (Copy(REPOSITORY, "1", "single"),)
    asker.world.arrange(Arrangement(IMAGES, {"hub": Holdings(copies)}))
    assert f'realm="https://{AUTH_HOST}{written}/token"' in asker.hub("/v2/").header("www-authenticate")
    location = asker.hub(blob_path("single", "config"), token=asker.token()).header("location")
    assert location.startswith(f"https://{CDN_HOST}{written}/registry-v2/")
    host, _, path = location.removeprefix("https://").partition("/")
    assert asker.ask(f"/{path}", host=host).body == data("single", "config")
