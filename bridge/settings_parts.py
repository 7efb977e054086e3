"""The parts of the configuration that stand alone: the operator's listener, the journal, capture and shadow.

What is true of every part is here too. Must not connect to anything, nor read anything but the files of secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bridge.settings_terms import address

SECRETS = frozenset({"token", "client_secret", "key", "other_keys", "database_url"})


def with_files(given: Any) -> Any:
    """``client_secret_file`` for ``client_secret`` and so on, as container platforms mount secrets."""
    if not isinstance(given, dict):
        return given
    taken = dict(given)
    for name in [name for name in given if name.endswith("_file") and name.removesuffix("_file") in SECRETS]:
        path = taken.pop(name)
        if name.removesuffix("_file") in taken:
            raise ValueError(f"{name.removesuffix('_file').upper()} is given twice, also by {name.upper()}; keep one")
        try:
            # A trailing newline is the editor's doing.
            text = Path(str(path)).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError):
            raise ValueError(f"the file that {name.upper()} names cannot be read") from None
        taken[name.removesuffix("_file")] = text
    return taken


class Part(BaseModel):
    """What all parts share: frozen, nothing unknown, secrets also from files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, given: Any) -> Any:
        return with_files(given)


class AdminUser(Part):
    """One person of the console and the admin API, by a token of their own."""

    role: Literal["viewer", "operator", "admin"]
    token: SecretStr = Field(min_length=16)


class Admin(Part):
    """The operator's listener."""

    listen: str = "127.0.0.1:8081"
    token: SecretStr | None = None
    users: Mapping[str, AdminUser] = Field(default_factory=dict)

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        address(value)
        return value

    @model_validator(mode="after")
    def _told_apart(self) -> Admin:
        tokens = [token for _, token in self.people.values()] + ([] if self.owner is None else [self.owner])
        if len(set(tokens)) != len(tokens):
            raise ValueError("two people share a token; the audit could not tell them apart")
        return self

    @property
    def owner(self) -> str | None:
        """The owner's token, if there is one."""
        return self.token.get_secret_value() if self.token is not None else None

    @property
    def people(self) -> dict[str, tuple[str, str]]:
        """By name: the role and the token."""
        return {name: (user.role, user.token.get_secret_value()) for name, user in self.users.items()}


class CapturePart(Part):
    """The tap for parity runs: off without a folder. ``rate`` is the share of calls taken, ``cap`` per process."""

    folder: Path | None = None
    rate: float = Field(default=1.0, gt=0, le=1)
    cap: int = Field(default=10_000, ge=1)


class JournalPart(Part):
    """The journal's key and mode. ``other_keys`` open as well: one, or several parted by commas or lines."""

    key: SecretStr | None = None
    other_keys: SecretStr | None = None
    keep_days: int = Field(default=400, ge=7)
    look_up_first: bool = False


class LogPart(Part):
    """The log on stderr. ``auto`` is console at a terminal and json elsewhere."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "json", "console"] = "auto"

    @field_validator("level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def terminal(self) -> bool | None:
        """Whether a person reads it; None where stderr itself tells."""
        return None if self.format == "auto" else self.format == "console"


class ParityPart(Part):
    """What the admin API shows of parity runs. ``reports`` is the folder in which each has a folder of its own."""

    reports: Path | None = None


class ShadowPart(Part):
    """What rules that say ``shadow`` compare. ``known`` is a ledger of accepted differences, as ``parity`` has them."""

    known: Path | None = None
