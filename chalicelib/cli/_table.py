"""Tables for spreadsheets: CSV in which no cell begins in a way that a spreadsheet would take for a formula."""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The wide forms too: where people type them, a spreadsheet takes them for the narrow ones."""


def csv_of(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as CSV with a head; a column that a row lacks is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def put(args: argparse.Namespace, name: str, text: str) -> dict[str, str]:
    """To a file, or to standard output where the name is empty or `-`. With --json standard output holds the result
    alone: then the text is a part of it, under `csv`. Raises OSError."""
    if name and name != "-":
        Path(name).write_text(text, encoding="utf-8", newline="")
    elif args.json:
        return {"csv": text}
    else:
        sys.stdout.write(text)
    return {}
