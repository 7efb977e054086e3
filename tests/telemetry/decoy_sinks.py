"""Where the bridge writes down or shows anything: one line each, and what is in it after a scene.

A sink is a function from a scene to what is written there, taken while the bridge runs or, of those in ``AFTER``,
when it has ended. To add one is to add a line. Must not look for decoys.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from unittest import mock

from decoy_console import seen
from decoy_scene import Scene, as_environment
from decoy_soap_calls import create, envelope, payment
from typer.testing import CliRunner

from bridge.cli import cli
from bridge.contract.reader import read_own
from bridge.parity import known, report
from bridge.parity.capture import of
from bridge.parity.compare import Comparison, Neutral
from bridge.parity.examples import example
from bridge.parity.junit import junit
from bridge.parity.page import page
from bridge.parity.tap import recorded
from bridge.parity.terms import FIRST, SECOND, Answer, Exchange, Run
from bridge.parity.verdict import judge

Sink = Callable[[Scene], str | bytes]


def command(*words: str) -> Sink:
    """What a command prints beside the bridge."""

    def run(scene: Scene) -> str:
        with mock.patch("bridge.telemetry.log.configure"):
            done = CliRunner().invoke(cli, list(words), env={**as_environment(scene), "COLUMNS": "300"})
        assert done.exit_code in (0, 1, 3), (words, done.output, done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
        return str(done.output)

    return run


def of_a_file(*words: str) -> Sink:
    """What a command says of a file that is full of decoys."""

    def run(scene: Scene) -> str:
        told = []
        for document in ("@I1", "@D1"):
            cards = {
                name: scene.decoys.card() for name in ("Comment", "ReferenceId", "GatewayOrderId", "C1__c", "Source")
            }
            secret = f"<ns2:GatewayOptionData><ns2:GatewayOption><ns2:name>n</ns2:name><ns2:value>{scene.decoys.card()}"
            secret += "</ns2:value></ns2:GatewayOption></ns2:GatewayOptionData>"
            message = envelope(create(scene, "Payment", payment(scene, InvoiceId=document, **cards), raw=secret))
            file = scene.world.folder / "message.xml"
            file.write_bytes(message)
            told.append(command(words[0], str(file), *words[1:])(scene))
        return str("\n".join(told))

    return run


def of_each_intent(*words: str, most: int = 40) -> Sink:
    """What a command says of intents, those with most to tell first."""

    def run(scene: Scene) -> str:
        listed = command("journal", "list", "--limit", "10000", "--json")(scene)
        found = json.loads(listed)["intents"]
        found.sort(key=lambda one: (one["state"] in ("APPLIED", "REFUSED"), not one["errors"]))
        half = [*found[: most // 2], *found[-most // 2 :]]
        return "\n".join(str(command(*words[:-1], each["id"], words[-1])(scene)) for each in half)

    return run


def metrics(scene: Scene) -> bytes:
    """What Prometheus reads."""
    with urllib.request.urlopen(f"{scene.world.bridges[0].admin_url}/metrics", timeout=10) as came:
        return bytes(came.read())


def journal_files(scene: Scene) -> bytes:
    """Every byte of SQLite's file, its log and what else lies in the folder, but for the key."""
    return b"\n".join(each.read_bytes() for each in scene.world.folder.glob("bridge.db*") if each.suffix != ".key")


def journal_rows(scene: Scene) -> str:
    """Every table as text, as a dump has it."""
    with contextlib.closing(sqlite3.connect(f"file:{scene.world.database}?mode=ro", uri=True)) as journal:
        return "\n".join(journal.iterdump())


def captures(scene: Scene) -> bytes:
    """What the tap has written."""
    return b"\n".join(each.read_bytes() for each in (scene.world.folder / "captures").iterdir())


def parity(scene: Scene, kind: str) -> str:
    """A report about what was captured, whose two sides were answered what callers were, by turns."""
    entries = of(recorded(scene.world.folder / "captures")).entries[-120:]
    heard = [each.said.partition(b"<?xml")[2] for each in scene.heard if b"<?xml" in each.said]
    answers = [
        Answer(200, {"content-type": "text/xml", "zuora-track-id": "x"}, b"<?xml" + each, 0.01) for each in heard
    ]
    run = Run(sides={FIRST: "soap", SECOND: "rest"}, neutral={FIRST: {}, SECOND: {}})
    run.exchanges = [
        Exchange(one, {FIRST: answers[-place % len(answers)], SECOND: answers[(7 * place) % len(answers)]})
        for place, one in enumerate(entries)
    ]
    around = {name: Neutral() for name in run.sides}
    ledger = known.inherent()
    judged = judge(run, Comparison(read_own()), around, ledger=ledger, between="soap rest", tolerance=0.05)
    assert len(judged.classes) > 3
    examples = {
        each.key: example(each.smallest, around[FIRST], around[SECOND])
        for each in judged.classes
        if each.smallest is not None
    }
    when = datetime.now(UTC).isoformat()
    told = report.Told(of(entries), "capture.jsonl", when, 1.0, 1, ledger, "bridge parity replay x", {})
    made = report.build(run, judged, told, around, examples)
    return page(made) if kind == "html" else junit(made) if kind == "junit" else json.dumps(made)


def console(scene: Scene) -> bytes:
    """Every page, a report among what it shows."""
    folder = scene.world.folder / "reports" / "first"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(parity(scene, "json"))
    return seen(scene)


def traces(scene: Scene) -> bytes:
    """What came to the collector."""
    assert len(scene.collector.spans) > 100
    return b"\n".join(each.SerializeToString() for each in scene.collector.requests)


def shadows(scene: Scene) -> str:
    """What was compared, row by row."""
    with contextlib.closing(sqlite3.connect(f"file:{scene.world.database}?mode=ro", uri=True)) as journal:
        return "\n".join(map(str, journal.execute("SELECT * FROM comparison").fetchall()))


SINKS: Mapping[str, Sink] = {
    "metrics": metrics,
    "journal: files": journal_files,
    "journal: rows": journal_rows,
    "journal list": command("journal", "list", "--limit", "10000"),
    "journal list --json": command("journal", "list", "--limit", "10000", "--json"),
    "journal show --request": of_each_intent("journal", "show", "--request"),
    "journal export --request": command("journal", "export", "--since", "3650d", "--request"),
    "explain INTENT": of_each_intent("explain", "--json", most=10),
    "explain FILE": of_a_file("explain", "--json"),
    "plan FILE": of_a_file("plan"),
    "plan FILE --json": of_a_file("plan", "--json"),
    "usage --fields": command("usage", "--fields"),
    "usage --json": command("usage", "--json"),
    "cutover history": command("cutover", "history", "--json"),
    "parity shadow": command("parity", "shadow", "--json"),
    "shadow comparisons": shadows,
    "console": console,
}
"""While the bridge runs."""

AFTER: Mapping[str, Sink] = {
    "logs as JSON": lambda scene: scene.lines.getvalue(),
    "logs on a terminal": lambda scene: scene.console.getvalue(),
    "journal: files at the end": journal_files,
    "captures": captures,
    "traces": traces,
    "parity report": lambda scene: parity(scene, "html"),
    "parity report --json": lambda scene: parity(scene, "json"),
    "parity report, JUnit": lambda scene: parity(scene, "junit"),
    "admin API": lambda scene: b"\n".join(each.said for each in scene.admin),
}
"""When it has ended, and everything that waited was written."""


def taken(sinks: Mapping[str, Sink], scene: Scene) -> dict[str, bytes]:
    """What is in each of them."""
    said = {name: sink(scene) for name, sink in sinks.items()}
    return {
        name: text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass") for name, text in said.items()
    }


assert sys.flags.optimize == 0, "asserts are this proof's teeth"
