"""The journal: every exchange on every server, in one order."""

from dataclasses import dataclass
from typing import Literal

from simulator.arrangement import Stage

CredentialsKind = Literal["none", "basic", "bearer", "other"]


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it. Never holds a secret, only the kind of credentials.

    ``seq`` orders all exchanges of all servers by arrival. ``began`` and ``ended`` are seconds of one
    monotonic clock; ``ended`` is ``None`` while the exchange is under way (and for a hang, for ever).
    ``length`` is the body length that the answer announced, ``sent`` the body bytes that left.
    ``role`` and ``image`` name the object asked for, where an image of the arrangement has it.
    ``fault`` is the kind of the fault that struck, or ``""``.
    """

    seq: int
    began: float
    ended: float | None
    server: str
    host: str
    client: str
    method: str
    target: str
    stage: Stage
    repository: str
    reference: str
    role: str
    image: str
    namespace: str
    user_agent: str
    credentials: CredentialsKind
    status: int
    length: int
    sent: int
    fault: str
