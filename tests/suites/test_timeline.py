"""The judge's idea of who holds what is what the simulator answers, though they share no code."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.addresses import MIRROR_HOSTS, SERVER_OF_HOST, topology
from fixtures.history import History, Outcome
from fixtures.model import ModelLab
from fixtures.scenario import Configure, Pull, Reference, Restart, Scenario, ShowInfo
from simulator.arrangement import (
    Arrangement,
    Break,
    Change,
    Content,
    Copy,
    Evict,
    Fault,
    Heal,
    Holdings,
    ImageSpec,
    Publish,
    Warm,
)
from simulator.messages import Request
from simulator.world import World
from suites.strategies import MIRROR_SERVERS, TAGS
from suites.timeline import HUB, PullCase, Situation, pulls, servers_of, situations
from tests.suites.stories import REPOSITORY, VERSIONS, arranged, changes

REFERENCES = (*(Reference(REPOSITORY, tag) for tag in TAGS), *(Reference(REPOSITORY, digest=name) for name in VERSIONS))
SERVERS = (HUB, *MIRROR_SERVERS)
ONE_TAG = Scenario(
    images={name: ImageSpec(name) for name in VERSIONS},
    servers={HUB: Holdings((Copy(REPOSITORY, "1.0", "v1"),))},
)


class Asked:
    """A world, asked what its servers have, around tokens and faults."""

    def __init__(self, scenario: Scenario) -> None:
        self.world = World(topology("10.0.0.0/24"))
        self.contents = self.world.arrange(Arrangement(scenario.images, scenario.servers))

    def has(self, server: str, path: str) -> str | None:
        """The digest that a server names for an object; ``None``: it has none."""
        host = "registry-1.docker.io" if server == HUB else next(h for h, s in SERVER_OF_HOST.items() if s == server)
        token = (("authorization", f"Bearer {self._token()}"),) if server == HUB else ()
        reply = self.world.handle(Request("HEAD", host, f"/v2/{REPOSITORY}/{path}", headers=token), 0.0, server)
        if reply.response.status not in (200, 307):
            return None
        return reply.response.header("docker-content-digest") or "redirected"

    def _token(self) -> str:
        query = f"scope=repository:{REPOSITORY}:pull"
        reply = self.world.handle(Request("GET", "auth.docker.io", "/token", query), 0.0, HUB)
        return str(bytes(reply.response.body).decode().split('"')[3])


def faultless(change: Change) -> bool:
    return not isinstance(change, Break)


def case_at(situation: Situation, reference: Reference, contents: dict[str, Content]) -> PullCase:
    history = History("model", "", "classic", "", SERVER_OF_HOST, contents)
    return PullCase(0, Pull(reference), situation, Outcome(0, "ok", 0.0, 0, 0), (), history)


def agree(asked: Asked, situation: Situation, server: str, reference: Reference) -> None:
    """Both have the same idea of one image at one server."""
    case = case_at(situation, reference, asked.contents)
    copy = case.copy_at(server)
    wanted = asked.contents[reference.digest].root if reference.digest else str(reference.tag)
    answered = asked.has(server, f"manifests/{wanted}")
    held = copy is not None and "root" not in case.lacking(copy)
    assert held == (answered is not None), (server, reference, copy)
    if copy is None or answered is None:
        return
    assert answered == asked.contents[copy.image].root, (server, reference, copy)
    missing = {
        entry.role.removeprefix("linux/amd64:")
        for entry in asked.contents[copy.image].objects
        if "arm64" not in entry.role and not asked.has(server, _path(entry.role, entry.digest))
    }
    assert missing <= case.lacking(copy), (server, reference, copy)
    if case.usable(server):
        assert not missing


def _path(role: str, digest: str) -> str:
    return f"{'manifests' if role.endswith(('manifest', 'index')) else 'blobs'}/{digest}"


def agree_throughout(scenario: Scenario) -> None:
    """Both have the same idea of everything before the first step, between steps, and after the last."""
    asked = Asked(scenario)
    whole = replace(scenario, steps=(*scenario.steps, ShowInfo()))
    for step, situation, _ in situations(whole, played(whole, asked.contents)):
        for server in SERVERS:
            for reference in REFERENCES:
                agree(asked, situation, server, reference)
        if isinstance(step, Change):
            asked.world.apply(step)


def played(scenario: Scenario, contents: dict[str, Content] | None = None) -> History:
    """A history in which every step went well and nothing was asked."""
    outcomes = tuple(Outcome(number, "ok", 0.0, 0, 0) for number in range(len(scenario.steps)))
    return History("model", "", "classic", "", SERVER_OF_HOST, contents or {}, (), outcomes)


few = st.one_of(
    st.builds(Publish, st.just(REPOSITORY), st.just("1.0"), st.sampled_from(VERSIONS[:2])),
    st.builds(Warm, st.just("mirror-1"), st.just(REPOSITORY), st.just("1.0")),
    st.builds(
        Evict,
        st.sampled_from((HUB, "mirror-1")),
        st.just(REPOSITORY),
        st.sampled_from((None, "1.0")),
        st.sampled_from(((), ("manifest",), ("layer:0",))),
    ),
)
"""Changes of so few things that they get in each other's way."""


@settings(deadline=None, max_examples=60, derandomize=True)
@given(scenario=arranged(), steps=st.lists(changes.filter(faultless), max_size=8))
def test_the_judge_knows_who_holds_what(scenario: Scenario, steps: list[Change]) -> None:
    agree_throughout(replace(scenario, steps=tuple(steps)))


@settings(deadline=None, max_examples=150, derandomize=True)
@given(steps=st.lists(few, max_size=6))
def test_the_judge_knows_who_holds_what_after_changes_of_one_tag(steps: list[Change]) -> None:
    agree_throughout(replace(ONE_TAG, steps=tuple(steps)))


@pytest.mark.parametrize(
    "steps",
    [
        (Evict(HUB, REPOSITORY, "1.0", ("layer:0",)), Warm("mirror-1", REPOSITORY, "1.0")),
        (Evict(HUB, REPOSITORY, "1.0", ("manifest",)), Warm("mirror-1", REPOSITORY, "1.0")),
        (*(Warm("mirror-1", REPOSITORY, "1.0"),) * 2, Evict("mirror-1", REPOSITORY, "1.0")),
        (Publish(REPOSITORY, "1.0", "v1"), Evict(HUB, REPOSITORY, "1.0")),
        (Publish(REPOSITORY, "1.0", "v2"), Publish(REPOSITORY, "1.0", "v1"), Evict(HUB, REPOSITORY, "1.0")),
    ],
)
def test_a_copy_is_followed_through_changes(steps: tuple[Change, ...]) -> None:
    agree_throughout(replace(ONE_TAG, steps=steps))


@pytest.mark.parametrize(
    "copies",
    [
        (Copy(REPOSITORY, "1.0", "v1"), Copy(REPOSITORY, "1.0", "v2")),
        (Copy(REPOSITORY, None, "v1"), Copy(REPOSITORY, "1.0", "v1", ("layer:0",))),
        (Copy(REPOSITORY, "1.0", "v1", ("layer:0",)), Copy(REPOSITORY, None, "v1")),
        (Copy(REPOSITORY, "1.0", "v1", ("layer:0",)), Copy(REPOSITORY, "latest", "v1", ("config",))),
    ],
)
def test_copies_that_are_there_at_first_are_understood(copies: tuple[Copy, ...]) -> None:
    agree_throughout(replace(ONE_TAG, servers={HUB: Holdings(copies)}))


def test_faults_come_and_go() -> None:
    reset = Fault("reset")
    scenario = Scenario(steps=(Break("mirror-1", reset), Heal("mirror-1"), ShowInfo()))
    faults = [situation.shelf("mirror-1").faults for _, situation, _ in situations(scenario, played(scenario))]
    assert faults == [(), (reset,), ()]


def test_the_order_is_that_of_the_last_change_that_went_well() -> None:
    first, second = (f"https://{host}" for host in MIRROR_HOSTS[:2])
    steps = (Configure((second, first)), Configure((first,)), Configure(None), Restart((second,), "flag"), ShowInfo())
    scenario = Scenario(mirrors=(first,), steps=steps)
    history = played(scenario)
    failed = replace(history.outcomes[1], result="failed")
    history = replace(history, outcomes=(history.outcomes[0], failed, *history.outcomes[2:]))
    assert [(s.mirrors, s.changed_by) for _, s, _ in situations(scenario, history)] == [
        (("mirror-1",), "start"),
        (("mirror-2", "mirror-1"), "reload"),
        (("mirror-2", "mirror-1"), "reload"),
        ((), "reload without the key"),
        (("mirror-2",), "restart"),
    ]


def test_mirrors_count_once_and_unknown_ones_stand_for_themselves() -> None:
    urls = ("https://mirror-2.test/", "https://mirror.gcr.io:443", "http://mirror-2.test", "https://nowhere.test")
    assert servers_of(urls, SERVER_OF_HOST) == ("mirror-2", "mirror-1", "nowhere.test")


def test_a_mirror_is_asked_in_plain_http_where_its_own_url_says_so() -> None:
    urls = ("https://mirror.gcr.io", "https://mirror.gcr.io/", "http://mirror-2.test")
    scenario = Scenario(mirrors=urls, steps=(ShowInfo(), Restart(urls[1:]), ShowInfo()))
    assert [situation.plain for _, situation, _ in situations(scenario, played(scenario))] == [{"mirror-2"}] * 3


def test_what_a_pull_brought_is_had_by_later_ones() -> None:
    scenario = replace(ONE_TAG, steps=(Pull(Reference(REPOSITORY, "1.0")), Pull(Reference(REPOSITORY, "1.0"))))
    assert [case.had for case in pulls(scenario, ModelLab("classic").play(scenario))] == [set(), {"v1"}]


@pytest.mark.parametrize(
    "place", ["mirror.gcr.io:99999", "mirror.gcr.io:8080", "mirror.gcr.io:5000", "mirror.gcr.io:x"]
)
def test_nobody_is_at_another_port(place: str) -> None:
    assert servers_of((f"https://{place}/",), SERVER_OF_HOST) == (f"https://{place}/",)


@pytest.mark.parametrize(
    "url",
    ["https://mirror.gcr.io:443", "HTTPS://mirror.gcr.io/", "http://mirror.gcr.io:80/", "http://mirror.gcr.io:5000"],
)
def test_a_mirror_is_where_the_lab_listens(url: str) -> None:
    assert servers_of((url,), SERVER_OF_HOST) == ("mirror-1",)
