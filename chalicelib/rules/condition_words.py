"""The words of a condition: its text cut into tokens, and the one error that reading a condition raises.

Literals are read here into exact values, at a precision that every CEL tool shares.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from chalicelib.core.condition_tree import MAX_TEXT
from chalicelib.core.instants import parse_instant
from chalicelib.rules.condition_hints import short

MAX_DIGITS = 15
"""So many digits are exact in every CEL tool, those that count in binary included."""


class ConditionError(ValueError):
    """A condition that cannot be read. `at` counts characters of the text from 0; the text may have several lines."""

    def __init__(self, text: str, at: int, found: str, wanted: str) -> None:
        self.at, self.found, self.wanted = at, found, wanted
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        where = f"column {self.column}" if "\n" not in text else f"line {self.line}, column {self.column}"
        super().__init__(f"{where}: found {found}, wanted {wanted}")


class Kind(StrEnum):
    """What a token is, as errors call it."""

    NAME = "name"
    INT = "int"
    NUMBER = "number"
    STRING = "string"
    SIGN = "sign"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is what a literal means."""

    kind: Kind
    text: str
    at: int
    value: str | int | Decimal | None = None

    @property
    def end(self) -> int:
        return self.at + len(self.text)


_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r\n\f]+|//[^\n]*)
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>'(?:[^'\\\r\n]|\\[^\r\n])*'|"(?:[^"\\\r\n]|\\[^\r\n])*")
    |(?P<sign>&&|\|\||[=!<>]=|[-+!<>?:.,()\[\]])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:([\\'\"`])|u([0-9a-fA-F]{4})|)")
_OTHER = {
    "=": "== (one = compares nothing)",
    "&": "&&",
    "|": "||",
    "*": "+ or - (there is no other arithmetic in conditions)",
    "/": "+ or - (there is no other arithmetic in conditions)",
    "%": "+ or - (there is no other arithmetic in conditions)",
    "{": "a fact, a mark or a literal (there are no maps in conditions)",
    "'": "a string that ends on its line with the quote that it began with",
    '"': "a string that ends on its line with the quote that it began with",
    "`": "a name without quotes",
}


def tokens(text: str) -> list[Token]:
    """The tokens of a text, the last of kind END. Raises ConditionError."""
    if len(text) > MAX_TEXT:
        raise ConditionError(text, 0, f"{len(text):,} characters", f"at most {MAX_TEXT:,}")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            wanted = _OTHER.get(text[at], "a fact, a mark, a literal or an operator")
            raise ConditionError(text, at, short(text[at]), wanted)
        kind, part = match.lastgroup, match.group()
        if kind == "number":
            found.append(_number(text, at, part))
        elif kind == "string":
            found.append(Token(Kind.STRING, part, at, _string(text, at, part)))
        elif kind == "name":
            if text[match.end() : match.end() + 1] in ("'", '"') and part.lower() in ("r", "b", "rb", "br"):
                raise ConditionError(text, at, f"{part}'...'", "a plain string (no raw strings and no bytes)")
            found.append(Token(Kind.NAME, part, at))
        elif kind == "sign":
            found.append(Token(Kind.SIGN, part, at))
        at = match.end()
    found.append(Token(Kind.END, "", at))
    return found


def _number(text: str, at: int, part: str) -> Token:
    after = text[at + len(part) : at + len(part) + 1]
    if after.isalnum() or after in ("_", "."):
        raise ConditionError(text, at, part + after, "a number like 3 or 3.5")
    if len(part.replace(".", "").strip("0")) > MAX_DIGITS or len(part) > 2 * MAX_DIGITS:
        raise ConditionError(text, at, f"{part[:20]}...", f"a number of at most {MAX_DIGITS} digits")
    if "." in part:
        return Token(Kind.NUMBER, part, at, Decimal(part).normalize() + 0)
    if len(part.lstrip("0")) > MAX_DIGITS:
        raise ConditionError(text, at, f"{part[:20]}...", f"a number of at most {MAX_DIGITS} digits")
    return Token(Kind.INT, part, at, int(part))


def _string(text: str, at: int, part: str) -> str:
    if not part[1:-1] and text[at + 2 : at + 3] == part[0]:
        raise ConditionError(text, at, part + part[0], "a string between single quotes or double quotes")

    def unescape(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        if match[2] and not 0xD800 <= int(match[2], 16) < 0xE000:
            return chr(int(match[2], 16))
        odd = at + 1 + match.start()
        raise ConditionError(
            text, odd, short(text[odd : odd + 2]), "one of \\\\ \\' \\\" and \\uXXXX after a backslash"
        )

    value = _ESCAPE.sub(unescape, part[1:-1])
    lone = next((index for index, char in enumerate(value) if "\ud800" <= char < "\ue000"), None)
    if lone is not None:
        raise ConditionError(text, at, ascii(value[lone])[1:-1], "text without lone surrogates")
    # Facts are kept in NFC, so that is what they are compared with.
    return unicodedata.normalize("NFC", value)


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_DURATION = re.compile(r"(-?)(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,10})s)?(?:([0-9]{1,12})ms)?")
_LONGEST = timedelta(days=36_525)


def read_timestamp(text: str) -> datetime:
    """RFC 3339 to the millisecond. Raises ValueError."""
    if not _INSTANT.fullmatch(text):
        raise ValueError("an instant like '2026-11-20T10:00:00Z' or '2026-11-20T10:00:00.123+08:00'")
    return parse_instant(text)


def read_span(text: str) -> timedelta:
    """CEL's spelling of a duration, in whole units. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None or not text.strip("-"):
        if re.fullmatch(r"[0-9]{1,5}d", text):
            raise ValueError(f"hours, minutes, seconds or milliseconds ('{int(text[:-1]) * 24}h'; CEL has no days)")
        raise ValueError("hours, minutes, seconds or milliseconds, like '48h' or '1h30m'")
    hours, minutes, seconds, ms = (int(one or 0) for one in found.groups()[1:])
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=ms)
    if span > _LONGEST:
        raise ValueError("a duration of at most 100 years")
    return -span if found[1] else span
