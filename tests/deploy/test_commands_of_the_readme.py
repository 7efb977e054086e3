"""The commands of ``deploy/README.md`` that bring the bridge to its place: run as shown where they can be, else read.

``bridge ...`` lines are run by tests/cli. ``kubectl create`` runs as a client without a cluster, ``install`` into a
folder of the test's; docker's lines are held against the compose file and the Dockerfile.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import kubectl_program
import manifests
import pytest
import yaml
from test_compose import SERVICES

from bridge.cli import NOUNS
from bridge.telemetry.metrics import METRICS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
needs_kubectl = pytest.mark.skipif(
    kubectl_program.program() is None, reason="no kubectl here; run: python tests/deploy/provision.py"
)


def shown(first: str) -> list[str]:
    """The page's command lines that begin so."""
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(first)]


def test_every_command_of_the_page_is_of_a_kind_that_is_tested() -> None:
    """A new kind needs a test."""
    kinds = ("bridge ", "docker build ", "docker run ", "docker compose ", "kubectl ", "install ", "python3 -m venv ")
    kinds += ("/opt/bridge/bin/pip install ", "systemd-sysusers", "systemctl ")
    assert [line for line in shown("") if not line.startswith(kinds)] == []


def test_the_docker_lines_fit_the_files() -> None:
    """The build's arguments exist; the run is as confined as the tests run the image; services and commands exist."""
    (build,) = shown("docker build ")
    words = shlex.split(build)
    dockerfile = (ROOT / words[words.index("-f") + 1]).read_text(encoding="utf-8")
    for number in (number for number, word in enumerate(words) if word == "--build-arg"):
        assert f"\nARG {words[number + 1].split('=')[0]}" in dockerfile
    (run,) = shown("docker run ")
    tag = words[words.index("-t") + 1]
    options, _, command = run.partition(f" {tag} ")
    assert {"--read-only", "--tmpfs", "--cap-drop"} <= set(options.split())
    assert command.split()[0] in NOUNS
    for line in shown("docker compose "):
        words = shlex.split(line)[2:]
        assert words[0] == "-f"
        assert (ROOT / words[1]).samefile(ROOT / "deploy" / "compose.yaml")
        verb, *rest = words[2:]
        assert verb in ("up", "exec", "build", "run"), verb
        named = [word for word in rest if word in SERVICES]
        if verb in ("exec", "run"):
            assert named, line
        if "cat" in rest:
            path = rest[-1]
            assert path in SERVICES[named[0]]["environment"].values(), path


@needs_kubectl
def test_the_secrets_that_the_page_makes_are_those_that_the_pods_take(tmp_path: Path) -> None:
    """By the real kubectl, as a client alone."""
    for name in ("database-url", "key", "owner-database-url", "client-secret", "token", "users", "tenant.wsdl"):
        (tmp_path / name).write_text("x\n")
    made = {}
    for line in shown("kubectl -n bridge create "):
        program = kubectl_program.program()
        assert program is not None
        words = [str(program), *shlex.split(line)[1:], "--dry-run=client", "-o", "yaml"]
        env = {**os.environ, "KUBECONFIG": "/dev/null"}
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        one = yaml.safe_load(done.stdout)
        assert one["metadata"]["namespace"] == "bridge"
        made[f"{one['kind']}/{one['metadata']['name']}"] = set(one["data"])
    wanted = {"ConfigMap/bridge-wsdl": {"tenant.wsdl"}}
    for pod in manifests.pods("production").values():
        for name, keys in manifests.secret_items(pod).items():
            wanted[f"Secret/{name}"] = wanted.get(f"Secret/{name}", set()) | keys
    assert made == wanted


@needs_kubectl
def test_the_other_kubectl_lines_name_what_is_there() -> None:
    """Overlays build, and what is deleted, waited for and labelled is what the manifests have."""
    for line in shown("kubectl apply "):
        overlay = Path(line.split()[-1])
        assert manifests.built(overlay.name)
        assert (ROOT / overlay / "kustomization.yaml").is_file()
    names = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in manifests.built("production")}
    for line in shown("kubectl -n bridge rollout status "):
        assert line.split()[-1] in names
    for line in shown("kubectl -n bridge delete "):
        _, _, _, _, kind, name, *_ = line.split()
        assert f"{kind}/{name}" in names
    labels = {line.split("=")[1] for line in shown("kubectl label namespace ")}
    policies = (ROOT / "deploy" / "kubernetes" / "base" / "networkpolicies.yaml").read_text(encoding="utf-8")
    assert all(f"{{bridge-access: {each}}}" in policies for each in labels)


def test_the_adapter_s_rule_is_about_a_metric_that_the_bridge_has() -> None:
    """The one that the autoscaler asks for."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (rule,) = yaml.safe_load(text)["rules"]
    assert rule["name"]["as"] == "bridge_calls_in_flight"
    assert rule["seriesQuery"].startswith("bridge_calls_in_flight{")
    assert b"# TYPE bridge_calls_in_flight gauge" in METRICS.render()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("systemd-sysusers") is None, reason="needs root and systemd")
def test_the_unit_is_installed_as_the_page_says(tmp_path: Path) -> None:
    """Every ``install`` line into an empty root, whose user is then made; the unit finds its files there."""
    for name in ("client-secret", "admin-token"):
        (tmp_path / name).write_text("x\n")
    shutil.copytree(ROOT / "deploy" / "systemd", tmp_path / "deploy" / "systemd")
    root = tmp_path / "root"
    root.mkdir()
    for line in shown("install "):
        *words, target = shlex.split(line)
        done = subprocess.run([*words, f"{root}{target}"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    made = subprocess.run(["systemd-sysusers", f"--root={root}"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "\nbridge:" in "\n" + (root / "etc" / "passwd").read_text()
    unit = (root / "etc/systemd/system/bridge.service").read_text()
    for path in re.findall(r"^(?:EnvironmentFile=|LoadCredential=[a-z-]+:)(\S+)$", unit, re.MULTILINE):
        assert (root / path.lstrip("/")).is_file(), path
    assert (root / "etc/bridge/credentials").stat().st_mode & 0o777 == 0o700
    assert {line.split()[-1] for line in shown("systemctl ")} == {"daemon-reload", "bridge.service"}
    (venv,), (pip,) = shown("python3 -m venv "), shown("/opt/bridge/bin/pip ")
    assert f"ExecStart={venv.split()[-1]}/bin/bridge serve" in unit
    assert "requirements.lock" in pip
