"""Print the dependencies of ``pyproject.toml``, one a line, so that an image can install them before the bridge itself.

With those of its extra ``otel``: who traces sets variables and builds no other image. For the image's build alone; must
not need anything but the standard library.
"""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
print("\n".join([*project["dependencies"], *project["optional-dependencies"]["otel"]]))
