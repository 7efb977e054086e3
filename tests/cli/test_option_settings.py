"""The settings by which an owner decides otherwise where Zuora is silent: read, checked, passed to core."""

from __future__ import annotations

import json

import pytest

from bridge.core.model import Version
from bridge.settings import ConfigurationError, load

ERP = {"usernames": ["erp@example.com"]}


def test_the_defaults_are_the_choices_of_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing needs to be set."""
    monkeypatch.setenv("BRIDGE_CALLERS", json.dumps({"erp": ERP}))
    settings = load()
    assert (settings.tenant.second_reference, settings.tenant.covering_memo) == ("refuse", "oldest")
    assert settings.zuora.codes_since == {}
    assert settings.caller("10000", "", "erp@example.com").user_in == ""


def test_the_settings_reach_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the tenant's facts and the caller's."""
    monkeypatch.setenv("BRIDGE_ZUORA__SECOND_REFERENCE", "Second__c")
    monkeypatch.setenv("BRIDGE_ZUORA__COVERING_MEMO", "refuse")
    monkeypatch.setenv("BRIDGE_ZUORA__ERROR_CODES", '{"NO_PERMISSION": "69.0", "BATCH_FAIL_ERROR": "never"}')
    monkeypatch.setenv("BRIDGE_CALLERS", json.dumps({"erp": {**ERP, "user_in": "By__c"}}))
    settings = load()
    assert (settings.tenant.second_reference, settings.tenant.covering_memo) == ("Second__c", "refuse")
    assert settings.zuora.codes_since == {"NO_PERMISSION": Version(69), "BATCH_FAIL_ERROR": None}
    assert settings.caller("10000", "", "erp@example.com").user_in == "By__c"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ZUORA__SECOND_REFERENCE", "Second", "must be refuse, drop or a custom field"),
        ("ZUORA__SECOND_REFERENCE", "a b__c", "must be refuse, drop or a custom field"),
        ("ZUORA__COVERING_MEMO", "newest", "'oldest' or 'refuse'"),
        ("ZUORA__ERROR_CODES", '{"INVALID_VALUE": "29"}', "'INVALID_VALUE' is none of ACCOUNTING_PERIOD_CLOSED, "),
        ("ZUORA__ERROR_CODES", '{"NO_PERMISSION": "new"}', "no WSDL version or never"),
        ("CALLERS", '{"erp": {"user_in": "ReferenceId"}}', "must be Comment or a custom field"),
    ],
)
def test_any_other_value_is_one_sentence(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming the setting and what it may be."""
    monkeypatch.setenv(f"BRIDGE_{name}", value)
    with pytest.raises(ConfigurationError, match=f"^BRIDGE_{name}.*") as caught:
        load()
    assert said in str(caught.value)
    assert "Value error" not in str(caught.value)
