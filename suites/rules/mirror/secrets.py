"""SECRET, PRIVATE, WRITE: what must not leak, and what must not be taken in."""

import base64
from collections.abc import Iterator
from urllib.parse import urlsplit

from simulator.arrangement import Account
from simulator.topology import AUTH_HOST, CDN_HOSTS
from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import REFUSED, CaseRule, TrialRule, came, document

CANARY_WORD = "canary-7d1f0c2e"
"""A secret that a client shows to the mirror, and that must come to light nowhere else."""

_CANARIES = (CANARY_WORD, base64.b64encode(f"ada:{CANARY_WORD}".encode()).decode())


def no_credentials_reach_the_cdn(found: tuple[Case, ...]) -> Iterator[Finding]:
    history = found[0].history if found else None
    there = [e for e in history.exchanges if e.host.partition(":")[0] in CDN_HOSTS] if history else []
    there = [e for e in there if e.stage == "blob" or e.stage in ("config", "layer")]
    if not there:
        return
    shown = [e for e in there if e.credentials != "none"]
    if shown:
        said = f"{shown[0].credentials} credentials were sent to {shown[0].host}, where a redirect led"
        yield Finding(False, said, tuple(e.seq for e in shown), step=found[-1].number)
    else:
        yield Finding(True, f"{len(there)} requests to the CDN came without credentials", step=found[-1].number)


def credentials_are_shown_to_no_foreign_realm(case: Case) -> Finding | None:
    challenges = [f.challenge for f in case.state.faults if f.challenge]
    if not challenges or "signs-in" not in case.history.features:
        return None
    host = urlsplit(challenges[0].partition('realm="')[2].partition('"')[0]).hostname or ""
    shown = [e for e in case.upstream if e.host.partition(":")[0] == host and e.credentials != "none"]
    if shown:
        return broken(
            f"Hub's answer named the realm {host}, and the mirror sent it its {shown[0].credentials} credentials", shown
        )
    return kept(f"Hub's answer named the realm {host}, and the mirror sent it no credentials", case.upstream)


def a_clients_credentials_stay_at_the_mirror(case: Case) -> Finding | None:
    if not case.has("authorization"):
        return None
    names = {account.name for account in case.scenario.accounts}
    passed = [
        e
        for e in case.upstream
        if e.account in names or (e.credentials == "basic" and e.host.partition(":")[0] != AUTH_HOST)
    ]
    if passed:
        return broken(f"the client's credentials were sent on to {passed[0].host}", passed)
    return kept("the client's credentials were sent to nobody", case.upstream)


def secrets_are_told_to_nobody(case: Case) -> Finding | None:
    if not any(map(_tells, (value for _, value in case.ask.headers))):
        return None
    told = [name for name, value in case.answer.headers if _tells(value)]
    told += ["the body"] if _tells(case.answer.text) else []
    if told:
        return broken(f"the client's secret is in {told[0]} of the answer to {case.name}", case.upstream)
    asked = [e for e in case.upstream if any(map(_tells, (e.target, e.account, e.user_agent, e.host)))]
    if asked:
        return broken(f"the client's secret was told to {asked[0].host}", asked)
    return kept("the client's secret was told to nobody", case.upstream)


def _tells(text: str) -> bool:
    """Whether the canary is in a text, as it is or as it is shown."""
    return any(word in text for word in _CANARIES)


def private_content_is_for_those_who_may(case: Case) -> Finding | None:
    if case.ask.repository not in case.scenario.private or not case.has("authorization"):
        return None
    shown = case.sent("authorization")
    strangers = [
        account.name
        for account in case.scenario.accounts
        if shown == _basic(account) and case.ask.repository not in (*account.pulls, *account.pushes)
    ]
    if not strangers:
        return None
    said = f"{case.ask.repository} is not for {strangers[0]}, who showed who that is, and {came(case)}"
    return broken(said, case.upstream) if case.answer.status // 100 == 2 else kept(said, case.upstream)


def _basic(account: Account) -> str:
    return "Basic " + base64.b64encode(f"{account.name}:{account.password}".encode()).decode()


def private_content_is_for_nobody_else(case: Case) -> Finding | None:
    if case.ask.repository not in case.scenario.private or case.ask.kind not in ("manifest", "blob", "tags"):
        return None
    if case.has("authorization"):
        return None
    if case.answer.status // 100 == 2:
        return broken(f"{case.ask.repository} is private at Hub, and {came(case)}", case.upstream)
    return kept(f"{case.ask.repository} is private at Hub, and {came(case)}", case.upstream)


def a_blob_is_of_its_repository_alone(case: Case) -> Finding | None:
    if case.ask.kind != "blob" or case.ask.method not in ("GET", "HEAD") or case.part is None or not case.healthy:
        return None
    if case.at_hub or not any(repository != case.ask.repository for repository, _ in case.state.held):
        return None
    said = f"{case.ask.reference} is of another repository, and {came(case)}"
    return broken(said, case.upstream) if case.answer.status // 100 in (2, 3) else kept(said)


def writes_are_refused(case: Case) -> Finding | None:
    if case.ask.method in ("GET", "HEAD"):
        return None
    kind = "mount" if "mount=" in case.ask.query else f"{case.ask.method.lower()}-{case.ask.kind}"
    said = came(case)
    finding = kept(said) if case.answer.status in REFUSED else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=kind)


def a_mount_tells_nothing(found: tuple[Case, ...]) -> Iterator[Finding]:
    """Two mounts that differ in whether the blob is there."""
    mounts = [case for case in found if "mount=" in case.ask.query]
    there = [case for case in mounts if "{" in case.ask.query]
    lacking = [case for case in mounts if "{" not in case.ask.query]
    if not there or not lacking:
        return
    known, unknown = _refusal(there[0]), _refusal(lacking[0])
    said = f"mounting a blob that is there was answered {known}, and one that is not {unknown}"
    yield Finding(known == unknown, said, step=lacking[0].number)


def _refusal(case: Case) -> str:
    """An answer without what differs in any two of them: its status, and the code of its error."""
    value = document(case.answer.text)
    errors = value.get("errors") if isinstance(value, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else ""
    return f"{case.answer.outcome} {code}".strip()


def a_refused_write_changes_nothing(case: Case) -> Finding | None:
    writes = [c for c in case.earlier if c.ask.method not in ("GET", "HEAD")]
    if not writes or not case.reads or not case.servable or not case.held:
        return None
    said = f"after {writes[-1].name}, {came(case)}"
    return kept(said) if case.served else broken(said, case.upstream)


CASE_RULES: dict[str, CaseRule] = {
    "SECRET-2": credentials_are_shown_to_no_foreign_realm,
    "SECRET-3": a_clients_credentials_stay_at_the_mirror,
    "SECRET-4": secrets_are_told_to_nobody,
    "PRIVATE-1": private_content_is_for_nobody_else,
    "PRIVATE-2": a_blob_is_of_its_repository_alone,
    "PRIVATE-3": private_content_is_for_those_who_may,
    "WRITE-1": writes_are_refused,
    "WRITE-2": a_refused_write_changes_nothing,
}
TRIAL_RULES: dict[str, TrialRule] = {
    "SECRET-1": no_credentials_reach_the_cdn,
    "WRITE-3": a_mount_tells_nothing,
}
