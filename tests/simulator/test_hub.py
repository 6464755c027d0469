"""Docker Hub's tokens and redirects, straight from the core."""

import json
import re
from datetime import UTC, datetime

import pytest

from simulator.arrangement import Account, Arrangement, Blobs, CdnFamily, Copy, Holdings, ImageSpec
from simulator.checks import ArrangementError
from simulator.hub import tokens
from simulator.hub.seals import Seal
from simulator.registry.content import build
from simulator.topology import AUTH_HOST, CDN_HOSTS, HUB_HOSTS, INDEX_HOST, REGISTRY_HOST, Site, Topology
from simulator.world import World
from tests.simulator.worlds import IMAGES, REPOSITORY, TOPOLOGY, Asker, blob_path, data, digest, errors, manifest_path

LIFE = Arrangement().token_life
COPIES = (Copy(REPOSITORY, "1", "single"), Copy(REPOSITORY, "2", "many"))
CLOUDFLARE, CLOUDFRONT = CDN_HOSTS
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
    asker.now += LIFE - 2
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
    assert value == {"expires_in": LIFE, "issued_at": "2026-01-01T00:00:01Z"}
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
    asker.now += Blobs().address_life
    assert asker.cdn(layer).status == 403


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [(AUTH_HOST, "/v2/", 404), (AUTH_HOST, "/", 404), (CLOUDFLARE, "/", 403), (CLOUDFRONT, "/", 403)],
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
    assert re.match(rf"https://production\.cloudfl?[a-z]+\.docker\.com{written}/registry-v2/", location)
    assert asker.cdn(location).body == data("single", "config")


def hub_with(blobs: Blobs) -> Asker:
    asker = Asker()
    asker.world.arrange(Arrangement(IMAGES, {"hub": Holdings(COPIES)}, blobs=blobs))
    return asker


def location(asker: Asker, image: str = "single", role: str = "layer:0") -> str:
    return asker.hub(blob_path(image, role), token=asker.token()).header("location")


@pytest.mark.parametrize(("family", "host"), [("cloudflare", CLOUDFLARE), ("cloudfront", CLOUDFRONT)])
def test_blobs_come_from_the_family_that_is_in_use(family: CdnFamily, host: str) -> None:
    asker = hub_with(Blobs(families=(family,)))
    assert location(asker).startswith(f"https://{host}/")
    assert asker.cdn(location(asker)).body == data("single", "layer:0")
    assert asker.last.host == host


def test_which_family_a_blob_comes_from_follows_from_its_digest_and_the_seed() -> None:
    images = {str(number): ImageSpec(str(number), layers=()) for number in range(20)}

    def hosts(seed: str) -> list[str]:
        asker = Asker(World(TOPOLOGY, seed=seed))
        copies = tuple(Copy(REPOSITORY, name, name) for name in images)
        asker.world.arrange(Arrangement(images, {"hub": Holdings(copies)}))
        token = asker.token()
        configs = [build(spec).content.objects[1].digest for spec in images.values()]
        return [
            asker.hub(f"/v2/{REPOSITORY}/blobs/{config}", token=token).header("location").split("/")[2]
            for config in configs
        ]

    assert set(hosts("a")) == set(CDN_HOSTS)
    assert hosts("a") == hosts("a")
    assert hosts("a") != hosts("b")


def test_a_signature_is_good_at_its_own_family_alone(asker: Asker) -> None:
    found = location(asker)
    other = found.replace(*(CDN_HOSTS if CLOUDFLARE in found else CDN_HOSTS[::-1]))
    assert other != found
    assert (asker.cdn(found).status, asker.cdn(other).status) == (200, 403)


@pytest.mark.parametrize(("family", "code"), [("cloudflare", "InvalidRequest"), ("cloudfront", "InvalidArgument")])
def test_the_cdn_refuses_credentials(family: CdnFamily, code: str) -> None:
    asker = hub_with(Blobs(families=(family,)))
    found, token = location(asker), asker.token()
    refused = asker.cdn(found, headers=(("authorization", f"Bearer {token}"),))
    assert (refused.status, refused.header("content-type")) == (400, "application/xml")
    assert f"<Error><Code>{code}</Code><Message>".encode() in refused.body
    assert asker.last.credentials == "bearer"
    assert asker.cdn(found).status == 200


def test_hub_may_serve_blobs_itself() -> None:
    asker = hub_with(Blobs("direct"))
    token = asker.token()
    served = asker.hub(blob_path("single", "layer:0"), token=token)
    assert (served.status, served.body) == (200, data("single", "layer:0"))
    assert served.header("docker-content-digest") == digest("single", "layer:0")
    assert asker.hub(blob_path("single", "layer:0"), "HEAD", token).status == 200
    assert asker.hub(blob_path("single", "layer:0")).status == 401


def test_how_long_tokens_and_signed_addresses_are_good_can_be_chosen() -> None:
    asker = Asker()
    held = {"hub": Holdings(COPIES)}
    asker.world.arrange(Arrangement(IMAGES, held, blobs=Blobs(address_life=5), token_life=9))
    found, token = location(asker), asker.token()
    assert json.loads(bytes(asker.ask("/token", host=AUTH_HOST).body))["expires_in"] == 9
    assert (asker.cdn(found).status, asker.hub("/v2/", token=token).status) == (200, 200)
    asker.now += 1
    assert (asker.cdn(found).status, asker.hub("/v2/", token=token).status) == (403, 200)
    asker.now += 2
    assert asker.hub("/v2/", token=token).status == 401


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Arrangement(blobs=Blobs(families=())), "no CDN family"),
        (Arrangement(blobs=Blobs(address_life=0)), "A signed address lasts 0 s"),
        (Arrangement(token_life=-1), "A token lasts -1 s"),
        (Arrangement(token_life=10**10), "A token lasts 10000000000 s"),
    ],
)
def test_the_ways_of_hub_must_be_possible(bad: Arrangement, words: str) -> None:
    with pytest.raises(ArrangementError, match=words):
        World(TOPOLOGY).arrange(bad)


def test_a_token_that_was_read_before_is_not_trusted_more(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    unwrap = Seal.unwrap

    def note(seal: Seal, token: str) -> str | None:
        opened.append(token)
        return unwrap(seal, token)

    monkeypatch.setattr(Seal, "unwrap", note)
    asker = Asker()
    asker.world.arrange(Arrangement(IMAGES, {"hub": Holdings(COPIES)}, (Account("ada", "secret"),)))
    token = asker.token(login="ada:secret")
    assert [asker.hub("/v2/", token=token).status for _ in range(3)] == [200] * 3
    assert opened == [token]
    asker.world.arrange(Arrangement(IMAGES, {"hub": Holdings(COPIES)}))
    assert asker.hub("/v2/", token=token).status == 401
    asker.world.arrange(Arrangement(IMAGES, {"hub": Holdings(COPIES)}, (Account("ada", "secret"),)))
    assert asker.hub("/v2/", token=token).status == 200
    asker.now += LIFE
    assert asker.hub("/v2/", token=token).status == 401
    assert [asker.hub("/v2/", token="x.y").status for _ in range(2)] == [401, 401]
    assert opened == [token, "x.y", "x.y"]


def test_of_no_more_than_so_many_tokens_it_is_remembered_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_READ", 2)
    asker = Asker()
    asker.arrange()
    for _ in range(5):
        assert asker.hub("/v2/", token=asker.token()).status == 200
    service = vars(vars(asker.world)["_hub"])["_tokens"]
    assert vars(service)["_opened"].cache_info().currsize == 2
