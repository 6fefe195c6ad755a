"""YAML that people write, read into plain data that remembers its lines.

Scalars stay text: what `NO`, `48h`, `12:30` or `2026-01-01` mean is decided by the field they stand in, never by
YAML's guesses. Only plain mappings, lists and scalars are taken; keys stand once; sizes, depth and the growth of
aliases are bounded, so no file can crash or stall the reader.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from chalicelib.rules.problems import Mistakes, Problem, brief

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_NODES = 50_000
"""Nodes of a document after its aliases are written out."""

Path: TypeAlias = tuple[str | int, ...]


class Plain(str):
    """A scalar without quotes: it may still become a number, a truth value or nothing."""

    __slots__ = ()


class Block(str):
    """A literal block (`|`): its lines are those of the file, one below the other."""

    __slots__ = ()


Data: TypeAlias = "str | list[Data] | dict[str, Data] | None"


@dataclass(slots=True)
class Node:
    """One value of the document: its data, its line, the nodes below it and the lines of its keys."""

    data: Data
    line: int
    items: "dict[str | int, Node]"
    keys: dict[str, int]
    size: int = 1


class Document:
    """A file that was read: its data, and where each part of it stands."""

    __slots__ = ("file", "root")

    def __init__(self, file: str, root: Node) -> None:
        self.file = file
        self.root = root

    def node(self, path: Path) -> Node:
        """The deepest node on the way to `path`."""
        return self._walk(path)[0]

    def _walk(self, path: Path) -> tuple[Node, Path, Path]:
        """The deepest node on the way to `path`, where it stands, and the rest of the way."""
        at = self.root
        there: Path = ()
        for depth, part in enumerate(path):
            below = at.items.get(part)
            if below is not None:
                at, there = below, (*there, part)
            elif part != 0 or isinstance(at.data, list):
                return at, there, path[depth:]
            # Else one thing alone stands for a list of one.
        return at, there, ()

    def line(self, path: Path) -> int:
        """The line of what stands at `path`, or of what it would stand in."""
        return self.node(path).line

    def key_line(self, path: Path) -> int:
        """The line of the last key of `path`."""
        above = self.node(path[:-1])
        return above.keys.get(str(path[-1]), above.line)

    def existing(self, path: Path) -> Path:
        """The part of `path` that stands in the file; the rest is what a shorthand stood for."""
        return self._walk(path)[1]

    def absent(self, path: Path) -> Path:
        """The path of the first thing on the way to `path` that does not stand in the file."""
        _, there, rest = self._walk(path)
        return (*there, *rest[:1])

    def problem(self, path: Path, wanted: str) -> Problem:
        """A mistake in what stands at `path`."""
        node = self.node(path)
        return Problem(self.file, node.line, show_path(path), brief(node.data), wanted)

    def missing(self, path: Path, wanted: str) -> Problem:
        """A mistake: there is nothing at `path`."""
        return Problem(self.file, self.line(path), show_path(path), "nothing", wanted)


def show_path(path: Path) -> str:
    """`rules[0].clock.limit`; `file` for the document itself."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if part.isprintable() else ascii(part)
            text += f".{name[:60]}" if text else name[:60]
    return text or "file"


def read_document(raw: bytes, file: str, problems: list[Problem]) -> Document | None:
    """The document in `raw`; what is wrong with it is added to `problems`. None where nothing could be read of it."""
    text = _decode(raw, file, problems)
    if text is None:
        return None
    try:
        root = _Builder(file, problems).build(text)
    except Mistakes as mistakes:
        problems.extend(mistakes.problems)
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # yaml's own words may quote the file's characters, some of which do not print.
        says = (error.problem or "broken YAML").encode("ascii", "backslashreplace").decode()
        problems.append(Problem(file, mark.line + 1 if mark else 1, "file", says.removeprefix("found ")[:120], "YAML"))
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character[:1])
        problems.append(Problem(file, line, "file", f"the character U+{code:04X}", "printable text"))
        return None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        problems.append(Problem(file, 1, "file", f"broken YAML ({type(error).__name__})", "YAML"))
        return None
    if not isinstance(root.data, dict):
        problems.append(Problem(file, root.line, "file", brief(root.data), "a mapping"))
        return None
    return Document(file, root)


def _decode(raw: bytes, file: str, problems: list[Problem]) -> str | None:
    if len(raw) > MAX_BYTES:
        problems.append(Problem(file, 1, "file", f"{len(raw)} bytes", f"at most {MAX_BYTES} bytes"))
        return None
    # JSON may be indented with tabs, YAML may not.
    text = raw.replace(b"\t", b" ") if raw.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{" else raw
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(file, line, "file", "bytes that are not UTF-8", "UTF-8"))
        return None


_NOTHING = frozenset(["", "~", "null", "Null", "NULL"])


class _Builder:
    """Builds the tree out of YAML's events with a stack of its own, so that depth is ours to bound."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.anchors: dict[str, Node | None] = {}
        self.events: Iterator[yaml.Event]
        self.nodes = 0

    def build(self, text: str) -> Node:
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._stop(event, "a second document", "one document in a file")
                root = self._value(next(self.events), ())
        if root is None:
            raise Mistakes([Problem(self.file, 1, "file", "nothing", "a mapping")])
        return root

    def _stop(self, event: yaml.Event, found: str, wanted: str) -> Mistakes:
        return Mistakes([Problem(self.file, _line(event), "file", found, wanted)])

    def _count(self, event: yaml.Event, size: int) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise self._stop(event, f"more than {MAX_NODES} values", "a smaller file")

    def _value(self, event: yaml.Event, path: Path) -> Node:
        if len(path) > MAX_DEPTH:
            raise self._stop(event, f"level {len(path)} of nesting", f"at most {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            known = self.anchors.get(str(event.anchor))
            if known is None:
                raise self._stop(event, f"*{str(event.anchor)[:40]}", "the name of a value that is complete above")
            self._count(event, known.size)
            return known
        before, line = self.nodes, _line(event)
        self._count(event, 1)
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if anchor is not None:
            self.anchors[anchor] = None
        if tag is not None and tag != "!":
            self.problems.append(Problem(self.file, line, show_path(path), f"the tag {str(tag)[:40]}", "no tags"))
        if isinstance(event, yaml.ScalarEvent):
            node = Node(_scalar(event), line, {}, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(line, path)
        else:
            node = self._mapping(line, path)
        node.size = self.nodes - before
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def _list(self, line: int, path: Path) -> Node:
        data: list[Data] = []
        node = Node(data, line, {}, {})
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            item = self._value(event, (*path, len(data)))
            node.items[len(data)] = item
            data.append(item.data)
        return node

    def _mapping(self, line: int, path: Path) -> Node:
        data: dict[str, Data] = {}
        node = Node(data, line, {}, {})
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._stop(event, "a key that is no text", "keys as text")
            key, at = event.value, _line(event)
            item = self._value(next(self.events), (*path, key))
            if key == "<<" and event.style is None:
                self.problems.append(
                    Problem(self.file, at, show_path(path), "a merge key (<<)", "each key written out")
                )
            elif key in data:
                again = f"{brief(key)} for the second time"
                self.problems.append(Problem(self.file, at, show_path((*path, key)), again, "each key once"))
            else:
                data[key], node.items[key], node.keys[key] = item.data, item, at
        return node


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1


def _scalar(event: yaml.ScalarEvent) -> Data:
    if event.style is not None:
        return Block(event.value) if event.style == "|" else event.value
    return None if event.value in _NOTHING else Plain(event.value)
