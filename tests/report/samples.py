"""Handmade histories and runs, small enough to be read."""

from dataclasses import replace

from fixtures.history import History, LocalImage, Outcome
from fixtures.scenario import Pull, Reference, Scenario
from report.results import Daemon, Example, Known, RuleResult, Run
from simulator.arrangement import Content, ContentObject, Copy, Holdings, ImageSpec, Stage
from simulator.journal import CredentialsKind, Exchange
from suites.verdict import Cause, Level, Rule, Status, Subject, Verdict

GOOGLE = "Pull cached Docker Hub images, Google Artifact Registry, read 2026-01-15"


def hexed(start: str) -> str:
    return "sha256:" + (start * 64)[:64]


V1 = Content(
    root=hexed("ab12cd"),
    objects=(
        ContentObject("manifest", hexed("ab12cd"), "application/vnd.docker.distribution.manifest.v2+json", 424),
        ContentObject("config", hexed("c0ff1e"), "application/vnd.docker.container.image.v1+json", 250),
        ContentObject("layer:0", hexed("1a7e40"), "application/vnd.docker.image.rootfs.diff.tar.gzip", 1200),
    ),
    diff_ids=(hexed("d1ff"),),
)

HOSTS = {
    "registry-1.docker.io": "hub",
    "auth.docker.io": "hub",
    "one.mirror.test": "mirror-1",
    "two.mirror.test": "mirror-2",
    "three.mirror.test": "mirror-3",
    "four.mirror.test": "mirror-4",
}


def exchange(
    seq: int,
    at: float,
    server: str,
    method: str,
    stage: Stage,
    *,
    status: int = 200,
    sent: int = 0,
    length: int | None = None,
    reference: str = "1.0",
    role: str = "",
    fault: str = "",
    took: float | None = 0.002,
    client: str = "daemon",
    credentials: CredentialsKind = "none",
    target: str = "",
) -> Exchange:
    host = next((host for host, name in HOSTS.items() if name == server), f"{server}.test")
    kind = "blobs" if stage in {"config", "layer", "blob"} else "manifests"
    return Exchange(
        seq=seq,
        began=100 + at,
        ended=None if took is None else 100 + at + took,
        server=server,
        host=host,
        client=client,
        method=method,
        target=target or f"/v2/library/app-7f3/{kind}/{reference}",
        stage=stage,
        repository="library/app",
        reference=reference,
        role=role,
        image="v1",
        namespace="",
        user_agent="docker/28.5.2 go/go1.24 os/linux",
        credentials=credentials,
        status=status,
        length=sent if length is None else length,
        sent=sent,
        fault=fault,
    )


PARTIAL = Scenario(
    images={"v1": ImageSpec("v1", layers=(1200,))},
    servers={
        "hub": Holdings((Copy("library/app", "1.0", "v1"),)),
        "mirror-2": Holdings((Copy("library/app", "1.0", "v1", without=("layer:0",)),)),
    },
    mirrors=("https://one.mirror.test", "https://two.mirror.test"),
    steps=(Pull(Reference("library/app", "1.0", short=True)),),
)

PARTIAL_HISTORY = History(
    daemon="docker-28.5.2",
    version="28.5.2",
    store="classic",
    salt="7f3",
    hosts=HOSTS,
    contents={"v1": V1},
    exchanges=(
        exchange(1, 0.000, "mirror-1", "HEAD", "manifest-by-tag", status=404),
        exchange(2, 0.004, "mirror-2", "HEAD", "manifest-by-tag", length=424),
        exchange(
            3, 0.007, "mirror-2", "GET", "manifest-by-digest", sent=424, reference=hexed("ab12cd"), role="manifest"
        ),
        exchange(4, 0.011, "mirror-2", "GET", "config", sent=250, reference=hexed("c0ff1e"), role="config"),
        exchange(5, 0.012, "mirror-2", "GET", "layer", status=404, reference=hexed("1a7e40"), role="layer:0"),
    ),
    outcomes=(
        Outcome(
            0, "failed", 0.031, 1, 6, error="manifest for app:1.0 found, layer not found: blob unknown to registry"
        ),
    ),
)

FALLBACK_3 = Rule(
    "FALLBACK-3",
    "a partial copy (manifest there, a layer or config missing) still ends in a complete image",
    "MUST",
    "daemon",
    GOOGLE,
    why="A cache evicts layers one by one; what it lacks must come from Docker Hub.",
)

PARTIAL_EXAMPLE = Example(
    "k3f9a2",
    PARTIAL,
    PARTIAL_HISTORY,
    Verdict("FALLBACK-3", "fail", 0, reason="mirror-2 has no layer:0, and Hub was never asked for it.", exchanges=(5,)),
)

HELD = LocalImage(id=hexed("c0ff1e"), digests=(hexed("ab12cd"),), layers=V1.diff_ids)


def rule(name: str, title: str = "a sentence to hold to", level: Level = "MUST", subject: Subject = "daemon") -> Rule:
    return Rule(name, title, level, subject, GOOGLE)


def result(status: Status, level: Level = "MUST", name: str = "ORDER-1", daemon: str = "docker-28.5.2") -> RuleResult:
    return RuleResult(
        rule(name, level=level),
        daemon,
        status,
        passed=3 * (status == "pass"),
        failed=3 * (status == "fail"),
        deviated=3 * (status == "deviation"),
        errors=3 * (status == "error"),
    )


def run(*results: RuleResult, problems: tuple[str, ...] = (), interrupted: bool = False) -> Run:
    names = dict.fromkeys(one.daemon for one in results)
    return Run(
        results=results,
        daemons=tuple(Daemon(name, "28.5.2", "classic") for name in names),
        seed=4711,
        scenarios=120,
        pulls=348,
        seconds=41.27,
        started="2026-02-03T10:11:12+00:00",
        tool_version="0.1.0",
        command="mirror-conformance daemon docker-28.5.2 --seed 4711",
        problems=problems,
        interrupted=interrupted,
    )


def mixed_run() -> Run:
    """A bit of everything, on two daemons."""
    old, new = "docker-28.5.2", "docker-28.5.2-containerd"
    order = rule("ORDER-1", "mirrors are asked in configured order, each mirror before the next, all before Hub")
    refetch = rule("FALLBACK-7", "layers already fetched are not fetched again after a fallback", "SHOULD")
    stale = rule("STALE-1", "a mirror's older copy of a tag wins over Hub's newer one: report how stale", "INFO")
    config = rule("CONFIG-5", "docker system info shows every mirror, in order", subject="configuration")
    cri = rule("CRI-1", "containerd with GKE's endpoint list goes the same way")
    direct = rule("DIRECT-1", "a direct pull of an image that is not cached fails with not-found")
    slow = replace(
        PARTIAL_EXAMPLE,
        id="m2c7d1",
        verdict=Verdict("FALLBACK-7", "fail", 0, reason="layer:0 was fetched twice, 1.2 kB in vain.", exchanges=(4, 5)),
    )
    return run(
        RuleResult(order, old, "pass", passed=312, measures={"seconds lost": (0.01, 0.02, 15.3)}),
        RuleResult(order, new, "pass", passed=290),
        RuleResult(FALLBACK_3, old, "fail", passed=37, failed=3, example=PARTIAL_EXAMPLE),
        RuleResult(FALLBACK_3, new, "pass", passed=41),
        RuleResult(refetch, old, "fail", passed=30, failed=10, example=slow),
        RuleResult(refetch, new, "pass", passed=40),
        RuleResult(direct, old, "pass", passed=12),
        RuleResult(
            direct,
            new,
            "deviation",
            deviated=4,
            passed=8,
            example=replace(slow, id="p9q8r7"),
            deviations=(Known(Cause("moby#12345: the containerd store asks Hub for the name of the mirror.")),),
        ),
        RuleResult(stale, old, "not applicable", not_applicable=50),
        RuleResult(stale, new, "pass", passed=5),
        RuleResult(cri, old, "not exercised"),
        RuleResult(cri, new, "not exercised"),
        RuleResult(config, old, "pass", passed=9),
        RuleResult(config, new, "not exercised"),
    )
