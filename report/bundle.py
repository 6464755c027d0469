"""The evidence of a run in one archive that can be shown to others."""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping

MASK = "***"
SUMS = "SHA256SUMS"

_SECRETS = (
    re.compile(r"(?P<kept>\b(?:bearer|basic)\s+)[\w.~+/-]{16,}=*", re.IGNORECASE),
    re.compile(r"(?P<kept>\bhttps?://)[^/\s:@\"']+:[^/\s@\"']+(?=@)"),
    re.compile(
        r"(?P<kept>(?:[?&]|&amp;)(?:token|access_token|refresh_token|password|client_secret|signature|sig|verify"
        r"|x-amz-(?:signature|credential|security-token))=)[^&\s\"'<>]+",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<kept>)\b(?:dckr_[po]at_|gh[pousr]_|glpat-)[\w-]{8,}"),
    re.compile(r"(?P<kept>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL),
)
_FIELDS = re.compile(
    r"(?P<name>\"(?:password|access_tokens|auth|identitytoken|registrytoken)\"\s*:\s*)"
    r"(?P<value>\"(?:[^\"\\]|\\.)+\"|\[[^\]]*\])"
)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)+\"")


def bundle(files: Mapping[str, str]) -> bytes:
    """A ZIP archive of files by their paths, without secrets, with their sums: the same for the same files."""
    there = {path: mask(text).encode("utf-8") for path, text in sorted(files.items())}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in there.items())
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in {**there, SUMS: sums.encode()}.items():
            entry = zipfile.ZipInfo(path)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return written.getvalue()


def mask(text: str) -> str:
    """The text with everything masked that is a secret by its form: tokens, signatures, passwords, private keys.

    What a run writes holds none but those that people wrote into scenarios. A scenario whose passwords are masked can
    be played all the same: they are those of the fake Docker Hub.
    """
    for secret in _SECRETS:
        text = secret.sub(rf"\g<kept>{MASK}", text)
    return _FIELDS.sub(lambda found: found["name"] + _STRING.sub(f'"{MASK}"', found["value"]), text)
