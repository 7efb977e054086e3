"""The manifests, built by the real kustomize: valid by the published schemas, confined, of one mind with the bridge."""

from __future__ import annotations

import ipaddress
import urllib.request
from typing import Any

import kubectl_program
import kubernetes_validate
import manifests
import pytest
from harness import World
from manifests import OVERLAYS, built, chosen, of_kind, pods, secret_items, settings
from setting_names import in_clear, unknown
from typer.testing import CliRunner

from bridge.app import STOP_SECONDS
from bridge.cli import cli
from bridge.settings import load

pytestmark = [
    pytest.mark.skipif(
        kubectl_program.program() is None, reason="no kubectl here; run: python tests/deploy/provision.py"
    ),
    pytest.mark.xdist_group("manifests"),
]
each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)

CUSTOM = {"ServiceMonitor": "monitoring.coreos.com/v1", "ExternalSecret": "external-secrets.io/v1"}
CONTRACT_STOP_SECONDS = 130


@each_overlay
@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_every_manifest_is_valid_by_the_published_schemas(overlay: str, version: str) -> None:
    """Strictly: a key that the schema lacks is an error. The two custom kinds are checked below."""
    for each in built(overlay):
        if each["kind"] in CUSTOM:
            assert each["apiVersion"] == CUSTOM[each["kind"]]
        else:
            kubernetes_validate.validate(each, version, strict=True)


def test_an_invalid_manifest_would_be_noticed() -> None:
    """The validator can fail."""
    broken = {**of_kind("production", "PodDisruptionBudget")["bridge"], "spec": {"maxUnavailabel": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.37", strict=True)


def test_the_production_overlay_has_what_a_cluster_needs() -> None:
    """And the demo the tenant and the database in place of what needs operators."""
    kinds = {each["kind"] for each in built("production")}
    assert kinds == {
        *("Namespace", "ServiceAccount", "ConfigMap", "Deployment", "Job", "Service", "PodDisruptionBudget"),
        *("HorizontalPodAutoscaler", "NetworkPolicy", "ServiceMonitor", "ExternalSecret"),
    }
    demo = {each["kind"] for each in built("demo")}
    assert demo == kinds - {"HorizontalPodAutoscaler", "ServiceMonitor", "ExternalSecret"} | {"StatefulSet"}
    assert of_kind("demo", "Deployment")["bridge"]["spec"]["replicas"] == 2


# ---------------------------------------------------------------- confined


@each_overlay
def test_every_pod_is_restricted(overlay: str) -> None:
    """As the Pod Security Standard's `restricted` wants it, and read-only, without a token, with a bound of memory."""
    namespaces = of_kind(overlay, "Namespace").values()
    assert {each["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] for each in namespaces} == {"restricted"}
    for pod in pods(overlay).values():
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod.spec["automountServiceAccountToken"] is False
        # A Service named bridge would come as BRIDGE_... variables.
        assert pod.spec["enableServiceLinks"] is False
        assert {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec) == set()
        assert not [each for each in pod.spec.get("volumes", []) if "hostPath" in each]
        for container in pod.containers:
            confined = container["securityContext"]
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            name, _, tag = container["image"].rpartition(":")
            assert name, container["image"]
            assert tag != "latest"


@each_overlay
def test_nothing_secret_stands_in_the_manifests(overlay: str) -> None:
    """Secrets by reference only; every file that a variable names is mounted from one."""
    assert of_kind(overlay, "Secret") == {}
    assert in_clear(settings(overlay)) == []
    for pod in pods(overlay).values():
        for container in pod.containers:
            values = {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}
            assert in_clear(values) == []
            named = {value for name, value in values.items() if name.endswith("_FILE")}
            assert named <= manifests.files(pod, container), (pod.owner, container["name"])


def test_the_migration_has_the_owner_s_rights_and_the_bridge_the_key() -> None:
    """Neither has what only the other needs."""
    found = pods("production")
    assert secret_items(found["Job/bridge-migrate"]) == {"bridge-journal-owner": {"database-url"}}
    assert secret_items(found["Deployment/bridge"]) == {
        "bridge-journal": {"database-url", "key"},
        "bridge-zuora": {"client-secret"},
        "bridge-admin": {"token", "users"},
    }


def test_the_external_secrets_bring_exactly_what_the_pods_take() -> None:
    """By name and key."""
    wanted: dict[str, set[str]] = {}
    for pod in pods("production").values():
        for name, keys in secret_items(pod).items():
            wanted.setdefault(name, set()).update(keys)
    brought = {}
    for each in of_kind("production", "ExternalSecret").values():
        spec = each["spec"]
        assert set(spec) == {"refreshInterval", "secretStoreRef", "target", "data"}
        assert set(spec["secretStoreRef"]) == {"kind", "name"}
        assert all(set(one) == {"secretKey", "remoteRef"} for one in spec["data"])
        brought[spec["target"]["name"]] = {one["secretKey"] for one in spec["data"]}
    assert brought == wanted


# ---------------------------------------------------------------- the network


def _allowed(rules: list[Any]) -> set[tuple[str, str]]:
    """Who (by the label of its namespace, and its own where that is asked for) may reach which port."""

    def who(peer: Any) -> str:
        own = peer.get("podSelector", {}).get("matchLabels", {})
        return "/".join([peer["namespaceSelector"]["matchLabels"]["bridge-access"], *own.values()])

    return {(who(peer), port["port"]) for rule in rules for peer in rule["from"] for port in rule["ports"]}


def test_callers_reach_their_port_and_operators_and_monitoring_the_other() -> None:
    """Nobody else anything; the migration nobody at all."""
    policies = of_kind("production", "NetworkPolicy")
    assert _allowed(policies["bridge"]["spec"]["ingress"]) == {
        ("callers", "callers"),
        ("monitoring", "admin"),
        ("operators", "admin"),
        # Which must see who is ready.
        ("callers/bridge-front", "admin"),
    }
    assert "ingress" not in policies["bridge-migrate"]["spec"]
    assert "Ingress" in policies["bridge-migrate"]["spec"]["policyTypes"]


@each_overlay
def test_every_pod_is_closed_both_ways_unless_a_policy_opens_it(overlay: str) -> None:
    """Each is chosen by a policy of both types; every policy chooses something; named ports exist."""
    policies = of_kind(overlay, "NetworkPolicy").values()
    for each in policies:
        assert chosen(overlay, each["spec"]["podSelector"]), each["metadata"]["name"]
    for pod in pods(overlay).values():
        own = [each["spec"] for each in policies if manifests.selects(each["spec"]["podSelector"], pod.labels)]
        assert {kind for each in own for kind in each["policyTypes"]} == {"Ingress", "Egress"}, pod.owner
        named = {port["name"] for container in pod.containers for port in container.get("ports", [])}
        for rule in (rule for each in own for rule in each.get("ingress", [])):
            assert {port["port"] for port in rule["ports"]} <= named


def test_in_production_only_zuora_the_database_and_names_are_reached() -> None:
    """HTTPS to the world, but to nothing of the cluster or of a cloud's metadata; PostgreSQL where the overlay says."""
    rules = [
        rule
        for name in ("bridge", "bridge-journal")
        for rule in of_kind("production", "NetworkPolicy")[name]["spec"]["egress"]
    ]

    def ports_to(address: str) -> set[int]:
        at = ipaddress.ip_address(address)
        return {
            port["port"]
            for rule in rules
            for block in (peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer)
            if at in ipaddress.ip_network(block["cidr"])
            and not any(at in ipaddress.ip_network(each) for each in block.get("except", []))
            for port in rule["ports"]
        }

    assert ports_to("64.79.155.1") == {443}
    assert ports_to("2606:4700::1") == {443}
    assert ports_to("10.20.30.5") == {5432}
    for inside in ("10.96.0.1", "172.16.1.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fd00::1", "fe80::1"):
        assert ports_to(inside) == set(), inside
    assert [rule for rule in rules if not rule.get("ports")] == []
    reached = of_kind("demo", "NetworkPolicy")["bridge"]["spec"]["egress"]
    assert [port["port"] for rule in reached for port in rule["ports"]] == [8090]


# ---------------------------------------------------------------- of one mind


@each_overlay
def test_selectors_choose_the_pods_that_they_mean(overlay: str) -> None:
    """Services, budgets, autoscalers, spreads and monitors name what exists, and their ports are there."""
    server = pods(overlay)["Deployment/bridge"]
    for each in built(overlay):
        spec = each.get("spec", {})
        if each["kind"] == "Service":
            (pod,) = chosen(overlay, {"matchLabels": spec["selector"]})
            named = {port["name"]: port["containerPort"] for one in pod.containers for port in one.get("ports", [])}
            assert {port["targetPort"] for port in spec["ports"]} <= set(named)
            assert all(port["port"] == named[port["targetPort"]] for port in spec["ports"])
        elif each["kind"] in ("Deployment", "StatefulSet"):
            (pod,) = chosen(overlay, spec["selector"])
            assert pod.owner == f"{each['kind']}/{each['metadata']['name']}"
        elif each["kind"] == "PodDisruptionBudget":
            assert chosen(overlay, spec["selector"]) == [server]
        elif each["kind"] == "HorizontalPodAutoscaler":
            assert f"{spec['scaleTargetRef']['kind']}/{spec['scaleTargetRef']['name']}" == server.owner
            # Two at least: one may always be drained.
            assert 2 <= spec["minReplicas"] <= spec["maxReplicas"]
            assert [one["pods"]["metric"]["name"] for one in spec["metrics"]] == ["bridge_calls_in_flight"]
    for spread in server.spec["topologySpreadConstraints"]:
        assert chosen(overlay, spread["labelSelector"]) == [server]


def test_the_monitor_scrapes_the_admin_service() -> None:
    """By label and port, where the metrics are."""
    spec = of_kind("production", "ServiceMonitor")["bridge"]["spec"]
    assert set(spec) == {"jobLabel", "selector", "endpoints"}
    services = of_kind("production", "Service")
    labels = {name: each["metadata"]["labels"] for name, each in services.items()}
    fitting = [name for name in services if manifests.selects(spec["selector"], labels[name])]
    assert fitting == ["bridge-admin"]
    # The job that the alerts expect.
    assert labels["bridge-admin"][spec["jobLabel"]] == "bridge"
    (endpoint,) = spec["endpoints"]
    assert set(endpoint) == {"port", "path", "interval", "scrapeTimeout"}
    assert endpoint["port"] in {port["name"] for port in services["bridge-admin"]["spec"]["ports"]}


@each_overlay
def test_every_command_and_setting_is_one_that_the_bridge_has(
    overlay: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The arguments parse, no variable is misspelt, and the settings load with readable secrets."""
    commands = set()
    for pod in pods(overlay).values():
        for container in (each for each in pod.containers if "bridge" in each["image"]):
            commands.add(tuple(container["args"]))
            assert unknown(each["name"] for each in container.get("env", [])) == []
    for words in commands:
        assert CliRunner().invoke(cli, [*words, "--help"]).exit_code == 0, words
    given = settings(overlay)
    assert unknown(given) == []
    secret = tmp_path / "secret"
    secret.write_text("A" * 43 + "=\n")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for env in pods(overlay)["Deployment/bridge"].container("bridge")["env"]:
        if env["name"].endswith("_FILE"):
            monkeypatch.setenv(env["name"], str(secret))
    loaded = load()
    ports = {
        port["name"]: port["containerPort"] for port in pods(overlay)["Deployment/bridge"].container("bridge")["ports"]
    }
    assert loaded.listen == f"0.0.0.0:{ports['callers']}"
    assert loaded.admin.listen == f"0.0.0.0:{ports['admin']}"
    assert loaded.database_url == "A" * 43 + "="
    assert loaded.journal_key is not None
    assert loaded.zuora.tenant_id == "10000"


def test_the_probes_ask_for_what_the_bridge_answers(world: World) -> None:
    """Liveness must not be readiness: a bridge that drains must not be started anew."""
    container = pods("production")["Deployment/bridge"].container("bridge")
    asked = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {each["port"] for each in asked.values()} == {"admin"}
    assert asked["readinessProbe"]["path"] == "/readyz"
    assert asked["livenessProbe"]["path"] == asked["startupProbe"]["path"] == "/healthz"
    monitor = of_kind("production", "ServiceMonitor")["bridge"]["spec"]["endpoints"][0]
    for path in {each["path"] for each in asked.values()} | {monitor["path"]}:
        with urllib.request.urlopen(f"{world.bridges[0].admin_url}{path}", timeout=10) as answer:
            assert answer.status == 200
    tenant = pods("demo")["Deployment/sandbox"].container("sandbox")["readinessProbe"]["httpGet"]
    with urllib.request.urlopen(f"{world.sandbox.url}{tenant['path']}", timeout=10) as answer:
        assert answer.status == 200


@each_overlay
def test_a_pod_has_time_to_drain(overlay: str) -> None:
    """The pause before the signal and the contract's 130 s fit into the grace; a rollout takes none away before."""
    spec = pods(overlay)["Deployment/bridge"].spec
    pause = spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert pause[0] == "sleep"
    assert STOP_SECONDS <= CONTRACT_STOP_SECONDS
    assert int(pause[1]) + CONTRACT_STOP_SECONDS < spec["terminationGracePeriodSeconds"]
    rolling = of_kind(overlay, "Deployment")["bridge"]["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 1, "maxUnavailable": 0}
