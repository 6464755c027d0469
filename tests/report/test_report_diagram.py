from dataclasses import replace
from typing import get_args

import pytest

from fixtures.history import History, LocalImage, Outcome
from fixtures.scenario import Configure, Pull, Reference, Remove, Restart, Scenario, ShowInfo
from report.diagram import describe, draw, explain, explain_together
from report.exchanges import LONG
from report.results import Opinion
from simulator.arrangement import (
    Break,
    Copy,
    Evict,
    Fault,
    FaultKind,
    FaultPlace,
    Heal,
    Holdings,
    ImageSpec,
    Publish,
    Warm,
)
from simulator.journal import Exchange
from suites.verdict import Verdict
from tests.report.samples import (
    FALLBACK_3,
    HELD,
    PARTIAL,
    PARTIAL_EXAMPLE,
    PARTIAL_HISTORY,
    V1,
    exchange,
    hexed,
)

LAYER = hexed("1a7e40")
FIVE_LANES = ("mirror-1", "mirror-2", "mirror-3", "mirror-4", "hub")


def drawn(*exchanges: Exchange, marked: tuple[int, ...] = (), width: int = 100, lanes: tuple[str, ...] = ()) -> str:
    history = replace(PARTIAL_HISTORY, exchanges=exchanges)
    outcome = Outcome(0, "ok", 1.0, exchanges[0].seq, exchanges[-1].seq + 1)
    return shown(draw(history, outcome, frozenset(marked), width, lanes))


def shown(lines: list[str]) -> str:
    return "\n" + "\n".join(lines) + "\n"


def trouble() -> tuple[Exchange, ...]:
    return (
        exchange(98, 0.000, "mirror-1", "GET", "ping", status=0, fault="reset"),
        exchange(99, 0.003, "mirror-2", "HEAD", "manifest-by-tag", status=0, fault="hang", took=15.0),
        exchange(100, 15.1, "mirror-3", "HEAD", "manifest-by-tag", status=500, fault="status", sent=40),
        exchange(101, 15.2, "mirror-4", "HEAD", "manifest-by-tag", status=404),
        exchange(102, 15.21, "hub", "GET", "ping", status=401),
        exchange(103, 15.22, "hub", "GET", "token", sent=2400, credentials="basic"),
        exchange(104, 15.31, "mirror-4", "GET", "layer", sent=512, length=1200, fault="truncate", reference=LAYER),
        exchange(105, 15.35, "hub", "GET", "layer", sent=1200, took=None, reference=LAYER, role="layer:0"),
    )


def test_an_explanation_tells_all() -> None:
    text = shown(explain(PARTIAL_EXAMPLE, FALLBACK_3))
    wanted = """
FALLBACK-3 MUST: a partial copy (manifest there, a layer or config missing) still ends in a complete
    image
  source   Pull cached Docker Hub images, Google Artifact Registry, read 2026-01-15
  why      A cache evicts layers one by one; what it lacks must come from Docker Hub.
  subject  docker-28.5.2 (dockerd 28.5.2, classic store)
  found    mirror-2 has no layer:0, and Hub was never asked for it.
  whose    the daemon's, broken MUST

    hub       holds app:1.0
    mirror-1  https://one.mirror.test holds nothing
    mirror-2  https://two.mirror.test holds app:1.0 without layer:0
  >> 1. docker pull app:1.0 -> failed: manifest for app:1.0 found, layer not found: blob unknown to
        registry (0.03 s)

  Step 1: docker pull app:1.0
        ms  docker-28.5.2                mirror-1  mirror-2  hub
     1   0  |--HEAD manifest app:1.0 ------->|         |      |  404
     2   4  |--HEAD manifest app:1.0 ----------------->|      |  200
     3   7  |--GET manifest sha256:ab12cd… ----------->|      |  200 424 B
     4  11  |--GET config sha256:c0ff1e… ------------->|      |  200 250 B
  >> 5  12  |--GET layer:0 sha256:1a7e40… ------------>|      |  404

  >> is what the verdict rests on. On the wire:
     5  GET two.mirror.test/v2/library/app-7f3/blobs/sha256:1a7e401a7e40… -> 404 (no credentials,
          docker/28.5.2)

  replay: mirror-conformance replay k3f9a2
"""
    assert text == wanted


def test_five_servers_and_every_kind_of_trouble() -> None:
    text = drawn(*trouble(), marked=(103,))
    wanted = """
           ms  docker-28.5.2             m1 m2 m3 m4 hub
    98      0  |--GET /v2/ -------------->|  |  |  |  |  reset
    99      3  |--HEAD manifest app:1.0 ---->|  |  |  |  hang 15.0 s
   100  15100  |--HEAD manifest app:1.0 ------->|  |  |  500 (fault: status)
   101  15200  |--HEAD manifest app:1.0 ---------->|  |  404
   102  15210  |--GET /v2/ -------------------------->|  401
>> 103  15220  |--GET token ------------------------->|  200 2.4 kB
   104  15310  |--GET layer 1a7e40… -------------->|  |  200 512 of 1.2 kB (fault: truncate)
   105  15350  |--GET layer:0 1a7e40… --------------->|  200 1.2 kB still open
"""
    assert text == wanted


def test_the_same_where_there_is_little_room() -> None:
    text = drawn(*trouble(), marked=(103,), width=80)
    wanted = """
           ms  docker-28.5.2             m1 m2 m3 m4 hub
    98      0  |--GET /v2/ -------------->|  |  |  |  |  reset
    99      3  |--HEAD manifest app:1.0 ---->|  |  |  |  hang 15.0 s
   100  15100  |--HEAD manifest app:1.0 ------->|  |  |  500 (fault: status)
   101  15200  |--HEAD manifest app:1.0 ---------->|  |  404
   102  15210  |--GET /v2/ -------------------------->|  401
>> 103  15220  |--GET token ------------------------->|  200 2.4 kB
   104  15310  |--GET layer 1a7e40… -------------->|  |  200 512 of 1.2 kB (fau…
   105  15350  |--GET layer:0 1a7e40… --------------->|  200 1.2 kB still open
"""
    assert text == wanted


def test_the_same_with_room_for_all_names() -> None:
    text = drawn(*trouble(), marked=(103,), width=120)
    wanted = """
           ms  docker-28.5.2               mirror-1 mirror-2 mirror-3 mirror-4 hub
    98      0  |--GET /v2/ ------------------->|        |        |        |     |  reset
    99      3  |--HEAD manifest app:1.0 --------------->|        |        |     |  hang 15.0 s
   100  15100  |--HEAD manifest app:1.0 ------------------------>|        |     |  500 (fault: status)
   101  15200  |--HEAD manifest app:1.0 --------------------------------->|     |  404
   102  15210  |--GET /v2/ ---------------------------------------------------->|  401
>> 103  15220  |--GET token --------------------------------------------------->|  200 2.4 kB
   104  15310  |--GET layer sha256:1a7e40… ------------------------------>|     |  200 512 of 1.2 kB (fault: truncate)
   105  15350  |--GET layer:0 sha256:1a7e40… ---------------------------------->|  200 1.2 kB still open
"""
    assert text == wanted


def test_a_mirror_that_asks_hub_is_drawn_from_its_own_lane() -> None:
    text = drawn(
        exchange(1, 0.0, "mirror-1", "GET", "manifest-by-tag", sent=424),
        exchange(2, 0.1, "hub", "GET", "manifest-by-tag", sent=424, client="one.mirror.test"),
        exchange(3, 0.2, "mirror-1", "GET", "other", status=404, client="hub", target="/notify"),
    )
    wanted = """
       ms  docker-28.5.2         mirror-1  hub
   1    0  |--GET manifest app:1.0 ->|      |  200 424 B
   2  100  |  GET manifest app:1.0   |----->|  200 424 B
   3  200  |  GET /notify            |<-----|  404
"""
    assert text == wanted


def test_servers_that_nobody_asked_are_drawn_when_wanted() -> None:
    lines = drawn(exchange(1, 0.0, "hub", "GET", "tags", sent=10), lanes=("mirror-2", "mirror-1", "hub"))
    text = lines
    wanted = """
      ms  docker-28.5.2    mirror-2  mirror-1  hub
   1   0  |--GET tags of app ------------------>|  200 10 B
"""
    assert text == wanted


def test_pushes_and_referrers_are_drawn() -> None:
    text = drawn(
        exchange(1, 0.0, "hub", "PATCH", "upload", reference="name"),
        exchange(2, 0.1, "hub", "GET", "referrers", reference=LAYER, sent=10),
        lanes=("hub",),
    )
    assert "PATCH upload to app" in text
    assert "GET referrers of app " in text


def test_several_images_are_told_apart() -> None:
    history = replace(
        PARTIAL_HISTORY,
        contents={"v1": V1, "v2": V1},
        exchanges=(exchange(1, 0.0, "hub", "GET", "layer", reference=LAYER, role="layer:0"),),
    )
    assert "--GET v1 layer:0 sha256:1a7e40… ->" in draw(history, Outcome(0, "ok", 1, 1, 2))[1]


def test_a_step_without_exchanges() -> None:
    assert draw(PARTIAL_HISTORY, Outcome(0, "ok", 1, 50, 50)) == ["(no exchange on any server)"]


def test_repeats_fold_around_what_offends() -> None:
    repeats = [exchange(seq, seq / 100, "mirror-1", "GET", "ping", status=0, fault="reset") for seq in range(1, 51)]
    text = drawn(*repeats, marked=(5,))
    wanted = """
         ms  docker-28.5.2  mirror-1
    1-4   0  |--GET /v2/ ------>|  reset x4
>>    5  40  |--GET /v2/ ------>|  reset
   6-50  50  |--GET /v2/ ------>|  reset x45
"""
    assert text == wanted


def test_a_short_step_is_not_folded() -> None:
    repeats = [exchange(seq, 0, "hub", "GET", "ping") for seq in range(1, LONG + 1)]
    assert len(drawn(*repeats).strip().splitlines()) == LONG + 1


@pytest.mark.parametrize("marks", [(), (1,), (60,), (3, 60, 61, 200), tuple(range(1, 201))])
def test_a_long_step_loses_nothing_that_offends(marks: tuple[int, ...]) -> None:
    layers = [
        exchange(seq, 0, ("hub", "mirror-1")[seq % 2], "GET", "layer", role=f"layer:{seq}", reference=LAYER)
        for seq in range(1, 201)
    ]
    lines = drawn(*layers, marked=marks).splitlines()
    assert [int(line.split()[1]) for line in lines if line.startswith(">>")] == list(marks)
    assert len(lines) < 30 + 5 * len(marks)
    if not marks:
        assert "... 9 to 192, with mirror-1 and hub, left out ..." in [line.strip() for line in lines]


def test_no_line_is_wider_than_asked() -> None:
    for width in (80, 100, 120, 200):
        assert max(map(len, drawn(*trouble(), width=width, lanes=FIVE_LANES).splitlines())) <= width


EVERYTHING = Scenario(
    images={
        "v1": ImageSpec("v1"),
        "v2": ImageSpec("v2", "oci", (512, 9000), ("linux/amd64", "linux/arm64")),
    },
    servers={
        "hub": Holdings((Copy("library/app", "1.0", "v2"), Copy("library/app", None, "v1"))),
        "mirror-1": Holdings(
            (Copy("library/app", "1.0", "v1", ("config", "layer:0")),),
            (Fault("status", at="manifest", method="HEAD", status=500, times=2, skip=1), Fault("hang", at="layer")),
        ),
        "mirror-3": Holdings(faults=(Fault("refuse"),)),
        "elsewhere": Holdings(),
    },
    mirrors=("https://one.mirror.test", "http://[bad", "https://one.mirror.test/"),
    steps=(
        Pull(Reference("library/app", "1.0", digest="v1", host="docker.io"), platform="linux/arm64"),
        Publish("library/app", "1.0", "v2"),
        Warm("mirror-1", "library/app", "1.0"),
        Evict("mirror-1", "library/app", "1.0", ("layer:0",)),
        Evict("mirror-1", "team/app"),
        Break("mirror-1", Fault("slow", seconds=5, at="blob", times=1)),
        Heal("mirror-1"),
        Configure(("https://a.test",)),
        Configure(None),
        Restart(("https://a.test", "https://b.test"), "flag"),
        Restart(()),
        ShowInfo(),
        Remove(Reference("library/app", short=True)),
        Pull(Reference("library/app")),
    ),
)

EVERY_OUTCOME: tuple[Outcome, ...] = (
    Outcome(0, "ok", 0.03, 0, 0, image=HELD),
    *(Outcome(step, "ok", 0.1, 0, 0) for step in range(1, 11)),
    Outcome(11, "ok", 0.1, 0, 0, shown=("https://a.test/",), text=("  https://a.test/",)),
    Outcome(12, "deadline", 60, 0, 0, leftovers=("v1",)),
)


def everything() -> History:
    empty = replace(V1, root=hexed("9"), objects=())
    return replace(PARTIAL_HISTORY, outcomes=EVERY_OUTCOME, contents={"v1": V1, "v2": empty})


def test_a_scenario_in_words() -> None:
    text = shown(describe(EVERYTHING, everything(), judged=(2,)))
    wanted = """
  images     v1 (docker, 1 layer of 512 B); v2 (oci, 2 layers of 9.51 kB, for linux/amd64 and
             linux/arm64)
  hub        holds app:1.0 = image v2 and app (by digest only) = image v1
  mirror-1   https://one.mirror.test holds app:1.0 = image v1 without config and layer:0; answers
             500 to HEAD manifest requests, 2 times after the first one; never answers layer
             requests
  ?          http://[bad is no server of the lab
  mirror-1   https://one.mirror.test/ is as above
  mirror-3   (not configured) refuses connections
  elsewhere  holds nothing
    1. docker pull --platform linux/arm64 docker.io/library/app:1.0@sha256:ab12cdab12cd… -> ok,
       image sha256:c0ff1ec0ff1e… (v1), 0.03 s
    2. hub publishes app:1.0 = image v2
>>  3. mirror-1 takes Hub's copy of app:1.0
    4. mirror-1 evicts layer:0 of app:1.0
    5. mirror-1 evicts everything of team/app
    6. mirror-1 breaks: spreads its answers to blob requests over 5.00 s, once
    7. mirror-1 is healed
    8. reload daemon.json with "registry-mirrors": ["https://a.test"]
    9. reload daemon.json without "registry-mirrors"
   10. restart as: dockerd --registry-mirror=https://a.test --registry-mirror=https://b.test
   11. restart dockerd with "registry-mirrors": []
   12. docker system info -> prints https://a.test/
   13. docker image rm app -> did not end in 60.0 s, left behind: v1
   14. docker pull library/app -> not reached
"""
    assert text == wanted


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("dns"), "its name does not resolve"),
        (Fault("untrusted"), "its certificate is of an authority that nobody trusts"),
        (Fault("reset", at="blob", after=100), "resets the connection on blob requests after 100 B"),
        (Fault("reset"), "resets the connection on every request before any answer"),
        (Fault("truncate", at="layer", after=9), "cuts its answers to layer requests off after 9 B"),
        (Fault("corrupt", at="layer", skip=3), "corrupts its answers to layer requests, after the first 3"),
        (Fault("wrong-digest", at="config"), "answers config requests with content of another digest"),
        (Fault("wrong-type", at="manifest-by-tag"), "answers manifest requests by tag with a wrong media type"),
        (Fault("redirect", at="ping", location="/x"), "redirects the ping to /x (307)"),
        (Fault("status", at="token", status=503, times=1), "answers 503 to token requests, once"),
        (Fault("hang", at="upload", method="PATCH"), "never answers PATCH upload requests"),
        (
            Fault("hang", at="layer", repository="a/*", client="::1"),
            "never answers layer requests about a/* of client ::1",
        ),
        (Fault("hang", probability=0.5, times=1), "never answers every request, with probability 0.5, once"),
        (Fault("tls-alert"), "answers TLS handshakes with alert 40"),
    ],
)
def test_faults_in_words(fault: Fault, words: str) -> None:
    scenario = Scenario(servers={"hub": Holdings(faults=(fault,))})
    assert describe(scenario, PARTIAL_HISTORY)[0] == f"  hub      {words}"


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_every_kind_of_fault_has_words(kind: FaultKind) -> None:
    scenario = Scenario(servers={"hub": Holdings(faults=(Fault(kind),))})
    assert describe(scenario, PARTIAL_HISTORY)[0].startswith("  hub      ")


@pytest.mark.parametrize("place", get_args(FaultPlace))
def test_every_place_of_a_fault_has_words(place: FaultPlace) -> None:
    scenario = Scenario(servers={"hub": Holdings(faults=(Fault("hang", at=place),))})
    assert describe(scenario, PARTIAL_HISTORY)[0].startswith("  hub      never answers ")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(0, "ok", 0.5, 0, 0), "ok, but no image, 0.50 s"),
        (Outcome(0, "ok", 0.5, 0, 0, image=HELD), "ok, image sha256:c0ff1ec0ff1e…, 0.50 s"),
        (
            Outcome(0, "ok", 12, 0, 0, image=LocalImage(hexed("f"), (), (), bytes_verified=False)),
            "ok, image sha256:ffffffffffff… (of no image of the scenario), LAYERS DO NOT MATCH THEIR DIGESTS, 12.0 s",
        ),
        (Outcome(0, "failed", 0.5, 0, 0), "failed: no error text (0.50 s)"),
        (Outcome(0, "failed", 0.5, 0, 0, "gone", leftovers=("v1",)), "failed: gone (0.50 s), left behind: v1"),
    ],
)
def test_outcomes_in_words(outcome: Outcome, words: str) -> None:
    history = replace(PARTIAL_HISTORY, outcomes=(outcome,))
    assert describe(PARTIAL, history, width=200)[-1] == f"   1. docker pull app:1.0 -> {words}"


def test_info_that_is_printed_shown_or_neither() -> None:
    scenario = Scenario(steps=(ShowInfo(),))
    for outcome, words in (
        (Outcome(0, "ok", 0, 0, 0, shown=("https://a.test/",)), "prints no mirror; /info has https://a.test/"),
        (Outcome(0, "ok", 0, 0, 0), "shows no mirror"),
    ):
        lines = describe(scenario, replace(PARTIAL_HISTORY, outcomes=(outcome,)))
        assert lines[-1] == f"   1. docker system info -> {words}"


def test_lanes_follow_the_mirrors_in_force() -> None:
    scenario = replace(
        PARTIAL,
        steps=(
            Configure(("https://two.mirror.test", "https://one.mirror.test")),
            Restart(("https://nowhere.test",)),
            *PARTIAL.steps,
        ),
    )
    outcomes = (Outcome(0, "ok", 0, 1, 1), Outcome(1, "failed", 0, 1, 1), Outcome(2, "ok", 0.1, 1, 6, image=HELD))
    history = replace(PARTIAL_HISTORY, outcomes=outcomes)
    verdict = Verdict("FALLBACK-3", "fail", 2, reason="x")
    lines = explain(replace(PARTIAL_EXAMPLE, scenario=scenario, history=history, verdict=verdict), FALLBACK_3)
    heading = next(line for line in lines if line.split()[:1] == ["ms"])
    assert heading.split()[2:] == ["mirror-2", "mirror-1", "hub"]


def test_many_offending_exchanges_are_not_all_spelled_out() -> None:
    exchanges = tuple(exchange(seq, 0, "hub", "GET", "ping") for seq in range(1, 13))
    history = replace(PARTIAL_HISTORY, exchanges=exchanges, outcomes=(Outcome(0, "ok", 0.1, 1, 13, image=HELD),))
    verdict = Verdict("FALLBACK-3", "fail", variant="ping", reason="x", exchanges=tuple(range(1, 13)))
    lines = explain(replace(PARTIAL_EXAMPLE, history=history, verdict=verdict), FALLBACK_3)
    assert "  found    ping: x" in lines
    assert "     and 4 more" in lines
    assert sum(line.startswith("  >> ") and "|--GET" in line for line in lines) == 12


@pytest.mark.parametrize(
    ("opinion", "sentence"),
    [
        (Opinion("keeps", "all is well."), "the model daemon keeps it: the daemon is at fault"),
        (
            Opinion("breaks", "Hub was never asked"),
            "the model breaks it as well (Hub was never asked): suspect the rule or the simulator",
        ),
        (Opinion("silent", ""), "the rule does not apply to what the model did here: the model tells nothing"),
        (Opinion("error", "no such blob"), "the model could not be tried (no such blob): suspect the simulator"),
    ],
)
def test_an_explanation_tells_what_a_model_makes_of_it(opinion: Opinion, sentence: str) -> None:
    assert f"  model    {sentence}" in explain(replace(PARTIAL_EXAMPLE, model=opinion), FALLBACK_3)


def test_an_explanation_of_a_models_history_names_no_dockerd() -> None:
    history = replace(PARTIAL_HISTORY, daemon="model:classic", version="model")
    lines = explain(replace(PARTIAL_EXAMPLE, history=history), FALLBACK_3)
    assert "  subject  model:classic (no daemon, but a model of one, classic store)" in lines


def test_a_rule_that_is_broken_twice_is_named_once() -> None:
    again = replace(PARTIAL_EXAMPLE, verdict=replace(PARTIAL_EXAMPLE.verdict, reason="mirror-2 has no config."))
    lines = explain_together([(PARTIAL_EXAMPLE, FALLBACK_3), (again, FALLBACK_3)], 200)
    assert [line.partition(":")[0].split()[0] for line in lines[:6]] == [
        "FALLBACK-3",
        "source",
        "found",
        "whose",
        "found",
        "whose",
    ]
