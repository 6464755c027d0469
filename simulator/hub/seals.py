"""Texts that only their issuer can make: the body of every token and signed address."""

import base64
import binascii
import hashlib
import hmac


class Seal:
    """Makes and checks texts with a secret that follows from a seed."""

    def __init__(self, seed: str) -> None:
        self._key = hashlib.sha256(seed.encode()).digest()

    def sign(self, text: str) -> str:
        return hmac.new(self._key, _octets(text), hashlib.sha256).hexdigest()

    def wrap(self, text: str) -> str:
        """A text as a token, whose characters are safe in a header (RFC 6750 section 2.1)."""
        payload = base64.urlsafe_b64encode(text.encode()).decode()
        return f"{payload}.{self.sign(payload)}"

    def unwrap(self, token: str) -> str | None:
        """The text in a token, or ``None`` where it is not ours."""
        payload, _, signature = token.partition(".")
        if not hmac.compare_digest(_octets(signature), _octets(self.sign(payload))):
            return None
        try:
            return base64.urlsafe_b64decode(payload).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None


def _octets(text: str) -> bytes:
    """A text that a client sent may hold what UTF-8 cannot."""
    return text.encode(errors="surrogatepass")
