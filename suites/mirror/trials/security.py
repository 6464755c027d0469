"""What must not leak, and what must not be taken in."""

import base64
from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import Ask, Fill, Settle
from simulator.arrangement import Account, Copy, Holdings
from simulator.topology import CDN_HOSTS
from suites.mirror.trial import Trial
from suites.mirror.trials.common import (
    ABSENT,
    BASIC,
    BY_DIGEST,
    BY_TAG,
    LAYER,
    MAY_NOT,
    MAY_NOT_BASIC,
    OCI_MANIFEST,
    OTHER,
    REPOSITORY,
    SECRET,
    SIGNED_IN,
    TAG,
    TAKEN,
    broken,
    one,
)
from suites.rules.mirror.secrets import CANARY_WORD


def security_trials() -> Iterator[Trial]:
    hidden = Holdings((Copy("team/hidden", TAG, "v1"), Copy(OTHER, TAG, "v2")))
    steps = (
        Ask("manifest", "team/hidden", TAG),
        Ask("manifest", "team/hidden", "@v1"),
        Ask("blob", "team/hidden", "@v1/layer:1"),
        Ask("manifest", "team/hidden", TAG),
    )
    yield Trial("private", one(*steps, hub=hidden, private=("team/hidden",), accounts=(SIGNED_IN,)), ("PRIVATE-1",))
    ada, bob = Account(*SECRET, pulls=("team/hidden",)), Account(*MAY_NOT)
    known = (replace(step, headers=(BASIC,)) for step in steps[:3])
    unknown = (replace(step, headers=(MAY_NOT_BASIC,)) for step in steps[:3])
    yield Trial(
        "private, once somebody saw it",
        one(
            *known, Settle(), *steps[:3], *unknown, hub=hidden, private=("team/hidden",), accounts=(SIGNED_IN, ada, bob)
        ),
        ("PRIVATE-1", "PRIVATE-3"),
    )
    yield Trial(
        "other repository",
        one(
            TAKEN, Fill(OTHER, TAG, "v2"), Ask("blob", OTHER, "@v1/layer:1"), Ask("blob", OTHER, "@v1/layer:1", "HEAD")
        ),
        ("PRIVATE-2",),
    )
    yield Trial("cdn", one(BY_TAG, LAYER, Settle()), ("SECRET-1",), only="pull-through")
    realm = f'Bearer realm="https://{CDN_HOSTS[0]}/token",service="registry.docker.io",scope="repository:x:pull"'
    challenge = broken(kind="status", at="manifest", status=401, challenge=realm)
    foreign = (challenge, BY_TAG, replace(BY_TAG, reference="other"))
    yield Trial("foreign realm", one(*foreign, accounts=(SIGNED_IN,)), ("SECRET-2",), "pull-through", "signs-in")
    yield Trial(
        "client's credentials",
        one(replace(BY_TAG, headers=(BASIC,)), replace(LAYER, headers=(BASIC,)), accounts=(Account(*SECRET),)),
        ("SECRET-3",),
    )
    carried = (BY_TAG, LAYER, replace(BY_TAG, reference="absent"), replace(BY_TAG, method="DELETE"), Ask("ping"))
    shown = (
        ("Authorization", f"Bearer {CANARY_WORD}"),
        ("Authorization", "Basic " + base64.b64encode(f"ada:{CANARY_WORD}".encode()).decode()),
        ("Cookie", f"session={CANARY_WORD}"),
    )
    yield Trial(
        "client's secrets",
        one(TAKEN, *(replace(step, headers=(header,)) for header in shown for step in carried)),
        ("SECRET-4",),
    )
    lacking = f"mount={ABSENT}&from={OTHER}"
    probe = Ask("upload", REPOSITORY, "", "POST", query=f"mount={{@v2/layer:0}}&from={OTHER}")
    probes = (probe, replace(probe, query=lacking))
    yield Trial("probes by mounting", one(TAKEN, Fill(OTHER, TAG, "v2"), *probes), ("WRITE-3",))
    mount = f"mount={{@v2/layer:0}}&from={OTHER}"
    writes = (
        Ask("upload", REPOSITORY, "", "POST"),
        Ask("upload", REPOSITORY, "", "POST", query=mount),
        Ask("upload", REPOSITORY, "11111111-2222-3333-4444-555555555555", "PATCH", body="x"),
        Ask("upload", REPOSITORY, "11111111-2222-3333-4444-555555555555", "PUT", query="digest={@v1}", body="x"),
        Ask("manifest", REPOSITORY, TAG, "PUT", (("Content-Type", OCI_MANIFEST),), body='{"schemaVersion":2}'),
        Ask("manifest", REPOSITORY, "@v1", "DELETE"),
        Ask("blob", REPOSITORY, "@v1/layer:1", "DELETE"),
    )
    kinds = ("post-upload", "mount", "patch-upload", "put-upload", "put-manifest", "delete-manifest", "delete-blob")
    yield Trial(
        "writes",
        one(TAKEN, *writes, BY_TAG, BY_DIGEST, LAYER),
        (*(f"WRITE-1/{kind}" for kind in kinds), "WRITE-2"),
    )
