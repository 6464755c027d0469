"""Why there is no answer from another server, in one sentence."""

import socket
import ssl

import httpcore


class NoSuchNameError(httpcore.ConnectError):
    """A name that leads nowhere."""


EXPECTED = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    OSError,
    ValueError,
)
"""All that may go wrong when another server is asked: on the network, and in what was asked for."""

_BROKE_OFF = "{host} broke the connection off."
_PHRASES: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "{host} did not answer within {patience:g} s."),
    (ssl.SSLCertVerificationError, "The certificate of {host} is not trusted: {cause.verify_message}."),
    (ssl.SSLError, "There is no TLS with {host}: {cause.reason}."),
    (NoSuchNameError, "The name {host} cannot be resolved."),
    (socket.gaierror, "The name {host} cannot be resolved."),
    (ConnectionRefusedError, "{host} refused the connection."),
    (ConnectionError, _BROKE_OFF),
    (httpcore.RemoteProtocolError, "{host} broke off, or did not speak HTTP: {cause}"),
    (httpcore.ReadError, _BROKE_OFF),
    (httpcore.WriteError, _BROKE_OFF),
    (OSError, "{host} cannot be reached: {cause.strerror}."),
)
"""What is said of which kind of error; the first that fits."""


def is_late(error: BaseException) -> bool:
    """Whether it took too long."""
    return isinstance(error, httpcore.TimeoutException | TimeoutError)


def sentence(error: BaseException, host: str, patience: float) -> str:
    """What happened; ``patience`` is how many seconds were waited."""
    for cause in [TimeoutError()] if is_late(error) else _causes(error):
        for kind, phrase in _PHRASES:
            if isinstance(cause, kind):
                return phrase.format(host=host, cause=cause, patience=patience).rstrip(".") + "."
    return f"{host} cannot be asked: {str(error).rstrip('.') or type(error).__name__}."


def _causes(error: BaseException) -> list[BaseException]:
    """An error, and those that it came from, the first one first."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.insert(0, following)
        following = following.__cause__ or following.__context__
    return chain
