"""What the REST API of WordPress does alike for all that is built on it: routes, pages, instants, errors."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

Json = dict
Route: TypeAlias = tuple[str, str, Callable[..., tuple[int, object]]]
"""Method, pattern of the path, and what answers with a status and a value."""


class WpError(Exception):
    def __init__(self, status: int, code: str, *, flat: bool = False) -> None:
        self.status, self.code, self.flat = status, code, flat


def wp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def page_of(rows: list[Json], query: Json) -> list[Json]:
    size, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
    return rows[(page - 1) * size : page * size]
