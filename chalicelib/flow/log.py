"""The one way to log: JSON lines of named fields. There is no field for a body, a header, a secret or a person, so
none of these can be logged by accident (DESIGN law 12)."""

import json
import sys


def log(
    event: str,
    *,
    level: str = "info",
    account: str = "",
    connection: str = "",
    platform: str = "",
    case: str = "",
    key: str = "",
    action: str = "",
    reason: str = "",
    field: str = "",
    wanted: str = "",
    id: str = "",
    status: int = 0,
    size: int = 0,
    count: int = 0,
) -> None:
    """Write one line to standard output. Empty fields are left out; line breaks cannot get through JSON."""
    line = {name: value for name, value in locals().items() if value}
    sys.stdout.write(json.dumps(line) + "\n")


def fault(error: BaseException) -> str:
    """The kind of an error and where it was raised; never its text, which may quote what was received."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else ""
    return type(error).__name__ + where
