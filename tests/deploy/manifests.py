"""What ``kubectl kustomize`` makes of the overlays, and the questions that tests ask of it. Must not need a cluster."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import kubectl_program
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("demo", "production")

Manifest = dict[str, Any]


def kubectl(*words: str) -> str:
    """What the real program prints."""
    program = kubectl_program.program()
    assert program is not None
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a warning: something deprecated?"
    return done.stdout


@cache
def built(overlay: str) -> tuple[Manifest, ...]:
    """All manifests of an overlay."""
    return tuple(yaml.safe_load_all(kubectl("kustomize", str(FOLDER / "overlays" / overlay))))


def of_kind(overlay: str, kind: str) -> dict[str, Manifest]:
    """Those of a kind by their name."""
    return {each["metadata"]["name"]: each for each in built(overlay) if each["kind"] == kind}


@dataclass(frozen=True)
class Pod:
    """A pod's template and what makes pods of it."""

    owner: str
    labels: dict[str, str]
    spec: Manifest

    @property
    def containers(self) -> list[Manifest]:
        """Those that run, and those that run before."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def container(self, name: str) -> Manifest:
        """One by its name."""
        (one,) = [each for each in self.containers if each["name"] == name]
        return one


def pods(overlay: str) -> dict[str, Pod]:
    """Every template by ``Kind/name``."""
    made = {}
    for each in built(overlay):
        template = each.get("spec", {}).get("template")
        if template is not None and each["kind"] in ("Deployment", "Job", "StatefulSet"):
            owner = f"{each['kind']}/{each['metadata']['name']}"
            made[owner] = Pod(owner, template["metadata"]["labels"], template["spec"])
    return made


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a selector (``matchLabels`` and ``matchExpressions`` with In) fits."""
    fits = all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    for each in selector.get("matchExpressions", []):
        assert each["operator"] == "In"
        fits = fits and labels.get(each["key"]) in each["values"]
    return fits


def chosen(overlay: str, selector: Manifest) -> list[Pod]:
    """The pods that a selector fits."""
    return [pod for pod in pods(overlay).values() if selects(selector, pod.labels)]


def settings(overlay: str) -> dict[str, str]:
    """The bridge's settings that are no secret."""
    (one,) = [each for name, each in of_kind(overlay, "ConfigMap").items() if name.startswith("bridge-settings-")]
    return dict(one["data"])


def secret_items(pod: Pod) -> dict[str, set[str]]:
    """Which keys of which secrets a pod's volumes and variables take."""
    taken: dict[str, set[str]] = {}
    for volume in pod.spec.get("volumes", []):
        sources = [each["secret"] for each in volume.get("projected", {}).get("sources", []) if "secret" in each]
        sources += [{"name": volume["secret"]["secretName"], **volume["secret"]}] if "secret" in volume else []
        for source in sources:
            taken.setdefault(source["name"], set()).update(each["key"] for each in source["items"])
    for container in pod.containers:
        for env in container.get("env", []):
            if reference := env.get("valueFrom", {}).get("secretKeyRef"):
                taken.setdefault(reference["name"], set()).add(reference["key"])
    return taken


def files(pod: Pod, container: Manifest) -> set[str]:
    """The paths that a container's projected and secret volumes have for it."""
    found = set()
    mounts = {each["name"]: each["mountPath"] for each in container.get("volumeMounts", [])}
    for volume in pod.spec.get("volumes", []):
        sources = [each["secret"] for each in volume.get("projected", {}).get("sources", []) if "secret" in each]
        sources += [volume["secret"]] if "secret" in volume else []
        for source in sources:
            if volume["name"] in mounts:
                found |= {f"{mounts[volume['name']]}/{each['path']}" for each in source["items"]}
    return found
