"""Every command of ``deploy/runbooks``, run as shown and in the order shown, in the situation that its page is for."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from harness import World, envelope, payment, saved

from bridge.cli import main
from bridge.console.rendering import WAYS
from bridge.contract.files import own_wsdl
from bridge.core.intent import State

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGES = sorted((DEPLOY / "runbooks").glob("*.md"))
EXAMPLE = re.compile(r"i-[0-9a-f]{30}")
BLOCK = re.compile(r"^ *```console\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]*)(#[^)]*)?\)")
OUTSIDE = ("curl", "openssl")
"""What a page may use besides the bridge's own commands."""

RAMP = DEPLOY / "cutover.md"


def shown(page: Path) -> list[str]:
    """The command lines of a page."""
    text = page.read_text(encoding="utf-8")
    lines = (line.strip() for block in BLOCK.findall(text) for line in block.splitlines())
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def rules(language: str = "toml") -> list[str]:
    """The rules that the page about cutover shows: plain ones, a shadow and a ramp."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", RAMP.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(found) == 3
    return found


def doubt(world: World) -> str:
    """A payment whose answer was lost."""
    world.fault("drop_after", operation="create")
    answer = world.create(payment(Amount="20", InvoiceId="@I1", AppliedInvoiceAmount="20"))
    return (answer.header("Bridge-Intent") or "").split(",")[0]


def paid(world: World) -> str:
    """A payment that was made."""
    answer = world.create(payment(Amount="1.25", InvoiceId="@I1", AppliedInvoiceAmount="1.25"))
    return (answer.header("Bridge-Intent") or "").split(",")[0]


def moved(world: World) -> str:
    """A payment that was made, and rules that were changed before it."""
    run(world, 'bridge cutover set rules.toml --reason "a step" --by "Ada Lovelace" --yes')
    return paid(world)


def ramping(world: World) -> str:
    """A payment that was made, and two changes of the rules: the last is a ramp, which was halted since."""
    run(world, 'bridge cutover set ramp.toml --reason "a ramp" --by "Ada Lovelace" --yes')
    run(world, 'bridge cutover hold "payments by a ramp" --reason "as if rolled back" --by "Ada Lovelace" --yes')
    run(world, 'bridge cutover set rules.toml --reason "a step" --by "Ada Lovelace" --yes')
    return paid(world)


@dataclass(frozen=True)
class Scene:
    """What was before a page is opened, and which of its commands end with another code than 0."""

    before: Callable[[World], str] = paid
    codes: dict[str, tuple[int, ...]] = field(default_factory=dict)


NEEDED = {"bridge usage": (1, 3), "bridge usage --fields": (1, 3)}
"""Somebody has called a moment ago."""

SCENES = {
    "cutover": Scene(
        codes={"bridge parity shadow": (3,), "bridge parity shadow --since 24h": (3,), "bridge cutover ramps": (3,)}
    ),
    "rollback": Scene(ramping, {"bridge cutover ramps": (1, 3)}),
    "first-day": Scene(codes=NEEDED),
    "in-doubt": Scene(doubt),
    "parked-saga": Scene(doubt),
    "zuora-down": Scene(codes=NEEDED),
    "switch-off": Scene(codes=NEEDED),
    "restore": Scene(doubt),
}


def run(world: World, line: str) -> None:
    """Run one of the bridge's commands in this process."""
    words = shlex.split(line)
    if words[0] == "bridge":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", words)
            # It would hold the stream of this test for all that come after it in this process.
            patch.setattr("bridge.telemetry.log.configure", lambda *_, **__: None)
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code
    else:
        assert words[0] in OUTSIDE, f"{line}: a page shows only what a test can run"
        if shutil.which(words[0]) is None:
            pytest.skip(f"there is no {words[0]} here")
        done = subprocess.run(words, capture_output=True, timeout=30, check=False)
        code = done.returncode
    scene = SCENES.get(world.folder.name, Scene())
    assert code in scene.codes.get(line, (0,)), f"{line} ended with {code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_runs_as_shown(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """One command after the other, beside a running bridge and a simulated tenant."""
    folder = tmp_path / page.stem
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, text in zip(("rules.toml", "shadow.toml", "ramp.toml"), rules(), strict=True):
        Path(name).write_text(text, encoding="utf-8")
    for name in ("tenant.wsdl", "erp.wsdl", "new.wsdl"):
        Path(name).write_bytes(own_wsdl().read_bytes())
    Path("secret").write_text("demo", encoding="utf-8")
    with World(folder) as world:
        given = {
            "DATABASE_URL": f"sqlite:///{world.database}",
            "ZUORA__SOAP_URL": world.sandbox.url,
            "ZUORA__REST_URL": world.sandbox.url,
            "ZUORA__CLIENT_ID": "demo-client",
            "ZUORA__CLIENT_SECRET": "demo-secret",
            "ZUORA__TENANT_ID": "10000",
            "CALLERS": '{"erp": {"usernames": ["erp@example.com"], "allow": ["*"]}}',
        }
        for name, value in given.items():
            monkeypatch.setenv(f"BRIDGE_{name}", value)
        one = world.resolve(payment(Amount="1.25", InvoiceId="@I1", AppliedInvoiceAmount="1.25"))
        for name in ("call.xml", "create-payment.xml"):
            Path(name).write_bytes(envelope(saved("create", [one])))
        account = world.id("@A")
        Path("one-account.toml").write_text(
            '[[rule]]\nname = "one account"\nobject = "Payment"\noperation = "create"\n'
            f'accounts = ["{account}"]\nroute = "rest"\n',
            encoding="utf-8",
        )
        intent = SCENES.get(page.stem, Scene()).before(world)
        places = {
            "/run/secrets/erp": str(folder / "secret"),
            "http://127.0.0.1:8081": world.bridges[0].admin_url,
            "http://127.0.0.1:8080": world.url,
        }
        for line in shown(page):
            for shown_as, here in places.items():
                line = line.replace(shown_as, here)
            run(world, EXAMPLE.sub(intent, line))
    assert "Traceback" not in capsys.readouterr().err


def test_every_runbook_is_in_the_index_and_every_link_leads_somewhere() -> None:
    """Whoever follows a link at night arrives: the file is there, and so is the heading."""
    index = (DEPLOY / "runbooks" / "README.md").read_text(encoding="utf-8")
    assert [page.stem for page in PAGES if page.stem != "README" and f"]({page.name})" not in index] == []
    lost = []
    for page in (*PAGES, *DEPLOY.glob("*.md")):
        for target, place in LINK.findall(page.read_text(encoding="utf-8")):
            if "://" in target:
                continue
            there = (page.parent / target).resolve() if target else page
            if not there.exists():
                lost.append(f"{page.name}: {target}")
            elif place and there.suffix == ".md" and place[1:] not in anchors(there):
                lost.append(f"{page.name}: {target}{place}")
    assert lost == []


def anchors(page: Path) -> set[str]:
    """The names that headings have in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_states_that_the_pages_ask_for_are_states() -> None:
    """A name that is gone would make a command of the night a usage error."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert set(re.findall(r"--state ([A-Z_]+)", text)) <= {state.name for state in State}


def test_the_places_in_the_console_are_there() -> None:
    """A page that a runbook sends somebody to stands in the console's navigation by that name."""
    named = {
        place.strip()
        for page in PAGES
        for place in re.findall(r"Console → ([A-Z][a-z]+(?: [a-z]+)?)(?= →|[,:;.]|\)| shows)", page.read_text("utf-8"))
    }
    assert len(named) >= 4
    assert named <= {name for _, name in WAYS}
