"""History files: one event a line (`.jsonl`, packed or not, or standard input), given back case by case.

A first, light pass learns the greatest instant and which cases do not stand together; the second reads each event
strictly. So a file that is grouped by case needs memory for one case only, a file in order of time for the cases that
are still to come again, and any other order is right as well. Bad lines are told one by one and left out.
"""

import codecs
import gzip
import io
import json
import shutil
import sys
import tempfile
import unicodedata
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias, cast

from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.core.wire import BadEvent, read_event
from chalicelib.core.words import CORE, Vocabulary
from chalicelib.rules.problems import Problem
from chalicelib.rules.quick import quick, usual

MAX_LINE = 1024 * 1024
"""Bytes of a line, as for the body of a delivery."""
_PACKED = b"\x1f\x8b"
Line: TypeAlias = tuple[int, bytes | Problem]
"""A line's number, and the line or what is wrong with it."""


@dataclass(slots=True)
class Counts:
    """What was read: events up to `now`, lines that hold none, names that nobody declared."""

    events: int = 0
    refused: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class History:
    """A history that can be read more than once. Use as a context manager.

    `name` is a path, or `-` for standard input; what cannot be read twice is kept in a temporary file. Entering raises
    OSError.
    """

    def __init__(self, name: str, words: Vocabulary = CORE, told: Callable[[Problem], None] | None = None) -> None:
        self.name = name
        self.words = words
        self.counts = Counts()
        self._told = told or (lambda problem: None)
        self._stack = ExitStack()
        self._file: BinaryIO

    def __enter__(self) -> Self:
        source = sys.stdin.buffer if self.name == "-" else self._stack.enter_context(Path(self.name).open("rb"))
        if self.name == "-" or not source.seekable():
            spool = self._stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(source, spool)
            source = cast(BinaryIO, spool)
        self._file = source
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def lines(self) -> Iterator[Line]:
        """The lines that are not blank, numbered from 1."""
        self._file.seek(0)
        packed = self._file.read(2) == _PACKED
        self._file.seek(0)
        source: BinaryIO = self._file
        if packed:
            source = cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=self._file)))
        number = 0
        try:
            while line := source.readline(MAX_LINE + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                if len(line) > MAX_LINE and not line.endswith(b"\n"):
                    while (rest := source.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                        pass
                    yield number, Problem(self.name, number, "line", f"more than {MAX_LINE} bytes", "a shorter one")
                elif line and not line.isspace():
                    yield number, line
        except (gzip.BadGzipFile, EOFError, zlib.error):
            number += 1
            yield number, Problem(self.name, number, "file", "broken gzip data", "the rest of the file")

    def cases(
        self, now: datetime | None = None, progress: Callable[[int], None] = lambda lines: None
    ) -> "tuple[datetime | None, Iterator[tuple[Subject, list[Event]]]]":
        """As of when the history is judged (`now`, else its greatest instant), and the events up to then, by case.

        Each case comes once, with all its events in order of the file; a case whose every event is later does not.
        `progress` hears how many lines were read.
        """
        scan = _Scan()
        for number, raw in self.lines():
            scan.add(number, raw)
            if not number % 10_000:
                progress(number)
        as_of = now or self._greatest(scan)
        return as_of, self._grouped(as_of, scan.scattered(), progress)

    def _greatest(self, scan: "_Scan") -> datetime | None:
        """The greatest instant of the readable events. Where the line that claims it is readable, no other is read."""
        if scan.latest is None or self._event(*scan.latest, quiet=True) is not None:
            return scan.greatest
        events = (self._event(number, raw, quiet=True) for number, raw in self.lines())
        return max((event.occurred_at for event in events if event), default=None)

    def _grouped(
        self, now: datetime | None, left: dict[int, int], progress: Callable[[int], None]
    ) -> Iterator[tuple[Subject, list[Event]]]:
        pool: dict[int, list[Event]] = {}
        run: list[Event] = []
        current: int | None = None
        for number, raw in self.lines():
            if not number % 10_000:
                progress(number)
            event = self._event(number, raw)
            key = _light(raw)[0] if event is None else _key(event.subject.kind, event.subject.id)
            if key is None:
                continue
            if key != current:
                yield from _finish(current, run, left, pool)
                run, current = [], key
            if event is not None and (now is None or event.occurred_at <= now):
                self.counts.events += 1
                run.append(event)
        yield from _finish(current, run, left, pool)

    def _event(self, number: int, raw: bytes | Problem, quiet: bool = False) -> Event | None:
        """The event of a line, or None after its mistake was told."""
        if isinstance(raw, Problem):
            self._refuse(raw, quiet)
            return None
        try:
            event = quick(raw, self.words) or read_event(loads(raw.rstrip()), self.words)
        except BadEvent as error:
            problem = Problem(self.name, number, error.field, error.found, error.wanted)
        except BadJson as error:
            problem = Problem(self.name, number, f"column {error.column}", error.found, error.wanted)
        else:
            if event.dropped and not quiet:
                self.counts.dropped.update(event.dropped)
            return event
        self._refuse(problem, quiet)
        return None

    def _refuse(self, problem: Problem, quiet: bool) -> None:
        if not quiet:
            self.counts.refused += 1
            self._told(problem)


def _finish(
    key: int | None, run: list[Event], left: dict[int, int], pool: dict[int, list[Event]]
) -> Iterator[tuple[Subject, list[Event]]]:
    """The cases that are complete after this run of one key's events."""
    if key is None:
        return
    if key in left:
        pool.setdefault(key, []).extend(run)
        left[key] -= 1
        if left[key]:
            return
        run = pool.pop(key)
    subjects: dict[Subject, list[Event]] = {}
    for event in run:
        subjects.setdefault(event.subject, []).append(event)
    yield from subjects.items()


def _key(kind: str, ident: str) -> int:
    return hash((kind, ident))


def _light(raw: bytes | Problem) -> tuple[int | None, str | None]:
    """The key of a line's subject and its instant, as far as they are there; nothing else is looked at."""
    if isinstance(raw, Problem):
        return None, None
    found = usual(raw)
    if found is not None:
        kind, ident, at = found
        return _key(kind, ident), at
    try:
        data = json.loads(raw)
        subject = data["subject"]
        kind, ident = subject["kind"], subject["id"]
        if not isinstance(kind, str) or not isinstance(ident, str):
            return None, None
        ident = ident if ident.isascii() else unicodedata.normalize("NFC", ident)
        at = data.get("occurred_at")
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None, None
    return _key(kind, ident), at if isinstance(at, str) else None


class _Scan:
    """The first pass: the greatest instant, and the keys of runs. Eight bytes for each run of a case's lines."""

    def __init__(self) -> None:
        self.greatest: datetime | None = None
        self.latest: Line | None = None
        self._text = ""
        self._current: int | None = None
        self._runs = [array("q") for _ in range(256)]

    def add(self, number: int, raw: bytes | Problem) -> None:
        key, at = _light(raw)
        if key is None:
            return
        if key != self._current:
            self._current = key
            self._runs[key & 255].append(key)
        if at is not None:
            self._see(at, number, raw)

    def _see(self, text: str, number: int, raw: bytes | Problem) -> None:
        # Texts of our own canonical form compare as their instants do; most lines need no more than that.
        if len(text) == len(self._text) and text <= self._text and text[10::3][:3] == "T::" and text[-1] == "Z":
            return
        try:
            at = parse_instant(text)
        except ValueError:
            return
        if self.greatest is None or at > self.greatest:
            self.greatest, self.latest = at, (number, raw)
            self._text = show(at)

    def scattered(self) -> dict[int, int]:
        """For each key with more than one run, how many it has."""
        left: dict[int, int] = {}
        for index, runs in enumerate(self._runs):
            if len(runs) > 1:
                counted = Counter(runs)
                left.update((key, count) for key, count in counted.items() if count > 1)
            self._runs[index] = array("q")
        return left
