"""Files that a command sends to the ops API as they are."""

from pathlib import Path

from chalicelib.cli.main import No, Wrong

MOST = 1 << 20
"""Bytes that the API takes."""


def text_of(path: Path) -> str:
    """The text of a file. Raises Wrong, or No for one that is no text."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST + 1)
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None
    if len(raw) > MOST:
        raise No(f"{path}: file: found more, wanted at most {MOST} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise No(f"{path}:{line}: file: found bytes that are not UTF-8, wanted UTF-8") from None
