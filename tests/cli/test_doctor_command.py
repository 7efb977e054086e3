"""``bridge doctor`` against a simulated tenant over real HTTP: what agrees, what does not, and that nothing changes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bridge.journal import Journal
from bridge.sandbox import SandboxThread
from bridge.upstream.probe_findings import State
from bridge.upstream.probe_zone import compared, sample

CALLERS = json.dumps({"erp": {"usernames": ["erp@example.com"], "allow": ["*"]}})
OWN = Path(__file__).parents[2] / "wsdl" / "zuora.107.0.wsdl"


@dataclass
class Examined:
    """What the command said: exit code, texts, and its findings by subject."""

    code: int
    out: str
    err: str
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def state(self, subject: str) -> str:
        """agrees, note, wrong or cannot be probed."""
        return str(self.findings[subject]["state"])

    def advice(self, subject: str) -> str:
        """All lines of advice."""
        return "\n".join(self.findings[subject]["advice"])

    @property
    def wrong(self) -> set[str]:
        """The subjects at fault."""
        return {subject for subject in self.findings if self.state(subject) == "wrong"}


@dataclass
class Tenant:
    """A sandbox and a folder to run the command in."""

    url: str
    folder: Path

    def doctor(self, *words: str, **env: str | None) -> Examined:
        """Run with settings that agree, but for those given."""
        settings = {
            "ZUORA__SOAP_URL": self.url,
            "ZUORA__REST_URL": self.url,
            "ZUORA__CLIENT_ID": "demo-client",
            "ZUORA__CLIENT_SECRET": "demo-secret",
            "ZUORA__TENANT_ID": "10000",
            "CALLERS": CALLERS,
            **env,
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "doctor", *words],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.folder,
            env=clean | {f"BRIDGE_{name}": value for name, value in settings.items() if value is not None},
        )
        assert "Traceback" not in done.stderr, done.stderr
        examined = Examined(done.returncode, done.stdout, done.stderr)
        if "--json" in words and done.stdout:
            examined.findings = {each["subject"]: each for each in json.loads(done.stdout)["findings"]}
        return examined

    def login(self, password: str = "demo") -> tuple[str, ...]:
        """The words that make it log in."""
        (self.folder / "password").write_text(password + "\n")
        return "--user", "erp@example.com", "--password-file", "password"

    def control(self, path: str, given: object = None) -> Any:
        """Ask the sandbox's control face."""
        body = None if given is None else json.dumps(given).encode()
        with urlopen(f"{self.url}/sandbox/{path}", body, timeout=10) as came:
            return json.load(came)

    def refuse(self, path: str, category: int = 10, times: int = 1) -> None:
        """Zuora will refuse GETs of this path."""
        match = {"method": "GET", "path": path}
        self.control("faults", {"kind": "refuse", "match": match, "category": category, "times": times})


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    """A fresh tenant, its clock set to this machine's."""
    with SandboxThread() as sandbox:
        made = Tenant(sandbox.url, tmp_path)
        made.control("clock", {"now": datetime.now().astimezone().isoformat()})
        yield made


def test_settings_that_agree_give_0_and_nothing_is_changed(tenant: Tenant) -> None:
    """Every fact is named; those that only a write would show are said to be such; the tenant sees no write."""
    before = tenant.control("ledger") | {"now": ""}
    said = tenant.doctor("--json", *tenant.login())
    assert said.wrong == set(), said.out
    assert said.code == 0
    assert set(said.findings) == {
        "journal", "callers", "OAuth client", "REST version", "entities", "Invoice Settlement",
        "Invoice Item Settlement", "enhanced write-off", "time zone", "number prefixes", "payment gateways",
        "custom fields", "visibility", "SOAP API", "ServerUrl", "tenant id", "WSDL", "clock",
    }  # fmt: skip
    unknown = {subject for subject in said.findings if said.state(subject) == "cannot be probed"}
    assert {"enhanced write-off", "visibility"} <= unknown <= {
        "enhanced write-off", "visibility", "Invoice Item Settlement"
    }  # fmt: skip
    assert "BRIDGE_ZUORA__ENHANCED_WRITE_OFF=" in said.advice("enhanced write-off")
    assert said.findings["tenant id"]["found"] == "10000 (Example Corporation)"
    assert tenant.control("ledger") | {"now": ""} == before
    asked = tenant.control("requests")
    assert not any(each["stateChanging"] for each in asked)
    assert {each["method"] for each in asked if each["face"] not in ("soap", "oauth")} == {"GET"}
    assert [each["operation"] for each in asked if each["face"] == "soap"] == ["getUserInfo", "login", "getUserInfo"]
    assert {each.name for each in tenant.folder.iterdir()} == {"password"}


def test_nothing_secret_is_said(tenant: Tenant) -> None:
    """Neither secrets nor sessions, in either output."""
    for words in ((), ("--json",)):
        said = tenant.doctor(*words, *tenant.login(), DATABASE_URL="postgresql://bridge:hunter2@127.0.0.1:9/bridge")
        for secret in ("demo-secret", "hunter2", "password="):
            assert secret not in said.out + said.err


def test_the_plain_output_says_what_to_set_on_lines_of_their_own(tenant: Tenant) -> None:
    """They can be copied."""
    said = tenant.doctor(ZUORA__TIME_ZONE="Europe/Berlin", ZUORA__TENANT_ID=None)
    assert said.code == 1
    lines = [line.strip() for line in said.out.splitlines()]
    assert "BRIDGE_ZUORA__TIME_ZONE=America/Los_Angeles" in lines
    assert any(line.startswith("wrong ") and "time zone" in line for line in lines)


@pytest.mark.parametrize(
    ("env", "subject", "advice"),
    [
        ({"ZUORA__TIME_ZONE": "Europe/Berlin"}, "time zone", "BRIDGE_ZUORA__TIME_ZONE=America/Los_Angeles"),
        ({"ZUORA__SETTLEMENT": "off"}, "Invoice Settlement", "BRIDGE_ZUORA__SETTLEMENT=on"),
        ({"ZUORA__TENANT_ID": "20000"}, "tenant id", "BRIDGE_ZUORA__TENANT_ID=10000"),
        ({"ZUORA__TENANT_ID": None}, "tenant id", "BRIDGE_ZUORA__TENANT_ID=10000"),
        ({"ZUORA__SOAP_HOSTS": "na.zuora.com"}, "ServerUrl", "BRIDGE_ZUORA__SOAP_HOSTS=127.0.0.1:"),
        ({"ZUORA__CLIENT_SECRET": "wrong"}, "OAuth client", "BRIDGE_ZUORA__CLIENT_SECRET_FILE="),
        ({"ZUORA__CLIENT_ID": None}, "OAuth client", "BRIDGE_ZUORA__CLIENT_ID="),
        ({"ZUORA__REST_URL": "http://127.0.0.1:9"}, "OAuth client", "BRIDGE_ZUORA__REST_URL="),
        ({"ZUORA__SOAP_URL": "http://127.0.0.1:9"}, "SOAP API", "BRIDGE_ZUORA__SOAP_URL="),
        ({"ZUORA__ENTITIES": '{"no-such-entity": "X"}'}, "entities", "no-such-entity"),
        ({"CALLERS": None}, "callers", "BRIDGE_CALLERS="),
        ({"DATABASE_URL": "sqlite:////nowhere/bridge.db"}, "journal", "Make /nowhere writable."),
        ({"DATABASE_URL": "nonsense"}, "journal", "BRIDGE_DATABASE_URL="),
    ],
)  # fmt: skip
def test_a_setting_that_disagrees_is_found_with_the_line_to_set(
    tenant: Tenant, env: dict[str, str | None], subject: str, advice: str
) -> None:
    """Exit 1; where the one cause has other consequences, they are told too."""
    said = tenant.doctor("--json", *tenant.login(), **env)
    assert said.code == 1
    assert subject in said.wrong
    assert advice in said.advice(subject)


@pytest.mark.parametrize("env", [{"ZUORA__SOAP_URL": None}, {"ZUORA__REST_URL": None}, {"ZUORA__TIME_ZONE": "Mars/X"}])
def test_without_an_address_there_is_nothing_to_examine(tenant: Tenant, env: dict[str, str | None]) -> None:
    """Exit 2, one sentence that names the setting."""
    said = tenant.doctor(**env)
    assert (said.code, said.out) == (2, "")
    assert f"BRIDGE_{next(iter(env))}" in said.err


@pytest.mark.parametrize(
    "words", [("--password-file", "password"), ("--user", "x"), ("--user",), ("--password-file", "no")]
)
def test_half_a_login_is_a_usage_error(tenant: Tenant, words: tuple[str, ...]) -> None:
    """Exit 2."""
    (tenant.folder / "password").write_text("x")
    assert tenant.doctor(*words).code == 2


def test_a_refused_login_is_told(tenant: Tenant) -> None:
    """With Zuora's own words; the rest is examined all the same."""
    said = tenant.doctor("--json", *tenant.login("wrong"))
    assert said.wrong == {"login"}
    assert "Invalid login" in said.findings["login"]["found"]


def test_without_a_login_the_tenant_id_cannot_be_probed(tenant: Tenant) -> None:
    """It says how it could be."""
    said = tenant.doctor("--json")
    assert said.code == 0
    assert said.state("tenant id") == "cannot be probed"
    assert "--user" in said.advice("tenant id")


def test_a_tenant_without_settlement_is_told_from_one_with_it(tenant: Tenant) -> None:
    """Zuora refuses credit memos: the feature may be off, or a permission missing, and both are said."""
    tenant.refuse("/v1/credit-memos")
    said = tenant.doctor("--json")
    assert said.wrong == {"Invoice Settlement"}
    assert "BRIDGE_ZUORA__SETTLEMENT=off" in said.advice("Invoice Settlement")
    assert "permissions" in said.advice("Invoice Settlement")
    tenant.refuse("/v1/credit-memos")
    assert tenant.doctor("--json", ZUORA__SETTLEMENT="off").state("Invoice Settlement") == "agrees"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "html_503"}, "503"),
        ({"kind": "refuse", "category": 50}, "category 50"),
        ({"kind": "rate_limited"}, "429"),
    ],
)
def test_an_answer_that_is_no_refusal_says_nothing_of_a_feature(
    tenant: Tenant, fault: dict[str, Any], words: str
) -> None:
    """An edge's page, a lock and a limit are Zuora's troubles, whatever is configured."""
    tenant.control("faults", {**fault, "match": {"method": "GET", "path": "/v1/credit-memos"}, "times": 1})
    said = tenant.doctor("--json", ZUORA__SETTLEMENT="off")
    assert said.state("Invoice Settlement") == "wrong"
    assert words in said.findings["Invoice Settlement"]["found"]


def test_refused_gateways_and_numbers_are_told_by_their_consequences(tenant: Tenant) -> None:
    """Without gateways electronic payments cannot go by REST; without prefixes nothing is lost."""
    tenant.refuse("/v1/payment-gateways")
    tenant.refuse("/v1/sequence-sets")
    said = tenant.doctor("--json")
    assert said.wrong == {"payment gateways"}
    assert said.state("number prefixes") == "note"


def test_refusals_with_status_200_are_noted(tenant: Tenant) -> None:
    """As a tenant pinned to an old version answers."""
    tenant.control("settings", {"legacyHttpStatus": True})
    said = tenant.doctor("--json")
    assert said.wrong == set()
    assert said.state("REST version") == "note"


def test_a_custom_field_that_the_file_lacks_is_found(tenant: Tenant) -> None:
    """It travels as text whatever its type, so the tenant's own file is asked for; with it all agrees."""
    token = json.loads(
        urlopen(
            f"{tenant.url}/oauth/token",
            b"client_id=demo-client&client_secret=demo-secret&grant_type=client_credentials",
        ).read()
    )["access_token"]
    _put(tenant, token, {"Amount__c": 1.5, "Region__c": "x"})
    said = tenant.doctor("--json")
    assert said.wrong == {"custom fields"}
    assert "Payment.Amount__c, Payment.Region__c" in said.findings["custom fields"]["found"]
    assert "BRIDGE_ZUORA__WSDL=" in said.advice("custom fields")
    own = OWN.read_text()
    head, mark, rest = own.partition('<complexType name="Payment">')
    fields = "".join(
        f'<element minOccurs="0" name="{n}" nillable="true" type="{t}"/>\n'
        for n, t in (("Amount__c", "decimal"), ("Region__c", "string"))
    )
    place = '<element minOccurs="0" name="UnappliedAmount"'
    assert place in rest
    (tenant.folder / "tenant.wsdl").write_text(head + mark + rest.replace(place, fields + place, 1))
    said = tenant.doctor("--json", ZUORA__WSDL="tenant.wsdl")
    assert said.wrong == set()
    assert "downloaded from www.zuora.com" in said.findings["WSDL address"]["found"]


def _put(tenant: Tenant, token: str, fields: dict[str, object]) -> None:
    from urllib.request import Request

    key = tenant.control("ledger")["names"]["P1"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = Request(f"{tenant.url}/v1/payments/{key}", json.dumps(fields).encode(), headers, method="PUT")
    with urlopen(request) as came:
        assert json.load(came)["success"] is True


@pytest.mark.parametrize(
    ("old", "new", "subject", "words"),
    [
        ("/a/107.0", "/a/999.0", "SOAP API", "instead of INVALID_SESSION"),
        ("/a/107.0", "/a/83.0", "WSDL version", "Download the file again"),
        ('name="AppliedAmount"', 'name="AppliedAmountX"', "WSDL Invoice Settlement", "SETTLEMENT=off"),
        ("<sequence>", "<choice/><sequence>", "WSDL", "<choice>"),
    ],
)
def test_a_file_that_does_not_fit_the_tenant_is_found(
    tenant: Tenant, old: str, new: str, subject: str, words: str
) -> None:
    """Of another environment, too old, of a user without permissions, or beyond what can be read."""
    (tenant.folder / "tenant.wsdl").write_text(OWN.read_text().replace(old, new, 1))
    said = tenant.doctor("--json", ZUORA__WSDL="tenant.wsdl")
    assert subject in said.wrong
    assert words in said.findings[subject]["found"] + said.advice(subject)


def test_entities_are_entered_one_by_one(tenant: Tenant) -> None:
    """Those that are configured, under the header that names them."""
    names = tenant.control("ledger")["names"]
    entities = json.dumps({names["E1"]: "E1", names["E2"]: "E2"})
    said = tenant.doctor("--json", ZUORA__ENTITIES=entities)
    assert said.state("entities") == "agrees"
    asked = {each["headers"].get("zuora-entity-ids") for each in tenant.control("requests") if each["face"] == "rest"}
    assert asked >= {names["E1"], names["E2"]}
    only = tenant.doctor("--json", ZUORA__ENTITIES=json.dumps({names["E2"]: "E2"}))
    assert f'"{names["E1"]}"' in only.advice("entities")


def test_a_journal_is_opened_but_never_made_or_migrated(tenant: Tenant) -> None:
    """With its key; without the key it is refused as at start."""
    file = tenant.folder / "bridge.db"
    with closing(Journal.open(f"sqlite:///{file}", None, "test")):
        assert tenant.doctor("--json").findings["journal"]["found"] == "it opens, and the key fits"
    with closing(sqlite3.connect(file)) as journal, journal:
        (at,) = journal.execute("SELECT version_num FROM alembic_version").fetchone()
        journal.execute("UPDATE alembic_version SET version_num = '9999'")
    said = tenant.doctor("--json")
    assert said.wrong == {"journal"}
    assert said.findings["journal"]["found"] == f"a journal of schema 9999; this bridge has {at}"
    with closing(sqlite3.connect(file)) as journal, journal:
        journal.execute("UPDATE alembic_version SET version_num = ?", (at,))
    (tenant.folder / "bridge.db.key").unlink()
    said = tenant.doctor("--json")
    assert said.wrong == {"journal"}
    assert "key file" in said.findings["journal"]["found"]
    file.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    assert tenant.doctor("--json").wrong == {"journal"}


def test_a_clock_far_from_zuoras_is_noted(tenant: Tenant) -> None:
    """The bridge goes by Zuora's, so it is no fault of a setting."""
    tenant.control("clock", {"advance_seconds": 3600})
    said = tenant.doctor("--json")
    assert said.code == 0
    assert said.state("clock") == "note"
    assert "3600 s ahead" in said.findings["clock"]["found"] or "3599 s ahead" in said.findings["clock"]["found"]


def test_a_zone_is_told_by_its_summer_and_its_winter() -> None:
    """Offsets of one season fit many zones; an empty tenant tells none."""
    both = [found for text in ("2026-01-05T10:00:00+01:00", "2026-07-05T10:00:00+02:00") if (found := sample(text))]
    assert compared(both, "Europe/Berlin").state is State.AGREES
    wrong = compared(both, "Africa/Lagos")
    assert wrong.state is State.WRONG
    assert "BRIDGE_ZUORA__TIME_ZONE=Europe/Berlin" in wrong.advice
    assert compared(both[:1], "Africa/Lagos").state is State.AGREES
    assert compared([], "Europe/Berlin").state is State.UNKNOWN
    assert [sample(text) for text in ("2026-01-05", "2026-01-05T10:00:00", "soon", None)] == [None] * 4
