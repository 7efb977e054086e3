"""Print the dependencies of ``pyproject.toml``, one a line, so that an image can install them before the bridge itself.

For the image's build alone; must not need anything but the standard library.
"""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
print("\n".join(project["dependencies"]))
