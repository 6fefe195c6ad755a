"""What policy files are made of: YAML or JSON, alone or several together, and what is no policy at all."""

import json
from pathlib import Path

import pytest

from chalicelib.core import rules as core
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import find, read_bytes, read_file, read_files, read_text
from tests.support.refundpolicy import GOOD, edited

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "policies"


TRAPS = [
    ("cite: Article 25", "cite: NO", "NO", "the country that YAML takes for false"),
    ("cite: Article 25", "cite: 12:30", "12:30", "a time that YAML takes for 750"),
    ("cite: Article 25", "cite: 2026-01-01", "2026-01-01", "a date stays text"),
    ("cite: Article 25", "cite: 0o17", "0o17", "octal"),
    ("cite: Article 25", "cite: on", "on", "a truth value"),
    ("cite: Article 25", "cite: 1e3", "1e3", "a float"),
]


@pytest.mark.parametrize(("old", "new", "cite", "why"), TRAPS, ids=[row[3] for row in TRAPS])
def test_text_is_never_guessed_at(old: str, new: str, cite: str, why: str) -> None:
    assert read_text(edited(old, new)).rules[0].cite == cite


WHOLES = [
    (b"", "nothing", "an empty file"),
    (b"# only a comment\n", "nothing", "a comment"),
    (b"- a\n- b\n", "a list", "a list"),
    (b"policy: a\n---\npolicy: b\n", "a second document", "two documents"),
    (b"policy: [a\n", "expected ',' or ']', but got '<stream end>'", "a bracket left open"),
    (b"policy: \xff\n", "bytes that are not UTF-8", "not UTF-8"),
    (b"policy: a\x07b\n", "the character U+0007", "a bell"),
    (b'policy: "\\UFFFFFFFF"\n', "broken YAML (OverflowError)", "an escape beyond Unicode"),
    (b"[" * 100_000, "level 25 of nesting", "a deep nest"),
    (b"a: " + b"{a: " * 10_000, "level 25 of nesting", "a deep nest of mappings"),
    (b"? [a]\n: b\n", "a key that is no text", "a list as a key"),
    (b"a: &x [*x]\n", "*x", "an alias of itself"),
    (b"a: *x\n", "*x", "an alias of nothing"),
    (b"x" * 300_000, "262145 bytes", "a file too large"),
    (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 10)) for c in range(97, 110)),
        "more than 50000 values", "a bomb of aliases",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "found", "why"), WHOLES, ids=[row[2] for row in WHOLES])
def test_a_file_that_is_no_policy_is_told_so(raw: bytes, found: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(raw)
    with pytest.raises(Mistakes) as caught:
        read_file(path)
    assert found in [one.found for one in caught.value.problems]


def test_an_alias_repeats_what_was_named() -> None:
    text = edited("[remind_seller]", "&calls [remind_seller]").replace("[{alert: {severity: error}}]", "*calls")
    steps = read_text(text).rules[0].steps
    assert steps[0].do == steps[1].do


def test_a_byte_order_mark_is_no_matter() -> None:
    assert read_bytes(b"\xef\xbb\xbf" + GOOD.encode()) == read_text(GOOD)


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read_as_well(indent: int | str | None) -> None:
    clock = {"start": "order.paid", "stop": ["order.shipped"], "limit": {"hours": 48}}
    text = json.dumps({"policy": "demo", "rules": [{"id": "a", "applies_to": "order", "clock": clock}]}, indent=indent)
    assert read_text(text).rules[0].limit == core.Span(48 * 3600)
    assert read_bytes(b"\xef\xbb\xbf" + text.encode()) == read_text(text)


def test_policies_used_together_share_no_ids(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(GOOD)
    other.write_text(edited("policy: demo", "policy: other"))
    with pytest.raises(Mistakes) as caught:
        read_files([one, other])
    (problem,) = caught.value.problems
    assert (problem.file, problem.found, problem.wanted) == (
        str(other), "'refund-7d'", f"another id: {one} has it",
    )  # fmt: skip
    other.write_text(edited("policy: demo", "policy: other").replace("refund-7d", "refund-8d"))
    assert [policy.name for policy in read_files([one, other])] == ["demo", "other"]


def test_the_mistakes_of_several_files_make_one_report(tmp_path: Path) -> None:
    names = ("a.yaml", "b.yaml")
    for name in names:
        (tmp_path / name).write_text(edited("basis: law", "basis: lawful"))
    with pytest.raises(Mistakes) as caught:
        read_files([tmp_path / name for name in names])
    assert [Path(one.file).name for one in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_a_file_wins_over_a_pack_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("no-such-pack") == Path("no-such-pack")
    (tmp_path / "demo").write_text(GOOD)
    assert find("demo") == Path("demo")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_valid(path: Path) -> None:
    assert read_file(path).rules
