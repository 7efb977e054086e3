"""``deploy/compose.yaml``: valid by the compose specification, confined, of one mind with the files beside it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from setting_names import in_clear, unknown
from typer.testing import CliRunner

from bridge.cli import cli
from bridge.settings import load

DEPLOY = Path(__file__).parents[2] / "deploy"
TEXT = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
# ${NAME:-default}, with nothing set.
COMPOSE: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", TEXT))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BRIDGES = ("bridge-1", "bridge-2")
ONCE = ("secrets", "migrate")
OURS = {name for name, each in SERVICES.items() if each["image"] == "bridge:dev"}


def binds(service: dict[str, Any]) -> dict[str, str]:
    """What a service mounts of the repository: the source, and target and mode."""
    short = [each for each in service.get("volumes", []) if isinstance(each, str) and each.startswith(".")]
    return dict(each.split(":", 1) for each in short)


def seconds(text: str) -> int:
    """``135s``."""
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return int(found[1])


def test_it_is_valid_by_the_compose_specification() -> None:
    """Every key, every form, and every network and volume that a service names."""
    parsed = PyCompose.from_json(json.dumps(COMPOSE))
    parsed.validate()
    assert set(parsed.service_names()) == set(SERVICES)
    assert "$" not in json.dumps({name: each["image"] for name, each in SERVICES.items()})


@pytest.mark.parametrize(("key", "value"), [("helthcheck", {}), ("cap_drop", "ALL"), ("networks", ["nowhere"])])
def test_an_invalid_file_would_be_noticed(key: str, value: object) -> None:
    """The validator can fail."""
    broken = {**COMPOSE, "services": {**SERVICES, "front": {**SERVICES["front"], key: value}}}
    with pytest.raises(ValueError, match=r"."):
        PyCompose.from_json(json.dumps(broken)).validate()


def test_it_has_two_bridges_behind_a_proxy_and_what_an_operator_needs() -> None:
    """The replicas differ in their names and the port of their console only."""
    assert set(SERVICES) == {*BRIDGES, *ONCE, "postgresql", "sandbox", "front", "prometheus", "grafana"}
    first, second = ({**SERVICES[name], "hostname": "", "ports": []} for name in BRIDGES)
    assert first == second


def test_every_service_is_confined() -> None:
    """Read-only, without rights, bounded, of a version, and listening on this machine only."""
    for name, each in SERVICES.items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each.get("cap_add", []) == (["CHOWN"] if name == "secrets" else []), name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory"} <= set(each["deploy"]["resources"]["limits"]), name
        assert each["pids_limit"] <= 256, name
        loose = {"privileged", "network_mode", "pid", "ipc"} & set(each)
        assert loose == ({"network_mode"} if name == "secrets" else set()), name
        assert re.search(r":v?\d+\.\d+", each["image"]) or name in OURS, name
        assert [port for port in each.get("ports", []) if not port.startswith("127.0.0.1:")] == [], name
    assert SERVICES["secrets"]["network_mode"] == "none"


def test_nothing_secret_stands_in_it() -> None:
    """Passwords and keys come by files, in volumes that only those have who need them."""
    for name, each in SERVICES.items():
        given = each.get("environment", {})
        assert in_clear(given) == [], name
        secret = {key for key in given if re.search(r"PASSWORD|TOKEN|SECRET|__KEY", key)}
        assert [key for key in secret if not key.endswith("_FILE")] == [], name
    holders: dict[str, set[str]] = {}
    for name, each in SERVICES.items():
        for volume in each.get("volumes", []):
            if isinstance(volume, str) and "-secrets:" in volume and name != "secrets":
                assert volume.endswith(":ro")
                holders.setdefault(volume.split(":")[0], set()).add(name)
    assert holders == {
        "bridge-secrets": {*BRIDGES, "migrate"},
        "postgresql-secrets": {"postgresql"},
        "grafana-secrets": {"grafana"},
        "front-secrets": {"front"},
    }


def test_what_it_mounts_of_the_repository_is_there_and_read_only() -> None:
    """Nothing is made as an empty folder by the engine."""
    found = {source: target for each in SERVICES.values() for source, target in binds(each).items()}
    assert {"./proxy/haproxy.cfg", "./monitoring/prometheus.yml", "./monitoring/alerts.yaml"} <= set(found)
    for source, target in found.items():
        assert (DEPLOY / source).exists(), source
        assert target.endswith(":ro"), source
    build = SERVICES["bridge-1"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_who_waits_for_whom_can_be_waited_for() -> None:
    """Health is asked of who has a health check, an end of who ends; the bridges begin after the migration."""
    for name, each in SERVICES.items():
        for other, how in each.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], (name, other)
            else:
                assert how["condition"] == "service_completed_successfully"
                assert other in ONCE, (name, other)
        assert each["restart"] == {"secrets": "no", "migrate": "on-failure"}.get(name, "unless-stopped")
    assert set(SERVICES["bridge-1"]["depends_on"]) == {"migrate", "sandbox"}
    assert set(SERVICES["migrate"]["depends_on"]) == {"postgresql"}
    assert set(SERVICES["postgresql"]["depends_on"]) == {"secrets"}


def test_a_bridge_has_time_to_drain() -> None:
    """The contract's 130 s; the front waits for its bridges."""
    assert {seconds(SERVICES[name]["stop_grace_period"]) >= 135 for name in BRIDGES} == {True}
    assert seconds(SERVICES["front"]["stop_grace_period"]) >= 140
    assert {tuple(SERVICES[name]["healthcheck"]["test"]) for name in BRIDGES} == {("CMD", "healthcheck", "/readyz")}


def test_every_command_and_setting_is_one_that_the_bridge_has() -> None:
    """The arguments parse and no variable is misspelt."""
    for name in OURS - {"secrets"}:
        assert CliRunner().invoke(cli, [*SERVICES[name]["command"], "--help"]).exit_code == 0, name
        assert unknown(SERVICES[name].get("environment", {})) == [], name


def test_only_the_front_is_believed_and_reaches_the_doors() -> None:
    """The network that the bridges trust has the front and the bridges in it, and no way out."""
    trusted = SERVICES["bridge-1"]["environment"]["BRIDGE_TRUSTED_PROXIES"]
    callers = COMPOSE["networks"]["callers"]
    assert callers["internal"] is True
    assert [ip_network(each["subnet"]) for each in callers["ipam"]["config"]] == [ip_network(trusted)]
    on_it = {name for name, each in SERVICES.items() if "callers" in each.get("networks", [])}
    assert on_it == {"front", *BRIDGES}
    on_journal = {name for name, each in SERVICES.items() if "journal" in each.get("networks", [])}
    assert on_journal == {"postgresql", "migrate", *BRIDGES}


def test_the_files_beside_it_name_its_services() -> None:
    """Prometheus scrapes each bridge, Grafana asks Prometheus, the proxy's variables exist."""
    scraped = yaml.safe_load((DEPLOY / "monitoring" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = [each for each in scraped["scrape_configs"] if each["job_name"] == "bridge"]
    targets = {target for each in job["static_configs"] for target in each["targets"]}
    assert targets == {f"{name}:8081" for name in BRIDGES}
    for rules in scraped["rule_files"]:
        assert any(target.startswith(f"/etc/prometheus/{rules}:") for target in binds(SERVICES["prometheus"]).values())
    sources = DEPLOY / "monitoring" / "grafana" / "provisioning" / "datasources"
    (source,) = [yaml.safe_load(each.read_text(encoding="utf-8")) for each in sources.iterdir()]
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    assert set(SERVICES["grafana"]["networks"]) & set(SERVICES["prometheus"]["networks"])
    proxy = (DEPLOY / "proxy" / "haproxy.cfg").read_text(encoding="utf-8")
    assert [name for name in SERVICES["front"]["environment"] if f'"${name}' not in proxy and name not in proxy] == []
    assert all(f"{name}:8080" in proxy for name in BRIDGES)


# ---------------------------------------------------------------- what the first service makes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets, made by the shipped script itself."""
    folder = tmp_path_factory.mktemp("secrets")
    script().make(folder)
    return folder


def script() -> ModuleType:
    """The shipped script as a module."""
    spec = importlib.util.spec_from_file_location("make_secrets", DEPLOY / "compose" / "make_secrets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_secrets_are_made_once_and_for_their_user_alone(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second start changes nothing, and nothing is printed."""
    before = {each: each.read_bytes() for each in made.rglob("*") if each.is_file()}
    script().make(made)
    assert {each: each.read_bytes() for each in made.rglob("*") if each.is_file()} == before
    assert {each.stat().st_mode & 0o777 for each in before} == {0o400}
    assert capsys.readouterr() == ("", "")
    for name, each in SERVICES.items():
        for volume in each.get("volumes", []):
            if isinstance(volume, str) and "-secrets:" in volume and name != "secrets":
                folder, target, _ = volume.split(":")
                named = [value for value in each["environment"].values() if value.startswith(f"{target}/")]
                assert named, name
                for value in named:
                    assert (made / folder.removesuffix("-secrets") / Path(value).name).is_file(), value


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv to give less")
def test_they_can_be_made_with_no_right_but_to_give_files_away(tmp_path: Path) -> None:
    """As the service does it: root with CAP_CHOWN alone, twice; each file ends with the user of its image."""
    command = ["setpriv", "--bounding-set=-all,+chown", "--inh-caps=-all", "--no-new-privs", sys.executable]
    for _ in range(2):
        done = subprocess.run(
            [*command, str(DEPLOY / "compose" / "make_secrets.py"), str(tmp_path)], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    owners = {each.parent.name: each.stat().st_uid for each in tmp_path.glob("*/*")}
    assert owners == {"bridge": 10001, "postgresql": 999, "grafana": 472, "front": 99}
    assert owners["postgresql"] == int(SERVICES["postgresql"]["user"].split(":")[0])


def test_the_bridge_s_settings_load_with_them(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is the compose file's database, with the password that it was given."""
    for name, value in SERVICES["bridge-1"]["environment"].items():
        monkeypatch.setenv(name, value.replace("/run/secrets", str(made)))
    settings = load()
    password = (made / "postgresql" / "password").read_text()
    assert settings.database_url == f"postgresql://bridge:{password}@postgresql/bridge"
    assert settings.journal_key is not None
    assert settings.zuora.client_secret is not None
    assert settings.admin.owner is not None
    assert len(settings.admin.owner) >= 40


def test_the_certificates_shake_hands(made: Path) -> None:
    """The front's with a caller who trusts the authority, and a caller's with the front, by TLS itself."""
    front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    front.load_cert_chain(made / "front" / "front.pem")
    front.load_verify_locations(made / "front" / "ca.pem")
    front.verify_mode = ssl.CERT_REQUIRED
    caller = ssl.create_default_context(cafile=str(made / "front" / "ca.pem"))
    caller.load_cert_chain(made / "front" / "erp.pem")
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [front.wrap_bio(up, down, server_side=True), caller.wrap_bio(down, up, server_hostname="localhost")]
    done: set[int] = set()
    for _ in range(8):
        for number, end in enumerate(ends):
            try:
                end.do_handshake()
                done.add(number)
            except ssl.SSLWantReadError:
                pass
    assert done == {0, 1}
    subject = dict(pair[0] for pair in (ends[0].getpeercert() or {})["subject"])
    assert subject == {"commonName": "erp"}


def test_the_proxy_takes_its_configuration_with_the_compose_file_s_settings(made: Path) -> None:
    """The real HAProxy checks it, certificates and all."""
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        pytest.skip("no haproxy here; run: python tests/deploy/provision.py")
    given = {name: value.replace("/run/secrets", str(made)) for name, value in SERVICES["front"]["environment"].items()}
    done = subprocess.run(
        [program, "-c", "-f", str(DEPLOY / "proxy" / "haproxy.cfg")],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **given},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
