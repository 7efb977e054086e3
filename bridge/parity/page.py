"""A report as one HTML file: nothing is fetched, no script is needed, readable on a phone and on paper.

Everything is escaped by Jinja2, and the content security policy allows nothing but the one style sheet, by its hash:
what a capture holds cannot act in a reader's browser. Must not judge.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

HERE = Path(__file__).parent
WIDTH = 120
SMALLEST = 0.0001
"""The left end of the scale on which a bound is drawn."""

PARTS = (
    ("Money", ("money",), "An amount, a currency or a day differs, or a payment or refund exists on one side only."),
    ("Above the noise", ("counts",), "These fail their operation."),
    ("Known", ("known",), "Accepted in the ledger of known differences."),
    ("Noise", ("noise",), "Seen as often between two sides that are the same; they count for nothing."),
)


def page(report: Mapping[str, Any]) -> str:
    """The file's text."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    style = (HERE / "page.css").read_text(encoding="utf-8").replace("\n", "")
    tone = {"PASS": "good", "FAIL": "bad"}.get(report["verdict"], "wait")
    parts = [(title, [c for c in report["classes"] if c["state"] in states], lead) for title, states, lead in PARTS]
    return environment.get_template("page.html.j2").render(
        report=report,
        style=Markup(style),  # noqa: S704 - our own file, without a value in it
        style_hash=f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}",
        tone=tone,
        parts=parts,
        counting=[each for each in report["classes"] if each["counts"]],
        scale=_scale,
    )


def _scale(rate: float) -> str:
    """A rate's place on the logarithmic ruler."""
    share = math.log10(max(rate, SMALLEST) / SMALLEST) / math.log10(1 / SMALLEST)
    return f"{min(1.0, share) * WIDTH:.1f}"


def _breakable(path: str) -> Markup:
    """A path that may be broken behind its slashes."""
    return Markup("/<wbr>").join(escape(part) for part in path.split("/"))
