"""Strict JSON: what is taken, what is refused and where, and the one spelling that hashes rest on."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.strictjson import BadJson, dumps_canonical, loads

TAKEN = [
    (b"{}", {}, "an empty object"),
    (b" \t\r\n[1, -2, 0, true, false, null] \n", [1, -2, 0, True, False, None], "white space around"),
    (b'{"a": 1.50}', {"a": Decimal("1.50")}, "a fraction keeps its digits"),
    (b"1e2", Decimal("1E+2"), "an exponent is a Decimal"),
    (b"[1e308, 1e-308, 0e0, 0e308]", [Decimal("1e308"), Decimal("1e-308"), 0, 0], "the edges of a double"),
    (b"1234567890123456789", 1234567890123456789, "19 digits"),
    (b"-1234567890123456789", -1234567890123456789, "19 digits and a sign"),
    (b'"\\ud83d\\ude00"', "\U0001f600", "a whole surrogate pair"),
    (b'"\\\\ud83d"', "\\ud83d", "an escaped backslash before what looks like a surrogate"),
    ('{"商品": "é"}'.encode(), {"商品": "é"}, "UTF-8 as it is"),
    (b'{"a": {"k": 1}, "b": {"k": 2}}', {"a": {"k": 1}, "b": {"k": 2}}, "the same key in two objects"),
    (b"[" * 32 + b"]" * 32, None, "32 levels"),
    (b'["' + b"[" * 100 + b'"]', ["[" * 100], "brackets within a string are no depth"),
    (b'["\\"' + b"[" * 100 + b'"]', ['"' + "[" * 100], "nor after an escaped quote"),
    (b"[" + b"[]," * 5000 + b"[]]", None, "many lists side by side are no depth"),
    (b'{"a": ":::::::"}', {"a": ":::::::"}, "colons within a string"),
]


@pytest.mark.parametrize(("raw", "value", "why"), TAKEN, ids=[row[2] for row in TAKEN])
def test_takes(raw: bytes, value: object, why: str) -> None:
    result = loads(raw)
    assert value is None or result == value


def test_never_gives_a_float() -> None:
    assert type(loads(b"1.0")) is Decimal


REFUSED = [
    (b"", 0, "nothing", "an empty body"),
    (b"  ", 2, "the end of the body", "only white space"),
    (b"\xef\xbb\xbf{}", 0, "a byte order mark", "UTF-8 with a BOM"),
    (b"\xff\xfe{\x00}\x00", 0, "a byte order mark", "UTF-16"),
    (b"{\x00}\x00", 1, "the character U+0000", "UTF-16 without a mark"),
    (b'{"a": "\xff"}', 7, "not UTF-8", "a byte that is no UTF-8"),
    (b'{"a": "\xed\xa0\x80"}', 7, "not UTF-8", "a surrogate written as bytes"),
    (b'{"a": "\xc0\x80"}', 7, "not UTF-8", "an overlong form"),
    (b'{"a": 1, "a": 2}', 9, "second time", "a key twice"),
    (b'{"a": 1, "\\u0061": 2}', 9, "second time", "a key twice, once escaped"),
    (b'{"a": NaN}', 6, "NaN", "not a number"),
    (b"[Infinity]", 1, "Infinity", "infinity"),
    (b"[1, -Infinity]", 4, "Infinity", "minus infinity"),
    (b"[1e999]", 1, "out of range", "a double would be infinite"),
    (b"[-1e309]", 1, "out of range", "just beyond"),
    (b"[10e308]", 1, "out of range", "just beyond, by its digits"),
    (b"[1e-309]", 1, "out of range", "too small"),
    (b"[0e999999999]", 1, "out of range", "zero with a huge exponent"),
    (b"[1e99999999999999999999]", 1, "out of range", "an exponent that Decimal cannot hold"),
    (b"[0." + b"1" * 200 + b"]", 1, "202 characters", "digits without end"),
    (b"[12345678901234567890]", 1, "20 digits", "20 digits"),
    (b"[-12345678901234567890]", 1, "20 digits", "20 digits and a sign"),
    (b"1" * 5000, 0, "5000 digits", "more digits than int() takes"),
    (b'["a\\ud800"]', 3, "surrogate", "a first half alone"),
    (b'["\\ude00"]', 2, "surrogate", "a second half alone"),
    (b'["\\ude00\\ud83d"]', 2, "surrogate", "halves in the wrong order"),
    (b'["\\ud83dx\\ude00"]', 2, "surrogate", "halves with a letter between"),
    (b'["\\ud83d\\ud83d\\ude00"]', 2, "surrogate", "a half before a whole pair"),
    (b'{"\\udfff": 1}', 2, "surrogate", "half a pair in a key"),
    (b"[" * 33 + b"]" * 33, 32, "level 33", "33 levels"),
    (b'[{"a":' * 20 + b"1" + b"}]" * 20, 96, "level 33", "40 levels, lists and objects in turn"),
    (b'{"a":' * 100_000, 160, "level 33", "objects without end"),
    (b"[" * 1_000_000, 32, "level 33", "a megabyte of brackets"),
    (b'["\\"", ' + b"[" * 33, 38, "level 33", "deep after an escaped quote"),
    (b"[1,]", 3, "character ]", "a trailing comma"),
    (b"{'a': 1}", 1, "character '", "single quotes"),
    (b'{"a" 1}', 5, "a digit", "no colon"),
    (b'{"a": 1} x', 9, "a letter", "something after the end"),
    (b'{"a": "x', 6, 'character "', "an open string"),
    (b'["a\nb"]', 3, "U+000A", "a raw line feed in a string"),
    (b'["\\x"]', 2, "character \\", "an unknown escape"),
    (b'["\\u12g4"]', None, "", "an escape that is not hexadecimal"),
    (b"[01]", 2, "a digit", "a leading zero"),
    (b"[+1]", 1, "another character", "a plus sign"),
    (b"[.5]", 1, "another character", "no digit before the point"),
    (b"[1.]", 2, "another character", "no digit after the point"),
    (b"[1}", 2, "character }", "the wrong bracket"),
    (b"]", 0, "character ]", "only a closing bracket"),
    ("[１]".encode(), 1, "a digit", "a full-width digit"),
    (b"\x0b{}", 0, "U+000B", "white space that is not JSON's"),
    (b"\\", 0, "character \\", "a lone backslash"),
]


@pytest.mark.parametrize(("raw", "position", "found", "why"), REFUSED, ids=[row[3] for row in REFUSED])
def test_refuses(raw: bytes, position: int | None, found: str, why: str) -> None:
    with pytest.raises(BadJson) as caught:
        loads(raw)
    assert found in caught.value.found
    assert caught.value.wanted
    assert position is None or caught.value.position == position


def test_the_place_counts_bytes_for_the_position_and_characters_for_the_column() -> None:
    with pytest.raises(BadJson) as caught:
        loads('{\n "商品": NaN}'.encode())
    assert (caught.value.position, caught.value.line, caught.value.column) == (13, 2, 8)


def test_the_place_is_right_for_bytes_that_are_not_utf8() -> None:
    with pytest.raises(BadJson) as caught:
        loads('{\n "商品": "'.encode() + b"\xff")
    assert (caught.value.position, caught.value.line, caught.value.column) == (14, 2, 9)


@pytest.mark.parametrize(
    "raw",
    [b'{"canary@example.com": 1, "canary@example.com": 2}', b'["canary@example.com", NaN]', b'"canary@example.com'],
)
def test_an_error_repeats_nothing_of_the_body(raw: bytes) -> None:
    with pytest.raises(BadJson) as caught:
        loads(raw)
    assert "canary" not in f"{caught.value!r} {caught.value}"


LIMITS = [
    ({"max_keys": 2}, b'{"a": 1, "b": {}}', b'{"a": 1, "b": {"c": 1}}', "key number 3"),
    ({"max_string": 4}, b'["abcd"]', b'["abcde"]', "5 bytes"),
    ({"max_string": 4}, '["é\\u00e9"]'.encode(), '["éé\\u0061"]'.encode(), "5 bytes"),
    ({"max_string": 4}, b'{"abcd": 1}', b'{"abcde": 1}', "5 bytes"),
    ({"max_int_digits": 3}, b"[999, -999]", b"[1000]", "4 digits"),
    ({"max_depth": 1}, b"[{}]"[1:-1], b"[{}]", "level 2"),
]


@pytest.mark.parametrize(("limit", "good", "bad", "found"), LIMITS)
def test_limits_hold_exactly(limit: dict[str, int], good: bytes, bad: bytes, found: str) -> None:
    loads(good, **limit)
    with pytest.raises(BadJson) as caught:
        loads(bad, **limit)
    assert found in caught.value.found


def test_keys_are_counted_over_the_whole_body() -> None:
    half = ",".join(f'"k{n}": 0' for n in range(5000))
    body = f"[{{{half}}}, {{{half}}}]"
    loads(body.encode())
    with pytest.raises(BadJson, match="key number 10001"):
        loads(body.replace("]", ', {"one": 1}]').encode())


def test_a_long_string_is_counted_in_bytes() -> None:
    loads(b'"' + b"x" * 262_144 + b'"')
    with pytest.raises(BadJson, match="262145 bytes"):
        loads(b'"' + b"x" * 262_145 + b'"')


_JSONISH = st.text(alphabet='{}[]",:\\ \n\tu0123456789dDaAeEfF.+-NItrulns', max_size=60)


@given(st.one_of(st.binary(max_size=200), _JSONISH.map(str.encode)))
def test_any_bytes_give_a_value_or_bad_json(raw: bytes) -> None:
    try:
        value = loads(raw)
    except BadJson as error:
        assert 0 <= error.position <= len(raw)
        return
    assert value == json.loads(raw, parse_float=Decimal)


_LEAVES = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=12)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
)


@given(_VALUES, st.booleans())
def test_agrees_with_json_on_ordinary_values(value: object, ascii_only: bool) -> None:
    try:
        raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return
    assert loads(raw) == value


@given(st.integers(0, 60), st.sampled_from([b"[", b'{"a":']), st.sampled_from([b'"x"', b'"\\""', b"1", b""]))
def test_depth_is_judged_alike_whatever_stands_inside(depth: int, opening: bytes, inside: bytes) -> None:
    raw = opening * depth + inside
    with pytest.raises(BadJson) as caught:
        loads(raw + (b" x" if depth == 0 else b""))
    assert ("level 33" in caught.value.found) == (depth > 32)


CANONICAL = [
    ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}', "sorted keys, no spaces"),
    (
        {"é": 1, "z": 2, "\U0001f600": 3, "￿": 4},
        '{"z":2,"é":1,"￿":4,"\U0001f600":3}'.encode(),
        "code points, not UTF-16",
    ),
    ([Decimal("1.50"), Decimal("1.5"), Decimal("15E-1")], b"[1.5,1.5,1.5]", "one spelling for one quantity"),
    ([Decimal("1"), Decimal("1.0"), 1], b"[1,1,1]", "a whole Decimal is an integer"),
    ([Decimal("100"), Decimal("1E+2")], b"[100,100]", "zeros before the point are kept"),
    ([Decimal("-0.0"), Decimal("0E+5")], b"[0,0]", "zero has no sign"),
    (["1.5", Decimal("1.5")], b'["1.5",1.5]', "a text stays a text"),
    ([(), {}, []], b"[[],{},[]]", "a tuple is a list"),
    ('a"\\\n\x01\u2028', b'"a\\"\\\\\\n\\u0001\xe2\x80\xa8"', "only what must be is escaped"),
]


@pytest.mark.parametrize(("value", "spelling", "why"), CANONICAL, ids=[row[2] for row in CANONICAL])
def test_canonical(value: object, spelling: bytes, why: str) -> None:
    assert dumps_canonical(value) == spelling


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (1.5, TypeError),
        ({1: 2}, TypeError),
        (b"x", TypeError),
        ({"a": {1, 2}}, TypeError),
        (Decimal("NaN"), ValueError),
        (Decimal("Infinity"), ValueError),
        (Decimal("1E+309"), ValueError),
        ("\ud800", ValueError),
    ],
)
def test_what_has_no_one_spelling_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        dumps_canonical(value)


_PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_CANONICAL_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _PLAIN_TEXT | st.decimals(-(10**9), 10**9, places=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_PLAIN_TEXT, inner, max_size=4),
)


@given(_CANONICAL_VALUES)
def test_the_spelling_reads_back_as_the_same_value_and_spells_the_same_again(value: object) -> None:
    spelling = dumps_canonical(value)
    assert loads(spelling) == value
    assert dumps_canonical(loads(spelling)) == spelling


@given(st.dictionaries(_PLAIN_TEXT, _CANONICAL_VALUES, max_size=6))
def test_the_order_of_insertion_does_not_matter(value: dict[str, object]) -> None:
    items = list(value.items())
    items.reverse()
    assert dumps_canonical(dict(items)) == dumps_canonical(value)
