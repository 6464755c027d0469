"""The grammar of repositories, tags and digests (OCI distribution-spec 1.1, "Pulling manifests"; image-spec
1.1, "Digests").
"""

import re
from functools import lru_cache

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_ACCOUNT = re.compile(r"[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_REGISTERED = {"sha256": re.compile(r"[a-f0-9]{64}"), "sha512": re.compile(r"[a-f0-9]{128}")}

LONGEST_REPOSITORY = 255
"""Characters. The grammar sets no limit, but clients and registries commonly do."""


@lru_cache(maxsize=512)
def is_repository(name: str) -> bool:
    return len(name) <= LONGEST_REPOSITORY and _REPOSITORY.fullmatch(name) is not None


def is_account(name: str) -> bool:
    """Whether this can be an account's name: the first part of a repository's, and like no address."""
    return _ACCOUNT.fullmatch(name) is not None


def is_tag(name: str) -> bool:
    return _TAG.fullmatch(name) is not None


@lru_cache(maxsize=512)
def is_digest(name: str) -> bool:
    """Whether this is a digest. Of the registered algorithms the encoded part must fit, too."""
    if _DIGEST.fullmatch(name) is None:
        return False
    algorithm, _, encoded = name.partition(":")
    registered = _REGISTERED.get(algorithm)
    return registered is None or registered.fullmatch(encoded) is not None
