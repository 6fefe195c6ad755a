"""Strict JSON: the one reader of bytes that strangers send, and the one writer of bytes that are hashed.

It must never raise anything but BadJson on any input, and an error must never repeat what the input held: a body may
carry personal data. Facts: RFC 8259, traps 21 and the intake list of the security checklist.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Never

MAX_DEPTH = 32
MAX_KEYS = 10_000
MAX_STRING = 256 * 1024
MAX_INT_DIGITS = 19
MAX_EXPONENT = 308
"""Decimal exponent of the greatest double: what lies beyond is infinity to most readers."""
MAX_NUMBER = 128
"""Characters of one number: a Decimal of a megabyte of digits is no quantity."""


class BadJson(ValueError):
    """The body is not JSON as we take it. `position` counts bytes from 0; `line` and `column` (characters) from 1.

    `found` and `wanted` name kinds and sizes, never content, so the error may be shown and logged.
    """

    def __init__(self, position: int, line: int, column: int, found: str, wanted: str) -> None:
        self.position = position
        self.line = line
        self.column = column
        self.found = found
        self.wanted = wanted
        super().__init__(f"line {line}, column {column} (byte {position}): found {found}, wanted {wanted}")


class _Refused(Exception):
    """Raised by the decoder's hooks, which do not know where they are; `_locate` then finds the place."""


def loads(
    raw: bytes,
    *,
    max_depth: int = MAX_DEPTH,
    max_keys: int = MAX_KEYS,
    max_string: int = MAX_STRING,
    max_int_digits: int = MAX_INT_DIGITS,
) -> object:
    """One JSON text in UTF-8 -> dicts, lists, str, int, Decimal (never float), bool, None. Raises BadJson, only.

    Refused: nothing at all, a byte order mark, bytes that are not UTF-8, nesting deeper than `max_depth`, more than
    `max_keys` keys in all, a key twice in one object, a string longer than `max_string` bytes, an integer of more than
    `max_int_digits` digits, NaN, infinities and numbers beyond a double's range, halves of surrogate pairs.
    """
    text, shape = _text(raw), _shape(raw)
    if not _is_shallow(shape, max_depth):
        _locate(text, max_depth, max_keys, max_string, max_int_digits)
    # Hardly any body holds a number so long that it must be judged, and asking for each costs as much as reading it.
    long = b"0" * (max_int_digits + 1) in raw.translate(_DIGITS_ALIKE)
    keys = kept = 0

    def count(made: dict[str, object]) -> dict[str, object]:
        nonlocal kept
        kept += len(made)
        return made

    decoder = json.JSONDecoder(
        object_hook=count,
        parse_float=_decimal,
        parse_int=_integer(max_int_digits) if long else None,
        parse_constant=_no_constant,
    )
    value: object = None
    sound = False
    try:
        value = decoder.decode(text)
        # Where a key came twice, fewer were kept than there are colons.
        keys = shape.count(b":")
        sound = kept == keys
    except _Refused:
        pass
    except json.JSONDecodeError as error:
        wanted = _WANTED.get(error.msg.split(":")[0], "JSON as in RFC 8259")
        raise _bad(text, error.pos, _seen(text, error.pos), wanted) from None
    # What the decoder cannot judge is looked for only where the bytes allow for it at all.
    if not sound or keys > max_keys or len(raw) > max_string or (b"\\" in raw and _HALF.search(raw)):
        _locate(text, max_depth, max_keys, max_string, max_int_digits)
    if not sound:
        raise _bad(text, 0, "JSON beyond the limits", "JSON within the limits")
    return value


_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}:'))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


def _shape(raw: bytes) -> bytes:
    """The colons and brackets outside of strings, curly ones as square ones; true as far as `raw` is JSON."""
    # Pairs of backslashes first: then one that stands before a quote belongs to it.
    bare = raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw
    # Two quotes side by side change nothing for what follows, and most strings hold nothing of what is looked for.
    bare = bare.translate(_ONE_KIND, _NOT_STRUCTURE).replace(b'""', b"")
    return b"".join(bare.split(b'"')[::2])


def _is_shallow(shape: bytes, max_depth: int) -> bool:
    """Whether no place is nested deeper than `max_depth`: told without recursion, for json's own may not go so far."""
    if shape.count(b"[") <= max_depth:
        return True
    shape = shape.translate(None, b":")
    for _ in range(max_depth):
        shape = shape.replace(b"[]", b"")
        if not shape:
            return True
    return False


def _text(raw: bytes) -> str:
    if not raw:
        raise BadJson(0, 1, 1, "nothing", "a JSON value")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise BadJson(0, 1, 1, "a byte order mark", "UTF-8 without one")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        start = error.start
    before = raw[:start].decode()
    line, column = _place(before, len(before))
    raise BadJson(start, line, column, "bytes that are not UTF-8", "UTF-8")


def _decimal(literal: str) -> Decimal:
    if not _number_is_sane(literal):
        raise _Refused
    return Decimal(literal)


def _number_is_sane(literal: str) -> bool:
    exponent = literal.lower().partition("e")[2]
    if not exponent or len(literal) > MAX_NUMBER:
        return len(literal) <= MAX_NUMBER
    if len(exponent) > 5:
        return False
    value = Decimal(literal)
    size = value.adjusted() if value else int(exponent)
    return -MAX_EXPONENT <= size <= MAX_EXPONENT


def _no_constant(_: str) -> Never:
    raise _Refused


@lru_cache(maxsize=8)
def _integer(max_digits: int) -> Callable[[str], int]:
    def integer(literal: str) -> int:
        if len(literal.lstrip("-")) > max_digits:
            raise _Refused
        return int(literal)

    return integer


_DIGITS_ALIKE = bytes(ord("0") if chr(byte) in "123456789" else byte for byte in range(256))


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+("?)|-?(?:Infinity|NaN)|-?[0-9][0-9.eE+-]*|[\[\]{},:]', re.DOTALL)
_UNITS = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def _locate(text: str, max_depth: int, max_keys: int, max_string: int, max_int_digits: int) -> None:
    """Walks the tokens and raises BadJson at the first that breaks a limit; returns where none does.

    Syntax is left to the decoder. No recursion, one pass.
    """
    open_objects: list[set[str] | None] = []
    keys = 0
    for match in _TOKEN.finditer(text):
        token, at = match.group(), match.start()
        if token in "[{":
            if len(open_objects) == max_depth:
                raise _bad(text, at, f"level {max_depth + 1} of nesting", f"at most {max_depth} levels")
            open_objects.append(set() if token == "{" else None)
        elif token in "]}":
            if open_objects:
                open_objects.pop()
        elif token[0] == '"':
            if not match[1]:
                return
            _check_string(text, token, at, max_string)
            names = open_objects[-1] if open_objects else None
            if names is not None and _AFTER_KEY.match(text, match.end()):
                keys += 1
                if keys > max_keys:
                    raise _bad(text, at, f"key number {keys}", f"at most {max_keys} keys in all")
                name = _unescaped(token)
                if name in names:
                    raise _bad(text, at, "a key for the second time in one object", "each key once")
                names.add(name)
        elif token not in ",:":
            _check_number(text, token, at, max_int_digits)


_AFTER_KEY = re.compile(r"[ \t\r\n]*:")


def _check_string(text: str, token: str, at: int, max_string: int) -> None:
    half: int | None = None
    after = 0
    if "\\" in token:
        for match in _UNITS.finditer(token):
            unit = int(match[1], 16) if match[1] else 0
            joined = half is not None and match.start() == after
            if half is not None and not (joined and 0xDC00 <= unit <= 0xDFFF):
                break
            if half is None and 0xDC00 <= unit <= 0xDFFF:
                half = match.start()
                break
            half = match.start() if 0xD800 <= unit <= 0xDBFF else None
            after = match.end()
        if half is not None:
            raise _bad(text, at + half, "half of a surrogate pair", "whole characters")
    if len(token) * 4 > max_string:
        size = len(_unescaped(token).encode(errors="surrogatepass"))
        if size > max_string:
            raise _bad(text, at, f"a string of {size} bytes", f"at most {max_string} bytes")


def _unescaped(token: str) -> str:
    """The string that a token stands for; the token itself where its escapes are broken (the decoder says so)."""
    if "\\" not in token:
        return token[1:-1]
    try:
        value = json.JSONDecoder(strict=False).decode(token)
    except json.JSONDecodeError:
        return token
    return str(value)


def _check_number(text: str, token: str, at: int, max_int_digits: int) -> None:
    if token[-1] in "yN":
        raise _bad(text, at, "a number that is none (NaN or Infinity)", "a finite number")
    digits = token.lstrip("-")
    if digits.isdigit():
        if len(digits) > max_int_digits:
            raise _bad(text, at, f"an integer of {len(digits)} digits", f"at most {max_int_digits} digits")
    elif _NUMBER.fullmatch(token) and not _number_is_sane(token):
        wanted = f"at most {MAX_NUMBER} characters, between 1e-{MAX_EXPONENT} and 1e{MAX_EXPONENT}"
        raise _bad(text, at, f"a number of {len(token)} characters out of range", wanted)


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

_WANTED = {
    "Expecting value": "a value",
    "Expecting ',' delimiter": "a comma or the closing bracket",
    "Expecting ':' delimiter": "a colon",
    "Expecting property name enclosed in double quotes": "a key in double quotes",
    "Extra data": "the end of the body",
    "Unterminated string starting at": "a closing quote",
    "Invalid control character at": "control characters escaped",
    "Invalid \\escape": "one of the escapes of RFC 8259",
    "Invalid \\uXXXX escape": "four hexadecimal digits after \\u",
    "Illegal trailing comma before end of object": "no comma before the closing bracket",
    "Illegal trailing comma before end of array": "no comma before the closing bracket",
}


def _seen(text: str, position: int) -> str:
    if position >= len(text):
        return "the end of the body"
    character = text[position]
    if character in "[]{}:,\"'\\":
        return f"the character {character}"
    if character.isspace() or not character.isprintable():
        return f"the character U+{ord(character):04X}"
    return "a digit" if character.isdigit() else "a letter" if character.isalpha() else "another character"


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _bad(text: str, position: int, found: str, wanted: str) -> BadJson:
    line, column = _place(text, position)
    return BadJson(len(text[:position].encode()), line, column, found, wanted)


def dumps_canonical(value: object) -> bytes:
    """The one spelling of a value, for hashes and ties: equal values give equal bytes, on every machine and version.

    Keys are sorted by code point (which is the order of their UTF-8 bytes), there are no spaces, text is UTF-8 with
    only what JSON demands escaped. A Decimal is a number in plain digits without trailing zeros, so 1.50 equals 1.5
    and 1 equals 1.0, while the text "1.5" stays different. Nothing is normalised: NFC is the caller's.
    Raises TypeError for anything but dict, list, tuple, str, int, Decimal, bool and None (a float has no one spelling;
    an instant must be text already) and for a key that is not str; ValueError for NaN, infinities, exponents beyond
    308 and lone surrogates.
    """
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts).encode()


def _write(value: object, put: Callable[[str], None]) -> None:
    if isinstance(value, str):
        put(encode_basestring(value))
    elif value is None:
        put("null")
    elif isinstance(value, bool):
        put("true" if value else "false")
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, Decimal):
        put(plain(value))
    elif isinstance(value, dict):
        _write_object(value, put)
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            put(separator)
            _write(item, put)
            separator = ","
        put("]" if value else "[]")
    else:
        raise TypeError(f"no canonical form for {type(value).__name__}")


def _write_object(value: dict[object, object], put: Callable[[str], None]) -> None:
    names: list[str] = []
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"a key must be str, not {type(key).__name__}")
        names.append(key)
    separator = "{"
    for name in sorted(names):
        put(separator)
        put(encode_basestring(name))
        put(":")
        _write(value[name], put)
        separator = ","
    put("}" if names else "{}")


def plain(number: Decimal) -> str:
    """A Decimal in plain digits, shortest form: no exponent, no trailing zeros, no negative zero. Raises ValueError."""
    if not number.is_finite() or (number and abs(number.adjusted()) > MAX_EXPONENT):
        raise ValueError("not a finite number of an ordinary size")
    if not number:
        return "0"
    digits = f"{number:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
