"""Bearer tokens and signed addresses: texts that only their issuer can make, valid until a given time."""

import base64
import binascii
import hashlib
import hmac


class Seal:
    """Makes and checks texts with a secret that follows from a seed. Times are seconds of the caller's clock."""

    def __init__(self, seed: str) -> None:
        self._key = hashlib.sha256(seed.encode()).digest()

    def sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def token(self, repositories: tuple[str, ...], expires: float, serial: int) -> str:
        """A token that allows pulls from repositories. ``serial`` makes it unlike every other."""
        payload = base64.urlsafe_b64encode(f"{serial} {expires!r} {' '.join(repositories)}".encode()).decode()
        return f"{payload}.{self.sign(payload)}"

    def opens(self, token: str, repository: str, now: float) -> bool:
        """Whether a token is ours, has not expired and allows pulls from a repository (``""``: from any or none)."""
        payload, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self.sign(payload).encode()):
            return False
        try:
            _, expires, *repositories = base64.urlsafe_b64decode(payload).decode().split(" ")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return now < float(expires) and (not repository or repository in repositories)
