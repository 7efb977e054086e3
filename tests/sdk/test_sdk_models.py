"""Every REST request of the bridge is one that Zuora's own Python SDK could send: operation, parameters, body.

``check.py`` runs in an environment of its own. Two sources of requests: all scenarios, as they reached the simulated
tenant, and everything the mapping can write, with every field of every object set.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from core_objects import A, ERP, FACTS, METHOD, TENANT, call, paid, payment, refund, soap, zobject
from core_objects import rest as by_rest
from provision import SDK_HOME, why_not

from bridge.contract.reader import own_contract
from bridge.core.commands import Compose, Lookup
from bridge.core.facts import Absent, Fact, Kind, Part, Question, WhichDocument, WhichSource
from bridge.core.intent import Dispatch
from bridge.core.mapping.fields import CONTAINERS, FIELDS_TO_NULL, ROWS, TABLE, Target
from bridge.core.model import Call, Caller, Op, Route, Tenant, ZObject
from bridge.core.plan import check
from bridge.core.preview import preview
from bridge.upstream.action import ZuoraActions
