"""A catalogue of hostile requests at parser level; run as a script it prints the memory one of them costs.

The classes are those of WS-Attacker (SOAP denial of service), the OWASP XML Security Cheat Sheet and libxml2's own
history; sizes are at least the ones those tools use by default.
"""

import gzip
import random
import sys
import zlib
from collections.abc import Callable

from bridge.facade.guard import Admission, Inspected, Refusal, admit, inspect

ENV = "http://schemas.xmlsoap.org/soap/envelope/"
XML = {"Content-Type": "text/xml; charset=utf-8"}
SOAP12 = {"Content-Type": 'application/soap+xml; charset=utf-8; action=""'}
XOP = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:1@x"/>'
GZIP = {**XML, "Content-Encoding": "gzip"}
PLAIN = {"Content-Type": "text/xml"}


def envelope(inside: str = "<q/>", *, head: str = "", prolog: str = "") -> bytes:
    """Build an envelope around a body's content."""
    return f'{prolog}<e:Envelope xmlns:e="{ENV}">{head}<e:Body>{inside}</e:Body></e:Envelope>'.encode()


def _soap12(path: str = "2003/05/soap-envelope", *, inside: str = "<q/>", prolog: str = "") -> bytes:
    return envelope(inside, prolog=prolog).replace(ENV.encode(), b"http://www.w3.org/" + path.encode())


def _names(count: int, kind: str) -> str:
    return " ".join(f'{kind}{n}="u{n}"' for n in range(count))


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b" " * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def _dtd(subset: str, use: str = "") -> bytes:
    return envelope(f"<q>{use}</q>", prolog=f"<!DOCTYPE x [{subset}]>")


def _laughs() -> bytes:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(10))
    return _dtd(f'<!ENTITY l0 "ha">{levels}', "&l10;")


Case = tuple[dict[str, str], Callable[[], bytes], str]

ATTACKS: dict[str, Case] = {
    # entities and document types
    "billion laughs": (XML, _laughs, "doctype"),
    "quadratic blow-up": (XML, lambda: _dtd(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 50_000), "doctype"),
    "entity of a local file": (XML, lambda: _dtd('<!ENTITY f SYSTEM "file:///etc/passwd">', "&f;"), "doctype"),
    "entity of an address": (XML, lambda: _dtd('<!ENTITY f SYSTEM "http://127.0.0.1:1/">', "&f;"), "doctype"),
    "parameter entity": (XML, lambda: _dtd('<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;'), "doctype"),
    "external document type": (
        XML,
        lambda: envelope(prolog='<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'),
        "doctype",
    ),
    "public document type": (
        XML,
        lambda: envelope(prolog='<!DOCTYPE x PUBLIC "-//x" "http://127.0.0.1:1/x">'),
        "doctype",
    ),
    "bare document type": (XML, lambda: envelope(prolog="<!DOCTYPE x>"), "doctype"),
    "document type behind a comment": (XML, lambda: envelope(prolog="<!-- x --><!DOCTYPE x>"), "doctype"),
    "document type in UTF-16": (
        {"Content-Type": "text/xml; charset=utf-16"},
        lambda: b"\xff\xfe" + envelope(prolog="<!DOCTYPE x>").decode().encode("utf-16-le"),
        "doctype",
    ),
    "undeclared entity": (XML, lambda: envelope("<q>&nbsp;</q>"), "entity"),
    "long undeclared entity": (XML, lambda: envelope(f"<q>&{'n' * 49_000};</q>"), "entity"),
    "entity in an attribute": (XML, lambda: envelope('<q a="&x;"/>'), "entity"),
    "unescaped ampersand": (XML, lambda: envelope("<q>A & B</q>"), "entity"),
    "million unescaped ampersands": (XML, lambda: envelope("<q>" + "&" * 4_000_000 + "</q>"), "entity"),
    # processing instructions
    "stylesheet": (
        XML,
        lambda: envelope(prolog='<?xml-stylesheet href="http://127.0.0.1:1/"?>'),
        "processing-instruction",
    ),
    "processing instruction inside": (XML, lambda: envelope("<q><?php x?></q>"), "processing-instruction"),
    "processing instruction behind": (XML, lambda: envelope() + b"<?x y?>", "processing-instruction"),
    "second declaration": (XML, lambda: b" " + envelope(prolog='<?xml version="1.0"?>'), "processing-instruction"),
    "comment opened inside a processing instruction": (
        XML,
        lambda: envelope("<?x <!-- ?><q/><!-- -->"),
        "processing-instruction",
    ),
    # depth, width and length
    "1,500 nested elements": (XML, lambda: envelope("<a>" * 1500 + "</a>" * 1500), "depth"),
    "33 nested elements": (XML, lambda: envelope("<a>" * 31 + "</a>" * 31), "depth"),
    "30,000 unclosed elements": (XML, lambda: envelope("<a>" * 30_000), "depth"),
    "65 attributes": (XML, lambda: envelope(f"<q {_names(65, 'a')}/>"), "attributes"),
    "65 shortest attributes": (
        XML,
        lambda: envelope("<q" + "".join(f' {chr(0x100 + n)}=""' for n in range(65)) + "/>"),
        "attributes",
    ),
    "25,000 attributes": (XML, lambda: envelope(f"<q {_names(25_000, 'a')}/>"), "attributes"),
    "100,000 attributes": (XML, lambda: envelope(f"<q {_names(100_000, 'a')}/>"), "attributes"),
    "200,001 attributes": (XML, lambda: envelope(f"<q {_names(200_001, 'a')}/>"), "attributes"),
    "64 attributes on each of 10,000 elements": (
        XML,
        lambda: envelope(f"<q {_names(64, 'a')}/>" * 10_000),
        "attributes",
    ),
    "20,000 declarations": (XML, lambda: envelope(f"<q {_names(20_000, 'xmlns:p')}/>"), "namespaces"),
    "33 declarations": (XML, lambda: envelope(f"<q {_names(33, 'xmlns:p')}/>"), "namespaces"),
    "attributes behind a comment's end": (
        XML,
        lambda: envelope(f"<!-- <q --><q {_names(70, 'a')}/>"),
        "attributes",
    ),
    "attributes behind a quoted bracket": (XML, lambda: envelope(f'<q z=">" {_names(70, "a")}/>'), "attributes"),
    "attributes behind a line end": (
        XML,
        lambda: envelope("<q\n" + "\n".join(f"a{n}\t=\r\n'v'" for n in range(70)) + "/>"),
        "attributes",
    ),
    "200,001 elements": (XML, lambda: envelope("<a/>" * 200_001), "elements"),
    "500,000 elements": (XML, lambda: envelope("<a/>" * 500_000), "elements"),
    "two million opening brackets": (XML, lambda: envelope("<" * 2_000_000), "elements"),
    "900,000 empty comments": (XML, lambda: envelope("<!---->" * 900_000), "elements"),
    "900,000 unclosed comments": (XML, lambda: envelope("<!--" * 900_000), "elements"),
    "199,000 unclosed comments": (XML, lambda: envelope("<!--" * 199_000), "malformed"),
    "199,000 unclosed sections": (XML, lambda: envelope("<![CDATA[" * 199_000), "malformed"),
    "name of 257 characters": (XML, lambda: envelope(f"<{'n' * 257}/>"), "name"),
    "name of 100,000 characters": (XML, lambda: envelope(f"<{'n' * 100_000}/>"), "name"),
    "end tag of 100,000 characters": (XML, lambda: envelope(f"<q></{'n' * 100_000}>"), "name"),
    "attribute name of 300 characters": (XML, lambda: envelope(f'<q {"n" * 300}="1"/>'), "name"),
    "name of 257 wide characters": (XML, lambda: envelope(f"<{chr(0x4E2D) * 257}/>"), "name"),
    "text over 1 MiB": (XML, lambda: envelope(f"<q>{'t' * (1024 * 1024 + 1)}</q>"), "text"),
    "text of 7 MiB": (XML, lambda: envelope(f"<q>{'t' * (7 << 20)}</q>"), "text"),
    "text over 1 MiB between children": (
        XML,
        lambda: envelope("<q>" + ("t" * 10_000 + "<r/>") * 110 + "</q>"),
        "text",
    ),
    "text over 1 MiB in sections": (
        XML,
        lambda: envelope("<q>" + ("<![CDATA[" + "t" * 10_000 + "]]>") * 110 + "</q>"),
        "text",
    ),
    "attribute over 1 MiB": (XML, lambda: envelope(f'<q a="{"t" * (1024 * 1024 + 1)}"/>'), "text"),
    # size
    "one byte over 8 MiB": (XML, lambda: envelope().ljust((8 << 20) + 1), "size"),
    "gzip bomb of 100 MB": (GZIP, lambda: _bomb(100), "ratio"),
    "gzip bomb just under 8 MiB": (GZIP, lambda: _bomb(7), "ratio"),
    "gzip over 8 MiB at a low ratio": (
        GZIP,
        lambda: gzip.compress(
            random.Random(7).randbytes(4 << 20) + random.Random(8).randbytes(5 << 20).hex().encode(), 1
        ),
        "size",
    ),
    "300,000 empty gzip members": (GZIP, lambda: gzip.compress(b"") * 300_000, "gzip"),
    "gzip member behind a gzip member's bomb": (GZIP, lambda: gzip.compress(envelope()) + _bomb(50), "ratio"),
    "gzip with garbage behind": (GZIP, lambda: gzip.compress(envelope()) + b"garbage", "gzip"),
    "gzip with zeros behind": (GZIP, lambda: gzip.compress(envelope()) + b"\0" * 8, "gzip"),
    "gzip cut short": (GZIP, lambda: gzip.compress(envelope())[:-3], "gzip"),
    "gzip with a wrong checksum": (GZIP, lambda: gzip.compress(envelope())[:-8] + b"\0" * 8, "gzip"),
    "gzip that is none": (GZIP, envelope, "gzip"),
    "gzip inside gzip": (GZIP, lambda: gzip.compress(gzip.compress(envelope())), "encoding"),
    "empty gzip": (GZIP, lambda: b"", "gzip"),
    # encodings
    "UTF-7 declared": (PLAIN, lambda: envelope(prolog='<?xml version="1.0" encoding="utf-7"?>'), "encoding"),
    "UTF-7 bytes": (PLAIN, lambda: envelope().replace(b"<", b"+ADw-"), "malformed"),
    "EBCDIC declared": (PLAIN, lambda: envelope(prolog='<?xml version="1.0" encoding="cp037"?>'), "encoding"),
    "EBCDIC bytes": (PLAIN, lambda: envelope().decode().encode("cp037"), "encoding"),
    "UTF-32": (PLAIN, lambda: b"\xff\xfe\0\0" + envelope().decode().encode("utf-32-le"), "encoding"),
    "UTF-16 without mark": (PLAIN, lambda: envelope().decode().encode("utf-16-le"), "encoding"),
    "UTF-16 mark against a utf-8 header": (
        XML,
        lambda: b"\xff\xfe" + envelope().decode().encode("utf-16-le"),
        "encoding",
    ),
    "UTF-8 mark against a latin header": (
        {"Content-Type": "text/xml; charset=iso-8859-1"},
        lambda: b"\xef\xbb\xbf" + envelope(),
        "encoding",
    ),
    "UTF-16 of the other order": (
        {"Content-Type": "text/xml; charset=utf-16be"},
        lambda: b"\xff\xfe" + envelope().decode().encode("utf-16-le"),
        "encoding",
    ),
    "two marks": (XML, lambda: b"\xef\xbb\xbf\xef\xbb\xbf" + envelope(), "encoding"),
    "declaration against the header": (
        XML,
        lambda: envelope("<q>\u00e9</q>", prolog='<?xml version="1.0" encoding="iso-8859-1"?>'),
        "encoding",
    ),
    "UTF-16 declared in UTF-8": (XML, lambda: envelope(prolog='<?xml version="1.0" encoding="utf-16"?>'), "encoding"),
    "latin bytes as UTF-8": (XML, lambda: envelope("<q>\u00e9</q>").decode().encode("iso-8859-1"), "encoding"),
    "overlong bracket": (XML, lambda: envelope().replace(b"<q", b"\xc0\xbcq"), "encoding"),
    "surrogate in UTF-8": (XML, lambda: envelope("<q>X</q>").replace(b"X", b"\xed\xa0\x80"), "encoding"),
    "odd byte of UTF-16": (
        PLAIN,
        lambda: b"\xff\xfe" + envelope().decode().encode("utf-16-le") + b"\0",
        "encoding",
    ),
    "lone surrogate of UTF-16": (
        PLAIN,
        lambda: b"\xfe\xff" + envelope().decode().encode("utf-16-be") + b"\xd8\0",
        "encoding",
    ),
    "non-ASCII as us-ascii": (
        {"Content-Type": "text/xml; charset=us-ascii"},
        lambda: envelope("<q>\u00e9</q>"),
        "encoding",
    ),
    "XML 1.1": (XML, lambda: envelope(prolog='<?xml version="1.1"?>'), "malformed"),
    "declaration without end": (XML, lambda: b'<?xml version="1.0" ' + b"x" * 1_000_000, "malformed"),
    # not well-formed, and not an envelope
    "nothing": (XML, lambda: b"", "empty"),
    "white space": (XML, lambda: b" \r\n\t" * 1000, "empty"),
    "NUL inside": (XML, lambda: envelope("<q>\0</q>"), "malformed"),
    "NUL behind": (XML, lambda: envelope() + b"\0", "malformed"),
    "control character": (XML, lambda: envelope("<q>\x01</q>"), "malformed"),
    "reference to NUL": (XML, lambda: envelope("<q>&#0;</q>"), "malformed"),
    # halves of pairs: whole pairs are repaired, nothing else is
    "high surrogate reference": (XML, lambda: envelope("<q>&#xD83D;</q>"), "malformed"),
    "low surrogate reference": (XML, lambda: envelope("<q>&#xDE00;</q>"), "malformed"),
    "decimal surrogate reference": (XML, lambda: envelope("<q>&#55357;</q>"), "malformed"),
    "surrogate references in the wrong order": (XML, lambda: envelope("<q>&#xDE00;&#xD83D;</q>"), "malformed"),
    "two high surrogate references and a low one": (
        XML,
        lambda: envelope("<q>&#xD83D;&#xD83D;&#xDE00;</q>"),
        "malformed",
    ),
    "surrogate references with a space between": (XML, lambda: envelope("<q>&#xD83D; &#xDE00;</q>"), "malformed"),
    "surrogate references with a comment between": (
        XML,
        lambda: envelope("<q>&#xD83D;<!-- --><r/>&#xDE00;<!-- --></q>"),
        "malformed",
    ),
    "surrogate references with only a comment between": (
        XML,
        lambda: envelope("<q>&#xD83D;<!-- -->&#xDE00;</q>"),
        "malformed",
    ),
    "surrogate references with a section between": (
        XML,
        lambda: envelope("<q>&#xD83D;<![CDATA[]]>&#xDE00;</q>"),
        "malformed",
    ),
    "surrogate reference of a capital X": (XML, lambda: envelope("<q>&#XD83D;&#XDE00;</q>"), "malformed"),
    "pair of surrogate references in a name": (XML, lambda: envelope("<q&#xD83D;&#xDE00;/>"), "malformed"),
    "pair of surrogate references outside the root": (XML, lambda: envelope() + b"&#xD83D;&#xDE00;", "malformed"),
    "50,001 pairs of surrogate references": (
        XML,
        lambda: envelope("<q>" + "&#xD83D;&#xDE00;" * 50_001 + "</q>"),
        "surrogates",
    ),
    "500,000 pairs of surrogate references": (
        XML,
        lambda: envelope("<q>" + "&#xD83D;&#xDE00;" * 500_000 + "</q>"),
        "surrogates",
    ),
    "50,001 pairs among 50,001 comments": (
        XML,
        lambda: envelope("<q>" + "&#xD83D;&#xDE00;<!---->" * 50_001 + "</q>"),
        "surrogates",
    ),
    "199,000 sections and half a pair": (
        XML,
        lambda: envelope("<q>&#xD83D;&#xDE00;" + "<![CDATA[&#xD83D;]]>" * 199_000 + "&#xD83D;</q>"),
        "malformed",
    ),
    "million high surrogate references": (
        XML,
        lambda: envelope("<q>&#xD83D;&#xDE00;" + "&#xD83D;" * 900_000 + "</q>"),
        "malformed",
    ),
    "surrogate reference of a million zeros": (
        XML,
        lambda: envelope("<q>&#xD83D;&#xDE00;&#x" + "0" * 3_000_000 + "D83D;&#x" + "0" * 3_000_000 + "41;</q>"),
        "malformed",
    ),
    "huge reference": (XML, lambda: envelope("<q>&#" + "9" * 1_000_000 + ";</q>"), "malformed"),
    "cut short": (XML, lambda: envelope()[:-5], "malformed"),
    "cut inside a tag": (XML, lambda: envelope()[:20], "malformed"),
    "attribute twice": (XML, lambda: envelope('<q a="1" a="2"/>'), "malformed"),
    "attribute twice by namespace": (
        XML,
        lambda: envelope('<q xmlns:a="u" xmlns:b="u" a:x="1" b:x="2"/>'),
        "malformed",
    ),
    "undeclared prefix": (XML, lambda: envelope("<nope:q/>"), "malformed"),
    "undeclared attribute prefix": (XML, lambda: envelope('<q nope:a="1"/>'), "malformed"),
    "bracket in an attribute": (XML, lambda: envelope('<q a="<!-- "/><q b=" -->"/>'), "malformed"),
    "comment with two hyphens": (XML, lambda: envelope("<!-- a -- b --><q/>"), "malformed"),
    "two documents": (XML, lambda: envelope() * 2, "malformed"),
    "JSON": (XML, lambda: b'{"a": 1}', "malformed"),
    "form": (XML, lambda: b"a=1&b=2", "entity"),
    "SOAP of another year": (XML, lambda: _soap12("2001/12/soap-envelope"), "envelope"),
    "Body of SOAP 1.1 in an Envelope of 1.2": (
        XML,
        lambda: _soap12().replace(b"<e:Body>", b'<f:Body xmlns:f="%s">' % ENV.encode()).replace(b"/e:Body", b"/f:Body"),
        "envelope",
    ),
    "two Bodies of SOAP 1.2": (SOAP12, lambda: _soap12(inside="<q/></e:Body><e:Body><q/>"), "envelope"),
    "document type in SOAP 1.2": (SOAP12, lambda: _soap12(prolog="<!DOCTYPE x>"), "doctype"),
    "two elements in the Body of SOAP 1.2": (SOAP12, lambda: _soap12(inside="<q/><r/>"), "envelope"),
    # attachments
    "an attachment's place": (XML, lambda: envelope(f"<q>{XOP}</q>"), "xop"),
    "an attachment's place in the Header": (XML, lambda: envelope(head=f"<e:Header>{XOP}</e:Header>"), "xop"),
    "an attachment's place as the operation": (XML, lambda: envelope(XOP), "xop"),
    "an attachment's place in SOAP 1.2": (SOAP12, lambda: _soap12(inside=f"<q>{XOP}</q>"), "xop"),
    "an attachment's place spelled by references": (
        XML,
        lambda: envelope(f"<q>{XOP.replace('/xop/', '&#x2F;xo&#112;/')}</q>"),
        "xop",
    ),
    "foreign envelope": (XML, lambda: envelope().replace(ENV.encode(), b"urn:mine"), "envelope"),
    "no envelope": (XML, lambda: b"<html/>", "envelope"),
    "lower-case envelope": (XML, lambda: envelope().replace(b"Envelope", b"envelope"), "envelope"),
    "no Body": (XML, lambda: f'<e:Envelope xmlns:e="{ENV}"/>'.encode(), "envelope"),
    "two Bodies": (XML, lambda: envelope("<q/></e:Body><e:Body><q/>"), "envelope"),
    "two Headers": (XML, lambda: envelope(head="<e:Header/><e:Header/>"), "envelope"),
    "Header behind the Body": (XML, lambda: envelope("<q/></e:Body><e:Header/><e:Body>"), "envelope"),
    "foreign element behind the Body": (
        XML,
        lambda: envelope().replace(b"</e:Envelope>", b'<x:Body xmlns:x="u"/></e:Envelope>'),
        "envelope",
    ),
    "two elements in the Body": (XML, lambda: envelope("<q/><r/>"), "envelope"),
}


def run(name: str) -> tuple[Admission, bytes]:
    """Build one attack; building is not part of its cost."""
    headers, build, _ = ATTACKS[name]
    admission = admit(headers)
    assert isinstance(admission, Admission)
    return admission, build()


def _kilobytes(field: str) -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))


def main(name: str) -> None:
    """Print by how many kilobytes the process's high-water mark rises while one attack is refused."""
    # Warm, so that the first call's lazily loaded codecs and thread are not counted.
    warm = inspect(envelope(), Admission("text/xml", None, None, gzip=False, declared_length=None))
    assert isinstance(warm, Inspected)
    admission, body = run(name)
    with open("/proc/self/clear_refs", "w") as marks:
        marks.write("5")  # proc(5): resets the peak resident set size to the current one
    before = _kilobytes("VmRSS")
    refused = inspect(body, admission)
    assert isinstance(refused, Refusal)
    print(_kilobytes("VmHWM") - before)


if __name__ == "__main__":
    main(sys.argv[1])
