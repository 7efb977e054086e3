"""`BRIDGE_ZUORA__OLD_DATES`: whose day a dateTime of an old caller means."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bridge.settings import ConfigurationError, load


@pytest.mark.parametrize(
    ("value", "meant"),
    [(None, "zone"), ("zone", "zone"), ("literal", "literal"), ("pacific", ZoneInfo("America/Los_Angeles"))],
)
def test_the_setting_reaches_the_tenant(value: str | None, meant: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tenant's zone is the default."""
    if value is not None:
        monkeypatch.setenv("BRIDGE_ZUORA__OLD_DATES", value)
    assert load().tenant.old_dates == meant


def test_any_other_value_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming the setting and what it may be."""
    monkeypatch.setenv("BRIDGE_ZUORA__OLD_DATES", "utc")
    with pytest.raises(ConfigurationError, match=r"BRIDGE_ZUORA__OLD_DATES: .*'zone', 'literal' or 'pacific'"):
        load()
