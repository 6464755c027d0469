"""What ``verify`` tells a person on a daemon's own machine, and what a pull there then does, on every daemon."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from fixtures.addresses import SERVER_OF_HOST
from fixtures.lab.containers import AUTHORITY_FILE
from fixtures.lab.lab import Lab
from fixtures.naming import Naming
from fixtures.scenario import Configure, Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec
from suites.adversity import FAULTS
from suites.verify.answers import HUB
from suites.verify.network import Address
from tests.verify.equality import Reality, server_of
from tests.verify.front import Front, front
from tests.verify.person import Person, Told
from tests.verify.standing import Standing

pytestmark = pytest.mark.engine

MIRROR, SECOND, PLAIN = "https://mirror.gcr.io", "https://mirror-2.test", "http://mirror.gcr.io:5000"
CURRENT, STALE = Copy("library/app", "1.0", "v2"), Copy("library/app", "1.0", "v1")
PART = Copy("library/app", "1.0", "v2", ("layer:1",))
APP = Pull(Reference("library/app", "1.0"), deadline=60.0)


def scenario(
    *mirrors: str, first: tuple[Copy, ...] = (CURRENT,), faults: tuple[Fault, ...] = (), insecure: tuple[str, ...] = ()
) -> Scenario:
    """Mirrors before Docker Hub, of which the first one holds something, and fails."""
    return Scenario(
        images={"v1": ImageSpec("v1", layers=(64, 512)), "v2": ImageSpec("v2", layers=(64, 512))},
        servers={
            "hub": Holdings((CURRENT,)),
            "mirror-1": Holdings(first, faults),
            "mirror-2": Holdings((CURRENT,)),
        },
        mirrors=mirrors,
        steps=(Configure(mirrors, insecure), APP),
    )


SETUPS = {
    "a mirror that has the image": scenario(MIRROR),
    "a mirror that has nothing": scenario(MIRROR, first=()),
    "a mirror that lacks a layer": scenario(MIRROR, first=(PART,)),
    "a mirror with a stale tag": scenario(MIRROR, first=(STALE,)),
    "two mirrors, of which the first has nothing": scenario(MIRROR, SECOND, first=()),
    "a name that nobody knows": scenario("https://nowhere.test", SECOND),
    "in plain HTTP": scenario(PLAIN),
    "in plain HTTP, and insecure": scenario(PLAIN, insecure=("mirror.gcr.io:5000",)),
    **{f"a mirror with {kind}": scenario(MIRROR, faults=(FAULTS[kind],)) for kind in (
        "refuse", "untrusted", "401", "403", "429", "500", "503", "redirect", "not-a-registry", "garbage"
    )},
}  # fmt: skip
"""Right and wrong set-ups, each with a pull."""


@pytest.fixture(scope="module")
def person(standing: Standing) -> Person:
    return Person(standing)


def verified(lab: Lab, person: Person, one: Scenario) -> tuple[Told, Reality]:
    """What is told of a scenario's last step, a pull, and what then comes of it."""
    *before, pull = one.steps
    assert isinstance(pull, Pull)
    with lab.open(one) as play:
        for step in before:
            play.do(step)
        image = Naming(play.history().salt).repository(pull.reference.repository)
        told = person.verifies("--image", f"{image}:1.0", "--timeout", "120")
        outcome = play.do(pull)
        return told, Reality.of(play.history(), outcome)


def disagreements(told: Told, reality: Reality) -> Iterator[str]:
    pull = told.document["pull"]
    if pull is None:
        yield f"nothing was said of a pull: {told.document}"
        return
    if pull["result"] != reality.result:
        yield f"{pull['sentence']} But it ended with {reality.result}."
        return
    hosts = SERVER_OF_HOST | {"nowhere.test": "nobody"}
    said = {server_of(endpoint, hosts) for endpoint in pull["served_by"]}
    if reality.result == "ok" and said != set(reality.served.values()):
        yield f"{pull['sentence']} But it came from {set(reality.served.values())}."


@pytest.mark.parametrize("name", SETUPS)
def test_what_a_person_is_told_is_what_a_pull_does(lab: Lab, person: Person, name: str) -> None:
    told, reality = verified(lab, person, SETUPS[name])
    assert list(disagreements(told, reality)) == []
    assert told.document["in_force"]["mirrors"] == [f"{url}/" for url in SETUPS[name].mirrors]


def test_a_person_is_told_what_sets_the_mirrors(lab: Lab, person: Person) -> None:
    told, _ = verified(lab, person, SETUPS["a mirror that has the image"])
    assert (told.code, told.codes) == (0, [])
    assert told.document["in_force"]["why"] == "/etc/docker/daemon.json sets them, and the daemon shows them"
    assert told.document["daemon"] == {"version": lab.version, "store": lab.profile.store, "was_asked": True}
    assert told.document["pull"]["served_by"] == [f"{MIRROR}/"]


FRONTED = "https://mirror-4.test"
HELD_BY_FOURTH = Scenario(
    images={"v2": ImageSpec("v2", layers=(64, 512))},
    servers={"hub": Holdings((CURRENT,)), "mirror-4": Holdings((CURRENT,))},
    mirrors=(FRONTED,),
    steps=(APP,),
)
READ_AGAIN = 6.0
"""Seconds after which a Go program has read /etc/hosts anew (Go, net/hosts.go: five)."""


@dataclass(frozen=True)
class Certified:
    """A mirror that stands behind a server of ours, and authorities of ours: one that the machine trusts."""

    front: Front
    behind: Address
    authority: trustme.CA
    own: trustme.CA

    def shows(self, certificate: trustme.LeafCert, *, demands: bool = False) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        if demands:
            self.own.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        self.front.shows(context, self.behind)


@pytest.fixture(scope="module")
def certified(lab: Lab, standing: Standing) -> Iterator[Certified]:
    """The mirror of FRONTED behind a server on the daemon's machine, whose authority is in the system's store."""
    site = lab.registries.data.topology.site_of("mirror-4.test")
    assert site is not None
    trusted = trustme.CA()
    with front(standing, 443) as there:
        text = trusted.cert_pem.bytes().decode()
        lab.console.run(
            f"cp /etc/hosts /etc/hosts.kept && echo {there.address.host} mirror-4.test >>/etc/hosts\n"
            f"cp {AUTHORITY_FILE} {AUTHORITY_FILE}.kept && cat >>{AUTHORITY_FILE} <<'END'\n{text}\nEND"
        )
        lab.restart((FRONTED,), "file")
        time.sleep(READ_AGAIN)
        try:
            yield Certified(there, Address(site.address, 80), trusted, trustme.CA())
        finally:
            lab.console.run(
                "cat /etc/hosts.kept >/etc/hosts; rm -rf /etc/docker/certs.d\n"
                f"mv {AUTHORITY_FILE}.kept {AUTHORITY_FILE}"
            )
            lab.restart((), "file")


def issued(certified: Certified, case: str) -> None:
    match case:
        case "an authority of the system's store":
            certified.shows(certified.authority.issue_cert("mirror-4.test"))
        case "an unknown authority":
            certified.shows(certified.own.issue_cert("mirror-4.test"))
        case "another name":
            certified.shows(certified.authority.issue_cert("other.test"))
        case "a day too late":
            yesterday = datetime.now(UTC) - timedelta(days=1)
            certified.shows(certified.authority.issue_cert("mirror-4.test", not_after=yesterday))
        case _:
            certified.shows(certified.authority.issue_cert("mirror-4.test"), demands=True)


CERTIFICATES = {
    "an authority of the system's store": True,
    "an unknown authority": False,
    "another name": False,
    "a day too late": False,
    "a demand for a client's": False,
}
"""What a mirror's certificate is like, and whether a daemon takes it."""


@pytest.mark.parametrize("case", CERTIFICATES)
def test_whose_certificate_a_daemon_takes_is_told(lab: Lab, person: Person, certified: Certified, case: str) -> None:
    issued(certified, case)
    told, reality = verified(lab, person, HELD_BY_FOURTH)
    assert list(disagreements(told, reality)) == []
    assert ("mirror-4" in reality.served.values()) is CERTIFICATES[case]


@pytest.mark.parametrize("own", ["ca.crt", "client.cert"])
def test_what_certs_d_holds_is_heeded_where_a_daemon_heeds_it(
    lab: Lab, person: Person, certified: Certified, own: str
) -> None:
    leaf = certified.own.issue_cert("client.test")
    files = {"ca.crt": certified.own.cert_pem.bytes()}
    issued(certified, "an unknown authority")
    if own == "client.cert":
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        files = {"client.cert": chain, "client.key": leaf.private_key_pem.bytes()}
        issued(certified, "a demand for a client's")
    written = (f"cat >$where/{name} <<'END'\n{data.decode()}\nEND" for name, data in files.items())
    lab.console.run("where=/etc/docker/certs.d/mirror-4.test; rm -rf $where; mkdir -p $where\n" + "\n".join(written))
    told, reality = verified(lab, person, HELD_BY_FOURTH)
    lab.console.run("rm -r /etc/docker/certs.d")
    assert list(disagreements(told, reality)) == []


OWN = "/etc/ssl/certs/own.pem"
AUTHORITIES = {
    "a file that is added to the system's directory": (OWN, "", "", True),
    "the system's directory, and another one is named": (OWN, "", "/etc/other", False),
    "a directory that is named": ("/etc/more/own.crt", "", "/nowhere:/etc/more", True),
    "a file that is named": ("/etc/own.pem", "/etc/own.pem", "", True),
    "a file that another one is named in place of": ("/etc/ssl/cert.pem", "", "", False),
}
"""Where the authority of a mirror lies, what SSL_CERT_FILE (empty: the lab's own) and SSL_CERT_DIR say, and whether a
daemon finds it.
"""


@pytest.mark.parametrize("case", AUTHORITIES)
def test_authorities_are_found_where_a_daemon_finds_them(
    lab: Lab, person: Person, certified: Certified, case: str
) -> None:
    place, file, directories, found = AUTHORITIES[case]
    issued(certified, "an unknown authority")
    lab.console.run(
        f"mkdir -p $(dirname {place}) && cat >{place} <<'END'\n{certified.own.cert_pem.bytes().decode()}\nEND\n"
        f"export SSL_CERT_FILE={file or AUTHORITY_FILE} SSL_CERT_DIR={directories}"
    )
    lab.restart((FRONTED,), "file")
    try:
        told, reality = verified(lab, person, HELD_BY_FOURTH)
    finally:
        lab.console.run(f"rm -r {place}; unset SSL_CERT_DIR; export SSL_CERT_FILE={AUTHORITY_FILE}")
        lab.restart((FRONTED,), "file")
    assert list(disagreements(told, reality)) == []
    assert ("mirror-4" in reality.served.values()) is found


PROXIES = {
    "lets everybody through": ("lets_through", ""),
    "lets nobody through": ("lets_nobody_through", ""),
    "lets nobody through, and is not asked for the mirror": ("lets_nobody_through", "mirror.gcr.io"),
}


@pytest.mark.parametrize("case", PROXIES)
def test_through_a_proxy_all_is_told_as_the_daemon_sees_it(
    lab: Lab, person: Person, standing: Standing, case: str
) -> None:
    behaviour, without = PROXIES[case]
    with front(standing, 3128) as proxy:
        getattr(proxy, behaviour)()
        url = f"http://{proxy.address.host}:{proxy.address.port}"
        lab.console.run(f"export HTTPS_PROXY={url} NO_PROXY={without}")
        lab.restart((MIRROR,), "file")
        try:
            one = replace(scenario(MIRROR), steps=(APP,))
            told, reality = verified(lab, person, one)
        finally:
            lab.console.run("unset HTTPS_PROXY NO_PROXY")
            lab.restart((), "file")
    assert list(disagreements(told, reality)) == []
    assert ("mirror-by-proxy" in told.codes) is (not without)


@pytest.mark.parametrize(("first", "giver"), [((CURRENT,), f"{MIRROR}/"), ((), HUB)], ids=["the mirror", "Docker Hub"])
def test_a_pull_proves_where_it_came_from(lab: Lab, person: Person, first: tuple[Copy, ...], giver: str) -> None:
    with lab.open(scenario(MIRROR, first=first)) as play:
        image = Naming(play.history().salt).repository("library/app")
        told = person.verifies("--pull", "--image", f"{image}:1.0", "--timeout", "120")
        assert lab.daemon.inspect(f"{image}:1.0") is None
    pulled = told.document["pulled"]
    said = [(one["weight"], one["sentence"]) for one in pulled["statements"]]
    assert (told.code, pulled["result"], pulled["removed"]) == (0, "ok", True)
    came = [(weight, sentence) for weight, sentence in said if " bytes came from " in sentence]
    assert any(f" bytes came from {giver} (" in sentence for _, sentence in came)
    for weight, sentence in came:  # whose a connection is shows only while it is there: this one may be too short
        assert weight == ("proof" if sentence.endswith("to the daemon during the pull.") else "inference")
    alone = ("proof", f"Nothing came from anywhere else: {giver} served all that was fetched.")
    assert (alone in said) is (giver != HUB and {weight for weight, _ in came} == {"proof"})
    assert told.document["pull"]["served_by"] == [giver]


def test_a_gate_is_shut_on_a_machine_with_another_mirror(lab: Lab, person: Person) -> None:
    with lab.open(scenario(MIRROR)):
        assert person.verifies("--offline", "--expect", MIRROR).code == 0
        told = person.verifies("--offline", "--expect", SECOND)
    assert (told.code, told.codes) == (1, ["not-as-expected"])


@pytest.mark.parametrize("entry", [True, False])
def test_what_is_withheld_of_a_daemon_is_said_to_be(lab: Lab, person: Person, entry: bool) -> None:
    one = scenario(MIRROR, insecure=("mirror.gcr.io",) if entry else ())
    with lab.open(one) as play:
        play.do(one.steps[0])
        told = person.verifies("--offline")
    known = [remark for remark in told.document["remarks"] if remark["code"] == "known-deviation"]
    of_mirror = [remark for remark in known if remark["mirror"]]
    assert bool(of_mirror) is (entry and lab.profile.name == "docker-28.5.2-containerd")
