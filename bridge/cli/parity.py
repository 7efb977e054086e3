"""``bridge parity``: record calls, replay them on two sides, and say with what confidence the sides are the same.

Exit 0 pass, 1 the sides differ, 2 usage, 3 not enough data. Secrets come from the environment, never from the command
line. Must not hold a rule: what counts and what is enough is the room's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from bridge.cli import parity_shadow, parity_sign
from bridge.cli.parity_print import as_read, progress, steps, summary
from bridge.cli.parity_twins import ROUTES, Twin, fresh, twins
from bridge.contract import files
from bridge.contract.errors import ContractError
from bridge.contract.reader import read as read_contract
from bridge.contract.reader import read_own
from bridge.parity import capture as captures
from bridge.parity import corpus, folder, gate, known, report, tap
from bridge.parity.capture import Capture
from bridge.parity.compare import Comparison, Neutral
from bridge.parity.examples import Example, example
from bridge.parity.junit import junit
from bridge.parity.page import page
from bridge.parity.replay import needed, neutrals, replay
from bridge.parity.shrink import smallest
from bridge.parity.side import Side, origin
from bridge.parity.state import Books, SandboxBooks, TenantBooks
from bridge.parity.terms import CONTROL, FIRST, SECOND, ClassKey, Entry, ParityError
from bridge.parity.verdict import Judgement, Verdict, judge
from bridge.settings import ConfigurationError
from bridge.telemetry import log

MOST_SHRUNK = 5
"""Classes whose example is made smaller; each needs some replays."""

cli = typer.Typer(
    help="Prove that two ways of carrying a call are the same.", no_args_is_help=True, add_completion=False
)


@cli.callback()
def parity() -> None:
    """Record calls, replay them on two sides that are twins, and compare answers and what is left behind."""


@contextlib.contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except ParityError as error:
        raise ConfigurationError(str(error)) from None


# ------------------------------------------------------------------ record


@cli.command()
def record(
    source: Path = typer.Option(..., "--from", help="a folder of NAME.xml or NAME.http, or of a bridge's live capture"),
    to: Path = typer.Option(Path("capture.jsonl"), "--to", help="the capture to write"),
    version: str = typer.Option("107.0", help="the WSDL version of envelopes without a path"),
    cap: int = typer.Option(captures.CAP, min=1, help="calls at most; later ones are counted and dropped"),
    tenant: str = typer.Option("", help="the tenant's id; only a hash of it is kept"),
    dry_run: bool = typer.Option(False, "--dry-run", help="say what would be written"),
    as_json: bool = typer.Option(False, "--json", help="one JSON object"),
) -> None:
    """Make a capture of a folder of SOAP messages or of what a bridge has recorded; secrets are taken out first."""
    with _usage():
        live = sorted(source.glob(f"*{tap.SUFFIX}")) if source.is_dir() else []
        found = tap.recorded(source) if live else folder.calls(source, version)
        with progress(Console(stderr=True)) as bar:
            counted = bar.track(found, total=None if live else folder.count(source), description="reading")
            made = captures.of(counted, cap=cap, wsdl=version, tenant=captures.tenant_hash(tenant))
        if not dry_run:
            captures.write(made, to)
    told = {"file": str(to), "calls": len(made.entries), "dropped": made.dropped, "sha256": made.digest}
    if as_json:
        print(json.dumps(told))
    else:
        word = "would be written" if dry_run else "written"
        more = f"; {made.dropped} over the cap of {cap} were dropped" if made.dropped else ""
        print(f"{len(made.entries)} calls {word} to {to}{more}")


# ------------------------------------------------------------------ replay


@dataclass(slots=True)
class Plan:
    """What a replay is to do, wherever its sides come from."""

    entries: list[Entry]
    capture: Capture
    out: Path
    tolerance: float
    ledger: tuple[known.Known, ...]
    between: str
    seed: int
    comparison: Comparison
    command: str
    console: Console
    settings: dict[str, str] = field(default_factory=dict)
    wsdl_sha256: str = ""
    key: bytes | None = None


@cli.command("replay")
def replay_command(
    capture: Path | None = typer.Argument(None, help="a capture; with --twins, calls are made up if there is none"),
    on_twins: bool = typer.Option(False, "--twins", help="start sandboxes and bridges for it, and end them after"),
    left: str = typer.Option("", help="the origin of the side that is right by definition"),
    right: str = typer.Option("", help="the origin of the side that is to be proved"),
    control_side: str = typer.Option("", "--control", help="the origin of a twin of the left side, to know the noise"),
    left_books: str = typer.Option("", help="where to read what is left behind: a sandbox, or a tenant's REST origin"),
    right_books: str = typer.Option("", help="the same of the right side"),
    control_books: str = typer.Option("", help="the same of the control side"),
    left_route: str = typer.Option("soap", help="direct, soap, action or rest"),
    right_route: str = typer.Option("rest", help="direct, soap, action or rest"),
    no_control: bool = typer.Option(False, "--no-control", help="with --twins: no third twin"),
    demo: bool = typer.Option(False, "--demo", help="with --twins and no capture: the calls of `bridge demo`"),
    calls: int = typer.Option(60, min=1, help="with --twins and no capture: calls of each operation and object"),
    seed: int = typer.Option(1, help="of the made-up calls, of the sides' order and of the bootstrap"),
    only: str = typer.Option("", help="only these calls (7 or 7,9) and the ones they rest on"),
    tolerance: float = typer.Option(0.05, min=0.00001, max=0.99, help="the mismatch rate that must be excluded"),
    known_file: Path | None = typer.Option(None, "--known", help="a TOML file of known differences"),
    wsdl: Path | None = typer.Option(None, help="the tenant's own WSDL, with its custom fields"),
    ids: Path | None = typer.Option(None, help='JSON {"id in the capture": {"left": "...", "right": "..."}}'),
    out: Path = typer.Option(Path("parity-report"), help="the folder of the report"),
    shrink: bool = typer.Option(True, help="with --twins: make examples smaller by replaying them"),
    sign_key_file: Path | None = typer.Option(None, help="sign the report with the key in this file"),
    as_json: bool = typer.Option(False, "--json", help="the whole report on stdout"),
) -> None:
    """Replay a capture on two sides and write report.html, report.json, junit.xml and the capture into a folder."""
    console = Console(stderr=as_json)
    with _usage():
        if on_twins == bool(left or right):
            raise ParityError("say either --twins, or --left and --right")
        for route in (left_route, right_route):
            if route not in ROUTES:
                raise ParityError(f"{route!r} is no route; there are {', '.join(ROUTES)}")
        plan = Plan(
            entries=[],
            capture=captures.read(capture) if capture is not None else Capture(()),
            out=out,
            tolerance=tolerance,
            ledger=(*(known.read(known_file) if known_file else ()), *known.inherent()),
            between=" ".join(sorted((left_route, right_route))),
            seed=seed,
            comparison=Comparison(_contract(wsdl)),
            command=_command(out, on_twins, left_route, right_route, (left, right, control_side)),
            console=console,
            settings={"left": left_route, "right": right_route},
            wsdl_sha256=hashlib.sha256((wsdl or files.own_wsdl()).read_bytes()).hexdigest(),
            key=parity_sign.key_of(sign_key_file),
        )
        wanted = _numbers(only)
        if on_twins:
            routes = {FIRST: left_route, SECOND: right_route} | ({} if no_control else {CONTROL: left_route})
            with tempfile.TemporaryDirectory(prefix="bridge-parity-") as place, twins(Path(place), routes) as started:
                if capture is None:
                    plan.capture = captures.of(_made_up(started[FIRST], demo, calls, seed, left_route, right_route))
                told = _run(plan, wanted, TwinSides(started), shrink=shrink)
        else:
            if capture is None or not (left and right):
                raise ParityError("a capture, --left and --right are needed; or try `bridge parity replay --twins`")
            origins = {FIRST: left, SECOND: right} | ({CONTROL: control_side} if control_side else {})
            listed = {FIRST: left_books, SECOND: right_books, CONTROL: control_books}
            told = _run(plan, wanted, GivenSides(origins, listed, _ids(ids)), shrink=False)
    if as_json:
        print(json.dumps(told))
    else:
        summary(console, told, out)
    raise typer.Exit(int(told["exit"]))


class TwinSides:
    """Sides of our own; others like them can be had for a try."""

    def __init__(self, started: dict[str, Twin]) -> None:
        self._started = started
        self.beside = [twin.sandbox for twin in started.values()]

    def sides(self) -> list[Side]:
        """New sides; nothing is known of their ids."""
        return [twin.side() for twin in self._started.values()]

    def books(self) -> dict[str, Books]:
        """Their ledgers."""
        return {name: twin.books() for name, twin in self._started.items()}

    @property
    def routes(self) -> dict[str, str]:
        """The routes of the two sides that are compared."""
        return {name: twin.route for name, twin in self._started.items() if name != CONTROL}


class GivenSides:
    """Sides that somebody runs. Credentials come from BRIDGE_PARITY_..., per side or for all."""

    def __init__(self, origins: dict[str, str], listed: dict[str, str], ids: dict[str, dict[str, str]]) -> None:
        self._origins = {name: origin(text) for name, text in origins.items()}
        self._books = {name: origin(text) for name, text in listed.items() if text and name in origins}
        self._ids = ids
        self.beside = list(self._books.values())

    def sides(self) -> list[Side]:
        """The sides with their ids."""
        made = []
        for name, where in self._origins.items():
            title = where.partition("://")[2]
            side = Side(name, where, _secret(name, "USER"), _secret(name, "PASSWORD"), title)
            for place, (told, per_side) in enumerate(self._ids.items(), 1):
                own = per_side.get(name) or per_side.get(FIRST, told) if name == CONTROL else per_side.get(name, told)
                side.given[told] = own
                side.tokens[own] = f"{{seeded:{place}}}"
            made.append(side)
        return made

    def books(self) -> dict[str, Books]:
        """A reader per side that has one."""
        made: dict[str, Books] = {}
        for name, where in self._books.items():
            client = _secret(name, "CLIENT_ID", needed=False)
            if client:
                made[name] = TenantBooks(where, client, _secret(name, "CLIENT_SECRET"))
            else:
                made[name] = SandboxBooks(where)
        return made


def _run(plan: Plan, wanted: Sequence[int], given: TwinSides | GivenSides, *, shrink: bool) -> dict[str, Any]:
    plan.entries = list(plan.capture.entries)
    if wanted:
        plan.entries = needed(plan.entries, wanted)
    if not plan.entries:
        raise ParityError("the capture holds no call")
    began = time.monotonic()
    sides = given.sides()
    with progress(plan.console) as bar:
        task = bar.add_task("replaying", total=len(plan.entries))
        run = replay(plan.entries, sides, given.books(), seed=plan.seed, progress=lambda: bar.advance(task))
    around = neutrals(run, sides, given.beside)
    judged = judge(run, plan.comparison, around, ledger=plan.ledger, between=plan.between, tolerance=plan.tolerance)
    judged.faults = known.faults(plan.ledger, judged.hits, datetime.now(UTC).date())
    if judged.faults:
        judged.verdict = Verdict.FAIL
    plan.out.mkdir(parents=True, exist_ok=True)
    captures.write(captures.of(plan.capture.entries, cap=len(plan.capture.entries)), plan.out / "capture.jsonl")
    shrunk = _shrunk(plan, judged, given) if shrink and isinstance(given, TwinSides) else {}
    told = report.Told(
        capture=plan.capture,
        source="capture.jsonl",
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.monotonic() - began,
        seed=plan.seed,
        ledger=plan.ledger,
        command=plan.command,
        settings=plan.settings,
        wsdl_sha256=plan.wsdl_sha256,
    )
    made = report.build(run, judged, told, around, _examples(judged, around) | shrunk)
    if plan.key is not None:
        made["signature"] = report.signature(made, plan.key)
    (plan.out / "report.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    (plan.out / "report.html").write_text(page(made), encoding="utf-8")
    (plan.out / "junit.xml").write_bytes(junit(made))
    return made


def _examples(judged: Judgement, around: dict[str, Neutral]) -> dict[ClassKey, Example]:
    return {
        each.key: example(each.smallest, around[FIRST], around[SECOND])
        for each in judged.classes
        if each.smallest is not None
    }


def _shrunk(plan: Plan, judged: Judgement, given: TwinSides) -> dict[ClassKey, Example]:
    """Smaller examples of what counts, each tried on fresh twins."""
    log.configure("ERROR")
    found: dict[ClassKey, Example] = {}
    large = [each for each in judged.classes if each.counts and each.smallest and each.smallest.entry.objects > 1]
    for each in steps(plan.console, large[:MOST_SHRUNK], "making examples smaller"):
        assert each.smallest is not None
        shows = _Shows(plan, given.routes, each.key, each.smallest.entry.objects)
        number = each.smallest.entry.number
        reduced = smallest(plan.entries, number, shows)
        if reduced is not None and shows.example is not None:
            file = f"smallest-{len(found) + 1}-of-call-{number}.jsonl"
            captures.write(Capture(tuple(reduced)), plan.out / file)
            found[each.key] = replace(shows.example, capture=file)
    return found


class _Shows:
    """Whether the last of some calls shows a class, on fresh twins; keeps the last example that did."""

    def __init__(self, plan: Plan, routes: dict[str, str], key: ClassKey, objects: int) -> None:
        self._plan, self._routes, self._key, self._objects = plan, routes, key, objects
        self.example: Example | None = None

    def __call__(self, entries: Sequence[Entry]) -> bool:
        with tempfile.TemporaryDirectory(prefix="bridge-parity-") as place, fresh(Path(place), self._routes) as started:
            sides = [twin.side() for twin in started.values()]
            run = replay(entries, sides, {}, seed=self._plan.seed)
        ours, theirs = (neutrals(run, sides, [t.sandbox for t in started.values()])[name] for name in (FIRST, SECOND))
        last = run.exchanges[-1]
        found = self._plan.comparison.answers(last.answers[FIRST], last.answers[SECOND], ours, theirs)
        if not any((one.where, one.kind) == (self._key.path, self._key.kind) for one in found):
            return False
        self.example = example(last, ours, theirs, self._objects)
        return True


def _made_up(twin: Twin, demo: bool, calls: int, seed: int, *routes: str) -> list[Entry]:
    names = twin.books().names()
    # What Zuora's own SOAP cannot do would only show what the bridge is for.
    return corpus.demo_calls(names) if demo else corpus.calls(names, calls, seed, memos="direct" not in routes)


def _command(out: Path, on_twins: bool, left: str, right: str, origins: Sequence[str]) -> str:
    words = ["bridge parity replay", str(out / "capture.jsonl")]
    if on_twins:
        words += ["--twins", f"--left-route {left}", f"--right-route {right}"]
    else:
        words += [f"--{name} {where}" for name, where in zip((FIRST, SECOND, CONTROL), origins, strict=True) if where]
    return " ".join(words)


def _contract(path: Path | None) -> Any:
    if path is None:
        return read_own()
    try:
        return read_contract(path.read_bytes())
    except (OSError, ContractError) as error:
        raise ParityError(f"--wsdl {path}: {error}") from None


def _numbers(text: str) -> list[int]:
    try:
        return [int(each) for each in text.split(",") if each.strip()]
    except ValueError:
        raise ParityError("--only must be numbers of calls, such as 7 or 7,9") from None


def _ids(path: Path | None) -> dict[str, dict[str, str]]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(told): {str(s): str(own) for s, own in per_side.items()} for told, per_side in found.items()}
    except (OSError, ValueError, AttributeError):
        raise ParityError(f'--ids {path} must be JSON {{"id": {{"left": "...", "right": "..."}}}}') from None


def _secret(side: str, name: str, *, needed: bool = True) -> str:
    """BRIDGE_PARITY_LEFT_PASSWORD, its _FILE, or the same without the side."""
    for variable in (f"BRIDGE_PARITY_{side.upper()}_{name}", f"BRIDGE_PARITY_{name}"):
        if variable in os.environ:
            return os.environ[variable]
        path = os.environ.get(f"{variable}_FILE")
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except OSError:
                raise ParityError(f"the file that {variable}_FILE names cannot be read") from None
    if needed:
        raise ParityError(f"BRIDGE_PARITY_{side.upper()}_{name} (or BRIDGE_PARITY_{name}, or ..._FILE) must be set")
    return ""


# ------------------------------------------------------------------ gate and show


@cli.command("gate")
def gate_command(
    file: Path = typer.Argument(..., help="a report.json"),
    max_mismatch: float | None = typer.Option(None, help="the largest upper bound of a mismatch rate, such as 0.001"),
    min_calls: int = typer.Option(0, min=0, help="calls of each operation and object at least"),
    operation: list[str] = typer.Option([], help="only these, such as 'create Payment'; may be given again"),
    max_slower_ms: float | None = typer.Option(None, help="how much slower p95 may be, at the end of its interval"),
    need_books: bool = typer.Option(False, "--need-books", help="what was left behind must have been compared"),
    max_age_hours: float | None = typer.Option(None, help="how old the report may be"),
    ramp: str = typer.Option("", metavar="RULE", help="take the step: promote or roll back the ramp of this rule"),
    reason: str = typer.Option("", help="with --ramp: why"),
    by: str = typer.Option("", help="with --ramp: your name"),
    dry_run: bool = typer.Option(False, "--dry-run", help="with --ramp: only say what would be done"),
    as_json: bool = typer.Option(False, "--json", help="one JSON object"),
) -> None:
    """Say whether a step may be taken: 0 promote, 1 roll back, 3 hold. With --ramp, take it."""
    with _usage():
        limits = gate.Limits(max_mismatch, min_calls, tuple(operation), max_slower_ms, need_books, max_age_hours)
        told = as_read(file)
        decision = gate.decide(told, limits, datetime.now(UTC))
    if ramp:
        from bridge.cli.parity_ramp import act

        act(ramp, told, decision, reason, by, dry_run=dry_run, as_json=as_json)
    if as_json:
        print(json.dumps({"decision": decision.step.name.lower(), "reason": decision.reason}))
    else:
        print(decision.reason)
    raise typer.Exit(decision.step.value)


cli.command()(parity_shadow.shadow)


@cli.command()
def show(
    file: Path = typer.Argument(..., help="a report.json"),
    html: Path | None = typer.Option(None, help="write the page again, to this file"),
    as_json: bool = typer.Option(False, "--json", help="the report as it is"),
) -> None:
    """Print a report's summary; its exit status is the report's."""
    with _usage():
        told = as_read(file)
    if html is not None:
        html.write_text(page(told), encoding="utf-8")
    if as_json:
        print(json.dumps(told))
    else:
        summary(Console(), told, file.parent)
    raise typer.Exit(int(told["exit"]))


@cli.command()
def verify(
    file: Path = typer.Argument(..., help="a report.json"),
    key_file: Path | None = typer.Option(None, help="the key that it was signed with"),
    as_json: bool = typer.Option(False, "--json", help="one JSON object"),
) -> None:
    """Say whether a report is as it was made: 0 its digest (and with a key its signature) fits, 1 it does not."""
    with _usage():
        parity_sign.verify(file, key_file, as_json=as_json)
