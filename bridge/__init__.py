"""The SOAP retirement bridge: legacy Zuora payment and refund calls in, Zuora SOAP or REST out.

This package refuses to import on a Python it was not measured on, so that the refusal is one clear
sentence and not an ``ImportError`` from the depths of a dependency.
"""

import sys

__version__ = "0.1.0"

if not (3, 11) <= sys.version_info[:2] < (3, 14):
    raise RuntimeError(
        f"bridge runs on Python 3.11, 3.12 and 3.13; this is {sys.version_info[0]}.{sys.version_info[1]}. "
        "Create the virtual environment with one of those."
    )
