"""Where our own WSDL and extension file are: in the package when installed from a wheel, else in the checkout.

Must not read or parse them.
"""

from __future__ import annotations

from pathlib import Path

import bridge

WSDL_NAME = "zuora.107.0.wsdl"
EXTENSION_NAME = "extension.xsd"


def folder() -> Path:
    """The directory that holds both files."""
    package = Path(bridge.__file__).resolve().parent
    installed = package / "_wsdl"
    return installed if (installed / WSDL_NAME).is_file() else package.parent / "wsdl"


def own_wsdl() -> Path:
    """Our own 107.0 file."""
    return folder() / WSDL_NAME


def extension() -> Path:
    """The extension elements."""
    return folder() / EXTENSION_NAME
