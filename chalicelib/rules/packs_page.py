"""The tables of `docs/packs.md`: what each shipped rule asks, written from the packs themselves.

`python -m chalicelib.rules.packs_page docs/packs.md` writes them anew between their marks; a test says that they are
current. The words around them are written by hand.
"""

import sys
from pathlib import Path

from chalicelib.rules.lines import Data, read_document
from chalicelib.rules.problems import Mistakes, Problem
from chalicelib.rules.reader import PACKS

NAMES = (
    "cn-consumer", "cn-platform", "eu-consumer", "us-consumer", "marketplace-standards", "penalties", "seller-vetting",
)  # fmt: skip


def rules_of(name: str) -> list[dict[str, Data]]:
    """The rules of a pack as they are written, with what the compiled ones leave out. Raises Mistakes."""
    problems: list[Problem] = []
    document = read_document((PACKS / f"{name}.yaml").read_bytes(), name, problems)
    if document is None or problems:
        raise Mistakes(problems)
    rules = _mapping(document.root.data)["rules"]
    return [_mapping(rule) for rule in rules] if isinstance(rules, list) else []


def table(name: str) -> str:
    """The table of one pack."""
    head = (
        "| rule | what | limit | obliged | basis | article | known | read again by |\n|---|---|---|---|---|---|---|---|"
    )
    return "\n".join([head, *(_row(rule) for rule in rules_of(name))])


def _row(rule: dict[str, Data]) -> str:
    limit = _mapping(_mapping(rule["clock"])["limit"])
    cells = [
        f"`{rule['id']}`", _mapping(rule["title"])["en"], f"`{_told(limit)}`", rule.get("obliged", "seller"),
        rule.get("basis", "policy"), rule.get("cite", ""), rule.get("confidence", "given with the case"),
        rule.get("review_by", ""),
    ]  # fmt: skip
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _told(data: Data) -> str:
    if isinstance(data, dict):
        return ", ".join(f"{key}: {_told(value)}" for key, value in data.items() if key != "first_day")
    return "; ".join(_told(one) for one in data) if isinstance(data, list) else str(data)


def _mapping(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


def written(page: str) -> str:
    """The page with its tables as they should be. Raises ValueError where a pack's marks are missing."""
    for name in NAMES:
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"no {begin.strip()} with its end")
        page = f"{before}{begin}{table(name)}\n{end}{after}"
    return page


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
