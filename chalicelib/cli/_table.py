"""Tables for spreadsheets: CSV in which no cell begins in a way that a spreadsheet would take for a formula."""

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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


def write(name: str, text: str) -> None:
    """To a file, or to standard output where the name is empty or `-`."""
    if name and name != "-":
        Path(name).write_text(text, encoding="utf-8", newline="")
    else:
        sys.stdout.write(text)
