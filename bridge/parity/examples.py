"""The smallest example of a class: the request and both answers, redacted, in lines that stand side by side.

Also says in a few words how an answer came out, for the table of outcomes. Must not hold a secret: whatever is shown
goes through redaction first.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from lxml import etree

from bridge.parity import messages
from bridge.parity.compare import Neutral
from bridge.parity.envelope import local, parse, payload
from bridge.parity.redaction import shown
from bridge.parity.terms import FIRST, SECOND, Answer, Exchange, ParityError
from bridge.telemetry.redact import redact_text

LONGEST = 12_000
"""Characters of one message in a report; what is cut off is said."""


@dataclass(frozen=True, slots=True)
class Example:
    """One call with both answers. ``shrunk_from`` counts the objects that it had before it was made smaller."""

    number: int
    source: str
    objects: int
    shrunk_from: int
    request: str
    left: Answer
    right: Answer
    lines: tuple[tuple[str, str, str], ...]
    canonical: tuple[str, str] = ("", "")
    capture: str = ""
    """The file of the reduced calls, beside the report."""

    def told(self) -> dict[str, Any]:
        """As the report holds it."""
        return {
            "call": self.number,
            "source": self.source,
            "objects": self.objects,
            "shrunk_from": self.shrunk_from,
            "request": self.request,
            "left": _side(self.left, self.canonical[0]),
            "right": _side(self.right, self.canonical[1]),
            "lines": [list(each) for each in self.lines],
        }


def example(exchange: Exchange, ours: Neutral, theirs: Neutral, shrunk_from: int = 0) -> Example:
    """An exchange as an example."""
    left, right = exchange.answers[FIRST], exchange.answers[SECOND]
    texts = [_pretty(side.text(shown(answer.body))) for side, answer in ((ours, left), (theirs, right))]
    return Example(
        exchange.entry.number,
        exchange.entry.source,
        exchange.entry.objects,
        shrunk_from or exchange.entry.objects,
        _cut(_pretty(left.sent or exchange.entry.body)),
        left,
        right,
        tuple(_beside(texts[0].splitlines(), texts[1].splitlines())),
        (_canonical(texts[0]), _canonical(texts[1])),
    )


def _side(answer: Answer, canonical: str) -> dict[str, Any]:
    """An answer with the marks by which the bridge's journal and Zuora's support find it."""
    return {
        "status": answer.status,
        "trouble": answer.trouble,
        "raw": _cut(shown(answer.body)),
        "canonical": _cut(canonical),
        "intent": redact_text(answer.headers.get("bridge-intent", "")),
        "track": redact_text(answer.headers.get("zuora-track-id", "")),
    }


def outcome(answer: Answer, neutral: Neutral) -> str:
    """How an answer came out: ``Success``, ``2 of 3 Success, INVALID_VALUE``, ``fns:INVALID_SESSION (HTTP 500)``."""
    if answer.trouble:
        return f"no answer ({answer.trouble})"
    text = neutral.text(shown(answer.body))
    if text[:1] in ("{", "["):
        return messages.outcome(answer.status, text) or f"HTTP {answer.status}, no JSON"
    try:
        found = payload(parse(text.encode()))
    except ParityError:
        return f"HTTP {answer.status}, no envelope"
    if found is None:
        return f"HTTP {answer.status}, empty"
    if local(found) == "Fault":
        code = next((each.text or "" for each in found if local(each) == "faultcode"), "")
        code = code or " ".join(text for text in (found[0].itertext() if len(found) else ()))
        return f"{code} (HTTP {answer.status})"
    results = [each for each in found if local(each) in ("result", "results")]
    told = [next((c.text for c in each if local(c).lower() == "success"), None) for each in results]
    if not told or all(each is None for each in told):
        return f"answered (HTTP {answer.status})"
    good = sum(each == "true" for each in told)
    codes = Counter(
        child.text or ""
        for each in results
        for error in each
        if local(error).lower() == "errors"
        for child in error
        if local(child) == "Code"
    )
    listed = ", ".join(sorted(codes))
    if good == len(told):
        return "Success"
    return listed if len(told) == 1 else f"{good} of {len(told)} Success, {listed}"


def _pretty(text: str) -> str:
    if text[:1] in ("{", "["):
        return messages.pretty(text)
    head, blank, body = text.partition("\n\n")
    if body[:1] in ("{", "["):
        return f"{head}{blank}{messages.pretty(body)}"
    try:
        root = parse(text.encode())
    except ParityError:
        return text
    etree.indent(root, "  ")
    return etree.tostring(root, encoding="unicode")


def _canonical(text: str) -> str:
    """Canonical XML (C14N 1.0) of the indented text: attributes and declarations in one order, one spelling of all."""
    try:
        return etree.tostring(parse(text.encode()), method="c14n").decode()
    except ParityError:
        return text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n[{len(text) - LONGEST} more characters]"


def _beside(left: list[str], right: list[str]) -> list[tuple[str, str, str]]:
    """Rows of (same or changed, left, right); long equal stretches are folded to a count."""
    rows: list[tuple[str, str, str]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            stretch = left[a:b]
            if len(stretch) > 8:
                folded = f"… {len(stretch) - 6} equal lines …"
                rows += [("same", each, each) for each in stretch[:3]]
                rows.append(("fold", folded, folded))
                stretch = stretch[-3:]
            rows += [("same", each, each) for each in stretch]
            continue
        for place in range(max(b - a, d - c)):
            ours = left[a + place] if a + place < b else ""
            theirs = right[c + place] if c + place < d else ""
            rows.append(("changed", ours, theirs))
    return rows[:400]
