"""Which broken daemon or history turns which rule red, on which scenario, and for which reason."""

from dataclasses import dataclass, replace

from fixtures.model import Switch
from fixtures.model.local import ImageStore
from fixtures.scenario import Configure, Restart, Scenario, ShowInfo
from simulator.arrangement import Fault
from suites.strategies import NOT_A_REGISTRY
from tests.mutants import trials
from tests.mutants.trials import FIRST, PULL, SECOND, THIRD, Break, beside_a_good_hub, story

BOTH: tuple[ImageStore, ...] = ("classic", "containerd")


@dataclass(frozen=True)
class Kill:
    """A rule that turns red, and why.

    ``reason`` is a pattern of what the rule says; ``servers`` are those of the exchanges that it points at;
    ``also`` are the rules that cannot but turn red with it.
    """

    rule: str
    by: Switch | Break
    scenario: Scenario
    reason: str
    servers: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    stores: tuple[ImageStore, ...] = BOTH

    def __str__(self) -> str:
        return f"{self.rule} by {self.by.name if isinstance(self.by, Switch) else self.by.__qualname__}"


def kill(
    rule: str, by: Switch | Break, scenario: Scenario, reason: str, *servers: str, also: tuple[str, ...] = ()
) -> Kill:
    return Kill(rule, by, scenario, reason, frozenset(servers), frozenset(also))


UNUSABLE: dict[str, Fault] = {
    **{kind: Fault(kind) for kind in ("refuse", "dns", "untrusted", "reset", "hang")},
    **{str(status): Fault("status", status=status) for status in (401, 403, 404, 429, 500, 502, 503)},
    "not-a-registry": NOT_A_REGISTRY,
    "redirect": Fault("redirect", location="https://nowhere.test/"),
    "wrong-digest": Fault("wrong-digest", "manifest"),
    "wrong-type": Fault("wrong-type", "manifest"),
}
"""A mirror that is unusable in each of the catalogue's ways."""

UNHEARD = frozenset({"refuse", "dns", "untrusted"})

_unusable = tuple(
    kill(
        f"FALLBACK-2/{kind}",
        Switch(f"gives up on {kind}"),
        beside_a_good_hub(fault),
        rf"^mirror-1 \({kind}\).*library/app:1.0.* failed: .* app-",
        *(() if kind in UNHEARD else ("mirror-1",)),
    )
    for kind, fault in UNUSABLE.items()
)

KILLS: tuple[Kill, ...] = (
    kill(
        "ORDER-1", Switch.REVERSES_ORDER, trials.MISSED_BY_TWO, "mirror-2 was asked before mirror-1, which", "mirror-2"
    ),
    kill("ORDER-1", Switch.SKIPS_FIRST_MIRROR, trials.MISSED_BY_TWO, "mirror-2 was asked before mirror-1", "mirror-2"),
    kill("ORDER-1", Switch.ASKS_HUB_FIRST, trials.MISSED_BY_TWO, "hub was asked before mirror-1", "hub"),
    kill(
        "ORDER-1",
        Switch.UPGRADES_PLAIN_HTTP,
        trials.MISSED_IN_PLAIN_HTTP,
        "mirror-1 is configured in plain HTTP and was asked in HTTPS",
        "mirror-1",
    ),
    replace(
        kill(
            "ORDER-1",
            trials.blob_asked_of_hub_first,
            trials.MISSED_BY_TWO,
            "for layer:1, hub was asked before mirror-",
            "hub",
            "mirror-1",
        ),
        stores=("containerd",),
    ),
    kill(
        "ORDER-2",
        Switch.ASKS_NEXT_MIRROR_ON_HIT,
        trials.HELD_BY_FIRST,
        "mirror-1 has a usable copy of library/app:1.0, yet mirror-2 was asked too",
        "mirror-2",
    ),
    kill(
        "ORDER-2",
        trials.failed,
        trials.HELD_BY_FIRST,
        "yet the pull did not bring it: out of cheese",
        "mirror-1",
    ),
    kill(
        "ORDER-2",
        trials.spoiled,
        trials.HELD_BY_FIRST,
        "yet the pull did not bring it: another image was taken",
        "mirror-1",
    ),
    kill(
        "ORDER-3",
        Switch.KEEPS_OLD_MIRRORS,
        trials.TAKEN_OUT,
        "mirror-1 is no longer configured, yet was asked",
        "mirror-1",
    ),
    kill(
        "ORDER-3",
        Switch.KEEPS_MIRRORS_OVER_RESTART,
        trials.TAKEN_OUT_BY_RESTART,
        "mirror-1 is no longer configured, yet was asked",
        "mirror-1",
    ),
    kill(
        "ORDER-3",
        Switch.IGNORES_NEW_ORDER,
        trials.REORDERED,
        "mirror-1 was asked before mirror-2",
        "mirror-1",
        also=("ORDER-1", "CONFIG-6"),
    ),
    kill(
        "FALLBACK-1",
        Switch.NEVER_ASKS_HUB,
        trials.MISSED_BY_TWO,
        "no mirror has library/app:1.0, Hub does, and the pull failed: manifest for app-",
        "mirror-1",
        "mirror-2",
    ),
    kill(
        "FALLBACK-1",
        Switch.LOSES_A_LAYER_OF_HUBS,
        trials.MISSED_BY_TWO,
        "did not bring Hub's image, bit for bit",
        "hub",
    ),
    *_unusable,
    kill(
        "FALLBACK-2/several",
        Switch.GIVES_UP_ON_SEVERAL,
        trials.TWO_UNUSABLE,
        r"^mirror-1 \(500\) and mirror-2 \(403\).* failed: failed to pull app-",
        "mirror-1",
        "mirror-2",
    ),
    kill(
        "FALLBACK-2/hang",
        Switch.WAITS_FOR_EVER,
        beside_a_good_hub(Fault("hang")),
        "failed: did not end within 60 s",
        "mirror-1",
    ),
    kill(
        "FALLBACK-2/503",
        Switch.LOSES_A_LAYER_OF_HUBS,
        beside_a_good_hub(Fault("status", status=503)),
        "and the pull brought another image",
        "mirror-1",
    ),
    *(
        kill("FALLBACK-3", by, trials.A_PART_AT_MIRROR, f"mirror-1 lacks layer:1, .* {how}", "mirror-1", "hub")
        for by, how in (
            (trials.failed, "failed: out of cheese"),
            (trials.vanished, "is said to have succeeded, and there is no image"),
            (trials.unreadable, "left something that is no image: no such layer"),
            (trials.spoiled, "brought another image"),
        )
    ),
    *(
        replace(
            kill("FALLBACK-3", by, trials.A_PART_AT_MIRROR, f"mirror-1 lacks layer:1, .* {how}", "mirror-1"),
            stores=("classic",),
        )
        for by, how in (
            (Switch.GIVES_UP_ON_404, "failed: manifest for app-"),
            (Switch.TAKES_PARTIAL_COPY, "brought another image"),
        )
    ),
    kill(
        "FALLBACK-4",
        Switch.ACCEPTS_BAD_CONTENT,
        trials.ONLY_A_BAD_COPY,
        "after bad content from mirror-1, the daemon holds library/app:1.0 with bytes that nobody published",
        "mirror-1",
    ),
    *(
        kill(
            "FALLBACK-4",
            Switch.ACCEPTS_BAD_CONTENT,
            story(mirrors=(FIRST,), faults={"mirror-1": (fault,)}, mirror_1="v1", hub="v1"),
            "with bytes that nobody published",
            "mirror-1",
            also=("FALLBACK-5",),
        )
        for fault in (
            Fault("corrupt", "layer", "GET"),
            Fault("truncate", "layer", "GET", after=20),
            Fault("corrupt", "config", "GET"),
        )
    ),
    kill(
        "FALLBACK-4",
        Switch.CALLS_BAD_CONTENT_SUCCESS,
        trials.ONLY_A_BAD_COPY,
        "is said to have succeeded, and there is no image",
        "mirror-1",
    ),
    *(
        kill(
            "FALLBACK-5",
            Switch.GIVES_UP_AFTER_BAD_CONTENT,
            beside_a_good_hub(fault),
            "after bad content from mirror-1, a later endpoint has library/app:1.0, .* failed: failed to pull app-",
            "mirror-1",
        )
        for fault in (
            Fault("corrupt", "manifest", "GET"),
            Fault("corrupt", "config", "GET"),
            Fault("corrupt", "layer", "GET"),
            Fault("truncate", "manifest", "GET", after=20),
            Fault("truncate", "config", "GET", after=20),
            Fault("truncate", "layer", "GET", after=20),
        )
    ),
    kill(
        "FALLBACK-6",
        Switch.CALLS_NOWHERE_SUCCESS,
        trials.NOWHERE,
        "nobody has all of library/app:1.0, and the pull is said to have succeeded",
        "mirror-1",
        "hub",
    ),
    kill(
        "FALLBACK-6",
        Switch.WAITS_FOR_EVER,
        trials.NOWHERE,
        "nobody has all of library/app:1.0, and the pull did not end within 60 s",
        "mirror-1",
        "hub",
    ),
    kill(
        "FALLBACK-6",
        Switch.ERROR_NAMES_NOTHING,
        trials.NOWHERE,
        "the pull failed without naming the image: 'the pull failed'",
        "mirror-1",
        "hub",
    ),
    kill("FALLBACK-6", Switch.LEAVES_AN_IMAGE_BEHIND, trials.NOWHERE, "left v1, v2 behind", "mirror-1", "hub"),
    kill(
        "HIT-1",
        Switch.ASKS_HUB_ON_HIT,
        trials.HELD_BY_THE_ONLY,
        "mirror-1 has all of library/app:1.0, yet Hub was asked for ping",
        "hub",
        also=("ORDER-2",),
    ),
    kill(
        "DIRECT-1",
        Switch.DIRECT_FALLS_BACK_TO_HUB,
        trials.DIRECT_MISS,
        "mirror-1 alone was to be asked, yet hub was asked too",
        "hub",
    ),
    kill(
        "DIRECT-1",
        Switch.CALLS_NOWHERE_SUCCESS,
        trials.DIRECT_MISS,
        "mirror-1 does not hold library/app:1.0, and the direct pull did not fail .ok.",
        "mirror-1",
    ),
    kill(
        "DIRECT-1",
        Switch.ERROR_NAMES_NOTHING,
        trials.DIRECT_MISS,
        "the direct pull failed, and not as not-found: 'the pull failed'",
        "mirror-1",
    ),
    kill(
        "DIRECT-2",
        Switch.DIRECT_ASKS_MIRRORS,
        trials.DIRECT_HIT,
        "mirror-1 holds library/app:1.0, yet mirror-2 was asked",
        "mirror-2",
    ),
    kill(
        "DIRECT-2",
        Switch.DIRECT_FAILS,
        trials.DIRECT_HIT,
        "mirror-1 holds library/app:1.0, .* did not bring it: failed to pull mirror.gcr.io/library/app-",
    ),
    kill(
        "SCOPE-1",
        Switch.OTHERS_ASK_MIRRORS,
        trials.ELSEWHERE,
        "library/app:1.0 is not a Docker Hub image, yet mirror-1 was asked",
        "mirror-1",
    ),
    kill(
        "SCOPE-3",
        Switch.ASKS_A_MIRROR_OF_ITS_OWN,
        trials.NO_MIRROR,
        "no mirror is configured, yet mirror-1 was asked",
        "mirror-1",
    ),
    kill("DIGEST-1", Switch.DIGEST_TAKES_TAG, trials.BY_DIGEST_AND_TAG, "the pull by digest of v1 brought v2", "hub"),
    kill(
        "STALE-1",
        Switch.PREFERS_HUBS_COPY,
        trials.OLDER_AT_MIRROR,
        "mirror-1 has an older copy of library/app:1.0, yet v2 was taken",
        "mirror-1",
        "hub",
        also=("ORDER-2", "HIT-1"),
    ),
    kill(
        "CONFIG-1",
        Switch.IGNORES_FILE,
        story(Restart((FIRST,), "file")),
        "registry-mirrors in daemon.json: /info shows no mirror, and configured is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-1",
        Switch.DOES_NOT_START,
        story(Restart((FIRST,), "file")),
        "registry-mirrors in daemon.json: the daemon did not start: the daemon ended",
    ),
    kill(
        "CONFIG-1",
        Switch.SHOWS_FILE_ONLY,
        story(Restart((FIRST,), "file"), PULL, hub="v1"),
        "registry-mirrors in daemon.json: the next cold pull did not ask mirror-1",
        also=("ORDER-1", "ORDER-3", "CONFIG-6"),
    ),
    kill(
        "CONFIG-2",
        Switch.IGNORES_FLAG,
        story(Restart((FIRST, SECOND), "flag")),
        "--registry-mirror: /info shows no mirror, and configured is https://mirror.gcr.io/, https://mirror-2.test/",
    ),
    kill(
        "CONFIG-2",
        Switch.TAKES_LAST_FLAG,
        story(Restart((FIRST, SECOND), "flag")),
        "--registry-mirror: /info shows https://mirror-2.test/, and configured is https://mirror.gcr.io/, https",
    ),
    kill(
        "CONFIG-2",
        Switch.DOES_NOT_START,
        story(Restart((FIRST,), "flag")),
        "--registry-mirror: the daemon did not start: the daemon ended",
    ),
    kill(
        "CONFIG-5",
        Switch.SHOWS_NOTHING,
        story(ShowInfo(), mirrors=(FIRST,)),
        "/info shows no mirror, and configured is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-5",
        Switch.SHOWS_REVERSED,
        story(ShowInfo(), mirrors=(FIRST, SECOND, THIRD)),
        "/info shows https://mirror-3.test/, https://mirror-2.test/, https://mirror.gcr.io/, and configured is",
    ),
    kill(
        "CONFIG-5",
        Switch.PRINTS_REVERSED,
        story(ShowInfo(), mirrors=(FIRST, SECOND)),
        "docker system info prints https://mirror-2.test/, https://mirror.gcr.io/, and configured is",
    ),
    kill(
        "CONFIG-5",
        Switch.PRINTS_AN_EMPTY_SECTION,
        story(ShowInfo()),
        "no mirror is configured, and docker system info prints a section for them",
    ),
    kill(
        "CONFIG-6",
        Switch.SHOWS_REVERSED,
        story(Configure((FIRST, SECOND)), PULL, hub="v1"),
        "/info shows mirror-2.test, mirror.gcr.io, and a cold pull asked .'mirror-1', 'mirror-2'.",
        "mirror-1",
        "mirror-2",
        "hub",
    ),
)
