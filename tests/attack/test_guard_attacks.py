"""Every attack at parser level is refused for its own reason, at a bounded cost of CPU time and memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cost import Reference
from guard_attacks import ATTACKS, GZIP, XML, envelope, run

from bridge.facade.guard import Admission, Inspected, Refusal, admit, inspect

# The largest call that is let in: nearly as many bytes and elements as the limits allow.
MEMORY_KILOBYTES = 40 * 1024
ROOT = Path(__file__).parents[2]


def largest_call() -> None:
    """Let in a call of nearly as many bytes and elements as the limits allow."""
    admission = admit(XML)
    assert isinstance(admission, Admission)
    text = 33 * "x"
    assert isinstance(inspect(envelope("<q>" + f"<t>{text}</t>" * 195_000 + "</q>"), admission), Inspected)


LARGEST_CALL = Reference(largest_call)

# The attacks that are large, or want to be.
HEAVY = [
    name
    for name in ATTACKS
    if any(word in name for word in (",", "MiB", "MB", "million", "bomb", "laughs", "quadratic", "huge", "without end"))
]


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_for_its_reason_and_cheaply(name: str) -> None:
    """The refusal names the right cause, is one printable line, and costs less than two of the largest calls."""
    admission, body = run(name)
    refused = inspect(body, admission)
    assert isinstance(refused, Refusal)
    assert refused.reason == ATTACKS[name][2], refused.text
    assert refused.status == (413 if refused.reason in {"size", "ratio"} else 500)
    assert refused.text.isascii()
    assert refused.text.isprintable()
    assert len(refused.text) < 250
    assert not any(word in refused.text for word in ("Traceback", "lxml", "Error:", "passwd", "127.0.0.1"))
    assert LARGEST_CALL.ratio(lambda: inspect(body, admission), below=2) < 2


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux's resettable peak")
@pytest.mark.parametrize("name", HEAVY)
def test_attack_is_refused_in_bounded_memory(name: str) -> None:
    """In a process of its own, refusing raises the peak by no more than 40 MB over the body itself."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = str(Path(__file__).with_name("guard_attacks.py"))
    told = subprocess.run(
        [sys.executable, script, name], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert int(told.stdout) <= MEMORY_KILOBYTES


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("name", ["gzip bomb of 100 MB", "gzip cut short", "gzip with garbage behind", "two Bodies"])
def test_chunking_does_not_change_the_refusal(name: str, size: int) -> None:
    """A byte at a time is refused exactly as one piece."""
    admission, body = run(name)
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    assert inspect(chunks, admission) == inspect(body, admission)


def test_bomb_is_refused_before_it_was_fully_received() -> None:
    """The refusal comes with the chunk that exceeds the limit, not at the end of a slow body."""
    admission, body = run("gzip bomb of 100 MB")
    given = 0

    def slowly():
        nonlocal given
        for at in range(0, len(body), 1024):
            given += 1
            yield body[at : at + 1024]

    assert isinstance(inspect(slowly(), admission), Refusal)
    assert given <= 2


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's resident set size")
@pytest.mark.parametrize("kind", ["names", "attributes", "prefixes", "addresses", "spaces", "mixed"])
def test_ever_new_names_do_not_grow_the_process(kind: str) -> None:
    """Names are not kept: lxml's table of names per thread would keep them for ever and then refuse to parse."""
    script = f"""
import os, random, sys
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from guard_attacks import XML, envelope
from bridge.facade.guard import admit, inspect
admission = admit(XML)
choose = random.Random(1).choices
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
def inside(n):
    u = lambda m: f"n{{n}}x{{m}}" + "y" * 30
    every = range(800)
    return {{
        "names": lambda: "".join(f"<{{u(m)}}/>" for m in every),
        "attributes": lambda: "".join(f'<a {{u(m)}}="1"/>' for m in every),
        "prefixes": lambda: "".join(f'<a xmlns:{{u(m)}}="u"/>' for m in every),
        "addresses": lambda: "".join(f'<a xmlns:p="u:{{u(m)}}"/>' for m in every),
        "spaces": lambda: "".join("<a>" + "".join(choose(" \\t\\n", k=58)) + "</a>" for m in every),
        "mixed": lambda: "".join(f'<a z=">" {{u(m)}}="1"/>' for m in every),
    }}[{kind!r}]()
for n in range(40):
    inspect(envelope("<q>" + inside(n) + "</q>"), admission)
before = resident()
for n in range(40, 440):
    inspect(envelope("<q>" + inside(n) + "</q>"), admission)
print(resident() - before)
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert int(told.stdout) < 4096


def test_outside_declarations_have_no_effect() -> None:
    """XInclude, schemaLocation and xml:base are only elements and attributes here."""
    inside = (
        '<q xmlns:i="http://www.w3.org/2001/XInclude" xml:base="file:///etc/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u file:///etc/passwd">'
        '<i:include href="/etc/passwd" parse="text"/></q>'
    )
    admission = admit(XML)
    assert isinstance(admission, Admission)
    found = inspect(envelope(inside), admission)
    assert isinstance(found, Inspected)
    assert found.payload is not None
    assert [child.tag for child in found.payload] == ["{http://www.w3.org/2001/XInclude}include"]
    assert "".join(found.payload.itertext()) == ""


def test_what_is_just_inside_the_limits_passes() -> None:
    """64 attributes, 32 declarations, depth 32, a name of 256 and 1 MiB of text are still accepted."""
    attributes = " ".join(f'a{n}="1"' for n in range(64)) + " " + " ".join(f'xmlns:p{n}="u{n}"' for n in range(32))
    inside = f"<q {attributes}><{'n' * 256}/>" + "<a>" * 29 + "t" * (1024 * 1024) + "</a>" * 29 + "</q>"
    admission = admit(XML)
    assert isinstance(admission, Admission)
    assert isinstance(inspect(envelope(inside), admission), Inspected)


def test_full_size_document_is_accepted() -> None:
    """200,000 elements in 8 MiB are within the contract, gzip members included."""
    import gzip

    body = envelope("<q>" + '<a b="1">text</a>' * 190_000 + "</q>")
    plain, packed = admit(XML), admit(GZIP)
    assert isinstance(plain, Admission)
    assert isinstance(packed, Admission)
    assert isinstance(inspect(body, plain), Inspected)
    small = envelope("<q>gzip</q>")
    two = gzip.compress(small[:50]) + gzip.compress(small[50:])
    found = inspect(two, packed)
    assert isinstance(found, Inspected)
    assert found.raw == small
