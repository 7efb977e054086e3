"""Settings that would quietly not count: each is refused with its name, before anything is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.settings import ConfigurationError, load


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("BRIDGE_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("where", ["8081", "127.0.0.1:99999", ":8081"])
def test_a_bad_admin_address_is_one_sentence(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's listener is judged like the callers'."""
    monkeypatch.setenv("BRIDGE_ADMIN__LISTEN", where)
    with pytest.raises(ConfigurationError, match="BRIDGE_ADMIN__LISTEN: must"):
        load()


def test_a_file_that_is_named_and_not_there_is_no_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bridge that went on without its file would pay by other rules than its owner wrote."""
    monkeypatch.setenv("BRIDGE_CONFIG", str(tmp_path / "bridge.toml"))
    with pytest.raises(ConfigurationError, match=r"BRIDGE_CONFIG: .*bridge\.toml cannot be read"):
        load()


def test_a_file_that_is_no_toml_is_named_without_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in it may be a secret."""
    file = tmp_path / "bridge.toml"
    file.write_text("hush-hush")
    monkeypatch.setenv("BRIDGE_CONFIG", str(file))
    with pytest.raises(ConfigurationError, match=r"BRIDGE_CONFIG: .*is not TOML") as refused:
        load()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("text", ['databse_url = "sqlite:///x.db"', '[zuora]\ntenat_id = "1"', "[caller.erp]\n"])
def test_a_misspelt_name_in_the_file_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that nobody reads is a setting that its owner believes in."""
    file = tmp_path / "bridge.toml"
    file.write_text(text)
    monkeypatch.setenv("BRIDGE_CONFIG", str(file))
    with pytest.raises(ConfigurationError, match="there is no such setting"):
        load()


def test_the_database_url_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds a password, so it is a secret like the others."""
    file = tmp_path / "url"
    file.write_text("postgresql://bridge:hush-hush@db/bridge\n")
    monkeypatch.setenv("BRIDGE_DATABASE_URL_FILE", str(file))
    assert load().database_url == "postgresql://bridge:hush-hush@db/bridge"


@pytest.mark.parametrize(("one", "other"), [("DATABASE_URL", "URL"), ("ZUORA__CLIENT_SECRET", "CLIENT_SECRET")])
def test_a_secret_that_is_given_twice_is_refused(
    one: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the two would quietly not count: after a rotation perhaps the new one."""
    file = tmp_path / "secret"
    file.write_text("hush-hush")
    monkeypatch.setenv(f"BRIDGE_{one}", "hush-now")
    monkeypatch.setenv(f"BRIDGE_{one}_FILE", str(file))
    with pytest.raises(
        ConfigurationError, match=f"{other} is given twice, also by .*{other}_FILE; keep one"
    ) as refused:
        load()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("BRIDGE_ZUORA_TENANT_ID", "BRIDGE_ZUORA__TENANT_ID"),
        ("BRIDGE_CALLER__ERP__ALLOW", r"BRIDGE_CALLERS__\.\.\."),
        ("BRIDGE_CALLER", "BRIDGE_CALLERS"),
        ("BRIDGE_DATABSE_URL", "BRIDGE_DATABASE_URL"),
        ("bridge_worker", "BRIDGE_WORKERS"),
        ("BRIDGE_ADMIN_TOKEN", "BRIDGE_ADMIN__TOKEN"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_one_that_is_meant(
    wrong: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One underscore too few, a letter too few or too many: it would quietly not count."""
    monkeypatch.setenv(wrong, "hush-hush")
    with pytest.raises(ConfigurationError, match=f"{wrong}: there is no such setting; {meant} is meant") as refused:
        load()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        "BRIDGE_SERVICE_HOST",
        "BRIDGE_SERVICE_PORT_CALLERS",
        "BRIDGE_PORT",
        "BRIDGE_PORT_8080_TCP_ADDR",
        "BRIDGE_ADMIN_SERVICE_PORT",
        "BRIDGE_ADMIN_PORT_8081_TCP",
        "BRIDGE_HOME",
        "BRIDGE_TAG",
        "BRIDGE_PARITY_USER",
        "BRIDGED_LISTEN",
    ],
)
def test_a_variable_of_somebody_else_is_none_of_our_business(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes makes variables for every Service, and one named bridge is likely."""
    monkeypatch.setenv(name, "tcp://10.0.0.1:8080")
    assert load().workers == 1


def test_a_database_url_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going on with the default would start another journal."""
    monkeypatch.setenv("BRIDGE_DATABASE_URL_FILE", "/nowhere/url")
    with pytest.raises(ConfigurationError, match="DATABASE_URL_FILE"):
        load()
