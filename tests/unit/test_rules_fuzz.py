"""No file crashes the reader: it answers with a policy or with mistakes that each name a line of the file."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.core.compiled import dump, load
from chalicelib.core.rules import Policy
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_bytes
from chalicelib.rules.trials import run_file

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "policies"
HOUSE = (EXAMPLES / "house.yaml").read_text()
TESTS = (EXAMPLES / "tests" / "house.yaml").read_text()
WHOLE = """
  - id: all-abilities
    applies_to: order
    when: order.country == 'CN' && !has(order.region)
    unless: order.presale
    calendar: {by: [region, country], else: CN}
    valid_from: 2024-07-01
    clock:
      start: {later_of: [order.paid, {earlier_of: [order.approved, {last: order.placed, offset: -1h}]}]}
      stop: [{all: order.part_shipped, count: pieces}, {silence: ship-48h}]
      pause: [{from: inspection.started, to: inspection.ended, floor: {working_hours: 4}}]
      limit: {max: [{months: 1, roll: next_working_day, roll_set: [weekend]}, {ahead_of: deliver_by, days: 2}]}
      restart: [inspection.failed]
      extend: [{on: order.part_delivered, to: {date: 12-31}}]
      cap: {years: 1}
      again: {days: 30}
    steps:
      - {id: call, at: due - 2wd, do: [{webhook: pager}], when: order.pieces > 3, every: 1d, times: 3}
      - {at: call + 2h, do: [{refund: amount}], late_ok: 1h}
      - {at: {working_days: 3, first_day: included}, do: [hold]}
"""
LINES = (HOUSE + WHOLE).splitlines()
WORDS = sorted(set((HOUSE + WHOLE).replace("{", " ").replace("}", " ").replace(",", " ").split()))
JUNK = st.sampled_from(
    ["", "~", "null", "[]", "{}", "- ", "&a", "*a", "!!int 3", "<<: {a: 1}", "1e999", "-1", "99999999999999999999",
     "0x10", "'", '"', "#", "\t", "\u0085", "\u2028", "\\", '"\\uD800"', "\U0001f600", "?", "|", ">", "%", "@", "`",
     "{id: {}}", "[[", "}}", ": :", "---", "...", "NO", "12:30", "2026-01-01"]
)  # fmt: skip


def outcome(raw: bytes) -> Policy | None:
    try:
        policy = read_bytes(raw, "fuzz.yaml")
    except Mistakes as mistakes:
        last = raw.decode(errors="replace").replace("\r", "\n").replace("\u0085", "\n").replace("\u2028", "\n")
        last = last.replace("\u2029", "\n")
        assert mistakes.problems
        for problem in mistakes.problems:
            assert 1 <= problem.line <= last.count("\n") + 1
            assert problem.field
            assert len(str(problem)) < 2000
            assert str(problem).isprintable()
        return None
    assert load(dump(policy)) == policy
    return policy


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
@example(b"\xff\xfe")
@example(b'"\\uD800": 1')
@example(b"a: \xed\xa0\x80")
def test_arbitrary_bytes(raw: bytes) -> None:
    outcome(raw)


edits = st.tuples(
    st.integers(0, 1000),
    st.sampled_from(["drop", "double", "cut", "put", "swap", "indent"]),
    st.integers(0, 80),
    JUNK | st.sampled_from(WORDS) | st.text(max_size=5),
)


def tampered(lines: list[str], changes: list[tuple[int, str, int, str]]) -> bytes:
    for where, how, column, junk in changes:
        at = where % len(lines)
        line = lines[at]
        if how == "drop" and len(lines) > 1:
            del lines[at]
        elif how == "double":
            lines.insert(at, line)
        elif how == "cut":
            lines[at] = line[:column]
        elif how == "put":
            lines[at] = line[:column] + junk + line[column:]
        elif how == "swap":
            words = line.split(" ")
            words[column % len(words)] = junk
            lines[at] = " ".join(words)
        else:
            lines[at] = " " * (column % 9) + line.lstrip()
    return "\n".join(lines).encode(errors="surrogatepass")


@given(st.lists(edits, min_size=1, max_size=4))
def test_a_policy_that_was_tampered_with(changes: list[tuple[int, str, int, str]]) -> None:
    outcome(tampered(list(LINES), changes))


@settings(max_examples=40)
@given(st.lists(edits, min_size=1, max_size=4))
def test_rule_tests_that_were_tampered_with(changes: list[tuple[int, str, int, str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.yaml"
        path.write_bytes(tampered(TESTS.replace("../house.yaml", str(EXAMPLES / "house.yaml")).splitlines(), changes))
        try:
            assert run_file(path).tests
        except Mistakes as mistakes:
            assert all(one.line >= 1 and one.field and str(one).isprintable() for one in mistakes.problems)


def test_the_policy_itself_is_fine() -> None:
    assert outcome((HOUSE + WHOLE).encode()) is not None
