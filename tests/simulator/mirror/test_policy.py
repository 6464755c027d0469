"""Each knob of a policy by itself, and the presets."""

from dataclasses import replace

import pytest

from simulator.arrangement import Arrangement, Break, Copy, Evict, Fault, Heal, Holdings, Limits, Publish, Warm
from simulator.checks import ArrangementError
from simulator.control import wire
from simulator.messages import Request
from simulator.mirror.policy import FROZEN, GCR, PULL_THROUGH, Admission, Eviction, Policy, Sync, Upstream
from simulator.programs import Wait
from simulator.topology import Site, Topology
from simulator.world import World
from tests.simulator.mirror.mirrors import Side, asked, body_of, mirrored, pieces_of, upstream
from tests.simulator.worlds import REPOSITORY, SINGLE, TOPOLOGY, Asker, blob_path, data, digest, errors, manifest_path

CACHED_ONLY = Policy(miss="not-found", admission=Admission(delay=10))
TAGS_PATH = f"/v2/{REPOSITORY}/tags/list"


def pull(asker: Asker, tag: str = "1", image: str = "single") -> list[int]:
    """The statuses of a pull of an image of one platform."""
    paths = (manifest_path(tag), *(blob_path(image, role) for role in ("config", "layer:0")))
    return [asker.ask(path).status for path in paths]


class TestMiss:
    def test_a_cached_only_mirror_asks_nobody_for_the_client(self) -> None:
        asker = mirrored(replace(CACHED_ONLY, admission=Admission("never")))
        assert pull(asker) == [404, 404, 404]
        assert errors(asker.ask(manifest_path("1")))[0]["code"] == "MANIFEST_UNKNOWN"
        assert upstream(asker) == []

    def test_a_pull_through_mirror_fetches_and_keeps(self) -> None:
        asker = mirrored(Policy())
        assert pull(asker) == [200, 200, 200]
        mark = len(asker.world.journal)
        assert pull(asker) == [200, 200, 200]
        assert upstream(asker, mark) == []
        assert asker.ask(blob_path("single", "layer:0")).body == data("single", "layer:0")

    def test_what_hub_does_not_have_is_not_found(self) -> None:
        asker = mirrored(Policy())
        absent = (manifest_path("9"), "/v2/no/such/manifests/1", blob_path("single", "config").replace("library", "no"))
        for path in absent:
            response = asker.ask(path)
            assert response.status == 404
            assert errors(response)

    def test_the_mirrors_requests_are_in_hubs_journal_and_ledger(self) -> None:
        asker = mirrored(Policy(), limits=Limits())
        pull(asker)
        assert {one.client for one in upstream(asker)} == {"10.0.0.3"}
        assert all("(one)" in one.user_agent for one in upstream(asker))
        assert [entry.who for entry in asker.world.ledger.since()] == ["10.0.0.3"]

    def test_head_of_what_is_missing_is_passed_on_and_admits_nothing(self) -> None:
        asker = mirrored(Policy())
        for path, length in ((manifest_path("1"), "manifest"), (blob_path("single", "config"), "config")):
            response = asker.ask(path, "HEAD")
            assert response.header("content-length") == str(len(data("single", length)))
            assert response.header("docker-content-digest") == digest("single", length)
            assert response.body == b""
        assert {one.method for one in upstream(asker)} == {"HEAD"}
        asker.ask(manifest_path("1"))
        assert asked(asker)[-1] == ("GET", "manifest-by-tag", 200)

    def test_a_range_of_a_blob_that_has_come_is_served(self) -> None:
        asker = mirrored(Policy())
        response = asker.ask(blob_path("single", "layer:0"), headers=(("range", "bytes=1-3"),))
        assert (response.status, response.body) == (206, data("single", "layer:0")[1:4])


class TestAdmission:
    def test_never_keeps_nothing(self) -> None:
        asker = mirrored(Policy(admission=Admission("never")))
        assert pull(asker) == pull(asker) == [200, 200, 200]
        assert len([one for one in upstream(asker) if one.stage == "manifest-by-tag"]) == 2
        assert asker.ask(TAGS_PATH).status == 404

    def test_a_delay_makes_it_come_by_demand_but_later(self) -> None:
        asker = mirrored(CACHED_ONLY)
        assert asker.ask(manifest_path("1")).status == 404
        assert asker.world.next_turn(asker.now) == 11.0
        asker.now = asker.world.advance(asker.now, 9.5)
        assert upstream(asker) == []
        asker.now = asker.world.advance(asker.now, 0.5)
        assert pull(asker) == [200, 200, 200]

    def test_an_index_comes_with_every_platform(self) -> None:
        asker = mirrored(CACHED_ONLY)
        asker.ask(manifest_path("2"))
        asker.now = asker.world.advance(asker.now, 10)
        roles = [f"linux/{platform}:{part}" for platform in ("amd64", "arm64") for part in ("config", "layer:0")]
        assert [asker.ask(blob_path("many", role)).status for role in roles] == [200] * 4

    def test_what_is_asked_for_twice_meanwhile_comes_once(self) -> None:
        asker = mirrored(CACHED_ONLY)
        asker.ask(manifest_path("1"))
        asker.ask(manifest_path("1"), "HEAD")
        asker.world.advance(asker.now, 60)
        assert asked(asker)[0] == ("GET", "manifest-by-tag", 200)
        assert len(upstream(asker)) == 1 + 3 * 2

    def test_a_pull_through_mirror_with_a_delay_keeps_it_later(self) -> None:
        asker = mirrored(Policy(admission=Admission(delay=10)))
        assert asker.ask(manifest_path("1")).status == 200
        assert asker.ask(TAGS_PATH).status == 404
        asker.now = asker.world.advance(asker.now, 10)
        assert asker.ask(TAGS_PATH).status == 200

    @pytest.mark.parametrize(("pause", "statuses"), [(1, [404, 404, 404, 200]), (60, [404, 404, 404, 404])])
    def test_after_so_many_requests_within_so_many_seconds(self, pause: float, statuses: list[int]) -> None:
        asker = mirrored(Policy("not-found", Admission("after", requests=3, within=100)))
        seen = []
        for _ in range(4):
            seen.append(asker.ask(manifest_path("1")).status)
            asker.now = asker.world.advance(asker.now, pause)
        assert seen == statuses

    def test_chance_is_of_the_probability_and_follows_from_the_seed(self) -> None:
        def kept(probability: float) -> list[int]:
            asker = mirrored(Policy("not-found", Admission("by-chance", probability=probability)))
            return [asker.ask(manifest_path(f"{number}")).status for number in range(200)]

        def scheduled(probability: float) -> int:
            asker = mirrored(Policy("not-found", Admission("by-chance", probability=probability)))
            for number in range(200):
                asker.ask(manifest_path(f"t{number}"))
            asker.world.advance(asker.now, 1)
            return len(upstream(asker))

        assert kept(0.5) == kept(0.5)
        assert scheduled(0) == 0
        assert scheduled(1) == 200
        assert 60 < scheduled(0.5) == scheduled(0.5) < 140

    def test_a_missing_layer_comes_back_by_demand(self) -> None:
        asker = mirrored(CACHED_ONLY, held=(Copy(REPOSITORY, "1", "single", ("layer:0",)),))
        assert asker.ask(blob_path("single", "layer:0")).status == 404
        asker.now = asker.world.advance(asker.now, 10)
        assert asker.ask(blob_path("single", "layer:0")).body == data("single", "layer:0")


class TestEviction:
    def test_what_is_idle_goes_at_the_sweep(self) -> None:
        asker = mirrored(Policy("not-found", Admission("never"), Eviction(idle=100, sweep=60)), held=AT_MIRROR)
        asker.now = asker.world.advance(asker.now, 90)
        assert asker.ask(manifest_path("1")).status == 200
        asker.now = asker.world.advance(asker.now, 28)
        assert asker.world.next_turn(asker.now) == 120
        asker.now = asker.world.advance(asker.now, 1)
        assert [asker.ask(manifest_path(tag)).status for tag in "12"] == [200, 404]

    def test_what_is_old_goes_though_it_is_used(self) -> None:
        asker = mirrored(Policy("not-found", Admission("never"), Eviction(age=100, sweep=60)), held=AT_MIRROR)
        for _ in range(11):
            asker.now = asker.world.advance(asker.now, 9)
            assert asker.ask(manifest_path("1")).status == 200
        asker.now = asker.world.advance(asker.now, 11)
        assert asker.ask(manifest_path("1")).status == 404

    def test_the_least_recently_used_goes_where_there_is_no_room(self) -> None:
        asker = mirrored(Policy(eviction=Eviction(images=1)))
        pull(asker)
        asker.ask(manifest_path("2"))
        assert asker.ask(TAGS_PATH).body == b'{"name":"library/app","tags":["2"]}'

    def test_what_is_larger_than_the_capacity_is_served_and_not_kept(self) -> None:
        asker = mirrored(Policy(eviction=Eviction(bytes=1500)))
        assert pull(asker) == [200, 200, 200]
        mark = len(asker.world.journal)
        pull(asker)
        assert [one.role for one in upstream(asker, mark)] == ["layer:0", "layer:0"]

    @pytest.mark.parametrize(
        ("change", "statuses"),
        [
            (Evict("one", REPOSITORY, "1"), [404, 404, 404]),
            (Evict("one", REPOSITORY), [404, 404, 404]),
            (Evict("one", REPOSITORY, "1", ("layer:0",)), [200, 200, 404]),
            (Evict("one", REPOSITORY, None, ("manifest",)), [404, 200, 200]),
            (Evict("one", REPOSITORY, digests=(digest("single", "config"),)), [200, 404, 200]),
            (Evict("one", REPOSITORY, digests=(digest("single", "manifest"),)), [404, 200, 200]),
            (Evict("one", "other", "1"), [200, 200, 200]),
        ],
    )
    @pytest.mark.parametrize("policy", [None, FROZEN])
    def test_explicitly(self, policy: Policy | None, change: Evict, statuses: list[int]) -> None:
        asker = Asker()
        copies = (Copy(REPOSITORY, "1", "single"),)
        asker.world.arrange(Arrangement({"single": SINGLE}, {"one": Holdings(copies, (), policy)}))
        asker.world.apply(change)
        assert pull(asker) == statuses

    def test_what_another_image_needs_stays_unless_its_digest_is_named(self) -> None:
        held = (Copy("a/app", "1", "single"), Copy("b/app", "1", "single"))
        asker = mirrored(FROZEN, held=held)
        layer = digest("single", "layer:0")
        asker.world.apply(Evict("one", "a/app", "1"))
        assert asker.ask(f"/v2/b/app/blobs/{layer}").status == 200
        asker = mirrored(FROZEN, held=held)
        asker.world.apply(Evict("one", "a/app", "1", ("layer:0",)))
        assert asker.ask(f"/v2/b/app/blobs/{layer}").status == 200
        asker.world.apply(Evict("one", "a/app", digests=(layer,)))
        assert asker.ask(f"/v2/b/app/blobs/{layer}").status == 404

    def test_during_a_transfer_it_goes_on_and_the_next_request_is_a_miss(self) -> None:
        asker = mirrored(Policy("not-found", Admission("never")), held=AT_MIRROR)
        under_way = asker.ask(blob_path("single", "layer:0"))
        asker.world.apply(Evict("one", REPOSITORY, "1"))
        assert under_way.body == data("single", "layer:0")
        assert asker.ask(blob_path("single", "layer:0")).status == 404

    def test_while_a_blob_is_arriving_its_readers_get_all_of_it(self) -> None:
        asker = mirrored(Policy(admission=Admission("never")))
        side = Side(asker.world)
        reading = side.ask(blob_path("single", "layer:0"), 1)
        while not reading.ended:
            side.step(len(side.bodies), 1)
        asker.world.apply(Evict("one", REPOSITORY))
        side.finish(1)
        assert reading.reply
        assert body_of(reading.reply.response) == data("single", "layer:0")


AT_MIRROR = (Copy(REPOSITORY, "1", "single"), Copy(REPOSITORY, "2", "many"))


class TestSync:
    def moved(self, policy: Policy) -> Asker:
        """A mirror that holds a tag that Hub has moved since."""
        asker = mirrored(policy)
        asker.ask(manifest_path("1"))
        asker.world.apply(Publish(REPOSITORY, "1", "many"))
        return asker

    def test_never_serves_what_was_fetched(self) -> None:
        asker = self.moved(Policy())
        asker.now = asker.world.advance(asker.now, 1e6)
        assert asker.ask(manifest_path("1")).body == data("single", "manifest")

    def test_at_intervals_it_asks_with_head_and_gets_what_changed(self) -> None:
        asker = self.moved(Policy(sync=Sync("interval", every=100)))
        mark = len(asker.world.journal)
        asker.now = asker.world.advance(asker.now, 98)
        assert asker.ask(manifest_path("1")).body == data("single", "manifest")
        asker.now = asker.world.advance(asker.now, 199)
        assert asker.ask(manifest_path("1")).body == data("many", "index")
        assert [method for method, _, _ in asked(asker, mark)] == ["HEAD", "GET", "HEAD"]
        assert [one.began for one in upstream(asker, mark)] == [101, 101, 201]

    def test_on_read_it_asks_each_time(self) -> None:
        asker = self.moved(Policy(sync=Sync("on-read")))
        mark = len(asker.world.journal)
        assert [asker.ask(manifest_path("1")).body for _ in range(2)] == [data("many", "index")] * 2
        assert [method for method, _, _ in asked(asker, mark)] == ["HEAD", "GET", "HEAD"]

    def test_on_read_it_does_not_ask_while_what_it_has_is_fresh(self) -> None:
        asker = self.moved(Policy(sync=Sync("on-read", fresh=50)))
        assert asker.ask(manifest_path("1")).body == data("single", "manifest")
        asker.now = asker.world.advance(asker.now, 50)
        assert asker.ask(manifest_path("1")).body == data("many", "index")

    def test_what_is_asked_for_by_digest_needs_no_asking(self) -> None:
        asker = self.moved(Policy(sync=Sync("on-read")))
        mark = len(asker.world.journal)
        assert asker.ask(manifest_path(digest("single", "manifest"))).status == 200
        assert upstream(asker, mark) == []

    def test_what_a_tag_named_before_stays_by_digest(self) -> None:
        asker = self.moved(Policy(sync=Sync("on-read")))
        asker.ask(manifest_path("1"))
        asker.world.apply(Break("hub", Fault("refuse")))
        assert asker.ask(manifest_path(digest("single", "manifest"))).status == 200

    @pytest.mark.parametrize("sync", [Sync("on-read"), Sync("interval", every=1)])
    def test_a_tag_that_is_gone_at_hub_goes(self, sync: Sync) -> None:
        asker = mirrored(Policy("not-found", Admission("never"), sync=sync), held=AT_MIRROR)
        asker.world.apply(Evict("hub", REPOSITORY, "1"))
        assert asker.ask(manifest_path("1")).status == 404
        assert asker.ask(manifest_path("2")).status == 200

    def test_a_cached_only_mirror_takes_a_whole_image_over_or_nothing(self) -> None:
        asker = mirrored(replace(FROZEN, sync=Sync("interval", every=10)), held=AT_MIRROR)
        asker.world.apply(Publish(REPOSITORY, "1", "many"))
        asker.world.apply(Break("hub", Fault("status", "config", status=500)))
        asker.world.apply(Evict("one", REPOSITORY, "2"))
        asker.now = asker.world.advance(asker.now, 10)
        assert asker.ask(manifest_path("1")).body == data("single", "manifest")
        asker.world.apply(Heal("hub"))
        asker.now = asker.world.advance(asker.now, 10)
        assert asker.ask(manifest_path("1")).body == data("many", "index")
        assert asker.ask(blob_path("many", "linux/arm64:config")).status == 200


class TestUpstreamFailure:
    def test_stale_is_served_and_marked(self) -> None:
        asker = mirrored(PULL_THROUGH)
        asker.ask(manifest_path("1"))
        for fault in (Fault("status", status=429), Fault("hang"), Fault("refuse"), Fault("dns"), Fault("untrusted")):
            asker.world.apply(Break("hub", fault))
            response = asker.ask(manifest_path("1"))
            assert (response.status, response.body) == (200, data("single", "manifest"))
            assert response.header("warning").startswith("110")
            asker.world.apply(Heal("hub"))
        assert asker.ask(manifest_path("1")).header("warning") == ""

    def test_or_the_mirror_fails_too(self) -> None:
        asker = mirrored(replace(PULL_THROUGH, upstream=Upstream(on_failure="fail")))
        asker.ask(manifest_path("1"))
        asker.world.apply(Break("hub", Fault("status", status=500)))
        assert asker.ask(manifest_path("1")).status == 502

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            (Fault("status", "manifest", status=429), 429),
            (Fault("status", "manifest", status=401), 502),
            (Fault("status", "manifest", status=403), 502),
            (Fault("status", "manifest", status=500), 502),
            (Fault("status", "manifest", status=503), 503),
            (Fault("status", "token", status=500), 502),
            (Fault("status", "token", status=429), 429),
            (Fault("hang", "manifest"), 504),
            (Fault("slow", "manifest", seconds=31), 504),
            (Fault("reset", "manifest"), 502),
            (Fault("reset", "manifest", after=10), 502),
            (Fault("refuse"), 502),
            (Fault("dns"), 502),
            (Fault("untrusted"), 502),
            (Fault("redirect", "manifest", location="https://nobody.test/"), 502),
            (Fault("redirect", "manifest", location="http://["), 502),
            (Fault("redirect", "manifest", location="/v2/"), 502),
        ],
    )
    def test_is_not_answered_with_not_found(self, fault: Fault, status: int) -> None:
        asker = mirrored(Policy(), fault)
        response = asker.ask(manifest_path("1"))
        assert response.status == status
        assert errors(response)[0]["detail"].endswith(".")
        assert asker.world.journal.errors == []
        asker.world.apply(Heal("hub"))
        assert pull(asker) == [200, 200, 200]

    def test_is_answered_as_the_policy_says(self) -> None:
        asker = mirrored(Policy(upstream=Upstream(status=503)), Fault("status", status=500))
        assert asker.ask(manifest_path("1")).status == 503

    def test_a_limit_comes_with_the_time_to_wait(self) -> None:
        asker = mirrored(Policy(admission=Admission("never")), limits=Limits(anonymous=1))
        assert [asker.ask(manifest_path("1")).status for _ in range(2)] == [200, 429]
        response = asker.ask(manifest_path("1"))
        assert int(response.header("retry-after")) > 20000
        assert errors(response)[0]["code"] == "TOOMANYREQUESTS"


class TestNothingUnverified:
    @pytest.mark.parametrize("kind", ["corrupt", "truncate", "wrong-digest", "wrong-type"])
    @pytest.mark.parametrize("policy", [Policy(), Policy("not-found", Admission())])
    def test_a_spoiled_manifest_is_neither_served_nor_kept(self, policy: Policy, kind: str) -> None:
        asker = mirrored(policy, Fault(kind, "manifest", "GET"))  # type: ignore[arg-type]
        assert asker.ask(manifest_path("1")).status in (502, 404)
        assert asker.ask(manifest_path("1")).status in (502, 404)
        asker.world.apply(Heal("hub"))
        asker.ask(manifest_path("1"))
        assert asker.ask(manifest_path("1")).body == data("single", "manifest")

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("corrupt", "layer"),
            Fault("truncate", "layer"),
            Fault("reset", "layer", after=3),
            Fault("status", "layer", status=200, body="<html>welcome</html>", content_type="text/html"),
        ],
    )
    @pytest.mark.parametrize("policy", [Policy(), Policy("not-found", Admission())])
    def test_a_spoiled_blob_is_neither_served_nor_kept(self, policy: Policy, fault: Fault) -> None:
        asker = mirrored(policy, fault)
        for _ in range(2):
            pull(asker)
        assert asker.ask(blob_path("single", "layer:0")).status in (502, 404)
        asker.world.apply(Heal("hub"))
        pull(asker)
        pull(asker)
        assert asker.ask(blob_path("single", "layer:0")).body == data("single", "layer:0")

    def test_an_error_page_is_no_manifest(self) -> None:
        page = Fault("status", "manifest", status=200, body="<html>", content_type="text/html")
        asker = mirrored(Policy(), page)
        assert asker.ask(manifest_path("1")).status == 502
        asker.world.apply(Heal("hub"))
        assert asker.ask(manifest_path("1")).status == 200

    def test_what_is_spoiled_on_its_way_never_looks_complete(self) -> None:
        asker = mirrored(Policy(), Fault("corrupt", "layer"))
        side = Side(asker.world)
        reading = side.ask(blob_path("single", "layer:0"), 1)
        side.finish(1)
        assert reading.reply
        fill = reading.reply.response.fill
        assert fill
        assert fill.ended
        assert fill.failed
        assert len(b"".join(pieces_of(fill))) < len(data("single", "layer:0"))


class TestCoalescing:
    @pytest.mark.parametrize(("coalescing", "requests"), [(True, 1), (False, 5)])
    @pytest.mark.parametrize("path", [manifest_path("1"), blob_path("single", "layer:0")])
    def test_clients_that_ask_at_the_same_time(self, path: str, requests: int, *, coalescing: bool) -> None:
        asker = mirrored(Policy(coalescing=coalescing))
        side = Side(asker.world)
        clients = [side.ask(path, 1) for _ in range(5)]
        side.finish(1)
        assert len([one for one in upstream(asker) if one.host == "registry-1.docker.io"]) == requests
        bodies = {body_of(client.reply.response) for client in clients if client.reply}
        assert bodies in ({data("single", "manifest")}, {data("single", "layer:0")})

    def test_who_comes_while_a_blob_arrives_reads_from_its_beginning(self) -> None:
        asker = mirrored(Policy())
        side = Side(asker.world)
        first = side.ask(blob_path("single", "layer:0"), 1)
        while not first.ended:
            side.step(len(side.bodies), 1)
        side.step(0, 1)
        side.step(0, 1)
        second = side.ask(blob_path("single", "layer:0"), 2)
        assert second.ended
        assert second.reply
        assert second.reply.response.fill
        assert second.reply.response.fill.available(0)
        side.finish(2)
        assert body_of(second.reply.response) == data("single", "layer:0")
        assert len(upstream(asker)) == 2

    def test_one_who_waited_in_vain_asks_alone(self) -> None:
        asker = mirrored(Policy())
        side = Side(asker.world)
        left = side.ask(manifest_path("1"), 1)
        waiting = side.ask(manifest_path("1"), 1)
        assert isinstance(waiting.effect, Wait)
        left.program.close()
        side.running.remove(left)
        side.finish(1)
        assert waiting.reply
        assert waiting.reply.response.status == 200


class TestLists:
    def test_the_catalogue_lists_what_is_held(self) -> None:
        asker = mirrored(Policy(catalogue=True), held=(*AT_MIRROR, Copy("a/b", "1", "single")))
        assert asker.ask("/v2/_catalog?n=1").body == b'{"repositories":["a/b"]}'
        assert asker.ask("/v2/_catalog?n=1").header("link") == '</v2/_catalog?n=1&last=a%2Fb>; rel="next"'
        assert mirrored(Policy()).ask("/v2/_catalog").status == 404

    @pytest.mark.parametrize(
        ("policy", "status", "body"),
        [
            (Policy(tags="cache"), 200, b'{"name":"library/app","tags":["1"]}'),
            (Policy(tags="upstream"), 200, b'{"name":"library/app","tags":["1","2"]}'),
            (Policy(tags="refuse"), 405, b""),
        ],
    )
    def test_the_list_of_tags(self, policy: Policy, status: int, body: bytes) -> None:
        asker = mirrored(policy, held=AT_MIRROR[:1])
        response = asker.ask(TAGS_PATH)
        assert response.status == status
        assert not body or response.body == body

    def test_pages_of_the_upstreams_list_lead_to_the_mirror(self) -> None:
        response = mirrored(Policy(tags="upstream")).ask(f"{TAGS_PATH}?n=1")
        assert response.header("link") == f'<{TAGS_PATH}?n=1&last=1>; rel="next"'

    def test_referrers(self) -> None:
        path = f"/v2/{REPOSITORY}/referrers/{digest('single', 'manifest')}"
        for policy in (Policy(), FROZEN):
            assert mirrored(policy).ask(path).status == 200


class TestCredentials:
    LOGIN = Upstream(user="dev", password="secret")
    PRIVATE = (Copy("team/app", "1", "single"),)
    PATH = "/v2/team/app/manifests/1"

    def test_open_what_is_private(self) -> None:
        asker = mirrored(Policy(), at_hub=self.PRIVATE, private=("team/app",))
        assert asker.ask(self.PATH).status == 404
        asker = mirrored(Policy(upstream=self.LOGIN), at_hub=self.PRIVATE, private=("team/app",))
        assert asker.ask(self.PATH).status == 200
        assert upstream(asker)[-1].account == "dev"

    def test_that_are_wrong_are_a_failure(self) -> None:
        asker = mirrored(Policy(upstream=replace(self.LOGIN, password="x")), at_hub=self.PRIVATE)
        assert asker.ask(self.PATH).status == 502

    def test_are_never_shown(self) -> None:
        assert "secret" not in repr(self.LOGIN)
        assert "dev" not in repr(self.LOGIN)

    def test_go_to_no_realm_that_is_not_trusted(self) -> None:
        asker = mirrored(Policy(upstream=replace(self.LOGIN, realms=())))
        asker.ask(manifest_path("1"))
        [token] = [one for one in asker.world.journal.since() if one.stage == "token"]
        assert token.credentials == "none"

    def test_a_token_serves_until_it_expires(self) -> None:
        asker = mirrored(Policy(sync=Sync("on-read")))
        for _ in range(3):
            asker.ask(manifest_path("1"))
        tokens = [one for one in asker.world.journal.since() if one.stage == "token"]
        assert len(tokens) == 1
        asker.now = asker.world.advance(asker.now, 300)
        asker.ask(manifest_path("1"))
        exchanges = asker.world.journal.since()
        assert len([one for one in exchanges if one.stage == "token"]) == 2
        assert [one.credentials for one in exchanges if one.status == 401] == ["none", "none"]

    def test_no_redirect_takes_a_token_along(self) -> None:
        asker = mirrored(Policy())
        pull(asker)
        kinds = {one.host: one.credentials for one in upstream(asker)}
        assert kinds["registry-1.docker.io"] == "bearer"
        assert kinds["production.cloudflare.docker.com"] == "none"


class TestUpstreams:
    def test_any_registry_can_be_the_upstream(self) -> None:
        asker = Asker()
        servers = {
            "one": Holdings(policy=Policy(upstream=Upstream("http://two.test"))),
            "two": Holdings((Copy(REPOSITORY, "1", "single"),)),
        }
        asker.world.arrange(Arrangement({"single": SINGLE}, servers))
        assert pull(asker) == [200, 200, 200]
        assert {one.server for one in asker.world.journal.since()} == {"one", "two"}

    def test_mirrors_that_are_each_others_upstream_notice(self) -> None:
        first = Site("one", "mirror", ("one.test",), "10.0.0.3")
        second = Site("other", "mirror", ("other.test",), "10.0.0.5")
        asker = Asker(World(Topology((first, second))))
        urls = {"one": "http://other.test", "other": "http://one.test"}
        servers = {name: Holdings(policy=Policy(upstream=Upstream(url))) for name, url in urls.items()}
        asker.world.arrange(Arrangement({}, servers))
        assert asker.ask(manifest_path("1")).status == 502
        assert [one.status for one in asker.world.journal.since()] == [502, 502, 508]


class TestPresets:
    def test_gcr_caches_what_is_requested_frequently_and_keeps_it_in_sync(self) -> None:
        asker = mirrored("gcr")
        assert pull(asker)[0] == 404
        asker.now = asker.world.advance(asker.now, 3600)
        assert pull(asker)[0] == 404
        asker.now = asker.world.advance(asker.now, GCR.admission.delay)
        assert pull(asker) == [200, 200, 200]
        asker.world.apply(Publish(REPOSITORY, "1", "many"))
        asker.now = asker.world.advance(asker.now, GCR.sync.every)
        assert asker.ask(manifest_path("1")).body == data("many", "index")
        asker.now = asker.world.advance(asker.now, 16 * 86400)
        assert asker.ask(manifest_path("1")).status == 404

    def test_pull_through_is_like_distributions_proxy(self) -> None:
        asker = mirrored("pull-through")
        assert pull(asker) == [200, 200, 200]
        asker.world.apply(Publish(REPOSITORY, "1", "many"))
        assert asker.ask(manifest_path("1")).body == data("many", "index")
        asker.world.apply(Break("hub", Fault("refuse")))
        assert asker.ask(manifest_path("1")).body == data("many", "index")
        asker.now = asker.world.advance(asker.now, 169 * 3600)
        assert asker.ask(manifest_path("1")).status == 502

    def test_frozen_is_a_snapshot(self) -> None:
        asker = mirrored("frozen", held=AT_MIRROR)
        asker.world.apply(Publish(REPOSITORY, "1", "many"))
        asker.now = asker.world.advance(asker.now, 1e7)
        assert pull(asker) == [200, 200, 200]
        assert asker.ask(manifest_path("9")).status == 404
        assert upstream(asker) == []
        asker.world.apply(Warm("one", REPOSITORY, "1"))
        assert asker.ask(manifest_path("1")).body == data("many", "index")

    def test_a_week_in_which_nothing_is_due_takes_no_steps(self) -> None:
        for preset in ("gcr", "pull-through", "frozen"):
            asker = mirrored(preset)
            assert asker.world.next_turn(0.0) is None
            assert asker.world.advance(0.0, 604800) == 604800

    def test_a_policy_survives_json(self) -> None:
        policy = replace(GCR, upstream=Upstream("http://two.test", "dev", "secret"), eviction=Eviction("sieve", 5, 6))
        for given in (policy, "gcr", None):
            arrangement = Arrangement(servers={"one": Holdings(policy=given)})
            assert wire.arrangement_from(wire.arrangement_json(arrangement)) == arrangement


BAD = [
    ("hub", Policy(), "no mirror"),
    ("one", Policy(admission=Admission(requests=0)), "admission.requests=0"),
    ("one", Policy(admission=Admission(probability=1.5)), "probability=1.5"),
    ("one", Policy(admission=Admission(delay=-1)), "delay=-1"),
    ("one", Policy(eviction=Eviction(bytes=-1)), "bytes=-1"),
    ("one", Policy(eviction=Eviction(sweep=0.9)), "sweep=0.9; it may be 1 to"),
    ("one", Policy(sync=Sync(every=0.9)), "every=0.9; it may be 1 to"),
    ("one", Policy(eviction=Eviction(idle=float("nan"))), "idle=nan"),
    ("one", Policy(sync=Sync(every=float("inf"))), "every=inf"),
    ("one", Policy(upstream=Upstream("registry-1.docker.io")), "is written like"),
    ("one", Policy(upstream=Upstream("https://a:b@c")), "is written like"),
    ("one", Policy(upstream=Upstream("https://a:99999")), "is written like"),
    ("one", Policy(upstream=Upstream("http://ONE.test:80")), "the mirror itself"),
    ("one", Policy(upstream=Upstream(status=200)), "status 200"),
    ("one", Policy(upstream=Upstream(user="a:b")), "colon"),
]


@pytest.mark.parametrize(("server", "policy", "sentence"), BAD)
def test_a_policy_that_cannot_be_is_refused_in_one_sentence(server: str, policy: Policy, sentence: str) -> None:
    with pytest.raises(ArrangementError, match=sentence) as caught:
        World(TOPOLOGY).arrange(Arrangement(servers={server: Holdings(policy=policy)}))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("seconds", [-1.0, 1e9, float("nan")])
def test_time_cannot_go_back_nor_skip_more_than_a_year(seconds: float) -> None:
    with pytest.raises(ArrangementError, match="The clock cannot skip"):
        World(TOPOLOGY).advance(0.0, seconds)


def test_an_advance_that_would_take_too_many_checks_is_refused_and_changes_nothing() -> None:
    asker = mirrored(Policy(sync=Sync("interval", every=1)), held=AT_MIRROR)
    with pytest.raises(ArrangementError, match=r"^In 31622400.* s mirrors would ask \d+ times what a tag names, .*\.$"):
        asker.world.advance(asker.now, 366 * 86400.0)
    assert len(asker.world.journal) == 0
    asker.world.advance(asker.now, 10.0)
    assert len(asker.world.journal) > 0


@pytest.mark.parametrize(
    "change",
    [Evict("one", REPOSITORY, digests=("sha256:1",)), Evict("one", REPOSITORY, "1", (), (digest("single", "config"),))],
)
def test_an_eviction_that_cannot_be_is_refused(change: Evict) -> None:
    with pytest.raises(ArrangementError, match="digest"):
        mirrored(FROZEN).world.apply(change)


@pytest.mark.parametrize("kind", ["slow", "truncate", "corrupt", "reset"])
def test_a_fault_of_the_mirror_strikes_what_streams_through_it(kind: str) -> None:
    asker = mirrored(Policy())
    asker.world.apply(Break("one", Fault(kind, "layer", after=3, seconds=1)))  # type: ignore[arg-type]
    response = asker.ask(blob_path("single", "layer:0"))
    assert response.fill is None
    assert (response.delivery.kind == kind) is (kind != "corrupt")
    assert (response.body == data("single", "layer:0")) is (kind != "corrupt")
    assert asker.last.server == "hub"
    assert next(one for one in asker.world.journal.since() if one.server == "one").fault == kind


def test_an_exchange_that_asks_is_in_the_journal_from_its_arrival() -> None:
    asker = mirrored(Policy())
    program = asker.world.steps(Request("GET", "one.test", manifest_path("1")), 1.0)
    next(program)
    [exchange] = asker.world.journal.since()
    assert (exchange.seq, exchange.status, exchange.began) == (0, 0, 1.0)
    asker.ask(manifest_path("2"))
    assert len(asker.world.journal) > 1
