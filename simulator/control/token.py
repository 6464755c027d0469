"""The token of the control API: who may arrange a simulator that listens where others can reach it."""

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.network.endpoint import Endpoint

VARIABLE = "SIMULATOR_CONTROL_TOKEN"
"""The environment variable that gives the token, where no file does."""

FILE = "control-token"
"""The file that a token is written to that was made here."""

_TOKEN = re.compile(r"[\x21-\x7e]{8,512}")
_LONGEST = 1024


class TokenError(ValueError):
    """A token that cannot be used. Its text is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token (``""``: none is asked for), and whether it was made here, so that nobody knows it yet."""

    text: str
    is_new: bool = False


def choose(at: Endpoint, file: Path | None, environment: Mapping[str, str] = os.environ) -> Token:
    """The token of a control API that listens at this place: that of the file, else of the environment, else, beyond
    the loopback interface, a new one. Raises TokenError.
    """
    if file:
        try:
            with file.open("rb") as opened:
                return Token(_checked(opened.read(_LONGEST).decode("latin-1"), str(file)))
        except OSError as error:
            message = f"The control API's token cannot be read from {file}: {error.strerror or error}."
            raise TokenError(message) from error
    if given := environment.get(VARIABLE):
        return Token(_checked(given, VARIABLE))
    return Token("") if _is_loopback(at.address) else Token(secrets.token_urlsafe(24), is_new=True)


def write(token: Token, directory: Path) -> Path:
    """Write a token where its owner alone can read it. Raises TokenError."""
    path = directory / FILE
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(f"{token.text}\n")
    except OSError as error:
        message = f"The control API's token cannot be written to {path}: {error.strerror or error}."
        raise TokenError(message) from error
    return path


def _checked(text: str, where: str) -> str:
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        message = f"The control API's token in {where} must be 8 to 512 visible ASCII characters without a space."
        raise TokenError(message)
    return token


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
