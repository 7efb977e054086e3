"""The stacks that ``tests/clients/provision.py`` gets, for the tests of this folder.

Loaded by its path and under a name of its own, because this folder has a ``provision`` too. Must not get anything.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_FILE = Path(__file__).parents[1] / "clients" / "provision.py"
_spec = importlib.util.spec_from_file_location("provision_of_clients", _FILE)
assert _spec is not None
assert _spec.loader is not None
_loaded = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _loaded
_spec.loader.exec_module(_loaded)

why_not = _loaded.why_not
node_home = _loaded.node_home
NEWMAN: Path = _loaded.NEWMAN
CYCLONEDX_HOME: Path = _loaded.CYCLONEDX_HOME
CACHE: Path = _loaded.CACHE
JARS: tuple[Path, ...] = _loaded.JARS
