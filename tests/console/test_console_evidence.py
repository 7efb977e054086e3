"""A night at the console of a running bridge: a payment is in doubt, its evidence is read, and a person settles it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_looks import CONTRAST, STRUCTURE
from console_visitor import Visitor
from console_window import Window
from harness import World, payment, until

pytestmark = pytest.mark.xdist_group("console-browser")

TOKEN = "otto-operates-0123456789"
LOST = payment(Amount="7.77", InvoiceId="@I1", AppliedInvoiceAmount="7.77")


@pytest.fixture
def night(tmp_path: Path) -> Iterator[World]:
    """A bridge with three payments and an operator."""
    users = {"otto": {"role": "operator", "token": TOKEN}}
    with World(tmp_path, patience=0.3, admin={"listen": "127.0.0.1:0", "users": users}) as made:
        for cents in ("2.01", "2.02", "2.03"):
            made.create(LOST.but(Amount=cents, AppliedInvoiceAmount=cents, ReferenceId=f"R-{cents}"))
        yield made


def text_of(window: Window, where: str = "main") -> str:
    """What a part of the page says."""
    return str(window.value(f"document.querySelector({where!r}).innerText"))


def test_a_payment_in_doubt_is_found_understood_and_settled(night: World, window: Window) -> None:
    """From the overview to the verdict; the ERP's repeat hears the Id that was given, and nothing is paid twice."""
    night.fault("drop_after", operation="create")
    answer = night.create(LOST)
    intent = answer.header("Bridge-Intent")
    (paid,) = [each for each in night.payments() if str(each["amount"]) == "7.77"]
    base = f"{night.bridges[0].admin_url}/console"
    window.sign_in(night.bridges[0].admin_url, TOKEN)
    assert "1 call waits to be settled" in text_of(window)
    window.act("document.querySelector('.stand a').click()")
    assert "Create Payment of 7.77" in text_of(window)
    window.act("document.querySelector('article .button').click()")
    assert window.value("location.pathname").endswith(f"/calls/{intent}")
    for words in ("What is not known", "soap request, step 0", "goes by soap and is in doubt", "1 row of this call"):
        assert words in text_of(window), words
    assert [*window.value(STRUCTURE), *window.value(CONTRAST), *window.logged] == []
    window.act(
        f"document.querySelector('[value=APPLIED]').click(); zuoraId.value = '{paid['id']}';"
        "const form = zuoraId.form; form.reason.value = 'found it in Zuora'; form.requestSubmit()"
    )
    assert f"is told Success with the Id {paid['id']}" in text_of(window)
    window.act("document.querySelector('[value=confirm]').click()")
    assert "Recorded." in text_of(window)
    assert "otto settled it as APPLIED: found it in Zuora" in text_of(window, ".timeline")
    window.open(f"{base}/")
    assert "Nothing is in doubt and nothing waits for a person." in text_of(window)
    again = night.create(LOST)
    assert (again.header("Bridge-Joined"), paid["id"].encode() in again.body) == ("true", True)
    assert len(night.payments()) == 4


def test_calls_are_found_by_what_stands_in_them(night: World) -> None:
    """By reference, amount, document, account, Zuora Id and caller; what nothing fits is said."""
    otto = Visitor(night.bridges[0].admin_url).sign_in(TOKEN)
    one = next(each for each in night.payments() if str(each["amount"]) == "2.02")
    for asked in ("reference=R-2.02", "amount=2.02", f"zuora_id={one['id']}", "amount=2.020&caller=erp&state=APPLIED"):
        words = otto.get(f"/calls?{asked}").words
        assert ("R-2.02" in words, "R-2.01" in words) == (True, False), asked
    every = otto.get(f"/calls?document={night.id('@I1')}&since=1h&route=soap&operation=create&object=Payment").words
    assert all(f"R-{cents}" in every for cents in ("2.01", "2.02", "2.03"))
    assert "No call fits." in otto.get("/calls?reference=nothing").words
    assert "No call fits." in otto.get("/calls?caller=nobody").words


def test_evidence_can_be_taken_along_and_proves_itself(night: World) -> None:
    """As JSON with the digest of all the rest."""
    intent = night.create(LOST.but(Amount="2.04", AppliedInvoiceAmount="2.04")).header("Bridge-Intent")
    otto = Visitor(night.bridges[0].admin_url).sign_in(TOKEN)
    told = json.loads(otto.get(f"/export/{intent}").body)
    assert told["intent"] == intent
    digest = told.pop("digest")
    assert hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest() == digest
    assert otto.get("/export/i-nothing").status == 404


def test_the_audit_is_verified_from_the_console(night: World) -> None:
    """Its progress is seen until it is over."""
    otto = Visitor(night.bridges[0].admin_url).sign_in(TOKEN)
    assert "Not verified yet" in otto.get("/audit").words
    otto.post("/audit/verify")
    until(lambda: "Every chain is whole" in otto.get("/audit").words, 20)
    assert "by otto" in otto.get("/audit").words


def test_with_the_journal_locked_by_another_program_pages_are_read_and_changes_refused(night: World) -> None:
    """A look needs no lock; a change says that nothing was changed, and can be made again as it stands."""
    otto = Visitor(night.bridges[0].admin_url).sign_in(TOKEN)
    stop = {"seen": "0", "reason": "incident 7", "step": "confirm"}
    with night.journal_locked():
        for path in ("/", "/calls", "/doubt", "/cutover", "/parity", "/usage", "/breaks", "/audit"):
            assert otto.get(path).status == 200, path
        refused = otto.post("/cutover/stop", **stop)
        assert (refused.status, "The journal cannot be reached; nothing was changed." in refused.words) == (503, True)
        assert 'value="incident 7"' in refused.text
    assert otto.post("/cutover/stop", **stop).headers["Location"] == "/console/cutover?done=1"


def test_reports_of_the_settings_folder_are_listed_and_opened(tmp_path: Path) -> None:
    """Each by its folder's name; where no folder is set the page says which setting does."""
    users = {"otto": {"role": "operator", "token": TOKEN}}
    folder = tmp_path / "reports" / "2026-08-11-night"
    folder.mkdir(parents=True)
    (folder / "report.json").write_bytes((Path(__file__).parent / "report.json").read_bytes())
    admin = {"listen": "127.0.0.1:0", "users": users}
    with World(tmp_path, admin=admin, parity={"reports": folder.parent}) as world:
        otto = Visitor(world.bridges[0].admin_url).sign_in(TOKEN)
        assert "2026-08-11-night" in otto.get("/parity").words
        assert "sandbox" in otto.get("/parity/2026-08-11-night").headers["Content-Security-Policy"]
        assert otto.get("/parity/..").status == 404
    with World(tmp_path, admin=admin) as world:
        words = Visitor(world.bridges[0].admin_url).sign_in(TOKEN).get("/parity").words
        assert "BRIDGE_PARITY__REPORTS is not set" in words
