"""Whether a ``BRIDGE_...`` variable is one that the bridge reads. Must not read the environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from bridge.settings import Settings
from bridge.settings_parts import SECRETS


def unknown(names: Iterable[str]) -> list[str]:
    """Those that nothing reads: misspelt, or gone."""
    return [name for name in names if name.startswith("BRIDGE_") and name != "BRIDGE_CONFIG" and not _known(name)]


def in_clear(given: Mapping[str, str]) -> list[str]:
    """Names of secrets that are given as they are, and not by a file."""
    last = {name: name.removeprefix("BRIDGE_").lower().split("__")[-1] for name in given}
    return [name for name, part in last.items() if part in SECRETS or name == "BRIDGE_ADMIN__USERS"]


def _known(name: str) -> bool:
    model: type[BaseModel] | None = Settings
    *parts, last = name.removeprefix("BRIDGE_").lower().split("__")
    for part in parts:
        field = model.model_fields.get(part) if model is not None else None
        model = field.annotation if field is not None and isinstance(field.annotation, type) else None
        if model is None or not issubclass(model, BaseModel):
            return False
    assert model is not None
    secret = last.removesuffix("_file")
    return last in model.model_fields or (last.endswith("_file") and secret in SECRETS and secret in model.model_fields)
