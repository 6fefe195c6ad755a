"""Runs levers and looks: takes the calls that they yield, sends them through the one hardened client, and hands the
replies back. Nothing else in the shell talks to a platform."""

from collections.abc import Generator
from typing import TypeVar

from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Http

T = TypeVar("T")
MAX_CALLS = 60
"""A lever or look that asks for more is broken, or is being led in circles by what it reads."""


class TooManyCalls(RuntimeError):
    """A lever or look went on for longer than any honest one does."""


def run(steps: Generator[Call, Reply, T], http: Http) -> T:
    """The result of a lever or look. Raises Unsent or Uncertain as the client does, and TooManyCalls."""
    try:
        call = next(steps)
        for _ in range(MAX_CALLS):
            call = steps.send(http.send(call))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()
    raise TooManyCalls(f"more than {MAX_CALLS} calls")
