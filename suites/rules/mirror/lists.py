"""LIST, REFERRERS: what there is."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, TrialRule, came, document, is_digest

_NEXT = re.compile(r'<[^>]+>\s*;\s*rel="?next"?')
INDEX = "application/vnd.oci.image.index.v1+json"


def _tags(case: Case) -> list[str] | None:
    """The tags that came; ``None`` where no list of them did."""
    value = document(case.answer.text)
    tags = value.get("tags") if isinstance(value, dict) else None
    if tags is None and isinstance(value, dict) and "tags" in value:
        tags = []
    return tags if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags) else None


def _at_hub(case: Case) -> list[str]:
    return sorted(tag for repository, tag in case.state.tags if repository == case.ask.repository)


def _is_known(case: Case) -> bool:
    """Whether the mirror holds every tag that Hub has, so that its list can be but one."""
    places = [place for place in case.state.tags if place[0] == case.ask.repository]
    return bool(places) and all(place in case.state.held for place in places) and case.healthy


def tags_are_listed_in_the_form_of_the_specification(case: Case) -> Finding | None:
    if case.ask.kind != "tags" or case.answer.status != 200:
        return None
    value, tags = document(case.answer.text), _tags(case)
    if tags is None:
        return broken(f"{came(case)}, which is no list of tags: {case.answer.text[:80]}", case.upstream)
    own = case.answer.target.removeprefix("/v2/").partition("/tags/list")[0]
    if value.get("name") != own:
        return broken(f"the list of tags of {own} is named {value.get('name')!r}", case.upstream)
    if tags != sorted(tags):
        return broken(f"the tags are not in lexical order: {', '.join(tags)}", case.upstream)
    return kept(f"{len(tags)} tags came in lexical order")


def tags_come_in_pages(case: Case) -> Finding | None:
    query = dict(parse_qsl(case.ask.query, keep_blank_values=True))
    if case.ask.kind != "tags" or not query.keys() & {"n", "last"} or not _is_known(case) or case.index:
        return None
    if not query.get("n", "0").isdecimal():
        return None
    if case.answer.status != 200:
        return None if case.answer.status in (404, 405) else broken(came(case), case.upstream)
    after = [tag for tag in _at_hub(case) if tag > query.get("last", "")]
    wanted = after[: int(query["n"])] if "n" in query else after
    tags = _tags(case)
    if tags != wanted:
        return broken(f"?{case.ask.query} of {_at_hub(case)} brought {tags}, not {wanted}", case.upstream)
    more = bool(wanted) and len(wanted) < len(after)
    linked = bool(_NEXT.search(case.answer.header("link")))
    if more != linked:
        there = "a Link to a next page" if linked else "no Link to the next page"
        return broken(f"?{case.ask.query} of {_at_hub(case)} came with {there}", case.upstream)
    return kept(f"?{case.ask.query} brought {tags}")


def pages_lead_to_every_tag(found: tuple[Case, ...]) -> Iterator[Finding]:
    """Follow the Links of a list, as they come."""
    for step in dict.fromkeys(case.number for case in found if case.ask.follow):
        pages = [case for case in found if case.number == step]
        if not _is_known(pages[0]) or pages[0].answer.status != 200:
            continue
        brought = [tag for page in pages for tag in _tags(page) or ()]
        wanted = _at_hub(pages[0])
        said = f"{len(pages)} pages, each after the Link of the one before, brought {', '.join(brought) or 'nothing'}"
        lacking = f"{said}; Hub has {', '.join(wanted)}"
        yield Finding(brought == wanted, said if brought == wanted else lacking, step=step)


def a_page_size_that_cannot_be_is_no_failure(case: Case) -> Finding | None:
    query = dict(parse_qsl(case.ask.query, keep_blank_values=True))
    if case.ask.kind != "tags" or query.get("n", "0").isdecimal() or not case.healthy:
        return None
    said = f"a page of {query['n']!r} tags: {came(case)}"
    clean = 400 <= case.answer.status < 500 or _tags(case) is not None
    return kept(said) if clean else broken(said, case.upstream)


def tags_are_hubs(case: Case) -> Finding | None:
    if case.ask.kind != "tags" or case.ask.query or not case.healthy or not _at_hub(case):
        return None
    if case.answer.status != 200:
        return kept(f"the list of tags was refused: {case.answer.outcome}")
    tags, wanted = _tags(case) or [], _at_hub(case)
    said = f"Hub has the tags {', '.join(wanted)}, and the mirror lists {', '.join(tags) or 'none'}"
    return kept(said) if tags == wanted else broken(said, case.upstream)


def catalogue_tells_nothing_private(case: Case) -> Finding | None:
    if case.ask.kind != "catalogue":
        return None
    told = [name for name in case.scenario.private if f'"{name}-{case.history.salt}"' in case.answer.text]
    if told:
        return broken(f"the catalogue lists {told[0]}, which is private at Hub", case.upstream)
    return kept(f"the catalogue was answered {case.answer.outcome}, and told of nothing private")


def referrers_are_an_index(case: Case) -> Finding | None:
    if case.ask.kind != "referrers" or not is_digest(case.ask.reference) or not case.healthy:
        return None
    if case.answer.status == 404:
        return kept("referrers are not supported: 404")
    value = document(case.answer.text)
    is_index = isinstance(value, dict) and value.get("mediaType") == INDEX and isinstance(value.get("manifests"), list)
    if case.answer.status == 200 and is_index and case.answer.header("content-type") == INDEX:
        return kept(f"referrers came as an index of {len(value['manifests'])}")
    return broken(f"{came(case)} and the type {case.answer.header('content-type')!r}", case.upstream)


def referrers_of_no_digest_are_refused(case: Case) -> Finding | None:
    if case.ask.kind != "referrers" or is_digest(case.ask.reference):
        return None
    said = came(case)
    return kept(said) if case.answer.status in (400, 404) else broken(said, case.upstream)


def referrers_are_hubs(case: Case) -> Finding | None:
    if case.ask.kind != "referrers" or case.answer.status != 200 or not case.fills or not case.healthy:
        return None
    about = case.ask.reference.removeprefix("@")
    there = case.state.images.get(case.ask.repository, frozenset())
    wanted = [name for name, artifact in case.scenario.artifacts.items() if artifact.subject == about and name in there]
    missing = [name for name in wanted if case.history.contents[name].root not in case.answer.text]
    if not wanted:
        return None
    if missing:
        return broken(f"Hub has {missing[0]} about {about}, and the mirror's referrers lack it", case.upstream)
    return kept(f"the referrers of {about} are Hub's")


def tags_of_referrers_pass(case: Case) -> Finding | None:
    if not case.by_tag or not case.ask.reference.startswith("sha256-") or not case.reads or not case.servable:
        return None
    said = f"the tag by which clients find signatures: {came(case)}"
    return kept(said) if case.served else broken(said, case.upstream)


CASE_RULES: dict[str, CaseRule] = {
    "LIST-1": tags_are_listed_in_the_form_of_the_specification,
    "LIST-2": tags_come_in_pages,
    "LIST-3": tags_are_hubs,
    "LIST-4": catalogue_tells_nothing_private,
    "LIST-6": a_page_size_that_cannot_be_is_no_failure,
    "REFERRERS-1": referrers_are_an_index,
    "REFERRERS-2": referrers_of_no_digest_are_refused,
    "REFERRERS-3": referrers_are_hubs,
    "REFERRERS-4": tags_of_referrers_pass,
}
TRIAL_RULES: dict[str, TrialRule] = {"LIST-5": pages_lead_to_every_tag}
