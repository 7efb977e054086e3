"""The JSON doors in parity: recorded without a secret, replayed on two bridges, told apart where they differ."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from harness import World
from test_parity_command import parity, told

from bridge.contract.reader import read_own
from bridge.parity import capture, folder, messages, tap
from bridge.parity.compare import Comparison, Neutral
from bridge.parity.corpus import pays, refund
from bridge.parity.terms import Answer, Kind

CARD = "4111111111111111"
JSON = {"Content-Type": "application/json"}
COMPARISON = Comparison(read_own())
ID = "8ad0f53f312a9f099f87dc0b78c377b7"


def written(place: Path, name: str, method: str, path: str, body: object = None, **headers: str) -> None:
    """A file of a folder."""
    told = {"method": method, "path": path, "headers": headers, "body": body}
    (place / f"{name}.json").write_text(json.dumps(told))


def test_no_secret_of_a_json_call_is_captured_and_everything_else_is() -> None:
    """Bearer, keys, cards as text and as number, gateway options."""
    row = (
        f'{{"Amount": 1234567890.2500, "AccountId": "{ID}", "Comment": "card {CARD}", "CreditCardNumber": {CARD}, '
        '"GatewayOptionData": {"GatewayOption": [{"name": "CVV", "value": "98765"}]}}'
    )
    headers = {**JSON, "Authorization": "Bearer abcdef123456", "apiSecretAccessKey": "sesame-1"}
    headers |= {"Cookie": "ZSession=q9"}
    body = f'{{"type": "Payment", "objects": [{row}]}}'.encode()
    made = capture.entry(1, "/v1/action/create?token=sesame-2", headers, body)
    line = capture.line(made)
    assert [s for s in (CARD, "98765", "abcdef123456", "sesame", "q9") if s in line] == []
    assert all(kept in made.body for kept in (ID, "1234567890.2500"))
    assert (made.operation, made.object, made.door, made.method) == ("action create", "Payment", "action", "POST")
    assert messages.captured(made.body) == made.body


def test_an_entry_of_soap_is_written_as_before() -> None:
    """Digests of captures that were made before the JSON doors hold."""
    from bridge.parity.corpus import HEADERS, PATH, demo, envelope

    body = envelope(next(demo(dict.fromkeys(("A", "PMx", "I1", "I2", "D1", "P1", "C1"), ID))))
    assert {"method", "door"}.isdisjoint(json.loads(capture.line(capture.entry(1, PATH, HEADERS, body))))


def test_a_capture_of_json_calls_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Method, door and the part of the query that means something."""
    made = capture.of([capture.entry(1, f"/v1/object/payment/{ID}?fields=Id,Amount&x=1", JSON, b"", method="GET")])
    capture.write(made, tmp_path / "c.jsonl")
    assert capture.read(tmp_path / "c.jsonl") == made
    assert (made.entries[0].path, made.entries[0].method) == (f"/v1/object/payment/{ID}?fields=Id,Amount", "GET")
    assert made.entries[0].operation == "crud query"


@pytest.mark.parametrize(
    ("left", "right", "path", "kind", "money"),
    [
        ('{"Amount":1}', '{"Amount":1.00}', "answer/Amount", Kind.PRECISION, False),
        ('{"Amount":1}', '{"Amount":1.01}', "answer/Amount", Kind.VALUE, True),
        ('{"Amount":0.1}', '{"Amount":0.10000000000000000001}', "answer/Amount", Kind.VALUE, True),
        ('{"Amount":1}', '{"Amount":"1"}', "answer/Amount", Kind.TYPE, False),
        ('{"Comment":null}', '{"Comment":""}', "answer/Comment", Kind.NIL, False),
        ('{"Comment":null}', "{}", "answer/Comment", Kind.NIL, False),
        ('{"Id":"a","Success":true}', '{"Id":"a"}', "answer/Success", Kind.MISSING, False),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', "answer/*", Kind.ORDER, False),
        ('[{"a":1}]', '[{"a":1},{"a":1}]', "answer", Kind.CARDINALITY, False),
        ('[{"Code":"A"}]', '[{"Code":"B"}]', "answer/Code", Kind.VALUE, False),
        ('{"message":"a"}', '{"message":"b"}', "answer/message", Kind.WORDS, False),
        ('{"a":1}', '{"a": 1}', "body", Kind.TEXT, False),
    ],
)
def test_one_change_is_found_as_what_it_is(left: str, right: str, path: str, kind: Kind, money: bool) -> None:
    """And as nothing else."""
    one, other = (Answer(200, {}, each.encode(), 0.0) for each in (left, right))
    (found,) = COMPARISON.answers(one, other, Neutral(), Neutral())
    assert (found.where, found.kind, found.money) == (path, kind, money)


def _folder(tmp_path: Path, names: dict[str, str]) -> None:
    place = tmp_path / "calls"
    place.mkdir()
    rows = [pays(names, "I1", f"1.0{each}", ReferenceId=f"a-{each}") for each in (1, 2)]
    rows[1] = {**rows[1], "Amount": "-1", "AppliedInvoiceAmount": "-1"}
    written(place, "1", "POST", "/v1/action/create", {"type": "Payment", "objects": rows})
    written(place, "2", "POST", "/v1/object/payment", pays(names, "I1", "2.05", ReferenceId="c-1"))
    written(place, "3", "PUT", "/v1/object/payment/{id:2.1}", {"Comment": "changed"})
    written(place, "4", "GET", "/v1/object/payment/{id:2.1}?fields=Id,Amount,Comment")
    asked = "select Id, Amount from Payment where Id = '{id:1.1}'"
    written(place, "5", "POST", "/v1/action/query", {"queryString": asked})
    written(place, "6", "POST", "/v1/object/refund", refund("0.03", names["P1"]))
    written(place, "7", "DELETE", "/v1/object/payment/{id:2.1}")
    written(place, "8", "POST", "/v1/action/delete", {"type": "Payment", "ids": ["{id:1.1}"]})


def test_a_folder_of_json_calls_passes_on_twins(tmp_path: Path, world: World) -> None:
    """Both doors, every operation, ids followed from call to call, and what is left behind."""
    _folder(tmp_path, dict(world.names))
    assert parity(tmp_path, "record", "--from", "calls").returncode == 0
    done = parity(tmp_path, "replay", "capture.jsonl", "--twins", "--tolerance", "0.96", "--no-control")
    assert done.returncode == 0, done.stdout + done.stderr
    report = told(tmp_path)
    assert {each["operation"] for each in report["groups"]} >= {
        *("action create", "action query", "action delete"),
        *("crud create", "crud update", "crud delete", "crud query"),
    }
    good = {each["operation"] for each in report["outcomes"] if "Success" in each["left"]}
    assert good >= {"action create", "crud create", "crud update"}


def test_a_bad_json_file_is_named(tmp_path: Path) -> None:
    """With what is wrong with it."""
    written(tmp_path, "a", "POST", "/v1/payments", {})
    with pytest.raises(folder.ParityError, match=r"a.json: .* is no path of Actions or CRUD"):
        list(folder.calls(tmp_path, "107.0"))


def test_a_running_bridge_records_its_json_calls(tmp_path: Path) -> None:
    """Over real HTTP, without the session, with the ids that answers made."""
    spool = tmp_path / "spool"
    with World(tmp_path, capture={"folder": str(spool)}) as world:
        session = world.session
        row = {**pays(world.names, "I1", "3.07"), "Comment": f"card {CARD}"}
        request = urllib.request.Request(
            f"{world.url}/v1/object/payment",
            json.dumps(row).encode(),
            {**JSON, "Authorization": f"ZSession {session}"},
            method="POST",
        )
        with urllib.request.urlopen(request) as answer:
            made = json.loads(answer.read())["Id"]
    (one,) = [each for each in tap.recorded(spool) if each.door == "crud"]
    assert (one.operation, one.made) == ("crud create", (made,))
    text = "".join(file.read_text() for file in spool.iterdir())
    assert session not in text
    assert CARD not in text
