"""Text on a terminal: colours, cutting to a width, panels side by side. Pure: text in, text out.

Widths count columns, not letters: Chinese takes two, marks that combine take none.
"""

import unicodedata
from collections.abc import Sequence

RESET = "\x1b[0m"
TONES = {
    "good": "\x1b[32m", "bad": "\x1b[31m", "warn": "\x1b[33m", "act": "\x1b[36m", "heal": "\x1b[35m", "dim": "\x1b[2m",
    "head": "\x1b[1m", "plain": "",
}  # fmt: skip


def columns(letter: str) -> int:
    """How many columns a letter takes; anything that would move the cursor takes none, and is not printed."""
    kind = unicodedata.category(letter)
    if kind in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def width(text: str) -> int:
    return sum(columns(letter) for letter in text)


def fit(text: str, room: int) -> str:
    """The text in exactly so many columns: cut with an ellipsis, or filled with spaces."""
    clean = "".join(letter for letter in text if letter == " " or letter.isprintable())
    if width(clean) <= room:
        return clean + " " * (room - width(clean))
    kept, used = [], 0
    for letter in clean:
        if used + columns(letter) > room - 1:
            break
        kept.append(letter)
        used += columns(letter)
    return "".join(kept) + "…" + " " * (room - 1 - used) if room > 0 else ""


def tinted(text: str, tone: str, colour: bool) -> str:
    start = TONES.get(tone, "") if colour else ""
    return f"{start}{text}{RESET}" if start else text


def title(text: str, room: int, colour: bool) -> str:
    """The heading of a panel, drawn over its whole width."""
    body = fit(f"─ {text} " + "─" * room, room).replace("…", "─")
    return tinted(body, "head", colour)


def panel(heading: str, rows: Sequence[tuple[str, str]], room: int, height: int, colour: bool) -> list[str]:
    """A panel of exactly `height` lines: its heading and (tone, text) rows."""
    if height <= 0:
        return []
    lines = [title(heading, room, colour)]
    for tone, text in rows[: height - 1]:
        lines.append(tinted(fit(text, room), tone, colour))
    return lines + [" " * room] * (height - len(lines))


def beside(left: Sequence[str], right: Sequence[str], gap: str = " │ ") -> list[str]:
    """Two columns of equally many lines as one."""
    return [f"{one}{gap}{other}" for one, other in zip(left, right, strict=True)]
