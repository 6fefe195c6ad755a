"""Strict JSON says of any bytes what a reader says that looks at each pair, each number and each level by itself."""

import json
from decimal import Decimal
from typing import Any, Never

from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core.strictjson import BadJson, loads

DEPTH, KEYS, DIGITS = 3, 6, 4


class No(ValueError):
    """Not JSON as we take it."""


def _no(_: str) -> Never:
    raise No


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in items}) < len(items):
        raise No
    return dict(items)


def _integer(literal: str) -> int:
    return int(literal) if len(literal.lstrip("-")) <= DIGITS else _no(literal)


def _fraction(literal: str) -> Decimal:
    value = Decimal(literal)
    exponent = int(literal.lower().partition("e")[2] or 0)
    return value if abs(value.adjusted() if value else exponent) <= 308 else _no(literal)


def _sizes(value: Any) -> tuple[int, int]:
    """Levels of nesting, and keys in all."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    sizes = [_sizes(one) for one in inner]
    level = 1 if isinstance(value, dict | list) else 0
    keys = len(value) if isinstance(value, dict) else 0
    return level + max((depth for depth, _ in sizes), default=0), keys + sum(count for _, count in sizes)


def _slowly(raw: bytes) -> Any:
    """Raises ValueError or RecursionError for what is not to be taken."""
    value = json.loads(
        raw.decode(), object_pairs_hook=_pairs, parse_int=_integer, parse_float=_fraction, parse_constant=_no
    )
    depth, keys = _sizes(value)
    if depth > DEPTH or keys > KEYS:
        raise No
    json.dumps(value, ensure_ascii=False, default=str).encode()
    return value


# Bodies by the piece: whatever could be taken for a bracket, a colon, a quote or the end of a string where it is none.
_NAMES = st.sampled_from(
    ["a", "a:", ":", "{", "[", "]}", "", "\\", '"', '":', '\\"', "é", "\U0001f600", "x" * 9, "12345", "\n"]
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    name = draw(_NAMES)
    spelled = json.dumps(name, ensure_ascii=draw(st.booleans()))
    return (
        '"' + "".join(f"\\u{ord(one):04x}" for one in name) + '"' if draw(st.booleans()) and len(name) == 1 else spelled
    )


_SPACE = st.sampled_from(["", "", " ", "\n", "\t "])
_WORDS = [
    "1",
    "-1234",
    "12345",
    "-12345",
    "0",
    "1.50",
    "1e308",
    "1e309",
    "0e0",
    "-0",
    "true",
    "null",
    "NaN",
    "-Infinity",
]
_HALVES = ['"\\ud800"', '"\\ud83d\\ude00"', '"\\u003a"', '"\\u0022:"', '"\\\\ud800"']
_SCALARS = _texts() | st.sampled_from([*_WORDS, *_HALVES])


def _joined(pieces: st.SearchStrategy[str], opening: str, closing: str) -> st.SearchStrategy[str]:
    return st.tuples(_SPACE, st.lists(pieces, max_size=4), _SPACE).map(
        lambda it: opening + it[0] + ("," + it[2]).join(it[1]) + it[2] + closing
    )


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(_texts(), _SPACE, _SPACE, inner).map(lambda it: f"{it[0]}{it[1]}:{it[2]}{it[3]}")
    return _joined(inner, "[", "]") | _joined(pairs, "{", "}")


_BODIES = st.recursive(_SCALARS, _around, max_leaves=12).map(lambda text: text.encode(errors="surrogatepass"))


@st.composite
def _broken(draw: st.DrawFn) -> bytes:
    """A body with some of its bytes taken out or put in."""
    body = draw(_BODIES)
    at, until = sorted(draw(st.tuples(*[st.integers(0, len(body))] * 2)))
    return (
        body[:at]
        + draw(st.sampled_from([b"", b'"', b"\\", b":", b",", b"{", b"]", b"\x00", b"\xff", b"1"]))
        + body[until:]
    )


@given(_BODIES | _broken())
@example(b'{"a" :1,"a":2}')
@example(b'{"a":1,"\\u0061":2}')
@example(b'{"a":{"a":1},"b":":","a":[]}')
@example(b'{"a\\\\":1,"a\\\\":2}')
@example(b'{"a\\":":1,"a\\":":2}')
@example(b'[{"a":"\\\\","b":1},{"a":1,"a":":\\""}]')
@example(b'{"":1,"":2}')
@example(b'[{"a":[1]}]')
@example(b'[{"a":[{}]}]')
@example(b'[[["]]]"]]]')
@example(b'[[[["]]]]"]]]]')
@example(b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}')
@example(b"[" * 10_000)
@example(b'{"a":' * 10_000)
@example(b'["' + b"\\" * 9_999 + b'"]')
@example(b"[1e999]")
@example(b"\xef\xbb\xbf[]")
@example(b"[\x00]")
@example(b"1" * 5_000)
def test_takes_what_a_reader_takes_that_looks_at_each_thing_by_itself(raw: bytes) -> None:
    try:
        wanted = _slowly(raw)
    except (ValueError, RecursionError):
        wanted = No
    try:
        found = loads(raw, max_depth=DEPTH, max_keys=KEYS, max_int_digits=DIGITS)
    except BadJson as error:
        assert 0 <= error.position <= len(raw)
        found = No
    assert found == wanted
