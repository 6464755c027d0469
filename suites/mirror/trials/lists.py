"""What there is: tags, referrers, repositories."""

from collections.abc import Iterator

from fixtures.mirrors.scenario import Artifact, Ask, Fill, Layer
from simulator.arrangement import Copy, Holdings
from suites.mirror.trial import Trial
from suites.mirror.trials.common import REPOSITORY, SIGNED_IN, TAG, TAKEN, one


def lists_trials() -> Iterator[Trial]:
    tags = ("1.0", "1.1", "2.0", "latest")
    all_tags = Holdings(tuple(Copy(REPOSITORY, tag, "v1") for tag in tags))
    held = tuple(Fill(REPOSITORY, tag, "v1") for tag in tags)
    asked = tuple(Ask("tags", REPOSITORY, query=query) for query in ("", "n=2", "n=2&last=1.1", "last=2.0", "n=0"))
    odd = tuple(Ask("tags", REPOSITORY, query=query) for query in ("n=many", "n=-1", "n=1000000", "n=2&last=0"))
    pages = Ask("tags", REPOSITORY, query="n=1", follow=True)
    yield Trial("lists", one(*held, *asked, *odd, pages, hub=all_tags), ("LIST-1", "LIST-2", "LIST-5", "LIST-6"))
    yield Trial("a part of a list", one(TAKEN, Ask("tags", REPOSITORY), hub=all_tags), ("LIST-3",))
    hidden = Holdings((Copy("team/hidden", TAG, "v1"),))
    yield Trial(
        "catalogue",
        one(
            Ask("manifest", "team/hidden", TAG),
            Ask("catalogue"),
            hub=hidden,
            private=("team/hidden",),
            accounts=(SIGNED_IN,),
        ),
        ("LIST-4", "PRIVATE-1"),
    )
    signature = Artifact(
        REPOSITORY, "signature", "application/vnd.example.signature", (Layer("text/plain", 40),), subject="v1"
    )
    yield Trial(
        "referrers",
        one(
            TAKEN,
            Ask("referrers", REPOSITORY, "@v1"),
            Ask("referrers", REPOSITORY, "sha256:nothing"),
            artifacts={"signature": signature},
        ),
        ("REFERRERS-1", "REFERRERS-2", "REFERRERS-3"),
    )
    found = Artifact(REPOSITORY, "sha256-@v1", "application/vnd.example.signature", (Layer("text/plain", 40),))
    tag = Ask("manifest", REPOSITORY, "sha256-@v1")
    yield Trial(
        "tag of a signature", one(TAKEN, tag, artifacts={"found": found}), ("REFERRERS-4",), only="pull-through"
    )
