"""Files that a command sends to the ops API as they are."""

from pathlib import Path

from chalicelib.cli.main import No, Wrong


def text_of(path: Path) -> str:
    """The text of a file. Raises Wrong, or No for one that is no text."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise No(f"{path}:{line}: file: found bytes that are not UTF-8, wanted UTF-8") from None
