"""A certificate authority: it certifies every server, and a stranger certifies them for faults."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.network.certificates import AUTHORITY, UNTRUSTED
from simulator.topology import Site

if TYPE_CHECKING:
    import trustme

AUTHORITY_KEY = "ca-key.pem"

_LEFT = timedelta(days=30)


class AuthorityError(Exception):
    """Certificates that cannot be made. Its text is one sentence that says why."""


def certify(sites: Iterable[Site], directory: Path, more: Iterable[str] = ()) -> Path:
    """Write what the simulator reads, a PEM file for each site and one that nobody trusts, and the authority's own.

    Each is for the site's host names and its address, and for ``more`` names and addresses. Returns the path of the
    last file. An authority that is there already and good for another month is kept, so that whoever trusts it need
    not be told of another. Raises AuthorityError.
    """
    try:
        import trustme  # noqa: PLC0415 - whoever brings certificates of their own does without it
    except ImportError as error:
        message = "Making certificates needs the Python package trustme; install it with: pip install trustme."
        raise AuthorityError(message) from error
    trusted, stranger, others = _kept(directory) or trustme.CA(), trustme.CA(), tuple(more)
    names = {site.name: tuple(dict.fromkeys((*site.hosts, site.address, *others))) for site in sites}
    pems = {
        f"{name}.pem": trusted.issue_cert(*hosts).private_key_and_cert_chain_pem.bytes()
        for name, hosts in names.items()
    }
    every_name = dict.fromkeys(name for hosts in names.values() for name in hosts)
    pems[f"{UNTRUSTED}.pem"] = stranger.issue_cert(*every_name).private_key_and_cert_chain_pem.bytes()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, pem in pems.items():
            _write_secret(directory / name, pem)
        _write_secret(directory / AUTHORITY_KEY, trusted.private_key_pem.bytes())
        (directory / AUTHORITY).write_bytes(trusted.cert_pem.bytes())
    except OSError as error:
        message = f"The certificates cannot be written to {directory}: {error.strerror or error}."
        raise AuthorityError(message) from error
    return directory / AUTHORITY


def _kept(directory: Path) -> "trustme.CA | None":
    """The authority of a directory, if it has one that is still good."""
    import trustme  # noqa: PLC0415 - as above
    from cryptography import exceptions, x509  # noqa: PLC0415 - trustme has it
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        pem, key = (directory / AUTHORITY).read_bytes(), (directory / AUTHORITY_KEY).read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        fits = certificate.public_key() == load_pem_private_key(key, None).public_key()
    except (OSError, ValueError, TypeError, exceptions.UnsupportedAlgorithm):
        return None
    lasts = certificate.not_valid_after_utc > datetime.now(UTC) + _LEFT
    return trustme.CA.from_pem(pem, key) if fits and lasts else None


def _write_secret(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
