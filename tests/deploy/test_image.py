"""The image: ``deploy/Dockerfile``'s steps run in a Debian root, and what comes of them run as a container would be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import debian_root
import dockerfile
import pytest
from harness import until
from image_build import Builder, Image, mounted, sent
from image_run import Container, Pod

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
NUMBER = "10001"
ELSEWHERE = {"BRIDGE_LISTEN": "127.0.0.1:9080", "BRIDGE_ADMIN__LISTEN": "127.0.0.1:9081"}

pytestmark = pytest.mark.xdist_group("image")


@pytest.fixture(scope="session")
def image() -> Image:
    """Built once per session; layers that an earlier session made are taken as they are."""
    if reason := debian_root.why_not():
        pytest.skip(reason)
    try:
        return Builder(dockerfile.read(TEXT), ROOT, {"VERSION": "9.8.7", "REVISION": "0123abcd"}).build()
    except debian_root.NotMade as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pod(image: Image) -> Iterator[Pod]:
    """A bridge that serves before a sandbox, both from this image."""
    with Pod(image) as made:
        yield made


@pytest.fixture(scope="module")
def serving(pod: Pod) -> Container:
    """The bridge, which has said that it serves."""
    pod.run("sandbox", "serve", "--listen", "127.0.0.1:8090", name="sandbox").until_said("serving")
    bridge = pod.run(
        BRIDGE_ZUORA__SOAP_URL="http://127.0.0.1:8090",
        BRIDGE_ZUORA__REST_URL="http://127.0.0.1:8090",
        BRIDGE_ZUORA__TENANT_ID="10000",
        BRIDGE_ZUORA__CLIENT_ID="demo-client",
        BRIDGE_ZUORA__CLIENT_SECRET="demo-secret",
    )
    bridge.until_said("bridge: serving")
    return bridge


def test_what_ran_is_gone_with_its_pod(image: Image) -> None:
    """A test leaves no bridge behind on the machine it ran on."""
    with Pod(image) as made:
        sandbox = made.run("sandbox", "serve", "--listen", "127.0.0.1:8090", name="sandbox")
        sandbox.until_said("serving")
        number = sandbox.main
        assert Path(f"/proc/{number}").exists()
    until(lambda: not Path(f"/proc/{number}").exists())


# ---------------------------------------------------------------- what the file says


def test_the_result_is_a_stage_of_its_own_that_runs_as_a_number() -> None:
    """No shell before the signal, a numeric user that is not root, and a health check without a shell."""
    *_, build, result = dockerfile.read(TEXT)
    assert build.name == "build"
    assert result.base not in ("dependencies", "build")
    assert result.only("USER").rest == f"{NUMBER}:{NUMBER}"
    assert result.only("STOPSIGNAL").rest == "SIGTERM"
    assert result.only("ENTRYPOINT").words == ["bridge"]
    assert result.only("CMD").words == ["serve"]
    assert '["healthcheck", "/healthz"]' in result.only("HEALTHCHECK").rest
    labels = dockerfile.pairs(result.only("LABEL").rest)
    wanted = ("title", "description", "licenses", "version", "revision", "created")
    assert {name.removeprefix("org.opencontainers.image.") for name in labels} == set(wanted)


def test_every_base_has_a_tag_and_nothing_is_added_from_elsewhere() -> None:
    """No ``latest``, no ADD, no download outside of Debian's and Python's package tools."""
    stages = dockerfile.read(TEXT)
    outside = {stage.base for stage in stages} - {stage.name for stage in stages}
    assert outside == {"debian:13-slim"}
    assert not re.search(r"\b(curl|wget|ADD|latest)\b", re.sub(r"(?m)^\s*#.*", "", TEXT))


def test_the_builder_gets_the_package_and_no_database_key_or_environment(tmp_path: Path) -> None:
    """``.dockerignore`` lets in what the steps copy, and of that no key, database or compiled file."""
    assert "bridge/settings.py" in sent(ROOT, "bridge")
    assert not [name for name in sent(ROOT, "bridge") if "__pycache__" in name or name.endswith((".db", ".key"))]
    (tmp_path / ".dockerignore").write_text((ROOT / ".dockerignore").read_text(encoding="utf-8"))
    for name in ("bridge/a.py", "bridge/x.key", "bridge/x.db", "tests/t.py", ".venv/p", ".git/HEAD", "deploy/secret"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sent(tmp_path, ".") == ["bridge/a.py"]


def test_a_step_that_the_reader_does_not_know_is_an_error() -> None:
    """Otherwise a step could go unproved."""
    for line in ("ADD a b", "RUN --network=none true", "RUN <<EOF", "COPY --chown=1 a b"):
        with pytest.raises(dockerfile.NotUnderstood):
            dockerfile.read(f"FROM debian:13-slim\n{line}\n")
    with pytest.raises(dockerfile.NotUnderstood):
        dockerfile.read("FROM ${UNKNOWN}\n")


# ---------------------------------------------------------------- what the steps make


def test_the_result_has_no_pip_no_compiler_and_no_package_lists(image: Image) -> None:
    """What builds and fetches stays in the first stage."""
    with mounted(image.layers) as root:
        assert (root / "opt/bridge/bin/bridge").is_file()
        folders = [root / each for each in ("usr/bin", "usr/local/bin", "opt/bridge/bin")]
        programs = {each.name for folder in folders for each in folder.iterdir()} - {"ld.so"}
        tools = re.compile(r"(pip|gcc|g\+\+|cc|c99|cpp|make|ld|as|git|curl|wget|uv|hatch|cargo)([-\d.].*)?")
        assert sorted(name for name in programs if tools.fullmatch(name)) == []
        packages = {
            each.name.split("-")[0] for each in (root / "opt/bridge/lib").glob("python3*/site-packages/*.dist-info")
        }
        assert packages & {"pip", "setuptools", "wheel", "hatchling", "pytest", "mypy", "ruff", "hypothesis"} == set()
        assert not list(root.glob("usr/lib/python3*/ensurepip"))
        for folder in ("var/lib/apt/lists", "var/cache/apt", "build", "root/.cache"):
            assert not any(each.is_file() for each in (root / folder).rglob("*")), folder


def test_the_result_belongs_to_root_and_only_the_state_to_the_bridge(image: Image) -> None:
    """The bridge cannot change its own code, and nothing that it runs gives rights."""
    with mounted(image.layers) as root:
        owned = [each for each in root.rglob("*") if not each.is_symlink() and each.stat().st_uid == int(NUMBER)]
        assert owned == [root / "var/lib/bridge"]
        assert owned[0].stat().st_mode & 0o777 == 0o700
        writable = [each for each in (root / "opt").rglob("*") if not each.is_symlink() and each.stat().st_mode & 0o022]
        assert writable == []


def test_the_labels_carry_what_the_build_was_given(image: Image) -> None:
    """Version and revision by ``--build-arg``."""
    given = {name.rpartition(".")[2]: value for name, value in image.labels.items()}
    assert (given["version"], given["revision"], given["licenses"]) == ("9.8.7", "0123abcd", "Apache-2.0")


def test_the_image_sets_nothing_that_would_stand_over_an_operator_s_file(image: Image) -> None:
    """A variable wins over its `..._FILE`: an image that named a database would hide the one that a secret names."""
    assert {name for name in image.env if name.startswith("BRIDGE_")} == {"BRIDGE_LISTEN", "BRIDGE_ADMIN__LISTEN"}


# ---------------------------------------------------------------- how the result runs


def test_it_serves_read_only_without_root_and_says_that_it_is_well(serving: Container) -> None:
    """As process 1 of user 10001 without a capability; the image's own health check, and readiness."""
    status = serving.exec("cat", "/proc/1/status").stdout
    assert re.search(rf"^Uid:\s+{NUMBER}\s+{NUMBER}\s", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    for path in ("/opt/bridge/x", "/x", "/etc/x", "/var/x"):
        assert "Read-only file system" in serving.exec("touch", path).stderr
    checked = serving.exec(*serving.image.health)
    assert (checked.returncode, checked.stdout) == (0, "/healthz: 200 ok\n")
    ready = serving.exec("healthcheck", "/readyz")
    assert ready.returncode == 0, ready.stdout
    assert serving.exec("healthcheck", "/nothing").returncode == 1


def test_it_stops_at_the_stop_signal_with_0_and_keeps_its_journal(pod: Pod) -> None:
    """SIGTERM to process 1; the next container on the same volume finds the journal and its key."""
    nobody = "http://127.0.0.1:1"
    stopping = pod.run(name="stopping", BRIDGE_ZUORA__SOAP_URL=nobody, BRIDGE_ZUORA__REST_URL=nobody, **ELSEWHERE)
    stopping.until_said("bridge: serving")
    assert stopping.exec("healthcheck", "/readyz").returncode == 1
    assert stopping.stop() == 0, stopping.log
    gone = pod.run("journal", "verify", name="stopping")
    assert gone.process.wait(60) == 0, gone.log
    assert "Nothing was changed." in gone.log


def test_the_whole_demo_runs_in_it(pod: Pod) -> None:
    """A legacy ERP, a bridge and a tenant: payments, refunds, a lost answer; all as the ledger must be."""
    demo = pod.run("demo", "--once", name="demo")
    assert demo.process.wait(120) == 0, demo.log
