"""What the daemon of this host says of itself: its version, its image store and the mirrors that it uses."""

import os
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

from docker.errors import DockerException
from pydantic import Field, TypeAdapter, ValidationError
from requests import RequestException

from fixtures.engine.discovery import find_own_engine
from fixtures.errors import CannotRunError
from report.text import inert
from suites.verify.deadline import Deadline
from suites.verify.facts import Kind, Proxies


@dataclass(frozen=True)
class _Index:
    secure: Annotated[bool, Field(alias="Secure")] = True


@dataclass(frozen=True)
class _Registries:
    mirrors: Annotated[tuple[str, ...] | None, Field(alias="Mirrors")] = None
    networks: Annotated[tuple[str, ...] | None, Field(alias="InsecureRegistryCIDRs")] = None
    indexes: Annotated[dict[str, _Index] | None, Field(alias="IndexConfigs")] = None


@dataclass(frozen=True)
class _Info:
    """What of ``/info`` is of use here (Docker Engine API, 'Get system information')."""

    registries: Annotated[_Registries | None, Field(alias="RegistryConfig")] = None
    status: Annotated[tuple[tuple[str, str], ...] | None, Field(alias="DriverStatus")] = None
    system: Annotated[str | None, Field(alias="OperatingSystem")] = None
    security: Annotated[tuple[str, ...] | None, Field(alias="SecurityOptions")] = None
    http_proxy: Annotated[str | None, Field(alias="HttpProxy")] = None
    https_proxy: Annotated[str | None, Field(alias="HttpsProxy")] = None
    no_proxy: Annotated[str | None, Field(alias="NoProxy")] = None


_INFO = TypeAdapter(_Info)

_SNAPSHOTTER = "io.containerd.snapshotter"
"""What ``driver-type`` says of the containerd image store
(Docker, 'containerd image store', https://docs.docker.com/engine/storage/containerd/).
"""


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that answers at ``host``, as DOCKER_HOST has it. ``insecure`` are all hosts and networks of which it
    checks no certificate.
    """

    host: str
    kind: Kind
    mirrors: tuple[str, ...]
    insecure: tuple[str, ...]
    proxies: Proxies
    is_desktop: bool = False
    is_rootless: bool = False

    @property
    def socket(self) -> str:
        """Its socket on this host; ``""`` where it has none."""
        return self.host.removeprefix("unix://") if self.host.startswith("unix://") else ""


def ask(deadline: Deadline) -> Daemon | None:
    """The daemon that ``docker`` would talk to; None where none answers.

    Raises:
        CannotRunError: DOCKER_HOST or DOCKER_CONTEXT names one that does not answer; or one does not say in good order
            how it is set up.
        TimeoutError: nobody has answered in time.
    """
    try:
        return deadline.keep(lambda: _asked(deadline))
    except TimeoutError:
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
            if named := os.environ.get(name):
                message = f"{name}={named} names a daemon that did not answer {within(deadline)}."
                raise CannotRunError(message) from None
        raise


def within(deadline: Deadline) -> str:
    """A deadline that has passed, for a sentence."""
    return f"within {deadline.seconds:.1f} s (--timeout gives it more)"


def _asked(deadline: Deadline) -> Daemon | None:
    engine = find_own_engine()
    if engine is None:
        return None
    try:
        with closing(engine.client(deadline.seconds)) as client:
            info = _INFO.validate_python(client.info())
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc'])) or 'its answer'}: {first['msg']}"
    except (DockerException, RequestException, OSError, ValueError) as error:
        reason = str(error)
    else:
        return _told(engine.host, engine.version, info)
    raise CannotRunError(f"The daemon at {engine.host} does not say how it is set up: {inert(reason)}.")


def _told(host: str, version: str, info: _Info) -> Daemon:
    registries = info.registries or _Registries()
    indexes = registries.indexes or {}
    return Daemon(
        host,
        Kind(version, "containerd" if any(_SNAPSHOTTER in value for _, value in info.status or ()) else "classic"),
        registries.mirrors or (),
        (*(registries.networks or ()), *(name for name, index in indexes.items() if not index.secure)),
        Proxies(info.http_proxy or "", info.https_proxy or "", info.no_proxy or ""),
        is_desktop=info.system == "Docker Desktop",
        is_rootless="name=rootless" in (info.security or ()),
    )
