"""Which authorities are found where, as Go finds them."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.x509.oid import NameOID

from suites.verify.authorities import CERTS_D, own_directory, trust_of
from suites.verify.facts import Authorities

FIRST, SECOND, THIRD = (trustme.CA(organization_name=name) for name in ("first", "second", "third"))


def put(root: Path, path: str, *authorities: trustme.CA, before: bytes = b"") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(before + b"".join(authority.cert_pem.bytes() for authority in authorities))
    return file


def names(context: ssl.SSLContext) -> set[str]:
    """Who is trusted, by the organization's name."""
    subjects = [x509.load_der_x509_certificate(one).subject for one in context.get_ca_certs(binary_form=True)]
    return {str(subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value) for subject in subjects}


def test_the_systems_file_and_directories_are_read_both(tmp_path: Path) -> None:
    put(tmp_path, "etc/ssl/certs/ca-certificates.crt", FIRST)
    put(tmp_path, "etc/ssl/certs/added-by-hand.txt", SECOND)
    put(tmp_path, "etc/ssl/cert.pem", THIRD)
    assert names(trust_of(Authorities(), tmp_path)) == {"first", "second"}


def test_a_named_file_does_not_stand_in_for_directories(tmp_path: Path) -> None:
    put(tmp_path, "etc/ssl/ca-bundle.pem", FIRST)
    put(tmp_path, "etc/pki/tls/certs/own.pem", SECOND)
    put(tmp_path, "own.pem", THIRD)
    assert names(trust_of(Authorities("/own.pem"), tmp_path)) == {"second", "third"}
    assert names(trust_of(Authorities("/nowhere.pem"), tmp_path)) == {"second"}


def test_named_directories_stand_in_for_the_systems(tmp_path: Path) -> None:
    put(tmp_path, "etc/ssl/ca-bundle.pem", FIRST)
    put(tmp_path, "etc/ssl/certs/own.pem", SECOND)
    put(tmp_path, "a/own.pem", THIRD)
    assert names(trust_of(Authorities(directories="/nowhere:/a:"), tmp_path)) == {"first", "third"}


def test_what_is_no_certificate_is_passed_over(tmp_path: Path) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\nof mine\n"
    put(tmp_path, "etc/ssl/certs/ca-certificates.crt", FIRST, before=broken)
    (tmp_path / "etc/ssl/certs/directory").mkdir()
    assert names(trust_of(Authorities(), tmp_path)) == {"first"}


def test_a_directory_of_ones_own_adds_to_the_systems(tmp_path: Path) -> None:
    put(tmp_path, "etc/ssl/certs/ca-certificates.crt", FIRST)
    own = put(tmp_path, f"{CERTS_D}/mirror.test:5000/ca.crt", SECOND).parent
    put(tmp_path, f"{CERTS_D}/mirror.test:5000/ca.pem", THIRD)
    assert own_directory(Authorities(), tmp_path, "mirror.test:5000") == own
    assert names(trust_of(Authorities(), tmp_path, own)) == {"first", "second"}


@pytest.mark.parametrize("root", [Path("/"), Path("/mnt")])
def test_a_daemon_without_root_has_a_directory_in_a_home(root: Path) -> None:
    authorities = Authorities(certs_d="/home/ada/.config/docker/certs.d")
    assert own_directory(authorities, root, "m.test") == root / "home/ada/.config/docker/certs.d/m.test"
