"""``python3 -m bridge``: the command line; in a bare checkout it first sets itself up in ``.venv``.

Outside a virtual environment nothing but the standard library may be there, so only that is imported: the locked
dependencies are installed into ``.venv`` beside the package and the same command goes on there, in the same process.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"


def set_up() -> Path:
    """Make ``.venv`` from the lock file, unless it is of this very lock file; returns its ``bin``."""
    home = ROOT / ".venv"
    stamp = home / "bridge.stamp"
    wanted = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode())
    if not stamp.is_file() or stamp.read_text(encoding="ascii") != wanted.hexdigest():
        print("bridge: setting up .venv from requirements.lock", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "-c", str(LOCK), "-e", str(ROOT)], check=True)
        stamp.write_text(wanted.hexdigest(), encoding="ascii")
    return home / "bin"


if __name__ == "__main__":
    if sys.prefix == sys.base_prefix and LOCK.is_file():
        try:
            python = set_up() / "python"
        except (subprocess.CalledProcessError, OSError) as error:
            sys.exit(f"bridge: setting up .venv failed ({error}); nothing was started")
        os.execv(python, [str(python), "-m", "bridge", *sys.argv[1:]])
    from bridge.cli import main

    main()
