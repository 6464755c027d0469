"""What the protocol is asked."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import Ask
from simulator.arrangement import Limits
from suites.mirror.trial import Trial
from suites.mirror.trials.common import (
    ABSENT,
    BY_DIGEST,
    BY_TAG,
    CONFIG,
    LAYER,
    MISMADE,
    REPOSITORY,
    TAG,
    TAKEN,
    one,
)


def wire_trials() -> Iterator[Trial]:
    yield Trial("ping", one(Ask("ping")), ("API-1", "API-3"))
    yield Trial("cold", one(BY_TAG), ("PROFILE-1",))
    yield Trial(
        "held",
        one(
            TAKEN,
            replace(BY_TAG, method="HEAD"),
            BY_TAG,
            replace(BY_DIGEST, method="HEAD"),
            BY_DIGEST,
            replace(LAYER, method="HEAD"),
            LAYER,
            CONFIG,
            limits=Limits(),
        ),
        (
            *("API-2", "MANIFEST-1", "MANIFEST-2", "MANIFEST-3", "MANIFEST-4", "BLOB-1", "BLOB-2", "BLOB-5", "KEEP-4"),
            *("QUOTA-1", "QUOTA-2", "QUOTA-3"),
        ),
    )
    yield Trial(
        "missing",
        one(
            replace(BY_TAG, reference="absent"),
            replace(BY_TAG, reference="absent", method="HEAD"),
            Ask("manifest", REPOSITORY, ABSENT),
            Ask("blob", REPOSITORY, ABSENT),
            Ask("blob", REPOSITORY, ABSENT, method="HEAD"),
            Ask("manifest", "team/absent", TAG),
            Ask("manifest", "team/absent", ABSENT),
            Ask("blob", "team/absent", ABSENT),
            Ask("tags", "team/absent"),
        ),
        ("MISS-1", "ERROR-1"),
    )
    yield Trial(
        "names",
        one(
            Ask("manifest", "Library/App", TAG),
            Ask("manifest", "library/-app", TAG),
            Ask("manifest", REPOSITORY, "a" * 129),
            Ask("manifest", REPOSITORY, "-a"),
            *(Ask("manifest", REPOSITORY, digest) for digest in MISMADE),
            *(Ask("blob", REPOSITORY, digest) for digest in MISMADE),
        ),
        ("NAME-1", "NAME-2", "NAME-3"),
    )
    yield Trial("short name", one(TAKEN, Ask("manifest", "app", TAG)), ("NAME-4",))
    yield Trial("namespace", one(TAKEN, BY_TAG, replace(BY_TAG, query="ns=docker.io")), ("NS-1",))
    served, other = (replace(BY_TAG, query=f"ns={host}") for host in ("docker.io", "quay.io"))
    yield Trial("other namespace", one(TAKEN, served, other), ("NS-2", "NS-4"), feature="ns")
    odd = ("ns=docker.io&ns=docker.io", "ns=docker.io&ns=quay.io", "ns=", "ns=%2e%2e%2fx", f"ns={'a' * 300}")
    yield Trial("odd namespaces", one(TAKEN, *(replace(BY_TAG, query=query) for query in odd)), ("NS-3",))
    yield Trial(
        "parts",
        one(
            TAKEN,
            *(replace(LAYER, headers=(("Range", asked),)) for asked in ("bytes=0-99", "bytes=1000-", "bytes=-100")),
            replace(LAYER, headers=(("Range", "bytes=100-200"),)),
            replace(LAYER, headers=(("Range", "bytes=1000000-"),)),
        ),
        ("RANGE-1", "RANGE-2", "RANGE-3"),
    )
    yield Trial(
        "cold part", one(replace(LAYER, headers=(("Range", "bytes=100-200"),))), ("RANGE-3",), only="pull-through"
    )
    yield Trial("known", one(TAKEN, BY_TAG, replace(BY_TAG, headers=(("If-None-Match", '"{@v1}"'),))), ("COND-1",))
