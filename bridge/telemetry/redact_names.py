"""Secrets known by their name, inside any text: XML, JSON, headers, forms, query strings, key=value.

Contract: ``mask_named`` replaces the value behind a secret name up to that notation's own end, and to the end of the
text where the end was cut off. It is linear in the text. Must not touch what bears another name.
"""

import re
from functools import lru_cache

MASK = "[redacted]"

# Names in lower case without prefix, "-" and "_". PCI DSS 4.0.1 requirement 3.3.1: no card code anywhere.
_NAMES = """
    session sessionid zsession jsessionid cookie setcookie authorization proxyauthorization
    password passwd pwd passphrase secret clientsecret apikey apisecretaccesskey apiaccesskeyid privatekey
    token accesstoken refreshtoken idtoken credential credentials nonce assertion clientassertion signature
    creditcardnumber cardnumber pan creditcardsecuritycode cardsecuritycode securitycode cvv cvv2 cvc cid
    tokenid secondtokenid cryptogram trackdata track1 track2 networktokenid
    iban achaccountnumber achabacode bankaccountnumber banktransferaccountnumber bankcode
    gatewayoptions gatewayoptiondata gatewayoption
"""
_SECRETS = frozenset(_NAMES.split())
# BRIDGE_ZUORA__CLIENT_SECRET, db_password, X-Auth-Token, BRIDGE_JOURNAL__KEY
_ENDINGS = ("password", "passwd", "secret", "token", "sessionid", "apikey", "privatekey", "securitycode", "journalkey")

# As it is, or escaped once more inside another document. Running past the next tag would cost its square.
_START = re.compile(
    r"<(?:[\w.-]+:)?([\w.-]+)((?:\s[^<>]*)?)>|&lt;(?:[\w.-]+:)?([\w.-]+)((?:\s(?:(?!&[lg]t;)[^<>])*)?)&gt;"
)
_KEY = re.compile(r"""((?<!\\)\\*+["'])([\w.:-]{1,80})\1(\s*:\s*)(?!\[redacted\])""")
_SCALAR = re.compile(r"""[^\s,"'\[{}\]\\]+""")
_HEADER = re.compile(
    r"\b((?:proxy-)?authorization|set-cookie|cookie|api(?:secret)?accesskey(?:id)?)(\s*[:=]\s*)[^\r\n]+", re.IGNORECASE
)
_PAIR = re.compile(r"(?<![\w.-])([\w.-]{1,80})(?:\s*=\s*|\s*:\s*)")
_VALUE = re.compile(r"""(?!\[redacted\])(?:"[^"]*"?|'[^']*'?|[^\s&;,"'<>()\[{]+)""")
# "basic" is also a word: what follows it must look like a credential.
_SCHEME = re.compile(
    r"\b(bearer|basic|digest|zsession)\s+(?=[^\s]*[\d+/=._-]|[A-Za-z]{16})[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE
)
_USERINFO = re.compile(r"(://[^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)")


def is_secret_name(name: str) -> bool:
    """Tell whether a key, element, header or field of this name holds a secret."""
    # Our own log lines have the same few keys; a stranger's may be as long as a body and is not kept.
    return _remembered(name) if len(name) <= 64 else _is_secret_name(name)


def _is_secret_name(name: str) -> bool:
    last = name.rpartition("}")[2].rpartition(":")[2].rpartition(".")[2]
    plain = last.lower().replace("-", "").replace("_", "").replace(" ", "")
    return plain in _SECRETS or plain.endswith(_ENDINGS)


_remembered = lru_cache(maxsize=1024)(_is_secret_name)


def mask_named(text: str) -> str:
    """Replace the values behind secret names."""
    if "<" in text or "&lt;" in text:
        text = _mask_elements(text)
    if ":" in text or "=" in text:
        text = _HEADER.sub(rf"\1\2{MASK}", text)
        if '"' in text or "'" in text:
            text = _mask_keys(text)
        text = _mask_pairs(text)
        text = _USERINFO.sub(rf"\1{MASK}", text)
    if " " not in text and text.isprintable():
        return text  # a scheme and its credential stand apart; of all white space only the blank is printable
    return _SCHEME.sub(rf"\1 {MASK}", text)


def _mask_elements(text: str) -> str:
    out: list[str] = []
    at = 0
    while found := _START.search(text, at):
        name, inside = found[1] or found[3], found[2] or found[4] or ""
        out.append(text[at : found.end()])
        at = found.end()
        if not is_secret_name(name) or inside.endswith("/"):
            continue
        end = re.compile(rf"(?:<|&lt;)/(?:[\w.-]+:)?{re.escape(name)}\s*(?:>|&gt;)").search(text, at)
        stop = end.start() if end else len(text)
        if text[at:stop].strip():
            out.append(MASK)
            at = stop
    return "".join(out) + text[at:]


def _mask_keys(text: str) -> str:
    """Mask JSON (and Python) values: strings, scalars, and whole objects and arrays."""
    out: list[str] = []
    at = 0
    while found := _KEY.search(text, at):
        stop = _value_end(text, found.end(), found[1]) if is_secret_name(found[2]) else found.end()
        out.append(text[at : found.end()])
        if stop > found.end() and text[found.end() : stop] not in {"null", "true", "false", "None", "True", "False"}:
            out.append(f"{found[1]}{MASK}{found[1]}")
            at = stop
        else:
            at = found.end()
    return "".join(out) + text[at:]


def _value_end(text: str, at: int, quote: str) -> int:
    if text.startswith(("{", "["), at):
        # Balanced by counting; a bracket inside a string can only make the mask longer or shorter by that string,
        # and what is shorter is still followed by keys and shapes that are looked at themselves.
        depth = 0
        for mark in re.compile(r"[\[{}\]]").finditer(text, at):
            depth += 1 if mark[0] in "[{" else -1
            if depth == 0:
                return mark.end()
        return len(text)
    if text.startswith(quote, at):
        return _string_end(text, at + len(quote), quote)
    if text.startswith(('"', "'"), at):
        return _string_end(text, at + 1, text[at])
    scalar = _SCALAR.match(text, at)
    return scalar.end() if scalar else at


def _string_end(text: str, at: int, quote: str) -> int:
    # JSON inside JSON writes its quotes with 1, 3, 7 ... backslashes; a quote behind more of them is inside the
    # string, unless the surplus is pairs that stand for backslashes themselves.
    plain, deep = quote[-1], len(quote) - 1
    while (at := text.find(plain, at)) >= 0:
        before = at
        while before > 0 and text[before - 1] == "\\":
            before -= 1
        surplus = at - before - deep
        if surplus >= 0 and surplus % (2 * (deep + 1)) == 0:
            return at + 1
        at += 1
    return len(text)


def _mask_pairs(text: str) -> str:
    """Mask key=value and key: value; a value under a harmless name may hold pairs itself, as an address does."""
    out: list[str] = []
    at = 0
    while found := _PAIR.search(text, at):
        out.append(text[at : found.end()])
        at = found.end()
        value = _VALUE.match(text, at) if is_secret_name(found[1]) else None
        if value is not None:
            quote = value[0][0] if value[0][0] in "\"'" else ""
            out.append(f"{quote}{MASK}{quote}")
            at = value.end()
    return "".join(out) + text[at:]
