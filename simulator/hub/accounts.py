"""Who may do what at Hub: accounts, private repositories, and the rights that follow from them."""

from collections.abc import Iterable

from simulator.arrangement import Account


class Directory:
    """The accounts of an arrangement and its private repositories.

    Everybody may pull from what is not private. An account may pull from and push to the repositories of its
    own namespace (``ada/...``) and those that it was given.
    """

    def __init__(self, accounts: Iterable[Account] = (), private: Iterable[str] = ()) -> None:
        self._accounts = {account.name: account for account in accounts}
        self._private = frozenset(private)

    def account(self, name: str) -> Account | None:
        return self._accounts.get(name)

    def login(self, name: str, secret: str) -> Account | None:
        """The account of this name, if the secret is its password or one of its personal access tokens."""
        account = self._accounts.get(name)
        return account if account and secret and secret in (account.password, *account.access_tokens) else None

    def is_private(self, repository: str) -> bool:
        return repository in self._private

    def rights(self, account: Account | None, repository: str) -> frozenset[str]:
        """What an account (``None``: an anonymous client) may do with a repository: ``pull``, ``push``."""
        if account and (repository.startswith(account.name + "/") or repository in account.pushes):
            return frozenset({"pull", "push"})
        if not self.is_private(repository) or (account and repository in account.pulls):
            return frozenset({"pull"})
        return frozenset()
