"""History files: one event a line (`.jsonl`, packed or not, or standard input), given back case by case.

A first, light pass learns the greatest instant and which cases do not stand together; the second reads each event
strictly. So a file that is grouped by case needs memory for one case only, a file in order of time for the cases that
are still to come again, and any other order is right as well. Bad lines are told one by one and left out.
"""

import codecs
import gzip
import io
import shutil
import sys
import tempfile
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
from chalicelib.rules.quick import head, quick

MAX_LINE = 1024 * 1024
"""Bytes of a line, as for the body of a delivery."""
JSON_SPACE = b" \t\r\n"
"""What may stand behind an event: all that JSON calls space."""
_PACKED = b"\x1f\x8b"
_USUAL = frozenset(["T::Z", "T::."])
"""What stands between the numbers of an instant in our own canonical form."""
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
        current: Subject | None = None
        for number, raw in self.lines():
            if not number % 10_000:
                progress(number)
            event = self._event(number, raw)
            subject = _about(raw) if event is None else event.subject
            if subject is None:
                continue
            if subject != current:
                yield from _finish(current, run, left, pool)
                run, current = [], subject
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
            event = quick(raw, self.words) or read_event(loads(raw.rstrip(JSON_SPACE)), self.words)
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
    subject: Subject | None, run: list[Event], left: dict[int, int], pool: dict[int, list[Event]]
) -> Iterator[tuple[Subject, list[Event]]]:
    """The cases that are complete after this run of one subject's events."""
    if subject is None:
        return
    key = hash(subject)
    if key not in left:
        if run:
            yield subject, run
        return
    pool.setdefault(key, []).extend(run)
    left[key] -= 1
    if not left[key]:
        # Two subjects may have the same key.
        subjects: dict[Subject, list[Event]] = {}
        for event in pool.pop(key):
            subjects.setdefault(event.subject, []).append(event)
        yield from subjects.items()


def _about(raw: bytes | Problem) -> Subject | None:
    """The subject of a line that holds no event, as far as it is there: the first pass saw it too."""
    found = None if isinstance(raw, Problem) else head(raw)
    return None if found is None else Subject(found[0], found[1])


class _Scan:
    """The first pass: the greatest instant, and the keys of runs. Eight bytes for each run of a case's lines."""

    def __init__(self) -> None:
        self.greatest: datetime | None = None
        self.latest: Line | None = None
        self._text = ""
        self._kind = self._ident = ""
        self._runs = [array("q") for _ in range(256)]

    def add(self, number: int, raw: bytes | Problem) -> None:
        found = None if isinstance(raw, Problem) else head(raw)
        if found is None:
            return
        kind, ident, at = found
        if ident != self._ident or kind != self._kind:
            self._kind, self._ident, key = kind, ident, hash(Subject(kind, ident))
            self._runs[key & 255].append(key)
        # Texts of our own canonical form compare as their instants do; most lines need no more than that.
        if at > self._text or len(at) != len(self._text) or at[10:22:3] not in _USUAL or at[-1] != "Z":
            self._see(at, number, raw)

    def _see(self, text: str, number: int, raw: bytes | Problem) -> None:
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
