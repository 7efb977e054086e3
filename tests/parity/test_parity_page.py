"""The report's forms: the page in a real browser at two widths, JUnit against its schema, nothing that could act."""

from __future__ import annotations

import asyncio
import json
import os
import re
import struct
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser import browser, why_not
from lxml import etree
from parity_answers import FIELDS, call, fault, found, good, record, refused, rows, run_of, said

from bridge.contract.reader import read_own
from bridge.parity import known, report
from bridge.parity.capture import Capture
from bridge.parity.compare import Comparison, Neutral
from bridge.parity.corpus import queried, saved
from bridge.parity.examples import example
from bridge.parity.junit import junit
from bridge.parity.page import page
from bridge.parity.terms import FIRST, SECOND
from bridge.parity.verdict import judge

COMPARISON = Comparison(read_own())
HOSTILE = "</style><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
SHOTS = os.environ.get("BRIDGE_TEST_SCREENSHOTS")
"""A folder that screenshots are kept in, for looking at them."""


def made(kind: str) -> dict[str, Any]:
    """A report that passes, fails in every way, or has too little."""
    clean = said(found(record(FIELDS)))
    asked = queried("select Id from Payment")
    pairs: list[Any] = []
    for n in range(1, 61 if kind != "short" else 6):
        pairs.append((call(n, asked), {"left": clean, "right": clean, "control": clean}))
    books: dict[str, Any] = {"payments": {"P1": {"amount": "80", "currency": "USD", "effectiveDate": "2026-02-20"}}}
    run = run_of(pairs)
    run.books = {"left": books, "right": books, "control": books}
    if kind == "fail":
        paid = saved("create", "Payment", {"Amount": "1", "Comment": HOSTILE})
        refusal = said(rows(good(), refused("INVALID_VALUE", HOSTILE.replace("<", "&lt;"))))
        other = said(rows(good(), refused("INVALID_ID", "no")))
        lost = said(fault(), 500)
        pairs += [(call(61, paid), {"left": refusal, "right": other, "control": refusal})]
        pairs += [(call(62, paid), {"left": refusal, "right": lost, "control": refusal})]
        dear = said(found(record(FIELDS.replace("82.8", "82.9"))))
        pairs += [(call(63, asked), {"left": clean, "right": dear, "control": clean})]
        run = run_of(pairs)
        run.books = {"left": books, "right": {"payments": {"P1": {**books["payments"]["P1"], "amount": "81"}}}}
    ledger = known.inherent()
    around = {name: Neutral() for name in run.sides}
    judged = judge(run, COMPARISON, around, ledger=ledger, between="rest soap", tolerance=0.05)
    if kind == "fail":
        judged.faults = known.faults(ledger, judged.hits, date(2030, 1, 1))[:1]
    examples = {
        each.key: example(each.smallest, around[FIRST], around[SECOND])
        for each in judged.classes
        if each.smallest is not None
    }
    told = report.Told(
        Capture(()), "capture.jsonl", "2026-11-28T12:00:00+00:00", 12.0, 1, ledger, "bridge parity replay x --twins", {}
    )
    return report.build(run, judged, told, around, examples)


KINDS = ("pass", "fail", "short")
REPORTS = {kind: made(kind) for kind in KINDS}

# WCAG 2.2, 1.4.3: text has a contrast of 4.5 to 1 with what is behind it.
CONTRAST = """
(() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push(walker.currentNode.data.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return [...new Set(bad)];
})()
"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_in_a_real_browser(kind: str, tmp_path: Path) -> None:
    """Nothing logged, nothing fetched, nothing wider than the screen, readable in light and dark, verdict first."""
    if reason := why_not():
        pytest.skip(reason)
    file = tmp_path / "report.html"
    file.write_text(page(REPORTS[kind]), encoding="utf-8")

    async def look() -> None:
        async with browser() as tab:
            for width in (1280, 390):
                for dark in (False, True):
                    await tab.open(file.as_uri(), width, dark=dark)
                    assert tab.logged == []
                    assert tab.fetched == [file.as_uri()]
                    assert await tab.value("document.documentElement.scrollWidth") <= width
                    assert await tab.value(CONTRAST) == []
                    first = await tab.value("document.body.innerText.trim()")
                    assert first.split("\n")[0].endswith(REPORTS[kind]["verdict"]) or "To the differences" in first[:40]
                    assert await tab.value("document.scripts.length + document.images.length") == 0
                    picture = await tab.picture()
                    assert struct.unpack(">I", picture[16:20])[0] == width
                    if SHOTS:
                        name = f"{kind}-{width}-{'dark' if dark else 'light'}.png"
                        (Path(SHOTS) / name).write_bytes(picture)

    asyncio.run(look())


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_headings_captions_and_names(kind: str) -> None:
    """One h1, no level left out, every table with a caption and heads, every mark explained to a screen reader."""
    text = page(REPORTS[kind])
    tree = etree.HTML(text)
    levels = [int(each.tag[1]) for each in tree.iter("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    for table in tree.iter("table"):
        assert table.find("caption") is not None
        assert table.findall("thead/tr/th[@scope='col']")
    assert all(each.get("aria-label") for each in tree.iter("svg"))
    assert tree.getroottree().getroot().get("lang") == "en"
    anchors = {each.get("href", "")[1:] for each in tree.iter("a")}
    assert anchors <= {each.get("id") for each in tree.iter() if isinstance(each.tag, str)}


def test_what_a_capture_holds_cannot_act() -> None:
    """It is shown as text, and the policy would allow nothing else."""
    text = page(REPORTS["fail"])
    assert "alert(1)" in text
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("</style>") == 1
    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#|data:)""", text)
    assert "style=" not in text.replace("style-src", "")


def test_every_part_of_the_specification_is_there() -> None:
    """Verdict, noise, money, outcomes, books, latency, ledger, digests, and a command per difference."""
    told = REPORTS["fail"]
    assert told["verdict"] == "FAIL"
    assert told["exit"] == 1
    counting = [each for each in told["classes"] if each["counts"]]
    assert counting[0]["money"]
    assert all(each["command"].endswith(f"--only {each['example']['call']}") for each in counting if each["example"])
    assert all(each["noise_rate"] is not None for each in told["classes"] if each["operation"] != "books")
    assert {each["field"] for each in told["money"]} == {"amount", "effectiveDate"}
    assert [each["differ"] for each in told["money"]] == [1, 0]
    latency = told["latency"][0]
    assert set(latency["difference"]) == {"p50", "p95", "p99"}
    assert report.digest(told) == told["digest"]
    assert json.loads(json.dumps(told)) == told


def test_no_report_form_shows_a_secret() -> None:
    """An answer with a card number and a session is shown without them."""
    card, session = "4111111111111111", "SESSION-abcdef-0123456789"
    leak = said(found(record(f"<ns2:Comment>{card}</ns2:Comment>")) + f"<session>{session}</session>")
    other = said(found(record(f"<ns2:Comment>{card} x</ns2:Comment>")))
    run = run_of([(call(1, queried("select Id from Payment")), {"left": leak, "right": other, "control": leak})])
    around = {name: Neutral() for name in run.sides}
    judged = judge(run, COMPARISON, around, tolerance=0.05)
    assert judged.classes
    examples = {
        each.key: example(each.smallest, around[FIRST], around[SECOND]) for each in judged.classes if each.smallest
    }
    told = report.build(
        run, judged, report.Told(Capture(()), "", "2026-11-28T12:00:00+00:00", 1, 1, (), "", {}), around, examples
    )
    for text in (json.dumps(told), page(told), junit(told).decode()):
        assert card not in text
        assert session not in text


# The elements and attributes of the xUnit plugin's junit-10.xsd, which CI systems agree on.
JUNIT = etree.XMLSchema(
    etree.fromstring(
        b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="failure">
<xs:complexType mixed="true"><xs:attribute name="type"/><xs:attribute name="message"/></xs:complexType></xs:element>
<xs:element name="error">
<xs:complexType mixed="true"><xs:attribute name="type"/><xs:attribute name="message"/></xs:complexType></xs:element>
<xs:element name="testcase"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element ref="error"/>
<xs:element ref="failure"/></xs:choice><xs:attribute name="name" use="required"/><xs:attribute name="classname"/>
<xs:attribute name="time" type="xs:decimal"/></xs:complexType></xs:element>
<xs:element name="testsuite"><xs:complexType><xs:sequence>
<xs:element ref="testcase" minOccurs="0" maxOccurs="unbounded"/>
</xs:sequence><xs:attribute name="name" use="required"/><xs:attribute name="tests" type="xs:int" use="required"/>
<xs:attribute name="failures" type="xs:int" use="required"/><xs:attribute name="errors" type="xs:int" use="required"/>
<xs:attribute name="skipped" type="xs:int"/><xs:attribute name="time" type="xs:decimal"/>
<xs:attribute name="timestamp" type="xs:dateTime"/></xs:complexType></xs:element>
<xs:element name="testsuites"><xs:complexType><xs:sequence>
<xs:element ref="testsuite" minOccurs="0" maxOccurs="unbounded"/>
</xs:sequence><xs:attribute name="name"/></xs:complexType></xs:element></xs:schema>"""
    )
)


@pytest.mark.parametrize("kind", KINDS)
def test_junit_is_valid_and_green_only_for_a_pass(kind: str) -> None:
    """Too few data is an error, not a skip; the numbers of the suites are those of their cases."""
    root = etree.fromstring(junit(REPORTS[kind]))
    JUNIT.assertValid(root)
    bad = root.findall(".//failure") + root.findall(".//error")
    assert bool(bad) is (kind != "pass")
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
