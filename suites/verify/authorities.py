"""Whom a daemon trusts: the authorities that Go finds on Linux, and those of dockerd's own ``certs.d``."""

import base64
import contextlib
import re
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

from suites.verify.facts import Authorities

CERTS_D = "etc/docker/certs.d"
_BUNDLES = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem",
    "etc/pki/tls/cacert.pem",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ssl/cert.pem",
)
_DIRECTORIES = ("etc/ssl/certs", "etc/pki/tls/certs")
"""Where a daemon looks for the system's authorities: in the first of these files that is there, and in all of these
directories (Go, crypto/x509/root_linux.go and root_unix.go). SSL_CERT_FILE stands in place of the files alone, and
SSL_CERT_DIR of the directories.
"""
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s(.+?)-----END CERTIFICATE-----", re.DOTALL)


def own_directory(authorities: Authorities, root: Path, host: str) -> Path:
    """Where certificates for a host lie (with its port where the URL has one): there may be none."""
    return _below(root, authorities.certs_d or CERTS_D) / host


def trust_of(authorities: Authorities, root: Path, own: Path | None = None) -> ssl.SSLContext:
    """Whom a daemon trusts: the system's authorities, and those in a directory of its own, whose client certificates it
    shows to whoever asks for one.
    """
    context = _plain()
    found = set(_certificates(_files(authorities, root)))
    if not found and authorities == Authorities():
        context.load_default_certs()
    files = _listed(own) if own else []
    found |= set(_certificates([file for file in files if file.suffix == ".crt"]))
    for certificate in found:
        with contextlib.suppress(ssl.SSLError):
            context.load_verify_locations(cadata=certificate)
    for file in files:
        if file.suffix == ".cert":
            with contextlib.suppress(OSError):
                context.load_cert_chain(file, file.with_suffix(".key"), password="")
    return context


def trust_in_anybody() -> ssl.SSLContext:
    """What a daemon has for an insecure registry."""
    context = _plain()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _plain() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # Go takes each certificate of a pool for an authority
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _files(authorities: Authorities, root: Path) -> Iterator[Path]:
    bundles = [_below(root, bundle) for bundle in ([authorities.file] if authorities.file else _BUNDLES)]
    yield from [bundle for bundle in bundles if bundle.is_file()][:1]
    directories = authorities.directories.split(":") if authorities.directories else _DIRECTORIES
    for directory in filter(None, directories):
        yield from (file for file in _listed(_below(root, directory)) if not _is_alias(file))


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _listed(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _is_alias(file: Path) -> bool:
    """Whether a file is another name of one beside it, as a directory of authorities has one for each."""
    return file.is_symlink() and "/" not in str(file.readlink())


def _certificates(files: Iterator[Path] | Sequence[Path]) -> Iterator[bytes]:
    """Each certificate in PEM files, as DER."""
    for file in files:
        with contextlib.suppress(OSError):
            for match in _CERTIFICATE.finditer(file.read_bytes()):
                with contextlib.suppress(ValueError):
                    yield base64.b64decode(match[1])
