"""Lines in order of their keys, however many: what does not fit in memory is sorted in parts on disk."""

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Self

HELD = 100_000
"""Lines that are kept in memory."""


class Sorted:
    """Takes lines in any order and gives them back by key. Keys hold no `\\1`, lines no line break."""

    def __init__(self, held: int = HELD) -> None:
        self._held = held
        self._lines: list[str] = []
        self._parts: list[IO[str]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, key: str, line: str) -> None:
        self._lines.append(f"{key}\1{line}\n")
        if len(self._lines) >= self._held:
            part = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115
            self._stack.callback(part.close)
            part.writelines(sorted(self._lines))
            part.seek(0)
            self._parts.append(part)
            self._lines = []

    def __iter__(self) -> Iterator[str]:
        """The lines by key, each with its line break. May be called once."""
        for line in heapq.merge(*self._parts, sorted(self._lines)):
            yield line.partition("\1")[2]
