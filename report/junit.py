"""A run as JUnit XML, for CI systems."""

from xml.etree import ElementTree as ET

from report.attribution import told
from report.diagram import explain
from report.results import MEANINGS, RuleResult, Run, exit_code
from report.text import inert


def to_junit(run: Run) -> str:
    """The JUnit report of a run: a suite for each daemon, a case for each rule.

    CI systems go red on every ``failure``, so only a MUST that failed is one. What leaves the exit code
    alone (deviations, SHOULD and INFO rules that failed, rules without evidence) is ``skipped`` with a
    message that says which it is. What spoils the run as a whole is an ``error`` in a suite ``harness``.
    """
    root = ET.Element("testsuites", name="mirror-conformance", time=f"{run.seconds:.3f}")
    for daemon in run.daemons:
        suite = _suite(root, run, daemon.name)
        subject = "model of a daemon" if daemon.is_model else daemon.subject
        _properties(
            suite,
            seed=str(run.seed),
            subject=subject,
            version=daemon.version,
            store=daemon.store,
            command=run.command,
        )
        for result in run.of(daemon.name):
            _case(suite, run, result)
    spoilt = _spoilt(run)
    if spoilt:
        suite = _suite(root, run, "harness")
        for index, problem in enumerate(spoilt, 1):
            case = ET.SubElement(suite, "testcase", classname="harness", name=f"problem {index}")
            ET.SubElement(case, "error", type="harness", message=inert(problem))
    for suite in root:
        _count(suite)
    _count(root)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, run: Run, name: str) -> ET.Element:
    return ET.SubElement(root, "testsuite", name=inert(name), timestamp=inert(run.started))


def _properties(parent: ET.Element, **values: str) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", name=name, value=inert(value))


def _case(suite: ET.Element, run: Run, result: RuleResult) -> None:
    rule = result.rule
    case = ET.SubElement(suite, "testcase", classname=rule.subject, name=inert(f"{rule.id} {rule.title}"))
    whose = told([result])
    _properties(case, source=rule.source, level=rule.level, seed=str(run.seed), **({"whose": whose} if whose else {}))
    reason = inert(result.reason) or "no reason was given"
    match result.status:
        case "pass":
            pass
        case "fail" if rule.level == "MUST":
            failure = ET.SubElement(case, "failure", type=rule.level, message=reason)
            failure.text = _explained(result)
        case "fail":
            ET.SubElement(case, "skipped", message=f"{rule.level} not met: {reason}")
        case "error":
            error = ET.SubElement(case, "error", type="harness", message=reason)
            error.text = _explained(result)
        case "deviation":
            ET.SubElement(case, "skipped", message=f"deviation: {reason}")
        case status:
            ET.SubElement(case, "skipped", message=status)


def _explained(result: RuleResult) -> str | None:
    return "\n".join(explain(result.example, result.rule)) if result.example else None


def _spoilt(run: Run) -> list[str]:
    code = exit_code(run)
    return [*run.problems, *([MEANINGS[code]] if code in {5, 130} else [])]


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(len(element.findall(f".//{tag}"))))
