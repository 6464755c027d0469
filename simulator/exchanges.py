"""What a request is about, and how the journal tells of it."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from simulator.arrangement import Stage
from simulator.faults import Strike, Subject
from simulator.hub import tokens
from simulator.hub.hub import Answer
from simulator.journal import CredentialsKind, Exchange
from simulator.messages import Request
from simulator.registry.paths import Route

_CREDENTIALS: dict[str, CredentialsKind] = {"": "none", "basic": "basic", "bearer": "bearer"}

_PLAIN_STAGES: dict[str, Stage] = {
    "ping": "ping",
    "token": "token",
    "upload": "upload",
    "tags": "tags",
    "referrers": "referrers",
    "search": "other",
    "other": "other",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, where it arrived, and what it is about: ``role`` and ``image`` are known of arranged images."""

    request: Request
    site: str
    host: str
    route: Route
    role: str = ""
    image: str = ""

    @property
    def stage(self) -> Stage:
        kind = self.route.kind
        if kind == "manifest":
            return "manifest-by-tag" if self.route.by_tag else "manifest-by-digest"
        if kind != "blob":
            return _PLAIN_STAGES[kind]
        if self.role.endswith("config"):
            return "config"
        return "layer" if "layer:" in self.role else "blob"


def subject(asked: Asked, account: str) -> Subject:
    """What faults choose by."""
    about = asked.route
    return Subject(
        stage=asked.stage,
        method=asked.request.method,
        repository=about.repository,
        reference=about.reference,
        role=asked.role,
        client=asked.request.client,
        account=account,
    )


def exchange(seq: int, asked: Asked, now: float, given: Answer, struck: Strike | None) -> Exchange:
    """The exchange of a request that began ``now``, with what is answered."""
    request = asked.request
    return Exchange(
        seq=seq,
        began=now,
        ended=None,
        server=asked.site,
        host=request.host,
        client=request.client,
        method=request.method,
        target=target(request),
        stage=asked.stage,
        repository=asked.route.repository,
        reference=asked.route.reference,
        role=asked.role,
        image=asked.image,
        namespace=_namespace(request.query),
        user_agent=request.header("user-agent"),
        credentials=_credentials(request),
        status=given.response.status,
        length=int(given.response.header("content-length") or 0),
        sent=0,
        fault=struck.fault.kind if struck else "",
        scheme=request.scheme,
        account=given.account,
        fault_name=struck.name if struck else "",
    )


def target(request: Request) -> str:
    """A request's target as it was on the wire, but for its encoding."""
    return f"{request.path}?{request.query}" if request.query else request.path


def _namespace(query: str) -> str:
    return next(iter(parse_qs(query).get("ns", ())), "") if "ns=" in query else ""


def _credentials(request: Request) -> CredentialsKind:
    scheme = request.header("authorization").partition(" ")[0].lower()
    if not scheme and tokens.has_credentials(request):
        return "other"
    return _CREDENTIALS.get(scheme, "other")
