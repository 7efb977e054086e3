"""The project as a visitor meets it: the README's commands, the Python range, the lock file. Not its packages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:z="http://api.zuora.com/" '
    'xmlns:o="http://object.api.zuora.com/" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><e:Body><z:create>'
    '<z:zObjects x:type="o:Refund"><o:Amount>60</o:Amount><o:MethodType>Check</o:MethodType>'
    "<o:PaymentId>CM00000001</o:PaymentId><o:Type>External</o:Type></z:zObjects></z:create></e:Body></e:Envelope>"
)


def commands() -> list[str]:
    """Every command line of the README's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_the_readme_begins_with_the_demo_and_the_tests_on_one_line_each() -> None:
    """CI runs the first two ``sh`` blocks as written."""
    demo, tests = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)[:2]
    assert demo.strip() == "python3 -m bridge demo"
    assert "-m pytest" in tests
    assert len(demo.splitlines()) == len(tests.splitlines()) == 1


def test_no_two_test_modules_have_one_name() -> None:
    """pytest imports them by it: the second would end the whole run, and no run of its own folder shows it."""
    names = sorted(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, after in pairwise(names) if name == after] == []


def test_the_readme_s_settings_start_the_bridge(tmp_path: Path) -> None:
    """The exports and ``bridge serve``, as shown, with free ports and a readable secret."""
    secret = tmp_path / "secret"
    secret.write_text("demo-secret\n")
    lines = [line for line in commands() if line.startswith("export ") or line == "bridge serve"]
    assert lines[-1] == "bridge serve"
    script = "\n".join(lines).replace("/run/secrets/zuora", str(secret)).replace("CLIENT_ID=...", "CLIENT_ID=demo")
    script = script.replace("bridge serve", f"exec {sys.executable} -m bridge serve")
    env = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    env |= {"BRIDGE_LISTEN": "127.0.0.1:0", "BRIDGE_ADMIN__LISTEN": "127.0.0.1:0"}
    process = subprocess.Popen(["bash", "-c", script], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().startswith("bridge: serving http://127.0.0.1:")
        process.terminate()
        assert process.wait(30) == 0


def test_the_readme_s_plan_command_runs(tmp_path: Path) -> None:
    """``bridge plan create-payment.xml``, as shown."""
    (line,) = [line for line in commands() if line.startswith("bridge plan")]
    (tmp_path / line.split()[-1]).write_text(ENVELOPE)
    done = subprocess.run(
        [sys.executable, "-m", *line.split()], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "/v1/credit-memos/CM00000001/refund" in done.stdout


def test_the_readme_s_doctor_runs(tmp_path: Path) -> None:
    """``bridge doctor`` with the README's settings, as shown, before a simulated tenant."""
    from bridge.sandbox import SandboxThread

    (line,) = [line for line in commands() if line.startswith("bridge doctor")]
    (tmp_path / "password").write_text("demo\n")
    (tmp_path / "secret").write_text("demo-secret\n")
    exports = "\n".join(each for each in commands() if each.startswith("export "))
    with SandboxThread() as sandbox:
        for origin in ("https://www.zuora.com", "https://rest.zuora.com"):
            exports = exports.replace(origin, sandbox.url)
        exports = exports.replace("/run/secrets/zuora", "secret").replace("CLIENT_ID=...", "CLIENT_ID=demo-client")
        script = line.replace("bridge", f"exec {sys.executable} -m bridge", 1).replace("/run/secrets/erp", "password")
        env = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
        done = subprocess.run(
            ["bash", "-c", f"{exports}\n{script}"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tenant id: 10000" in done.stdout


@pytest.mark.parametrize(
    ("verb", "code", "words"),
    [("check", 0, "107.0, downloaded from"), ("diff", 1, "Payment.Currency: minOccurs 1 is now 0")],
)
def test_the_readme_s_wsdl_commands_run(tmp_path: Path, verb: str, code: int, words: str) -> None:
    """On our own file, and beside one in which a field is required."""
    (line,) = [line for line in commands() if line.startswith(f"bridge wsdl {verb}")]
    own = (ROOT / "wsdl" / "zuora.107.0.wsdl").read_text(encoding="utf-8")
    (tmp_path / "tenant.wsdl").write_text(own)
    (tmp_path / "erp.wsdl").write_text(
        own.replace('<element minOccurs="0" name="Currency"', '<element name="Currency"')
    )
    done = subprocess.run(
        [sys.executable, "-m", *line.split()], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert words in done.stdout


def test_no_other_command_is_shown_untested() -> None:
    """A new command in the README needs a test above."""
    known = (
        "export BRIDGE_",
        "bridge serve",
        "bridge plan create-payment.xml",
        "bridge doctor --user",
        "bridge wsdl check tenant.wsdl",
        "bridge wsdl diff erp.wsdl tenant.wsdl",
        # Run by tests/parity.
        "bridge parity replay --twins",
        "bridge parity gate parity-report/report.json",
    )
    assert [line for line in commands() if not line.startswith(known)] == []


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 14, 0)])
def test_another_python_is_refused_in_one_sentence(version: tuple[int, int, int]) -> None:
    """The range of pyproject.toml, said clearly."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.version_info = {version}; import bridge"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("RuntimeError: bridge runs on Python 3.11, 3.12 and 3.13; this is 3")
    assert PYPROJECT["project"]["requires-python"] == ">=3.11,<3.14"


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    """The lock file names each; a comment beside each says why it is there."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    extras = PYPROJECT["project"]["optional-dependencies"]
    listed = PYPROJECT["project"]["dependencies"] + extras["otel"] + extras["test"]
    for requirement in listed:
        if requirement.startswith("bridge["):
            continue
        name = re.split(r"[\[<>=]", requirement)[0].lower()
        assert re.search(rf"^{re.escape(name)}(\[\w+\])?==", lock, re.MULTILINE), name
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for requirement in PYPROJECT["project"]["dependencies"] + extras["otel"]:
        assert re.search(rf'"{re.escape(requirement)}",\s+# \w', text), f"{requirement} has no reason"


def test_the_top_level_holds_only_what_was_agreed() -> None:
    """pyproject.toml, README.md, bridge, wsdl, tests, deploy, and what tools demand at the root."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout: there is no list of the project's own files")
    tops = {line.split("/")[0] for line in done.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "bridge", "wsdl", "tests", "deploy", "LICENSE", "CHANGELOG.md"}
    assert {top for top in tops - allowed if not top.startswith(".")} == {"requirements.lock"}


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_ci_runs_when_a_shell_is_told_to_run_it(shell: str) -> None:
    """``bash .ci/run`` ignores a first line that names another program; once that kept CI from starting at all."""
    done = subprocess.run([shell, "-n", ".ci/run"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
