"""Accounts, tokens and private repositories, straight from the core."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Account, Arrangement, Copy, Holdings
from simulator.checks import ArrangementError
from simulator.control import wire
from simulator.hub.accounts import Directory
from simulator.messages import Headers, Response
from simulator.topology import AUTH_HOST, INDEX_HOST, REGISTRY_HOST
from simulator.world import World
from tests.simulator import QUICK
from tests.simulator.worlds import IMAGES, TOPOLOGY, Asker, basic, digest, errors

ADA = Account("ada", "secret", ("dckr_pat_1", "dckr_pat_2"), pulls=("corp/tools",), pushes=("corp/app",))
BOB = Account("bob", "other secret", plan="paid")
PUBLIC, OWN, GIVEN, PUSHED, HIDDEN = "library/app", "ada/own", "corp/tools", "corp/app", "corp/hidden"
PRIVATE = (OWN, GIVEN, PUSHED, HIDDEN)
ARRANGEMENT = Arrangement(
    IMAGES,
    {
        "hub": Holdings(
            tuple(Copy(place, tag, image) for place in (PUBLIC, *PRIVATE) for tag, image in (("1", "many"),))
        )
    },
    accounts=(ADA, BOB),
    private=PRIVATE,
)
LOGINS = {"": "", "ada": "ada:secret", "ada's token": "ada:dckr_pat_2", "bob": "bob:other secret"}
READABLE = {
    "": {PUBLIC},
    "ada": {PUBLIC, OWN, GIVEN, PUSHED},
    "ada's token": {PUBLIC, OWN, GIVEN, PUSHED},
    "bob": {PUBLIC},
}


@pytest.fixture
def asker() -> Asker:
    asker = Asker()
    asker.world.arrange(ARRANGEMENT)
    return asker


def paths(repository: str) -> list[str]:
    roles = [("manifests", "index"), ("manifests", "linux/amd64:manifest"), ("blobs", "linux/amd64:config")]
    by_digest = [f"/v2/{repository}/{kind}/{digest('many', role)}" for kind, role in roles]
    layer = f"/v2/{repository}/blobs/{digest('many', 'linux/arm64:layer:0')}"
    return [f"/v2/{repository}/manifests/1", *by_digest, layer, f"/v2/{repository}/tags/list"]


def post(asker: Asker, form: str, headers: Headers = ()) -> Response:
    return asker.ask("/token", "POST", AUTH_HOST, headers, form.encode())


def value(response: Response) -> dict[str, Any]:
    assert response.status == 200
    read: dict[str, Any] = json.loads(bytes(response.body))
    return read


@pytest.mark.parametrize("who", LOGINS)
@pytest.mark.parametrize("repository", [PUBLIC, *PRIVATE])
def test_who_may_pull_what(asker: Asker, who: str, repository: str) -> None:
    token = asker.token(repository, LOGINS[who])
    statuses = {asker.hub(path, method, token).status for path in paths(repository) for method in ("GET", "HEAD")}
    assert statuses <= ({200, 307} if repository in READABLE[who] else {401})
    assert asker.last.account == who.partition("'")[0]


@QUICK
@given(
    who=st.sampled_from(sorted(LOGINS)),
    asked=st.lists(st.sampled_from([PUBLIC, *PRIVATE]), max_size=4),
    repository=st.sampled_from(PRIVATE),
    way=st.integers(0, 5),
    host=st.sampled_from([REGISTRY_HOST, INDEX_HOST]),
)
def test_a_private_repository_is_never_readable_without_the_right(
    who: str, asked: list[str], repository: str, way: int, host: str
) -> None:
    asker = Asker()
    asker.world.arrange(ARRANGEMENT)
    query = "&".join(f"scope=repository:{name}:pull,push" for name in asked)
    headers = (basic(LOGINS[who]),) if LOGINS[who] else ()
    token = value(asker.ask(f"/token?{query}", host=AUTH_HOST, headers=headers))["token"]
    response = asker.ask(paths(repository)[way], host=host, headers=(("authorization", f"Bearer {token}"),))
    allowed = repository in READABLE[who] and repository in asked
    assert response.status in ((200, 307) if allowed else (401,))


def test_a_private_repository_looks_like_none_at_all(asker: Asker) -> None:
    hidden = asker.hub(f"/v2/{HIDDEN}/manifests/1", token=asker.token(HIDDEN))
    none = asker.hub("/v2/corp/absent/manifests/1", token=asker.token("corp/absent"))
    assert hidden.header("www-authenticate").endswith(',error="insufficient_scope"')
    assert bytes(hidden.body).replace(b"hidden", b"absent") == none.body
    assert hidden.header("www-authenticate").replace("hidden", "absent") == none.header("www-authenticate")


def test_whoever_may_pull_learns_that_a_tag_is_missing(asker: Asker) -> None:
    response = asker.hub(f"/v2/{OWN}/manifests/none", token=asker.token(OWN, "ada:secret"))
    assert (response.status, errors(response)[0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_a_token_of_before_does_not_open_what_is_private_now(asker: Asker) -> None:
    token = asker.token(PUBLIC)
    asker.world.arrange(Arrangement(IMAGES, ARRANGEMENT.servers, private=(PUBLIC,)))
    assert asker.hub(f"/v2/{PUBLIC}/manifests/1", token=token).status == 401


def test_tokens_end_with_their_account(asker: Asker) -> None:
    access = asker.token(PUBLIC, "ada:secret")
    form = "grant_type=password&username=ada&password=secret&access_type=offline"
    refresh = value(post(asker, form))["refresh_token"]
    asker.world.arrange(Arrangement(IMAGES, ARRANGEMENT.servers, accounts=(BOB,)))
    assert asker.hub("/v2/", token=access).status == 401
    assert post(asker, f"grant_type=refresh_token&refresh_token={refresh}").status == 401


@pytest.mark.parametrize(
    ("who", "asked", "granted"),
    [
        ("", f"repository:{PUBLIC}:pull,push", f"repository:{PUBLIC}:pull"),
        ("", f"repository:{OWN}:pull", ""),
        ("ada", f"repository:{OWN}:pull,push,delete", f"repository:{OWN}:pull,push"),
        ("ada", f"repository:{PUSHED}:push,pull", f"repository:{PUSHED}:pull,push"),
        ("ada", f"repository:{GIVEN}:push,pull", f"repository:{GIVEN}:pull"),
        ("ada", f"repository:{GIVEN}:push", ""),
        ("ada", "repository:ada/new:push", "repository:ada/new:push"),
        ("bob", "repository:ada/new:push", ""),
        ("bob", "repository:bobby/new:push", ""),
        ("bob", f"repository:{PUBLIC}:pull repository:{HIDDEN}:pull", f"repository:{PUBLIC}:pull"),
        ("bob", f"repository:{PUBLIC}:pull repository:{PUBLIC}:pull", f"repository:{PUBLIC}:pull"),
        ("bob", "registry:catalog:*", ""),
        ("bob", "repository:x repository repository:: :", ""),
    ],
)
def test_scopes_are_what_was_asked_for_and_is_a_right(asker: Asker, who: str, asked: str, granted: str) -> None:
    response = post(asker, f"service=registry.docker.io&scope={asked}", (basic(LOGINS[who]),) if who else ())
    assert value(response)["scope"] == granted


@pytest.mark.parametrize(
    "header",
    [
        basic("ada:wrong"),
        basic("ada:"),
        basic("ada"),
        basic("nobody:secret"),
        basic("bob:secret"),
        basic("Ada:secret"),
        ("authorization", "Basic !"),
        ("authorization", "Basic"),
        ("authorization", "Basic /////w=="),
        ("authorization", "Basic \x80"),
        ("authorization", " \x80"),
        ("authorization", "Bearer x"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_wrong_credentials_are_refused(asker: Asker, header: tuple[str, str], method: str) -> None:
    response = asker.ask("/token", method, AUTH_HOST, (header,))
    assert (response.status, json.loads(bytes(response.body))) == (401, {"details": "incorrect username or password"})
    assert asker.last.account == ""


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("grant_type=password&username=ada&password=secret", 200),
        ("grant_type=password&username=ada&password=dckr_pat_1", 200),
        ("grant_type=password&username=ada&password=wrong", 401),
        ("grant_type=password", 401),
        ("username=ada&password=secret", 401),
        ("grant_type=refresh_token&refresh_token=x.y", 401),
        ("grant_type=refresh_token", 401),
        ("grant_type=authorization_code", 400),
        ("", 200),
    ],
)
def test_grants(asker: Asker, form: str, status: int) -> None:
    assert post(asker, form).status == status
    assert "secret" not in repr(asker.last)


def test_a_refresh_token_gets_tokens_for_ever_and_opens_nothing_itself(asker: Asker) -> None:
    by_form = value(post(asker, "grant_type=password&username=ada&password=secret&access_type=offline"))
    by_query = value(asker.ask("/token?offline_token=true", host=AUTH_HOST, headers=(basic("ada:secret"),)))
    for refresh in (by_form["refresh_token"], by_query["refresh_token"]):
        asker.now += 1e6
        form = f"grant_type=refresh_token&refresh_token={refresh}&scope=repository:{OWN}:pull"
        again = value(post(asker, form))
        assert asker.last.account == "ada"
        assert asker.last.credentials == "other"
        assert asker.hub(f"/v2/{OWN}/manifests/1", token=again["access_token"]).status == 200
        assert asker.hub("/v2/", token=refresh).status == 401
        assert post(asker, f"grant_type=refresh_token&refresh_token={again['token']}").status == 401


def test_who_does_not_ask_or_is_nobody_gets_no_refresh_token(asker: Asker) -> None:
    assert "refresh_token" not in value(asker.ask("/token", host=AUTH_HOST, headers=(basic("ada:secret"),)))
    assert "refresh_token" not in value(asker.ask("/token?offline_token=true", host=AUTH_HOST))


def test_a_token_of_an_account_expires_too(asker: Asker) -> None:
    token = asker.token(OWN, "ada:secret")
    asker.now += Arrangement().token_life - 2
    assert asker.hub(f"/v2/{OWN}/manifests/1", token=token).status == 200
    assert asker.hub(f"/v2/{OWN}/manifests/1", token=token).status == 401


def test_a_mirror_shows_what_it_holds(asker: Asker) -> None:
    asker.world.arrange(Arrangement(IMAGES, {"one": Holdings((Copy(OWN, "1", "many"),))}, private=(OWN,)))
    assert asker.ask(f"/v2/{OWN}/manifests/1").status == 200


@QUICK
@given(st.binary(max_size=60), st.binary(max_size=60), st.text(max_size=30))
def test_no_token_request_is_too_odd(header: bytes, form: bytes, query: str) -> None:
    asker = Asker()
    asker.world.arrange(ARRANGEMENT)
    headers = (("authorization", header.decode("latin-1")),) if header else ()
    for body in (form, b"grant_type=password&username=" + form, b"grant_type=refresh_token&refresh_token=" + form):
        assert asker.ask(f"/token?scope={query}", "POST", AUTH_HOST, headers, body).status < 500
    assert asker.hub("/v2/", token=form.decode("latin-1")).status == 401
    assert asker.world.journal.errors == []


@pytest.mark.parametrize(
    ("accounts", "private", "words"),
    [
        ((Account("Ada"),), (), "'Ada' is not the name"),
        ((Account("10.0.0.1"),), (), "'10.0.0.1' is not the name"),
        ((ADA, ADA), (), "two accounts 'ada'"),
        ((Account("ada", pulls=("A",)),), (), r"'A' \(of account 'ada'\)"),
        ((Account("ada", pushes=("A",)),), (), r"'A' \(of account 'ada'\)"),
        ((), ("A",), r"'A' \(among the private ones\)"),
    ],
)
def test_accounts_must_be_possible(accounts: tuple[Account, ...], private: tuple[str, ...], words: str) -> None:
    with pytest.raises(ArrangementError, match=words):
        World(TOPOLOGY).arrange(Arrangement(accounts=accounts, private=private))


def test_an_arrangement_is_written_and_read_with_accounts_and_without() -> None:
    assert wire.arrangement_from(wire.arrangement_json(ARRANGEMENT)) == ARRANGEMENT
    assert wire.arrangement_from(b'{"images": {}, "servers": {}}') == Arrangement()
    assert "secret" not in repr(ARRANGEMENT)
    assert "dckr_pat" not in repr(ARRANGEMENT)


def test_an_account_without_a_secret_cannot_be_signed_in_to() -> None:
    directory = Directory((Account("ada"),))
    assert directory.login("ada", "") is None
