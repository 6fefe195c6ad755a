"""The `redress` command: finds the module of a command and hands over; it knows no command itself.

A command is a module of this package: `backtest.py` is `redress backtest`, `policy_show.py` is `redress policy show`;
names that begin with `_` are none. The module's docstring is the command's help (its first line in the list), and it
defines `register(parser)`, which adds arguments, and `run(args)`, which gives the exit code: 0 done, 1 the answer is
no, 2 the call was wrong. Only the module of the command that was called is imported.
"""

import argparse
import ast
import importlib
import os
import sys
from pathlib import Path
from typing import NoReturn, Protocol, cast

DONE, NO, WRONG = 0, 1, 2
_HERE = Path(__file__).parent


class Command(Protocol):
    """What the module of a command defines."""

    __doc__: str | None

    def register(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


class Wrong(Exception):
    """The call was wrong: what is asked for cannot be, as the text says. Exit code 2."""


class No(Exception):
    """The answer is no, or there is none; the text says why. Exit code 1."""


def commands() -> dict[tuple[str, ...], str]:
    """Every command's words and its module's name, in order."""
    found = {}
    for path in sorted(_HERE.glob("*.py")):
        name = path.stem
        if name != "main" and not name.startswith("_"):
            found[tuple(name.split("_"))] = name
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    code = DONE
    try:
        code = _chosen(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _nobody_reads()
    except OSError as error:
        # What a command was to read or write, and could not: a full disk, a directory that is not there.
        print(f"redress: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        return WRONG
    return code


def _nobody_reads() -> None:
    """Whoever read our output has seen enough; the rest of it has nowhere to go."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _chosen(words: list[str]) -> int:
    known = commands()
    for length in (2, 1):
        name = known.get(tuple(words[:length]))
        if name is not None and len(words) >= length:
            return _run(name, words[:length], words[length:])
    if words[:1] in (["-h"], ["--help"]):
        print(_overview(known, ()))
        return DONE
    group = tuple(words[:1])
    if any(one[:1] == group for one in known) and words[1:2] in (["-h"], ["--help"]):
        print(_overview(known, group))
        return DONE
    asked = " ".join(words[:2]) if any(one[:1] == group for one in known) else " ".join(words[:1])
    print(_overview(known, group if any(one[:1] == group for one in known) else ()), file=sys.stderr)
    print(f"redress: {f'no command {asked!r}' if asked else 'which command?'}", file=sys.stderr)
    return WRONG


def _run(name: str, words: list[str], rest: list[str]) -> int:
    module = cast(Command, importlib.import_module(f"chalicelib.cli.{name}"))
    parser = argparse.ArgumentParser(
        prog=f"redress {' '.join(words)}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.register(parser)
    try:
        args = parser.parse_args(rest)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        return module.run(args)
    except Wrong as wrong:
        print(f"redress: {wrong}", file=sys.stderr)
        return WRONG
    except No as no:
        print(no, file=sys.stderr)
        return NO


def _overview(known: dict[tuple[str, ...], str], group: tuple[str, ...]) -> str:
    rows = [(" ".join(words), _first_line(name)) for words, name in known.items() if words[: len(group)] == group]
    width = max((len(words) for words, _ in rows), default=0)
    listed = "\n".join(f"  {words:<{width}}  {line}" for words, line in rows)
    return f"usage: redress COMMAND ...\n\n{listed}\n\nredress COMMAND --help tells more."


def _first_line(name: str) -> str:
    """The first line of a command's docstring, read without importing it."""
    text = ast.get_docstring(ast.parse((_HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def entry() -> NoReturn:
    """For `python -m`."""
    sys.exit(main())


if __name__ == "__main__":
    entry()
