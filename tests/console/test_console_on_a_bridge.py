"""The console of a running bridge: a person signs in by a browser and decides, and calls go accordingly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from console_visitor import Visitor
from console_window import Window
from harness import World, payment, until

pytestmark = pytest.mark.xdist_group("console-browser")

USERS = {
    "vera": {"role": "viewer", "token": "vera-looks-0123456789"},
    "otto": {"role": "operator", "token": "otto-operates-0123456789"},
    "anna": {"role": "admin", "token": "anna-administers-0123456789"},
}
RULES = '[[rule]]\nname = "all by REST"\noperation = "create"\nobject = "Payment"\nroute = "rest"\n'
ONE = payment(InvoiceId="@I1")


@pytest.fixture
def peopled(tmp_path: Path) -> Iterator[World]:
    """A bridge with one person of each role; two of them, since a session is of every process."""
    with World(tmp_path, bridges=2, admin={"listen": "127.0.0.1:0", "users": USERS}) as made:
        yield made


CENTS = count(1)


def pay(world: World) -> str:
    """The route of a payment that none was like, or the status where it was refused."""
    amount = f"1.{next(CENTS):02}"
    answer = world.create(ONE.but(Amount=amount, AppliedInvoiceAmount=amount, ReferenceId=f"R-{amount}"))
    return answer.header("Bridge-Route") or str(answer.status)


def test_rules_are_set_rolled_back_and_calls_stopped_from_the_console(peopled: World, window: Window) -> None:
    """Each in two steps by the person who signed in, in force at once, and in the history with name and reason."""
    admin = peopled.bridges[0].admin_url
    window.sign_in(admin, USERS["anna"]["token"])
    assert pay(peopled) == "soap"
    window.open(f"{admin}/console/cutover/rules")
    window.value(f"toml.value = {RULES!r}; toml.form.reason.value = 'CHG-1: a step'")
    window.act("toml.form.requestSubmit()")
    assert 'name = "all by REST"' in window.value("document.querySelector('.diff').innerText")
    confirm = "document.querySelector('[value=confirm]').click()"
    window.act(confirm)
    assert "Revision 1 is in force" in window.value("document.querySelector('main').innerText")
    until(lambda: pay(peopled) == "rest", 5)

    window.sign_in(admin, USERS["otto"]["token"])
    for form, came in (("back", "soap"), ("stop", "500")):
        window.open(f"{admin}/console/cutover")
        field = f"document.getElementById('{form}-reason')"
        window.act(f"{field}.value = 'INC-7'; {field}.form.requestSubmit()")
        window.act(confirm)
        until(lambda came=came: pay(peopled) == came, 5)
    window.open(f"{admin}/console/usage")
    assert "New payments and refunds are refused" in window.value("document.querySelector('.strip').innerText")
    window.open(f"{admin}/console/cutover")
    rows = window.value("[...document.querySelectorAll('section:last-of-type tbody tr')].map((row) => row.innerText)")
    told = [("stop", "otto", "INC-7"), ("rollback", "otto", "INC-7"), ("set", "anna", "CHG-1: a step")]
    assert [all(word in row for word in words) for row, words in zip(rows, told, strict=True)] == [True] * 3
    assert window.logged == []


def test_a_session_is_known_to_every_process_on_the_journal(peopled: World) -> None:
    """Signed in at one, at home at the other, and what was decided here is refused as stale there."""
    first, second = (each.admin_url for each in peopled.bridges)
    otto = Visitor(first).sign_in(USERS["otto"]["token"])
    there = Visitor(second, otto.cookie)
    assert "otto" in there.get("/cutover").words
    assert otto.post("/cutover/stop", seen="0", reason="INC-7", step="confirm").status == 303
    late = there.post("/cutover/stop", seen="0", reason="INC-7", step="confirm")
    assert (late.status, "they are at revision 1 by otto; look again" in late.words) == (409, True)


def test_the_console_is_not_on_the_callers_listener(peopled: World) -> None:
    """There every unknown path passes to Zuora, which has none such."""
    assert b"Sign in" not in Visitor(peopled.url).get("/login").body


def test_signed_out_is_signed_out_in_every_process(peopled: World) -> None:
    """Also for a copy of the cookie, which nobody took away; who signed in apart from that stays in."""
    first, second = (each.admin_url for each in peopled.bridges)
    vera, again = (Visitor(first).sign_in(USERS["vera"]["token"]) for _ in range(2))
    copies = [Visitor(url, vera.cookie) for url in (first, second)]
    assert [each.get("/").status for each in copies] == [200, 200]
    vera.post("/logout")
    assert [each.get("/").status for each in copies] == [303, 303]
    assert Visitor(second, again.cookie).get("/").status == 200
