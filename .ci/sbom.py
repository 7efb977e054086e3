"""Writes the list of parts (SBOM, CycloneDX 1.6 in JSON): ``.venv/bin/python .ci/sbom.py [FILE]``.

From the lock file and what the installed distributions say of themselves; the same environment gives the same bytes.
What is only used by tests is ``excluded``. Hashes are left out, because the lock file has none.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from pathlib import Path
from typing import Any

import parts

from bridge.telemetry.build import build


def sbom() -> dict[str, Any]:
    """The document."""
    locked = parts.locked()
    needed = parts.wanted()
    optional = {name for extra in parts.extras() if extra != parts.TEST for name in parts.wanted(extra)}
    made = build()
    itself = {
        "type": "application",
        "bom-ref": _purl(parts.ITSELF, made.version),
        "name": parts.ITSELF,
        "version": made.version,
        "purl": _purl(parts.ITSELF, made.version),
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "properties": [{"name": "bridge:revision", "value": made.revision}],
    }
    refs = {part.name: _purl(part.name, part.version) for part in locked.values()}
    components = []
    for part in sorted(locked.values(), key=lambda each: each.name):
        scope = "required" if part.name in needed else "optional" if part.name in optional else "excluded"
        component = {
            "type": "library",
            "bom-ref": refs[part.name],
            "name": part.name,
            "version": part.version,
            "scope": scope,
            "purl": refs[part.name],
        }
        if part.summary:
            component["description"] = part.summary
        if part.licence:
            component["licenses"] = [_licence(part.licence)]
        components.append(component)
    dependencies = [{"ref": itself["bom-ref"], "dependsOn": sorted(refs[name] for name in refs if name in needed)}]
    dependencies += [
        {"ref": refs[part.name], "dependsOn": sorted(refs[name] for name in part.needs if name in refs)}
        for part in sorted(locked.values(), key=lambda each: each.name)
    ]
    digest = hashlib.sha256(json.dumps([itself, components, dependencies], sort_keys=True).encode()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {"component": itself},
        "components": components,
        "dependencies": dependencies,
    }


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _licence(expression: str) -> dict[str, Any]:
    if " " in expression:
        return {"expression": expression}
    return {"license": {"id": expression}}


def main() -> None:
    """To a file, or to ``dist/``."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else parts.ROOT / "dist" / f"bridge-{build().version}.cdx.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    document = sbom()
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{len(document['components'])} parts in {file}")


if __name__ == "__main__":
    main()
