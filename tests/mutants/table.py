"""Which broken daemon or history turns which rule red, on which scenario, and for which reason."""

import json
from dataclasses import dataclass, replace
from typing import Literal

from fixtures.model import Switch
from fixtures.model.local import ImageStore
from fixtures.scenario import Configure, Reload, Restart, RestartService, Scenario, ShowInfo, Start, Validate
from simulator.arrangement import Fault, FaultPlace
from suites.configuration.writing import machine_files
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
    **{kind: Fault(kind) for kind in ("half-handshake", "tls-alert", "close", "garbage", "endless-headers")},
    "reset-midway": Fault("reset", "manifest", "GET", after=10),
    "slow": Fault("slow", seconds=9.0),
    "slow-headers": Fault("slow-headers", seconds=9.0),
    **{kind: Fault(kind, "manifest", "GET") for kind in ("endless-body", "two-lengths")},
    "length-too-great": Fault("wrong-length", "manifest", "GET", by=10),
    "length-too-small": Fault("wrong-length", "manifest", "GET", by=-10),
    "wrong-digest": Fault("wrong-digest", "manifest"),
    "wrong-type": Fault("wrong-type", "manifest"),
}
"""A mirror that is unusable in each of the catalogue's ways."""

OUTAGES: dict[str, Fault] = {
    **{kind: Fault(kind) for kind in ("refuse", "dns", "hang", "reset")},
    "5xx": Fault("status", status=503),
}
"""A Docker Hub that is down in each of the catalogue's ways."""

FAILURES_OF_HUB: dict[str, Fault] = {
    **{kind: Fault(kind) for kind in ("refuse", "dns", "untrusted", "reset")},
    **{str(status): Fault("status", status=status) for status in (403, 429, 500, 502, 503)},
}
"""A Docker Hub that fails in ways that an error can name."""

PLACES_TO_SIGN_IN: dict[ImageStore, FaultPlace] = {"classic": "ping", "containerd": "manifest"}
"""Where each image store heeds a challenge."""

WRONG_MIRRORS = {
    "mirror.gcr.io": "scheme",
    "https://mirror.gcr.io/v2": "path",
    "https://mirror.gcr.io?ns=docker.io": "query",
    "https://mirror.gcr.io#hub": "fragment",
    "https://ada@mirror.gcr.io": "user info",
    "https://": "no host",
    " https://mirror.gcr.io": "a space",
    "https://[::1": "no URL",
    "": "empty",
    1: "not a string",
}
"""What is no mirror, and what the catalogue calls it."""


def mirrors_in_a_file(*mirrors: object) -> str:
    """A daemon.json."""
    return json.dumps({"registry-mirrors": mirrors})


BUILDERS: tuple[Literal["classic", "buildkit"], ...] = ("classic", "buildkit")

UNHEARD = frozenset({"refuse", "dns", "untrusted", "half-handshake", "tls-alert"})

_unusable = tuple(
    kill(
        f"FALLBACK-2/{kind}",
        Switch(f"gives up on {kind}"),
        beside_a_good_hub(fault),
        rf"^mirror-1 \({kind}\).*library/app:1.0.* failed: .* app-",
        *(() if kind in UNHEARD else ("mirror-1",)),
        also=("TLS-2",) if kind == "untrusted" else (),
    )
    for kind, fault in UNUSABLE.items()
)

OPTIONS = f'DOCKER_OPTS="--registry-mirror={FIRST}"\n'
OVERRIDE = f"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --registry-mirror={SECOND}\n"

KILLS: tuple[Kill, ...] = (
    kill(
        "ORDER-1", Switch.REVERSES_ORDER, trials.MISSED_BY_TWO, "mirror-2 was asked before mirror-1, which", "mirror-2"
    ),
    kill("ORDER-1", Switch.SKIPS_FIRST_MIRROR, trials.MISSED_BY_TWO, "mirror-2 was asked before mirror-1", "mirror-2"),
    kill(
        "ORDER-1",
        Switch.ASKS_HUB_FIRST,
        trials.MISSED_BY_TWO,
        "hub was asked before mirror-1",
        "hub",
        also=("SCOPE-4",),
    ),
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
    *(
        kill(
            "FALLBACK-8",
            by,
            trials.missed_and_hub_fails(fault),
            rf"no mirror has library/app:1.0, Docker Hub fails \({failure}\), and the error is '{said}",
            *(("mirror-1",) if failure in UNHEARD else ("mirror-1", "hub")),
        )
        for failure, fault in FAILURES_OF_HUB.items()
        for by, said in (
            (Switch.HIDES_HUBS_FAILURE, "manifest for app-.* not found"),
            (Switch.ERROR_NAMES_NOTHING, "the pull failed'"),
        )
    ),
    kill(
        "FALLBACK-8",
        Switch.HIDES_HUBS_FAILURE,
        trials.MISSED_OVER_THE_LIMIT,
        r"Docker Hub fails \(limit used up\), and the error is 'manifest for app-.* not found",
        "mirror-1",
        "hub",
    ),
    kill(
        "HIT-1",
        Switch.ASKS_HUB_ON_HIT,
        trials.HELD_BY_THE_ONLY,
        "mirror-1 has all of library/app:1.0, yet Hub was asked for ping",
        "hub",
        also=("ORDER-2",),
    ),
    *(
        kill(
            f"OUTAGE-1/{how}",
            Switch.NEEDS_HUB,
            trials.hub_down(fault),
            rf"Hub is down \({how}\), mirror-1 has all of library/app:1.0, and the pull failed: failed to pull app-",
            *(("mirror-1",) if fault.kind in UNHEARD else ("mirror-1", "hub")),
            also=("ORDER-2", *(() if fault.kind in UNHEARD else ("HIT-1",))),
        )
        for how, fault in OUTAGES.items()
    ),
    kill(
        "SYNC-1",
        Switch.KEEPS_A_TAG_IT_HAS,
        trials.SYNCED,
        "mirror-1 has synced library/app:1.0 with Hub, which is v2, and the pull brought another image",
        "mirror-1",
        also=("ORDER-2",),
    ),
    kill(
        "EVICT-1",
        Switch.KEEPS_TO_A_MIRROR,
        trials.EVICTED_BETWEEN,
        "mirror-1 evicted between pulls, Hub has library/app:1.0, and the pull failed: manifest for app-",
        "mirror-1",
        also=("FALLBACK-1",),
    ),
    kill(
        "EVICT-1",
        Switch.NEVER_ASKS_HUB,
        trials.EVICTED_BEFORE,
        "mirror-1 evicted before a pull, Hub has library/app:1.0, and the pull failed: manifest for app-",
        "mirror-1",
        also=("FALLBACK-1",),
    ),
    kill(
        "EVICT-1",
        Switch.FORGETS_OTHERS_DURING_A_PULL,
        trials.EVICTED_DURING,
        "mirror-1 evicted during a pull, Hub has library/app:1.0, and the pull failed: manifest for app-",
        "mirror-1",
        also=("FALLBACK-2/404",),
    ),
    kill(
        "EVICT-1",
        Switch.SHARES_MISSES,
        trials.EVICTED_OF_TWO,
        "Hub has library/app:2.0, and the pull failed: .*unknown blob, as a mirror answered to another pull",
        "mirror-1",
    ),
    kill(
        "RATE-1",
        Switch.PAYS_ON_HIT,
        trials.METERED_HIT,
        "mirror-1 has all of library/app:1.0, and the pull cost 1 of Hub's limit, not 0",
        "hub",
        also=("ORDER-2", "HIT-1"),
    ),
    kill(
        "RATE-1",
        Switch.PAYS_TWICE,
        trials.METERED_MISS,
        "no mirror has library/app:1.0, and the pull cost 2 of Hub's limit, not 1",
        "hub",
    ),
    kill(
        "RATE-2",
        Switch.CHECKS_LIMIT_FIRST,
        trials.OVER_THE_LIMIT,
        "Hub's limit is used up, mirror-1 has all of library/app:1.0, and the pull failed: failed to pull app-",
        "hub",
        also=("ORDER-1", "ORDER-2", "HIT-1", "SCOPE-4"),
    ),
    kill(
        "RATE-3",
        Switch.HAMMERS,
        trials.LIMITING,
        "mirror-1 answered 429, and was asked the same 6 times within 1 s",
        "mirror-1",
    ),
    replace(
        kill(
            "FALLBACK-7",
            Switch.FETCHES_LAYERS_AGAIN,
            trials.EVICTED_DURING,
            r"1 layer\(s\) of library/app:1.0 were fetched again, \d+ bytes",
            "hub",
        ),
        stores=("classic",),
    ),
    *(
        kill(
            "CRED-1",
            Switch.SHOWS_PASSWORDS_TO_MIRRORS,
            trials.asked_for_credentials(challenge),
            f"{server} was sent {what}",
            server,
        )
        for challenge, server, what in (
            ('Basic realm="mirror"', "mirror-1", "what ada logs in with"),
            ('Bearer realm="https://mirror.gcr.io/token",service="mirror"', "mirror-1", "what ada logs in with"),
            ('Bearer realm="https://registry.elsewhere.test/token"', "elsewhere", "what ada logs in with"),
            (
                'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
                "mirror-1",
                "a token of ada's",
            ),
        )
    ),
    kill(
        "CRED-2",
        Switch.TELLS_HUB_OF_MIRRORS,
        trials.MEMBER_AT_HUB,
        "hub was sent what was meant for mirror-1",
        "hub",
    ),
    *(
        replace(
            kill(
                "CRED-2",
                Switch.SIGNS_IN_NOWHERE,
                trials.member(place),
                "mirror-1 asked for the credentials that were given for it, and got none",
                "mirror-1",
            ),
            stores=(store,),
        )
        for store, place in PLACES_TO_SIGN_IN.items()
    ),
    kill("TLS-1", Switch.HUB_IN_PLAIN_HTTP, trials.MISSED_IN_PLAIN_HTTP, "Hub was asked in plain HTTP", "hub"),
    kill(
        "TLS-1",
        Switch.TRUSTS_ANY_HUB,
        trials.UNTRUSTED_HUB,
        "Hub has a certificate that nobody trusts, and was asked all the same",
        "hub",
    ),
    kill(
        "TLS-2",
        Switch.TRUSTS_ANY_MIRROR,
        trials.UNTRUSTED_MIRROR,
        "mirror-1 has a certificate that nobody trusts, and was asked all the same",
        "mirror-1",
    ),
    kill(
        "TLS-2",
        Switch.GIVES_UP_ON_UNTRUSTED,
        trials.UNTRUSTED_MIRROR,
        "mirror-1 has a certificate that nobody trusts, a later endpoint has library/app:1.0, and the pull failed: ",
        also=("FALLBACK-2/untrusted",),
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
    *(
        kill("SCOPE-2", by, scenario, f"a {what} is Docker Hub's affair, yet mirror-1 was asked", "mirror-1")
        for by, scenario, what in (
            (Switch.PUSHES_PAST_A_MIRROR, trials.PUSHED, "push"),
            (Switch.LOGS_IN_AT_A_MIRROR, trials.LOGGED_IN, "login"),
            (Switch.SEARCHES_AT_A_MIRROR, trials.SEARCHED, "search"),
        )
    ),
    *(
        kill(
            "SCOPE-4",
            by,
            scenario,
            "library/app was pulled past mirror-1, which is configured and can be reached",
            "hub",
            also=("ORDER-1", "ORDER-2", "HIT-1") if by is not Switch.ALL_TAGS_SKIP_MIRRORS else (),
        )
        for by, scenario in (
            (Switch.FULL_NAMES_SKIP_MIRRORS, trials.spelled(host="docker.io")),
            (Switch.DIGESTS_SKIP_MIRRORS, trials.spelled(digest="v1")),
            (Switch.PLATFORMS_SKIP_MIRRORS, trials.spelled("linux/amd64")),
            (Switch.ALL_TAGS_SKIP_MIRRORS, trials.ALL_TAGS),
        )
    ),
    kill(
        "SCOPE-4",
        Switch.SHORT_NAMES_STAY_SHORT,
        trials.spelled(short=True),
        "mirror-1 was asked for app, where library/app is meant",
        "mirror-1",
        also=("ORDER-2", "HIT-1"),
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
    *(
        kill(f"BUILD-1/{builder}", by, trials.built(builder), reason, *servers)
        for builder in BUILDERS
        for by, reason, servers in (
            (
                Switch.BUILDS_PAST_MIRRORS,
                "a build fetched library/app:1.0 past mirror-1 and mirror-2",
                ("hub",),
            ),
            (
                Switch.BUILDS_IN_REVERSE,
                "mirror-2 was asked before mirror-1, which is configured first",
                ("mirror-2",),
            ),
            (
                Switch.BUILDS_ON_AFTER_HIT,
                "mirror-2 has a usable copy of library/app:1.0, yet a build asked hub too",
                ("hub",),
            ),
            (
                Switch.BUILDS_FOREIGN_IMAGES,
                "mirror-2 has a usable copy of library/app:1.0, and the build begins with another image",
                ("mirror-1", "mirror-2"),
            ),
            (
                Switch.GIVES_UP_ON_404,
                "mirror-2 has a usable copy of library/app:1.0, and the build failed: failed to solve app-",
                ("mirror-1",),
            ),
        )
    ),
    *(
        kill("BUILD-1/buildkit", by, trials.READ_BY_A_FRONTEND, reason, *servers)
        for by, reason, servers in (
            (
                Switch.BUILDS_PAST_MIRRORS,
                "a build fetched library/app:1.0 past mirror-1 and mirror-2",
                ("hub",),
            ),
            (
                Switch.BUILDS_IN_REVERSE,
                "mirror-2 was asked before mirror-1, which is configured first",
                ("mirror-2",),
            ),
            (
                Switch.BUILDS_ON_AFTER_HIT,
                "mirror-2 has a usable copy of library/app:1.0, yet a build asked hub too",
                ("hub",),
            ),
            (
                Switch.GIVES_UP_ON_404,
                "mirror-2 has a usable copy of library/app:1.0, and the build did not fetch all of it: failed to solve",
                ("mirror-1",),
            ),
        )
    ),
    kill(
        "BUILD-1/buildkit",
        Switch.BUILDS_FROM_OLD_MIRRORS,
        trials.BUILT_AFTER_A_RELOAD,
        "mirror-1 is not configured, yet a build asked it",
        "mirror-1",
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
        also=("ORDER-1", "ORDER-3", "SCOPE-4", "CONFIG-6"),
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
        "CONFIG-3",
        Switch.IGNORES_INIT_OPTIONS,
        story(RestartService("init-script", OPTIONS)),
        "DOCKER_OPTS: /info shows no mirror, and to be in force is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-3",
        Switch.KEEPS_OLD_OPTIONS,
        story(RestartService("init-script", OPTIONS)),
        "DOCKER_OPTS: /info shows no mirror, and to be in force is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-3",
        Switch.TAKES_FIRST_OPTIONS,
        story(RestartService("init-script", f"{OPTIONS}DOCKER_OPTS=--registry-mirror={SECOND}\n")),
        "DOCKER_OPTS: /info shows https://mirror.gcr.io/, and to be in force is https://mirror-2.test/",
    ),
    kill(
        "CONFIG-3",
        Switch.TAKES_QUOTES_FOR_OPTIONS,
        story(RestartService("init-script", OPTIONS, command="stop and start")),
        'DOCKER_OPTS: the daemon did not start: unknown flag: "--registry-mirror',
    ),
    kill(
        "CONFIG-3",
        Switch.STARTS_WITH_ANY_OPTIONS,
        story(RestartService("init-script", "DOCKER_OPTS=--registry-mirrors=https://mirror.gcr.io")),
        "DOCKER_OPTS: the daemon started, in spite of dockerd knows no --registry-mirrors",
    ),
    kill(
        "CONFIG-3",
        Switch.SHOWS_FILE_ONLY,
        story(RestartService("init-script", OPTIONS), PULL, hub="v1"),
        "DOCKER_OPTS: the next cold pull did not ask mirror-1",
        also=("ORDER-1", "ORDER-3", "SCOPE-4", "CONFIG-6"),
    ),
    kill(
        "CONFIG-3",
        Switch.DOES_NOT_START,
        story(RestartService("init-script", OPTIONS, command="restart of a stopped one")),
        "DOCKER_OPTS: the daemon did not start: the daemon ended",
    ),
    kill(
        "CONFIG-4",
        Switch.UNIT_IGNORES_OPTIONS,
        story(RestartService("systemd", OPTIONS)),
        "DOCKER_OPTS: /info shows no mirror, and to be in force is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-4",
        Switch.UNIT_IGNORES_DROP_INS,
        story(RestartService("systemd", OPTIONS, OVERRIDE)),
        "DOCKER_OPTS and a drop-in: /info shows https://mirror.gcr.io/, and to be in force is https://mirror-2.test/",
    ),
    kill(
        "CONFIG-4",
        Switch.UNIT_IGNORES_FILE,
        story(RestartService("docker-unit", settings={"registry-mirrors": [FIRST]})),
        "daemon.json: /info shows no mirror, and to be in force is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-4",
        Switch.EVERY_UNIT_READS_OPTIONS,
        story(RestartService("docker-unit", OPTIONS)),
        "DOCKER_OPTS: /info shows https://mirror.gcr.io/, and to be in force is no mirror",
    ),
    kill(
        "CONFIG-11",
        Switch.IGNORES_DESKTOP_MIRRORS,
        story(RestartService("desktop", settings={"experimental": False, "registry-mirrors": [FIRST]})),
        "Docker Desktop's settings: /info shows no mirror, and to be in force is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-12",
        Switch.IGNORES_PROFILE,
        story(RestartService("boot2docker", machine_files((FIRST,))[0])),
        "EXTRA_ARGS: /info shows no mirror, and to be in force is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-12",
        Switch.MACHINE_LOSES_LAST,
        story(RestartService("docker-machine", drop_in=machine_files((FIRST, SECOND))[1])),
        "a drop-in: /info shows https://mirror.gcr.io/, and to be in force is https://mirror.gcr.io/, https://mirror-2",
    ),
    kill(
        "CONFIG-6",
        Switch.SHOWS_REVERSED,
        story(Configure((FIRST, SECOND)), PULL, hub="v1"),
        "/info shows mirror-2.test, mirror.gcr.io, and a cold pull asked .'mirror-1', 'mirror-2'.",
        "mirror-1",
        "mirror-2",
        "hub",
        also=("CONFIG-7",),
    ),
    kill(
        "CONFIG-5",
        Switch.PRINTS_OTHER_JSON,
        story(ShowInfo(), mirrors=(FIRST, SECOND)),
        "docker system info prints https://mirror-2.test/, https://mirror.gcr.io/ as JSON, and configured is",
    ),
    kill(
        "CONFIG-1",
        Switch.IGNORES_FILE,
        story(Start(trials.ONE_IN_A_FILE)),
        "registry-mirrors in daemon.json: /info shows no mirror, and configured is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-2",
        Switch.IGNORES_FLAG,
        story(Start(flags=("--registry-mirror", FIRST))),
        "--registry-mirror: /info shows no mirror, and configured is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-7",
        Switch.IGNORES_RELOADS,
        story(Reload(trials.ONE_IN_A_FILE)),
        "after a reload, /info shows no mirror, and configured is https://mirror.gcr.io/",
    ),
    kill(
        "CONFIG-7",
        Switch.TAKES_UNKNOWN_KEYS,
        story(Reload('{"registry-mirror": []}')),
        r"a bad file \(a flag's name\) was reloaded, and nothing said of it",
    ),
    kill(
        "CONFIG-7",
        Switch.TAKES_BAD_RELOADS,
        trials.BADLY_RELOADED,
        r"a bad file \(scheme\) was refused in a reload, and has changed the mirrors from .*mirror.gcr.io.* to \(\)",
    ),
    kill(
        "CONFIG-7",
        Switch.TAKES_HALF_OF_BAD_RELOADS,
        trials.BADLY_RELOADED,
        r"a bad file \(scheme\) was refused in a reload, and has changed the labels from \(\) to \('a=b',\)",
    ),
    kill(
        "CONFIG-7",
        Switch.SAYS_NOTHING_OF_BAD_RELOADS,
        trials.BADLY_RELOADED,
        r"a bad file \(scheme\) was reloaded, and nothing said of it",
    ),
    kill(
        "CONFIG-7",
        trials.unsaid,
        trials.BADLY_RELOADED,
        r"a bad file \(scheme\) was refused in a reload, and nothing logged",
    ),
    kill(
        "CONFIG-7",
        trials.failed,
        story(Reload(trials.ONE_IN_A_FILE)),
        "a good file was not reloaded: out of cheese",
    ),
    *(
        kill("CONFIG-7/containers", by, trials.RUN_OVER_A_RELOAD, reason)
        for by, reason in (
            (Switch.STOPS_CONTAINERS, "a reload has ended the container: it is exited"),
            (Switch.REPLACES_CONTAINERS, "another container runs: its id was 0+1, and is 0+2"),
            (Switch.STARTS_CONTAINERS_ANEW, "another container runs: its start was start 1, and is start 2"),
            (Switch.FREEZES_CONTAINERS, "the container runs, and what it does does not go on"),
            (trials.started_over, "the container's program has begun anew: it had counted to 1"),
        )
    ),
    kill(
        "CONFIG-7/containers",
        Switch.STOPS_CONTAINERS_FOR_NOTHING,
        trials.RUN_OVER_A_BAD_RELOAD,
        "a reload has ended the container: it is exited",
    ),
    *(
        kill(
            "CONFIG-8",
            Switch.TAKES_WRONG_URLS,
            story(Start(mirrors_in_a_file(value))),
            rf"{kind} .*: dockerd starts with it",
        )
        for value, kind in WRONG_MIRRORS.items()
    ),
    kill(
        "CONFIG-8",
        Switch.NAMES_NO_URL,
        story(Start(flags=("--registry-mirror=mirror.gcr.io",))),
        r"scheme \(mirror.gcr.io\): refused in a sentence that does not name it: invalid mirror",
    ),
    kill(
        "CONFIG-9",
        Switch.TAKES_FLAG_AND_FILE,
        trials.BY_FLAG_AND_FILE,
        r"flag and file \(registry-mirrors\): dockerd starts with it",
    ),
    kill(
        "CONFIG-9",
        Switch.NAMES_NO_OPTION,
        trials.BY_FLAG_AND_FILE,
        r"flag and file \(registry-mirrors\): refused in a sentence that does not name it",
    ),
    kill(
        "CONFIG-10",
        Switch.CALLS_ALL_VALID,
        story(
            Validate('{"registry-mirrors": ["ftp://mirror.gcr.io"]}'),
            Start('{"registry-mirrors": ["ftp://mirror.gcr.io"]}'),
        ),
        "--validate finds good what dockerd does not start with .invalid mirror",
    ),
    kill(
        "CONFIG-10",
        Switch.CALLS_NOTHING_VALID,
        story(Validate(trials.ONE_IN_A_FILE), Start(trials.ONE_IN_A_FILE)),
        "--validate refuses what dockerd starts with",
    ),
    *(
        kill("CONFIG-13", by, story(start), reason)
        for start, kind in (
            (Start('{"registry-mirrors": ['), "broken JSON"),
            (Start("[]"), "no object"),
            (Start(place="directory"), "unreadable"),
            (Start(place="elsewhere"), "unreadable"),
        )
        for by, reason in (
            (Switch.STARTS_WITHOUT_ITS_FILE, rf"{kind} \(daemon.json\): dockerd starts with it"),
            (Switch.NAMES_NO_FILE, rf"{kind} \(daemon.json\): refused in a sentence that does not name it"),
        )
    ),
    kill(
        "CONFIG-14",
        Switch.TAKES_UNKNOWN_KEYS,
        story(Start('{"registry-mirror": ["https://mirror.gcr.io"]}')),
        r"a flag's name \(registry-mirror\): dockerd starts with it, and /info shows no mirror",
    ),
    kill(
        "CONFIG-14",
        trials.failed,
        story(Start('{"registry_mirrors": ["https://mirror.gcr.io"]}')),
        r"unknown key \(registry_mirrors\): refused in a sentence that does not name it: out of cheese",
    ),
)
