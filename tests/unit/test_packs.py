"""The packs as a whole: they validate, alone and together; each rule says on what it stands; nothing of the law sheets
is lost in silence; nobody but a seller is penalised."""

import re
from functools import cache
from pathlib import Path

import pytest

from chalicelib.core.rules import Policy
from chalicelib.rules.packs_page import NAMES, rules_of, written
from chalicelib.rules.reader import PACKS, read_file, read_files, read_text
from tests.support.packcases import pack

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "packs.md"
LAW = ROOT.parent / "shared" / "reference" / "law"
TOLD = {name: {str(rule["id"]): rule for rule in rules_of(name)} for name in NAMES}
ALL = {rule_id: rule for rules in TOLD.values() for rule_id, rule in rules.items()}
GENTLE = {"remind_seller", "warn_seller", "alert", "tag", "note", "penalise"}
# What was decided against a seller is carried out; whose documents are missing may not trade.
SEVERE = {
    "penalties": {"impose", "lift", "publish", "restrict", "hold_payout", "delist", "suspend", "blacklist"},
    "seller-vetting": {"impose"},
}


def every(policies: tuple[str, ...] = NAMES) -> list[tuple[str, Policy]]:
    return [(name, pack(name)) for name in policies]


def test_there_are_seven_packs_and_they_go_together() -> None:
    assert sorted(path.stem for path in PACKS.glob("*.yaml")) == sorted(NAMES)
    assert [policy.name for policy in read_files(NAMES)] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_is_valid_alone(name: str) -> None:
    assert [rule.id for rule in read_file(name).rules] == list(TOLD[name])


@pytest.mark.parametrize("rule_id", ALL)
def test_each_rule_says_on_what_it_stands(rule_id: str) -> None:
    told = ALL[rule_id]
    title = told["title"]
    assert isinstance(title, dict) and set(title) == {"zh", "en"}
    if told["basis"] == "law":
        assert told["cite"] and told["jurisdiction"] in ("cn", "eu", "us") and told["review_by"]
        assert told["confidence"] != "house default"
        if str(told["confidence"]).startswith(("read", "quoted")):
            assert told["quote"], "who read the words can quote them"
    elif told["basis"] == "policy":
        assert "quote" not in told, "a house target is never shown as law"
        assert told["confidence"] in ("house default", "from memory")


@pytest.mark.parametrize(("name", "policy"), every(), ids=NAMES)
def test_steps_are_gentle_and_only_sellers_get_points(name: str, policy: Policy) -> None:
    for rule in policy.rules:
        done = {do.action for step in rule.steps for do in step.do}
        assert done <= GENTLE | SEVERE.get(name, set()), rule.id
        assert rule.obliged == "seller" or "penalise" not in done, rule.id
        assert rule.steps or rule.obliged == "consumer", f"{rule.id} watches and tells nobody"


def test_house_targets_are_named_as_such() -> None:
    house = [told for told in ALL.values() if told.get("confidence") == "house default"]
    assert house
    for told in house:
        assert isinstance(told["title"], dict) and "house target" in str(told["title"]["en"])


def test_the_page_shows_the_packs_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "run python -m chalicelib.rules.packs_page docs/packs.md"


def left_out() -> dict[str, str]:
    page = PAGE.read_text(encoding="utf-8").partition("## Left out, and why")[2]
    return dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", page, re.M))


@cache
def sheet(name: str) -> dict[str, tuple[str, str, str, str]]:
    """Rule id -> who is obliged, article, quotation and confidence in a law sheet."""
    path = LAW / f"{name}.md"
    if not path.is_file():
        pytest.skip(f"the law sheets are not here: {path}")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in path.read_text(encoding="utf-8").splitlines()]
    return {
        row[0]: (row[10], row[11], row[12], row[13]) for row in rows if len(row) == 14 and row[0].startswith(f"{name}-")
    }


@pytest.mark.parametrize("name", ["cn", "eu", "us"])
def test_each_row_of_a_law_sheet_is_a_rule_or_left_out_with_a_reason(name: str) -> None:
    rows, out = sheet(name), left_out()
    assert len(rows) > 20
    assert {rule_id for rule_id in rows if rule_id not in ALL and rule_id not in out} == set()
    assert {rule_id for rule_id in out if rule_id in ALL} == set(), "listed as left out, and a rule all the same"
    assert {rule_id for rule_id in out if rule_id.startswith(f"{name}-")} <= set(rows), "no such row"


@pytest.mark.parametrize("name", ["cn", "eu", "us"])
def test_a_rule_is_known_as_well_as_its_sheet_says(name: str) -> None:
    for rule_id, (_, _, quote, confidence) in sheet(name).items():
        if rule_id in ALL:
            told = ALL[rule_id]
            assert told["confidence"] == confidence, rule_id
            assert told.get("quote", "—") == quote, rule_id


PARTIES = {
    "seller": "seller", "trader": "seller", "merchant": "seller", "platform": "platform", "marketplace": "platform",
    "intermediation": "platform", "consumer": "consumer", "controller": "controller", "app": "app-operator",
}  # fmt: skip


def chinese(number: int) -> str:
    """An article's number as Chinese laws write it: 512 is five hundreds, one ten, two."""
    digits, text, said = "零一二三四五六七八九", "", False
    for unit, word in ((100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += word if (unit, digit, said) == (10, 1, False) else digits[digit] + word
            said = True
        elif said and number:
            text += "零"
    return text


@pytest.mark.parametrize("name", ["cn", "eu", "us"])
def test_a_rule_obliges_whom_its_sheet_says_and_cites_each_of_its_articles(name: str) -> None:
    checked = 0
    for rule_id, (obliged, articles, _, _) in sheet(name).items():
        if rule_id in ALL:
            told = ALL[rule_id]
            parties = {party for word, party in PARTIES.items() if re.search(rf"\b{word}\b", obliged)}
            assert told.get("obliged", "seller") in parties, rule_id
            bare = re.sub(r"7-day|\([^)]*\)|Order \d+|\bGB/T.*", "", articles)
            for number in re.findall(r"(?<![./\d-])\d+(?![./\d-])", bare):
                wanted = chinese(int(number)) if name == "cn" else number
                assert wanted in str(told["cite"]), (rule_id, number)
                checked += 1
    assert checked > 10


def test_what_the_page_says_of_switching_off_holds() -> None:
    """A rule that another one's silence names has to stay; any other may go."""
    text = (PACKS / "cn-consumer.yaml").read_text(encoding="utf-8")
    first, *rest = text.split("\n  - id: ")
    for index, gone in enumerate(rest):
        kept = "\n  - id: ".join([first, *rest[:index], *rest[index + 1 :]])
        assert len(pack("cn-consumer").rules) - 1 == len(read_text(kept).rules), gone.split("\n")[0]
