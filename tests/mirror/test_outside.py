"""A mirror that cannot be pointed anywhere: what is judged from outside, and how politely it is asked."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fixtures.errors import CannotRunError, UsageError
from fixtures.mirrors import wire
from fixtures.mirrors.learning import content_of
from fixtures.mirrors.outside import Image, OutsideLab
from fixtures.mirrors.subject import MirrorSubject, Profile
from fixtures.mirrors.visiting import Manners, Visitor
from report.results import RuleResult, Run, exit_code
from simulator.arrangement import Arrangement, Copy, Fault, Holdings, ImageSpec, Publish
from simulator.journal import Exchange
from simulator.local import LocalSimulator
from simulator.mirror.policy import FROZEN, PULL_THROUGH
from suites.mirror.judge import rules
from suites.mirror.outside import NOBODYS, Visit, as_if_compared, compared, image_of, observable, visit_mirror
from tests.mutants.broken_mirrors.spoilers import CONTENT
from tests.mutants.broken_mirrors.standing import Asked, Given, Memory, Send, Spoil, Standing, nothing, page
from tests.mutants.broken_mirrors.table import MUTANTS, Mutant

IMAGE = image_of("alpine:3.20")
TAGS = ("3.18", "3.19", "3.20")
MANY = ImageSpec("many", "oci", (4096,), ("linux/amd64", "linux/arm64"))
HELD = Holdings(tuple(Copy("library/alpine", tag, "many") for tag in TAGS))
HASTY = Manners(pause=0)


@pytest.fixture(scope="module")
def running() -> Iterator[LocalSimulator]:
    with LocalSimulator(mirrors=1) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: LocalSimulator) -> LocalSimulator:
    policy = replace(PULL_THROUGH, tags="upstream")
    images = {"many": MANY, "other": ImageSpec("other")}
    running.arrange(Arrangement(images=images, servers={"hub": HELD, "mirror-1": Holdings(policy=policy)}))
    return running


def lab_at(url: str, manners: Manners = HASTY, profile: Profile = "pull-through") -> OutsideLab:
    return OutsideLab(MirrorSubject("outside", url, profile), Visitor(manners))


def tried(lab: OutsideLab, *trials: str, visit: Visit | None = None) -> Run:
    visit = replace(visit or Visit((IMAGE,)), trials=trials)
    return visit_mirror(lab, visit, tuple(rules()), "command", lambda *_: None)


def spoiled(simulator: LocalSimulator, spoil: Spoil, *trials: str, manners: Manners = HASTY) -> tuple[Run, OutsideLab]:
    with Standing(simulator) as standing:
        standing.spoil = spoil
        lab = lab_at(standing.url, manners)
        run = tried(lab, *trials, visit=compared(Visit((IMAGE,)), simulator.http))
        assert standing.memory.crashes == []
    return run, lab


def by_status(run: Run, status: str) -> set[str]:
    return {result.rule.id for result in run.results if result.status == status}


def result(run: Run, rule: str) -> RuleResult:
    return next(result for result in run.results if result.rule.id == rule)


def ours(simulator: LocalSimulator, server: str) -> list[Exchange]:
    journal = simulator.journal().exchanges
    return [e for e in journal if e.server == server and e.user_agent == wire.AGENT]


def test_a_good_mirror_keeps_all_that_can_be_seen(simulator: LocalSimulator) -> None:
    lab = lab_at(simulator.mirrors[0].url)
    run = tried(lab, visit=compared(Visit((IMAGE,)), simulator.http))
    assert exit_code(run) == 0
    assert by_status(run, "fail") | by_status(run, "error") | by_status(run, "not exercised") == set()
    seen = observable(as_if_compared(Visit((IMAGE,))), lab.subject)
    assert {rule.partition("/")[0] for rule in by_status(run, "pass")} == seen
    assert "cannot be seen" in result(run, "QUOTA-1").remark
    assert "would cost Docker Hub's pulls" in result(run, "CLIENT-1/classic").remark
    assert all(result.remark for result in run.results if result.status == "not applicable")


def test_every_request_is_counted_and_only_reads(simulator: LocalSimulator) -> None:
    lab = lab_at(simulator.mirrors[0].url)
    tried(lab)
    asked = ours(simulator, "mirror-1")
    assert len(asked) == lab.visitor.made < 60
    assert {e.method for e in asked} == {"GET", "HEAD"}
    assert ours(simulator, "hub") == []


def test_docker_hub_is_asked_by_head_alone_and_costs_no_pull(simulator: LocalSimulator) -> None:
    simulator.http.headers["User-Agent"] = wire.AGENT
    visit = compared(Visit((IMAGE, image_of("alpine:3.19"), image_of("alpine:none"))), simulator.http)
    asked = [e for e in ours(simulator, "hub") if e.stage != "token"]
    assert {e.method for e in asked} == {"HEAD"}
    assert sum(entry.cost for entry in simulator.ledger().entries) == 0
    assert len(visit.at_hub) == 2
    assert visit.problems == ("Docker Hub answered 404 for library/alpine:none, without a digest.",)


def test_what_differs_from_docker_hub_is_a_figure_and_no_verdict(simulator: LocalSimulator) -> None:
    lab = lab_at(simulator.mirrors[0].url)
    simulator.mirrors[0].warm("library/alpine:3.20")
    visit = compared(Visit((IMAGE, image_of("alpine:3.19"))), simulator.http)
    stale = replace(visit, at_hub={**visit.at_hub, IMAGE.key: f"sha256:{'1' * 64}"})
    fresh = result(tried(lab, "look", visit=stale), "FRESH-1")
    assert fresh.status == "not applicable"
    assert "1 of 2 tags that were compared differ from Docker Hub's now (library/alpine:3.20)" in fresh.remark
    assert list(fresh.measures.values()) == [(1.0, 1.0, 1.0)]


def test_the_limit_of_requests_holds_and_what_is_left_is_said(simulator: LocalSimulator) -> None:
    lab = lab_at(simulator.mirrors[0].url, replace(HASTY, requests=9))
    run = tried(lab)
    assert len(ours(simulator, "mirror-1")) == lab.visitor.made == 9
    assert exit_code(run) == 0
    assert "would take more than the 9 requests that are allowed" in result(run, "MISS-1").remark


def test_there_is_a_pause_between_two_requests(simulator: LocalSimulator) -> None:
    slept: list[float] = []
    visitor = Visitor(Manners(pause=0.7), slept.append)
    tried(OutsideLab(MirrorSubject("outside", simulator.mirrors[0].url), visitor), "missing")
    assert slept == [0.7] * (visitor.made - 1)


@pytest.mark.parametrize("answer", [page(429), page(503, retry_after="30")], ids=["429", "Retry-After"])
def test_whoever_wants_to_be_left_alone_is(simulator: LocalSimulator, answer: Given) -> None:
    asked: list[str] = []

    def spoil(one: Asked, send: Send, _: Memory) -> Given:
        asked.append(one.target)
        return answer if len(asked) >= 8 else send(one)

    run, lab = spoiled(simulator, spoil)
    assert len(asked) == lab.visitor.made == 8
    assert by_status(run, "fail") | by_status(run, "error") == set()
    assert f"after 8 requests {answer.status}" in result(run, "MISS-1").remark


def test_whoever_is_asked_too_much_at_once_ends_it(simulator: LocalSimulator) -> None:
    simulator.mirrors[0].fail(Fault("status", status=429))
    with pytest.raises(CannotRunError, match="is left out: after 1 requests 429 came"):
        tried(lab_at(simulator.mirrors[0].url))


def test_large_blobs_are_not_fetched(simulator: LocalSimulator) -> None:
    lab = lab_at(simulator.mirrors[0].url, replace(HASTY, blob_bytes=1000))
    tried(lab)
    sent = [e.sent for e in ours(simulator, "mirror-1") if e.stage in ("layer", "config", "blob")]
    assert max(sent) <= 1000


def test_a_redirect_is_followed_but_not_to_docker_hub(simulator: LocalSimulator) -> None:
    def stored(asked: Asked, send: Send, _: Memory) -> Given:
        if asked.path.startswith("/store"):
            assert not asked.header("authorization")
            return send(replace(asked, target=asked.target.removeprefix("/store")))
        return page(307, location=f"/store{asked.target}") if asked.kind == "blobs" else send(asked)

    run, _ = spoiled(simulator, stored, "config", "layer", "parts", "encodings")
    assert by_status(run, "fail") == set()
    assert {"BLOB-1", "BLOB-2", "RANGE-1", "RANGE-3"} <= by_status(run, "pass")


def test_a_token_is_fetched_once_for_a_repository(simulator: LocalSimulator) -> None:
    fetched: list[str] = []

    def guarded(asked: Asked, send: Send, _: Memory) -> Given:
        if asked.path == "/token":
            fetched.append(asked.query)
            return page(200, '{"token": "anybody"}')
        if asked.kind in CONTENT and asked.header("authorization") != "Bearer anybody":
            realm = f'Bearer realm="http://{asked.header("host")}/token",scope="repository:{asked.repository}:pull"'
            return page(401, www_authenticate=realm)
        return send(asked.without("authorization"))

    run, _ = spoiled(simulator, guarded, "by digest", "config", "by its tag")
    assert by_status(run, "fail") == set()
    assert "API-2" in by_status(run, "pass")
    assert fetched == ["scope=repository:library/alpine:pull", "scope=repository:alpine:pull"]


def test_a_tag_that_moves_meanwhile_is_not_held_against_the_mirror(simulator: LocalSimulator) -> None:
    def moves(asked: Asked, send: Send, memory: Memory) -> Given:
        if "ns=docker.io" in asked.query:
            memory.simulator.apply(Publish("library/alpine", "3.20", "other"))
        return send(asked)

    run, _ = spoiled(simulator, moves, "by its tag")
    assert by_status(run, "fail") == set()
    assert result(run, "NS-1").status == "not exercised"


def test_an_image_that_a_cached_only_mirror_lacks_is_no_failure(simulator: LocalSimulator) -> None:
    simulator.arrange(Arrangement(images={"many": MANY}, servers={"hub": HELD, "mirror-1": Holdings(policy=FROZEN)}))
    lab = lab_at(simulator.mirrors[0].url, profile="cached-only")
    run = tried(lab, visit=compared(Visit((IMAGE,)), simulator.http))
    assert by_status(run, "fail") | by_status(run, "error") == set()
    assert "its trial needs library/alpine:3.20, for which 404 came" in result(run, "BLOB-1").remark


def test_nothing_is_written_unless_that_is_wanted_and_then_to_nobodys(simulator: LocalSimulator) -> None:
    run = tried(lab_at(simulator.mirrors[0].url), "writes", visit=Visit((IMAGE,), writes=True))
    written = [e for e in ours(simulator, "mirror-1") if e.method not in ("GET", "HEAD")]
    assert len(written) == 7
    assert all(e.target.startswith(f"/v2/{NOBODYS}/") for e in written)
    assert by_status(run, "fail") == set()
    assert "WRITE-1/put-manifest" in by_status(run, "pass")


def test_a_trial_that_is_not_there_is_named(simulator: LocalSimulator) -> None:
    with pytest.raises(UsageError, match=r"No trial is called 'held'; from outside there are: ping, look"):
        tried(lab_at(simulator.mirrors[0].url), "held")


LOOK, CONFIG, PARTS, TAG = ("look",), ("config",), ("config", "parts"), ("by its tag",)
SEEN: dict[str, tuple[str, ...]] = {
    "is no registry": ("ping",),
    "wants credentials": LOOK,
    "has errors of its own": ("missing",),
    "strips digests from answers": LOOK,
    "names another document's digest": LOOK,
    "has another type for HEAD": LOOK,
    "has another length for HEAD of manifests": LOOK,
    "has another length for HEAD of blobs": CONFIG,
    "writes manifests anew": ("by digest",),
    "adds a charset to types": LOOK,
    "converts manifests for old clients": TAG,
    "knows no digest before a tag": ("by digest first",),
    "flips a bit of blobs": CONFIG,
    "serves empty blobs": CONFIG,
    "compresses blobs once more": ("encodings",),
    "sends clients on to the CDN": CONFIG,
    "knows no Range": PARTS,
    "takes every Range": PARTS,
    "serves parts one byte off": PARTS,
    "lists tags backwards": ("list",),
    "knows no pages": ("list", "pages"),
    "fails where it should miss": ("missing",),
    "serves nothing as if it were something": ("missing",),
    "takes capitals for small letters": ("names",),
    "fails at long tags": ("names",),
    "does not know the namespace docker.io": TAG,
    "sends what is known": TAG,
    "loses layers": ("config", "encodings"),
}
"""Broken mirrors that are found out from outside, too, and by which trials."""


@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if mutant.says in SEEN], ids=str)
def test_a_broken_mirror_is_found_out_from_outside(simulator: LocalSimulator, mutant: Mutant) -> None:
    run, _ = spoiled(simulator, mutant.broken.spoil, *SEEN[mutant.says])
    assert mutant.rules[0] in by_status(run, "fail")
    assert by_status(run, "error") == set()


def test_a_mirror_that_is_not_broken_is_not_found_out(simulator: LocalSimulator) -> None:
    run, _ = spoiled(simulator, nothing)
    assert by_status(run, "fail") == set()


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("alpine", Image("library/alpine", "latest")),
        ("docker.io/ada/app:1", Image("ada/app", "1")),
        (f"alpine:3@sha256:{'a' * 64}", Image("library/alpine", "3", f"sha256:{'a' * 64}")),
    ],
)
def test_images_are_named_as_docker_names_them(text: str, image: Image) -> None:
    assert image_of(text) == image


@pytest.mark.parametrize("text", ["Alpine", "alpine:", "alpine@sha256:abc", "alpine@@v1", "alpine@"])
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--image"):
        image_of(text)


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "[]",
        '{"manifests": {}}',
        '{"layers": [null, {"digest": "sha256:abc", "size": 1}, {"digest": 5}]}',
        json.dumps({"config": {"digest": f"sha256:{'a' * 64}", "size": True}, "layers": "all"}),
        json.dumps({"manifests": [{"digest": f"sha256:{'a' * 64}", "size": "7"}]}),
        "[" * 100_000,
    ],
)
def test_what_is_no_manifest_teaches_nothing(document: str) -> None:
    content = content_of("root", {"root": document.encode()})
    assert [part.digest for part in content.objects] == ["root"]


def test_objects_of_one_platform_are_told_apart() -> None:
    told = [
        {
            "digest": f"sha256:{n * 64}",
            "size": 1,
            "mediaType": "x",
            "platform": {"os": "windows", "architecture": "amd64"},
        }
        for n in "ab"
    ]
    content = content_of("root", {"root": json.dumps({"manifests": told}).encode()})
    assert [part.role for part in content.objects] == ["index", "windows/amd64:manifest", "windows/amd641:manifest"]
