"""The configuration, as variables, secrets files and a TOML file."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bridge.core.model import Op, Settlement
from bridge.journal.crypto import Keys
from bridge.settings import ConfigurationError, Settings, load


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("BRIDGE_"):
            monkeypatch.delenv(name)


def test_the_defaults_are_the_public_contract_s() -> None:
    """An empty environment gives the documented defaults."""
    settings = load()
    assert (settings.listen, settings.admin.listen) == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert settings.database_url == "sqlite:///bridge.db"
    assert settings.workers == 1
    assert settings.zuora.settlement is Settlement.ON
    assert settings.zuora.rest_version == "2025-08-12"
    assert settings.zuora.visibility_seconds == 60
    assert settings.tenant.refund_reference is True
    assert settings.caller("10000", "", "erp@example.com").allow == frozenset()


def test_variables_win_over_the_toml_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One TOML file holds the same names; a variable overrides it."""
    file = tmp_path / "bridge.toml"
    file.write_text('listen = "0.0.0.0:1"\n[zuora]\ntenant_id = "1"\nsettlement = "off"\n')
    monkeypatch.setenv("BRIDGE_CONFIG", str(file))
    monkeypatch.setenv("BRIDGE_ZUORA__TENANT_ID", "2")
    settings = load()
    assert settings.listen == "0.0.0.0:1"
    assert settings.zuora.tenant_id == "2"
    assert settings.zuora.settlement is Settlement.OFF


def test_callers_are_json_and_say_who_may_do_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented example works."""
    monkeypatch.setenv("BRIDGE_CALLERS", '{"erp": {"usernames": ["erp@example.com"], "allow": ["Refund.*"]}}')
    caller = load().caller("10000", "", "erp@example.com")
    assert caller.name == "erp"
    assert caller.may("Refund", Op.CREATE)
    assert not caller.may("Payment", Op.CREATE)
    assert caller.wait_seconds == 50


def test_secrets_come_from_files_and_never_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret read from a file is neither in the repr nor in an error."""
    file = tmp_path / "secret"
    file.write_text("hush-hush\n")
    monkeypatch.setenv("BRIDGE_ZUORA__CLIENT_SECRET_FILE", str(file))
    settings = load()
    assert settings.zuora.client_secret is not None
    assert settings.zuora.client_secret.get_secret_value() == "hush-hush"
    assert "hush" not in repr(settings)
    monkeypatch.setenv("BRIDGE_WORKERS", "hush-hush")
    with pytest.raises(ConfigurationError) as refused:
        load()
    assert "BRIDGE_WORKERS" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator is told which setting names the file."""
    monkeypatch.setenv("BRIDGE_JOURNAL__KEY_FILE", "/nowhere/key")
    with pytest.raises(ConfigurationError, match=r"BRIDGE_JOURNAL: .*KEY_FILE"):
        load()


def test_the_soap_url_may_carry_a_version_that_is_ignored() -> None:
    """Only the origin counts; its host is the one whose ServerUrl is followed."""
    settings = Settings.model_validate({"zuora": {"soap_url": "https://www.zuora.com/apps/services/a/83.0"}})
    assert settings.zuora.soap_url == "https://www.zuora.com"
    assert settings.zuora.hosts == {"www.zuora.com"}


def test_the_journal_s_key_is_32_bytes_in_base64() -> None:
    """Anything else is refused with how to make one."""
    good = Settings.model_validate({"journal": {"key": base64.b64encode(bytes(32)).decode()}})
    assert good.journal_key == Keys(bytes(32))
    with pytest.raises(ConfigurationError, match="openssl rand"):
        _ = Settings.model_validate({"journal": {"key": "AAAA"}}).journal_key


def test_callers_that_are_not_json_are_refused_without_repeating_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in a setting may be a secret."""
    monkeypatch.setenv("BRIDGE_CALLERS", "{hush-hush")
    with pytest.raises(ConfigurationError, match="callers") as refused:
        load()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("caller", "says"),
    [
        ('{"message_ids": ["wsa:MessageID"], "unique_field": "ReferenceId"}', "both message_ids and unique_field"),
        ('{"message_ids": ["X-Request-Id"]}', "Idempotency-Key"),
        ('{"unique_field": "Reference Id"}', "no field's name"),
        ('{"unique_field": "Amount"}', "cannot be unique"),
        ('{"twins": "ask"}', "'fault', 'join' or 'allow'"),
    ],
    ids=["two keys", "unknown kind", "no field", "an amount", "unknown policy"],
)
def test_a_caller_s_keys_are_checked_at_start(caller: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the middle of a payment; the sentence names the caller."""
    monkeypatch.setenv("BRIDGE_CALLERS", f'{{"erp": {caller}}}')
    with pytest.raises(ConfigurationError, match="BRIDGE_CALLERS__ERP") as refused:
        load()
    assert says in str(refused.value)


@pytest.mark.parametrize("key", ['"message_ids": ["sap:GUID"]', '"unique_field": "ErpKey__c"'])
def test_the_journal_keeps_what_a_key_stands_for(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """400 days, or the bridge does not start."""
    monkeypatch.setenv("BRIDGE_CALLERS", f'{{"erp": {{"usernames": ["u"], {key}}}}}')
    caller = load().caller("10000", "", "u")
    assert caller.message_ids == ("sap:GUID",) or caller.unique_field == "ErpKey__c"
    monkeypatch.setenv("BRIDGE_JOURNAL__KEEP_DAYS", "399")
    with pytest.raises(ConfigurationError, match=r"KEEP_DAYS must be at least 400.*erp"):
        load()
