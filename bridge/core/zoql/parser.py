"""ZOQL's grammar, by recursive descent over tokens.

    query     = "select" name { "," name } "from" name [ "where" condition { ("and" | "or") condition } ]
    condition = name ( "=" | "!=" | ">" | ">=" | "<" | "<=" | "like" ) literal
    literal   = text | number | "true" | "false" | "null"

No asterisk, joins, ``in``, sub-selects, parentheses or ``order by``; at most 200 conditions and 10,000 characters
(Zuora: ZOQL, "Limitations"). Keywords are taken in any case. Raises ``ZoqlError`` and nothing else.
"""

from __future__ import annotations

from bridge.core.zoql.lexer import Lexeme, Token, scan
from bridge.core.zoql.syntax import RESERVED, Condition, Form, Literal, Operator, Select, ZoqlError, malformed

MOST_CHARACTERS = 10_000
MOST_CONDITIONS = 200

_WORDS = {form.value: form for form in (Form.TRUE, Form.FALSE, Form.NULL)}
_OPERATORS = {each.value: each for each in Operator}


def parse(text: str) -> Select:
    """The query that a text says."""
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise malformed(f"a query has at most {MOST_CHARACTERS} characters, this one {len(text)}", MOST_CHARACTERS + 1)
    return _Parser(list(scan(text))).query()


def object_of(text: str) -> str | None:
    """The object that a text asks for, also where the text is no ZOQL otherwise; None where that cannot be told."""
    before = ""
    try:
        for token in scan(text.strip()[:MOST_CHARACTERS]):
            word = token.text if token.kind is Lexeme.WORD else ""
            if word and before == "from":
                return word
            before = word.lower()
    except ZoqlError:
        pass  # What follows cannot be read, and the object has not come yet.
    return None


class _Parser:
    def __init__(self, listed: list[Token]) -> None:
        self._tokens = listed
        self._place = 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def query(self) -> Select:
        self._expect("select")
        fields = [self._name("a field")]
        while self._take(","):
            fields.append(self._name("a field"))
        self._expect("from")
        asked = self._name("an object")
        where = self._where() if self._take("where") else ()
        if self._now.kind is not Lexeme.END:
            raise self._wrong("'and' or 'or'" if where else "'where'")
        return Select(tuple(fields), asked, where)

    def _where(self) -> tuple[tuple[Condition, ...], ...]:
        alternatives = [[self._condition()]]
        count = 1
        while True:
            if self._take("or"):
                alternatives.append([])
            elif not self._take("and"):
                return tuple(tuple(each) for each in alternatives)
            count += 1
            if count > MOST_CONDITIONS:
                raise malformed(f"a query has at most {MOST_CONDITIONS} conditions", self._now.at)
            alternatives[-1].append(self._condition())

    def _condition(self) -> Condition:
        at = self._now.at
        name = self._name("a field")
        written = self._now.text.lower() if self._now.kind in (Lexeme.SYMBOL, Lexeme.WORD) else ""
        operator = _OPERATORS.get(written)
        if operator is None:
            raise self._wrong("a comparison (= != > >= < <= like)")
        self._place += 1
        return Condition(name, operator, self._literal(), at)

    def _literal(self) -> Literal:
        token = self._now
        if token.kind is Lexeme.TEXT:
            found = Literal(Form.TEXT, token.text)
        elif token.kind is Lexeme.NUMBER:
            found = Literal(Form.NUMBER, token.text)
        elif token.kind is Lexeme.WORD and token.text.lower() in _WORDS:
            found = Literal(_WORDS[token.text.lower()])
        else:
            raise self._wrong("a value ('text', a number, true, false or null)")
        self._place += 1
        return found

    def _name(self, what: str) -> str:
        token = self._now
        if token.kind is not Lexeme.WORD or token.text.lower() in RESERVED:
            raise self._wrong(f"the name of {what}")
        self._place += 1
        return token.text

    def _take(self, word: str) -> bool:
        kind = Lexeme.SYMBOL if word == "," else Lexeme.WORD
        if self._now.kind is not kind or self._now.text.lower() != word:
            return False
        self._place += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._wrong(f"'{word}'")

    def _wrong(self, expected: str) -> ZoqlError:
        return malformed(f"{expected} is expected, not {self._now}", self._now.at)
