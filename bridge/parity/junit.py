"""A report as JUnit XML, as CI systems read it (the Jenkins xUnit plugin's junit-10 schema).

One suite for the calls, one for the books, one for the ledger; a case per operation and object. Too few data is an
error, not a skip: a green run must mean PASS. Must not judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree


def junit(report: Mapping[str, Any]) -> bytes:
    """The file."""
    calls = [each for each in report["groups"] if each["operation"] != "books"]
    books = [each for each in report["groups"] if each["operation"] == "books"]
    root = etree.Element("testsuites", name="parity")
    _suite(root, "calls", calls, report)
    _suite(root, "books", books, report)
    faults = report["ledger_faults"]
    suite = etree.SubElement(
        root, "testsuite", name="known differences", tests="1", failures=str(int(bool(faults))), errors="0", skipped="0"
    )
    suite.set("timestamp", str(report["made"])[:19])
    case = etree.SubElement(suite, "testcase", name="the ledger holds", classname="parity.ledger", time="0")
    if faults:
        _say(case, "failure", "the ledger of known differences does not hold", "\n".join(faults))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _suite(root: etree._Element, name: str, groups: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> None:
    bad = [each["verdict"] for each in groups]
    suite = etree.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(groups)),
        failures=str(bad.count("FAIL")),
        errors=str(bad.count("NOT ENOUGH DATA")),
        skipped="0",
        time=str(report["seconds"] if name == "calls" else 0),
    )
    suite.set("timestamp", str(report["made"])[:19])
    for each in groups:
        title = f"{each['operation']} {each['object']}".strip()
        case = etree.SubElement(suite, "testcase", name=title, classname=f"parity.{name}", time="0")
        if each["verdict"] == "FAIL":
            _say(case, "failure", each["why"], _classes(each, report))
        elif each["verdict"] != "PASS":
            _say(case, "error", each["why"], "NOT ENOUGH DATA")


def _classes(group: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{each['path']} {each['kind']}: {each['calls']} of {each['trials']}, noise {each['noise']}; "
        f"{each['sample']['left']!r} / {each['sample']['right']!r}; {each['command']}"
        for each in report["classes"]
        if each["counts"] and (each["operation"], each["object"]) == (group["operation"], group["object"])
    )


def _say(case: etree._Element, name: str, message: str, text: str) -> None:
    element = etree.SubElement(case, name, message=message, type="parity")
    # What XML cannot carry must not break the file of a run that failed.
    element.text = "".join(c if c in "\t\n\r" or c >= " " else "�" for c in text)
