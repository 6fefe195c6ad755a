"""Rule tests that ops write beside their rules: given this history, expect these clocks and steps.

A test file names policies and tests; each test is judged as a backtest would judge it. Whatever is wrong with the file,
and whatever differs from what was expected, is told in one report with its line.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)

from chalicelib.core.calendars import Calendars
from chalicelib.core.clocks import Reading
from chalicelib.core.events import Event, Subject
from chalicelib.core.facts import read_fact, read_money
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.rules import Policy
from chalicelib.core.wire import BadEvent, read_event
from chalicelib.core.words import KINDS, FactType, Status, Vocabulary
from chalicelib.rules.fields import Context, Day, MarkName, Shape, Text, context, one_or_many, text, wanted
from chalicelib.rules.judge import Judge
from chalicelib.rules.lines import MAX_BYTES, Data, Document, Path, Plain, read_document, show_path
from chalicelib.rules.problems import Mistakes, Problem, meant
from chalicelib.rules.reader import PACKS, problem_of, read_some


def _instant(value: object) -> datetime:
    try:
        return parse_instant(text(value))
    except ValueError:
        raise wanted("an instant with a zone, such as 2026-11-20T10:00:00+08:00") from None


def _case(value: object) -> Subject:
    kind, slash, ident = text(value).partition("/")
    if kind not in KINDS or not slash or not ident:
        raise wanted(f"KIND/ID with one of {', '.join(sorted(KINDS))}{meant(kind, KINDS)}")
    return Subject(kind, ident)


def _clock(value: str, info: ValidationInfo) -> str:
    rules = context(info).rules
    if value.partition("#")[0] not in rules:
        raise wanted(f"a rule of these policies, or RULE#OF{meant(value, rules)}")
    return value


def _plain(value: object) -> object:
    """Facts as the wire has them: true, false and nothing are no texts."""
    if not isinstance(value, dict):
        raise wanted("a mapping")
    return {key: _flag(one) for key, one in value.items()}


def _flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, Plain) else value


Instant: TypeAlias = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]


class Marked(Shape):
    """A mark that says more than its name."""

    name: MarkName
    of: Text | None = None
    value: Text | None = None


class Happening(Shape):
    """Something that happened: marks dated `at`, and facts told then."""

    at: Instant
    marks: Annotated[
        list[
            Annotated[
                Marked,
                BeforeValidator(
                    lambda value: {"name": value} if isinstance(value, str) else value,
                    json_schema_input_type=Marked | str,
                ),
            ]
        ],
        Field(default_factory=list, max_length=32),
        BeforeValidator(one_or_many),
    ]
    facts: Annotated[dict[str, str | bool | None], BeforeValidator(_plain), Field(default_factory=dict)]
    source: Text = "platform"


def _status(value: object) -> Status:
    try:
        return Status(text(value))
    except ValueError:
        raise wanted(f"one of {', '.join(Status)}{meant(str(value), Status)}") from None


class Expected(Shape):
    """What a clock shows; what is left out is not looked at. `exists: false` says that there is no such clock."""

    rule: Annotated[str, BeforeValidator(text), AfterValidator(_clock)]
    exists: Annotated[bool, BeforeValidator(lambda value: _plain({"": value})[""])] = True
    status: Annotated[Status, BeforeValidator(_status)] | None = None
    start: Instant | None = None
    due: Instant | None = None
    due_day: Day | None = None
    stop: Instant | None = None
    reason: Text | None = None
    steps: Annotated[list[Text], BeforeValidator(one_or_many)] | dict[str, Instant] | None = None
    """Exactly the steps that stand, in order of time; as a mapping, with their instants."""


class Trial(Shape):
    """One case and what its clocks show as of `now` (if it is not said: of the last thing that happened)."""

    name: Text
    case: Annotated[Subject, BeforeValidator(_case)] | None = None
    now: Instant | None = None
    history: Annotated[list[Happening], Field(min_length=1, max_length=200), BeforeValidator(one_or_many)]
    expect: Annotated[list[Expected], Field(min_length=1, max_length=64), BeforeValidator(one_or_many)]


class Trials(Shape):
    """A test file."""

    policies: Annotated[list[Text], Field(min_length=1, max_length=16), BeforeValidator(one_or_many)]
    tests: Annotated[list[Trial], Field(min_length=1, max_length=1000)]


_TRIALS: TypeAdapter[Trials] = TypeAdapter(Trials)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many tests there were, and what differed."""

    tests: int
    failed: int
    problems: tuple[Problem, ...]


def run_file(path: str | os.PathLike[str], calendars: Calendars | None = None) -> Outcome:
    """Run the tests of a file. Raises Mistakes where the file or its policies cannot be read, or OSError."""
    file = FilePath(path)
    with file.open("rb") as opened:
        raw = opened.read(MAX_BYTES + 1)
    problems: list[Problem] = []
    document = read_document(raw, str(path), problems)
    if document is None:
        raise Mistakes(problems)
    amiss: list[Problem] = []
    judge = Judge(_policies(document, file, amiss, calendars), calendars)
    ids = frozenset(rule.id for policy in judge.policies for rule in policy.rules)
    told = Context(judge.words, rules=ids)
    problems.extend(_of_histories(document, judge.words, not amiss))
    tests: Trials | None = None
    try:
        tests = _TRIALS.validate_python(document.root.data, context=told)
    except ValidationError as error:
        # Names that a policy which cannot be read may well declare are no mistakes yet.
        found = (one for one in error.errors() if not (amiss and one["type"] == "wanted" and one["loc"][-1] in _NAMES))
        problems.extend(problem_of(document, told, one) for one in found)
    problems.extend(amiss)
    if problems or tests is None:
        raise Mistakes(problems)
    differs: list[Problem] = []
    failed = 0
    for index, test in enumerate(tests.tests):
        before = len(differs)
        differs.extend(_run(document, ("tests", index), test, judge))
        failed += len(differs) > before
    return Outcome(len(tests.tests), failed, tuple(sorted(differs)))


_NAMES = ("rule", "name")


def _policies(document: Document, file: FilePath, problems: list[Problem], calendars: Calendars | None) -> list[Policy]:
    """The policies that the file names: files beside it, or packs. What is wrong is added to `problems`."""
    told: Data = _mapping(document.root.data).get("policies")
    names = [str(one) for one in (told if isinstance(told, list) else [told]) if isinstance(one, str)]
    found = []
    for index, name in enumerate(names):
        beside = file.parent / name
        if _is_file(beside):
            found.append(str(beside))
        elif _is_file(PACKS / f"{name}.yaml"):
            found.append(name)
        else:
            problems.append(document.problem(("policies", index), "a file beside this one, or a pack"))
    return read_some(found, problems, calendars)


def _is_file(path: FilePath) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        # A name that no file can have.
        return False


def _mapping(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


def _listed(data: Data) -> list[Data]:
    return data if isinstance(data, list) else [data]


def _of_histories(document: Document, words: Vocabulary, whole: bool) -> Iterator[Problem]:
    """Mistakes in what the tests say that happened; `whole`: no word is declared but `words`."""
    for number, test in enumerate(_listed(_mapping(document.root.data).get("tests"))):
        history = _mapping(test).get("history")
        for index, happening in enumerate(_listed(history)):
            path: Path = ("tests", number, "history", *((index,) if isinstance(history, list) else ()))
            for name, value in _mapping(_mapping(happening).get("facts")).items():
                yield from _of_fact(document, (*path, "facts", name), name, value, words, whole)
            marks = _mapping(happening).get("marks")
            for place, mark in enumerate(_listed(marks)):
                value = _mapping(mark).get("value")
                if isinstance(value, str):
                    where = (*path, "marks", *((place,) if isinstance(marks, list) else ()), "value")
                    yield from _unless(document, where, read_money, value)


def _of_fact(
    document: Document, path: Path, name: str, value: Data, words: Vocabulary, whole: bool
) -> Iterator[Problem]:
    word = words.facts.get(name)
    if word is None and whole:
        yield Problem(
            document.file, document.key_line(path), show_path(path), repr(name[:60]),
            f"a known fact{meant(name, words.facts)}",
        )  # fmt: skip
    elif word is not None and isinstance(value, str):
        told = _flag(value) if word.type is FactType.FLAG else value
        yield from _unless(document, path, lambda one: read_fact(word.type, one), told)


def _unless(document: Document, path: Path, read: Callable[[object], object], value: object) -> Iterator[Problem]:
    try:
        read(value)
    except ValueError as error:
        yield document.problem(path, str(error))


def _run(document: Document, path: Path, test: Trial, judge: Judge) -> Iterator[Problem]:
    kinds = {rule.id: rule.applies_to for policy in judge.policies for rule in policy.rules}
    subject = test.case or Subject(kinds[test.expect[0].rule.partition("#")[0]], "1")
    events: list[Event] = []
    for index, happening in enumerate(test.history):
        try:
            events.append(read_event(_wire(subject, index, happening, judge.words), judge.words))
        except BadEvent as error:
            line = document.line((*path, "history", index))
            yield Problem(document.file, line, show_path((*path, "history", index)), error.found, error.wanted)
            return
        if events[-1].dropped:
            yield document.problem(
                (*path, "history", index, "facts"), f"known facts, not {', '.join(events[-1].dropped)}"
            )
            return
    now = test.now or max(event.occurred_at for event in events)
    clocks = {one.clock: one for one in judge.judge(subject, [e for e in events if e.occurred_at <= now], now).clocks}
    for index, expected in enumerate(test.expect):
        yield from _compare(document, (*path, "expect", index), expected, clocks, test.name)


def _wire(subject: Subject, index: int, happening: Happening, words: Vocabulary) -> dict[str, object]:
    at = show(happening.at)
    facts: dict[str, object] = {}
    for name, value in happening.facts.items():
        word = words.facts.get(name)
        flag = word is not None and word.type is FactType.FLAG
        facts[name] = value if flag or not isinstance(value, bool) else str(value).lower()
    people: dict[str, object] = {name: facts.pop(name) for name in ("seller", "buyer") if name in facts}
    marks = [{"name": one.name, "at": at, "of": one.of, "value": one.value, "version": None} for one in happening.marks]
    told: dict[str, object] = {
        "id": f"test-{index}", "subject": {"kind": subject.kind, "id": subject.id}, "occurred_at": at,
        "source": happening.source, "marks": marks, "facts": facts,
    }  # fmt: skip
    return {**told, **people}


def _compare(
    document: Document, path: Path, expected: Expected, clocks: Mapping[str, Reading], name: str
) -> Iterator[Problem]:
    clock = clocks.get(expected.rule)
    if clock is None or not expected.exists:
        if (clock is None) == expected.exists:
            others = ", ".join(clocks) or "no clock at all"
            asked = f"a clock {expected.rule}" if expected.exists else f"no clock {expected.rule}"
            yield _differs(document, path, others, asked, name)
        return
    shown: dict[str, object] = {
        "status": clock.status, "start": clock.start, "due": clock.due, "due_day": clock.due_day, "stop": clock.stop,
        "reason": clock.reason,
    }  # fmt: skip
    for field, found in shown.items():
        wished = getattr(expected, field)
        if wished is not None and found != wished:
            yield _differs(document, (*path, field), _show(found), _show(wished), name)
    if expected.steps is not None:
        steps = sorted(clock.steps, key=lambda one: one[1])
        if isinstance(expected.steps, dict):
            listed = ", ".join(f"{step} {show(at)}" for step, at in steps)
            named = sorted(expected.steps.items(), key=lambda one: one[1])
            asked = ", ".join(f"{step} {show(at)}" for step, at in named)
        else:
            listed, asked = ", ".join(step for step, _ in steps), ", ".join(expected.steps)
        if listed != asked:
            yield _differs(document, (*path, "steps"), listed or "no step", asked or "no step", name)


def _differs(document: Document, path: Path, found: str, wished: str, name: str) -> Problem:
    return Problem(document.file, document.line(path), show_path(path), found, f"{wished} ({name})")


def _show(value: object) -> str:
    if isinstance(value, datetime):
        return show(value)
    if isinstance(value, Status):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if value else "nothing"
