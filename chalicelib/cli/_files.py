"""Files that a command sends to the ops API as they are."""

from pathlib import Path

from chalicelib.cli.main import Wrong


def text_of(path: Path) -> str:
    """The text of a file. Raises Wrong."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Wrong(f"{path}: it is not UTF-8") from None
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None
