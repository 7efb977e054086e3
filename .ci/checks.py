"""What CI does: the README's two commands as written, on a clean checkout, then the checks that keep the code honest.

The first fenced ``sh`` block of the README is the demo, the second the tests. The demo must say that it is ready, end
with 0 on SIGINT, and end with 0 by itself with ``--once``.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
READY_SECONDS = 600
END_SECONDS = 30


def say(text: str) -> None:
    """A heading in the log."""
    print(f"\n== {text}", flush=True)


def must(command: str) -> None:
    """Run it; end CI where it fails."""
    say(command)
    began = time.monotonic()
    code = subprocess.run(command, shell=True, cwd=ROOT).returncode
    print(f"== {time.monotonic() - began:.0f} s, exit {code}", flush=True)
    if code != 0:
        sys.exit(f"failed: {command}")


def demo(command: str) -> None:
    """Start it, wait for its line, interrupt it as Ctrl-C does (the whole group), require exit 0."""
    say(f"{command}   (until 'demo ready', then SIGINT)")
    # bash: on Ctrl-C a foreground command's own exit status counts, as at a terminal; dash would end by the signal.
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    ready = threading.Event()

    def read(lines=process.stdout) -> None:
        for line in lines:
            print(line, end="", flush=True)
            if line.strip() == "demo ready":
                ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    until = time.monotonic() + READY_SECONDS
    while not ready.wait(0.2):
        if process.poll() is not None or time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
            sys.exit(f"failed: no 'demo ready' from {command}")
    os.killpg(process.pid, signal.SIGINT)
    code = process.wait(END_SECONDS)
    reader.join(END_SECONDS)
    print(f"== exit {code} after SIGINT", flush=True)
    if code != 0:
        sys.exit(f"failed: the demo ended with {code} on SIGINT")


def main() -> None:
    """Everything, in order."""
    commands = [block.strip() for block in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))[:2]]
    if len(commands) != 2 or any("\n" in command for command in commands):
        sys.exit("failed: the README must begin with two one-line sh blocks, the demo and the tests")
    run, test = commands
    # Installs what can be had of the legacy SOAP stacks and says what cannot; the tests skip the rest with that reason.
    must("python3 tests/clients/provision.py")
    # Likewise a PostgreSQL server, for the journal and its replicas.
    must("python3 tests/journal/provision.py")
    # And the programs that load what deploy/ ships.
    must("python3 tests/deploy/provision.py")
    must(test)
    demo(run)
    must(f"{run} --once")
    must(".venv/bin/python -m ruff check .")
    must(".venv/bin/python -m ruff format --check .")
    must(".venv/bin/python -m mypy")
    must(".venv/bin/python .ci/sbom.py")
    # Without a way to PyPI's own data it says that vulnerabilities are not known, and audits what can be audited here.
    must(".venv/bin/python .ci/audit.py --ask --unreachable-is-fine")
    must(
        ".venv/bin/python -m coverage run --branch --source=bridge/core -m pytest tests/core -q -n auto"
        " && .venv/bin/python -m coverage combine --quiet"
        " && .venv/bin/python -m coverage report --fail-under=100 --show-missing --skip-covered"
    )


if __name__ == "__main__":
    main()
