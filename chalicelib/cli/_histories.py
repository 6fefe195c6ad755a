"""Where a command takes its history from: a file, or the journal of the deployment, fetched through the ops API."""

import argparse
import gzip
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from chalicelib.cli import _api as ops
from chalicelib.cli import _common as common
from chalicelib.cli.main import Wrong
from chalicelib.core.words import Vocabulary
from chalicelib.rules.history import History


def add(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--history", metavar="FILE", help=".jsonl, .jsonl.gz, or - for standard input")
    where.add_argument(
        "--journal", nargs="?", const="", metavar="DAYS", help="of the deployment; of the days that begin so: 2026-11"
    )
    parser.add_argument("--connection", metavar="NAME", help="of the journal, where there are several")
    parser.add_argument(
        "--now", type=common.instant, metavar="INSTANT", help="judge as of then; default: the greatest instant"
    )


@contextmanager
def opened(args: argparse.Namespace, words: Vocabulary) -> Iterator[History]:
    """The history that the arguments name. Raises Wrong where it cannot be had, OSError where it cannot be read."""
    with ExitStack() as stack:
        name = args.history if args.journal is None else stack.enter_context(_journal(args.journal, args.connection))
        yield stack.enter_context(History(name, words, common.tell))


@contextmanager
def _journal(days: str, connection: str | None) -> Iterator[str]:
    """The name of a file that holds the journal, for as long as it is needed."""
    with tempfile.NamedTemporaryFile(prefix="journal-", suffix=".jsonl.gz") as file:
        with gzip.open(file, "wt", encoding="utf-8", newline="\n", compresslevel=1) as packed:
            for line in _lines(days, connection):
                packed.write(line + "\n")
        file.flush()
        yield file.name


def _lines(days: str, connection: str | None) -> Iterator[str]:
    count, cursor, watched = 0, "", sys.stderr.isatty()
    try:
        api = ops.api()
        name = connection or _only(api)
        while True:
            part = api.ask("GET", ["journal"], prefix=days, connection=name, cursor=cursor)
            yield from part["lines"]
            count, cursor = count + len(part["lines"]), part["cursor"]
            if watched:
                print(f"\r{count:,} lines of the journal", end="\r", file=sys.stderr, flush=True)
            if not cursor:
                return
    except ops.No as no:
        raise Wrong(str(no)) from None
    except ops.Mistaken as mistaken:
        told = "; ".join(f"{one.get('field')}: wanted {one.get('wanted')}" for one in mistaken.problems)
        raise Wrong(told) from None


def _only(api: ops.Api) -> str:
    """The one connection there is: cases of two stores may have the same ids."""
    names = [one["name"] for one in api.ask("GET", ["connections"])["connections"]]
    if len(names) != 1:
        raise Wrong(f"--connection: wanted one of {', '.join(names[:10]) or 'none: there is no connection yet'}")
    return str(names[0])
