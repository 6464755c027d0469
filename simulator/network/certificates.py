"""The certificates that sites show, from a directory of PEM files (key and chain in one file each), and their
authority's, that of mirrors' trust.
"""

import ssl
from pathlib import Path

UNTRUSTED = "untrusted"
AUTHORITY = "ca.pem"


class CertificateError(Exception):
    """A certificate that cannot be used. Its text is one sentence that says which and why."""


def server_context(directory: Path, name: str) -> ssl.SSLContext:
    """A TLS server's context with the certificate ``<name>.pem``.

    Sessions cannot be resumed: a client that did so would not look at the certificate again.
    """
    path = directory / f"{name}.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(path)
    except OSError as error:
        message = f"The certificate {path} cannot be used: {error.strerror or error}."
        raise CertificateError(message) from error
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def client_context(directory: Path) -> ssl.SSLContext:
    """The context of a mirror that asks others: trusts the authority's certificate, if it is there, and whatever the
    machine trusts.
    """
    context = ssl.create_default_context()
    path = directory / AUTHORITY
    if path.exists():
        try:
            context.load_verify_locations(path)
        except OSError as error:
            message = f"The certificate {path} cannot be used: {error.strerror or error}."
            raise CertificateError(message) from error
    return context
