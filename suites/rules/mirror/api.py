"""API, ERROR, PROFILE: what a registry says at all, and how it says no."""

import re

from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CODES, CaseRule, came, document

_CHALLENGE = re.compile(r'\s*(?:bearer|basic)\s.*realm="[^"]+"', re.IGNORECASE)


def ping_says_that_it_is_a_registry(case: Case) -> Finding | None:
    if case.ask.kind != "ping" or case.ask.method != "GET":
        return None
    answer = case.answer
    if answer.status == 200:
        return kept("the ping was answered 200")
    challenge = answer.header("www-authenticate")
    if answer.status == 401 and _CHALLENGE.match(challenge):
        return kept("the ping was answered 401, with a challenge")
    said = f"with the challenge {challenge!r}" if challenge else "without a challenge"
    return broken(f"the ping was answered {answer.outcome}, {said}" if answer.status == 401 else came(case))


def nobody_needs_credentials(case: Case) -> Finding | None:
    if not case.reads or not case.servable or case.has("authorization"):
        return None
    if case.answer.status in (401, 403):
        return broken(f"a client without credentials: {came(case)}", case.upstream)
    return kept("a client without credentials was not sent away") if case.whole else None


def an_answer_comes_to_its_end(case: Case) -> Finding | None:
    if case.state.faults or case.ask.stop_after is not None:
        return None
    problem = case.answer.problem
    if problem:
        return broken(f"{case.name} was answered {case.answer.status or 'nothing'}: {problem}", case.upstream)
    return kept("an answer came, and came to its end")


def errors_have_the_form_of_the_specification(case: Case) -> Finding | None:
    answer = case.answer
    if answer.status < 400 or case.ask.method == "HEAD" or "json" not in answer.header("content-type"):
        return None
    value = document(answer.text)
    errors = value.get("errors") if isinstance(value, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    if not isinstance(code, str):
        return broken(f"{came(case)}, and its JSON has no errors with a code: {answer.text[:80]}", case.upstream)
    if code not in CODES:
        return broken(f"{came(case)}, with the code {code!r}, which is none of the specification", case.upstream)
    return kept(f"{answer.status} came with the code {code}")


def over_the_limit_says_when_to_come_again(case: Case) -> Finding | None:
    answer = case.answer
    if answer.status != 429 or case.scenario.limits_nobody:
        return None
    lacks = [] if answer.header("retry-after") else ["no Retry-After"]
    lacks += [] if "TOOMANYREQUESTS" in answer.text or case.ask.method == "HEAD" else ["no TOOMANYREQUESTS"]
    if lacks:
        return broken(f"{came(case)}, which has {' and '.join(lacks)}", case.upstream)
    return kept("429 came with Retry-After and TOOMANYREQUESTS", case.upstream)


def a_cold_image_is_missed_or_fetched(case: Case) -> Finding | None:
    cold = case.by_tag and case.healthy and case.at_hub and not case.held
    touched = case.earlier or case.state.dropped or case.answer.method != "GET"
    if not cold or touched or case.index or case.has("authorization") or case.ask.query:
        return None
    answer, profile = case.answer, case.history.profile
    is_right = case.served if profile == "pull-through" else answer.status == 404
    said = f"the mirror is {profile}, and {came(case)}, cold"
    finding = kept(said, case.upstream) if is_right else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=profile)


CASE_RULES: dict[str, CaseRule] = {
    "API-1": ping_says_that_it_is_a_registry,
    "API-2": nobody_needs_credentials,
    "API-3": an_answer_comes_to_its_end,
    "ERROR-1": errors_have_the_form_of_the_specification,
    "ERROR-2": over_the_limit_says_when_to_come_again,
    "PROFILE-1": a_cold_image_is_missed_or_fetched,
}
