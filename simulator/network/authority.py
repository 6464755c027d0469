"""A certificate authority for one run: it certifies every server, and a stranger certifies them for faults."""

import os
from collections.abc import Iterable
from pathlib import Path

from simulator.network.certificates import AUTHORITY, UNTRUSTED
from simulator.topology import Site


class AuthorityError(Exception):
    """Certificates that cannot be made. Its text is one sentence that says why."""


def certify(sites: Iterable[Site], directory: Path) -> Path:
    """Write what the simulator reads, a PEM file for each site and one that nobody trusts, and the authority's own.

    Returns the path of the last. Raises AuthorityError.
    """
    try:
        import trustme  # noqa: PLC0415 - whoever brings certificates of their own does without it
    except ImportError as error:
        message = "Making certificates needs the Python package trustme; install it with: pip install trustme."
        raise AuthorityError(message) from error
    trusted, stranger = trustme.CA(), trustme.CA()
    names = {site.name: (*site.hosts, site.address) for site in sites}
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
        (directory / AUTHORITY).write_bytes(trusted.cert_pem.bytes())
    except OSError as error:
        message = f"The certificates cannot be written to {directory}: {error.strerror or error}."
        raise AuthorityError(message) from error
    return directory / AUTHORITY


def _write_secret(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
