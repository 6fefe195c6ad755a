"""Runs levers and looks against a fake platform by the protocol of `base.Lever`, as `flow.act` does."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Protocol

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Later, Lever, Refused, Session
from chalicelib.ports.http import Uncertain, Unsent


class Sends(Protocol):
    """A fake platform."""

    def send(self, call: Call) -> Reply: ...


def drive(steps: Generator[Call, Reply, object], send: Callable[[Call], Reply]) -> object:
    """Runs a generator of calls to its end. Uncertain and Unsent come out of it."""
    try:
        call = next(steps)
        while True:
            call = steps.send(send(call))
    except StopIteration as end:
        return end.value


def act(
    lever: Lever, session: Session | Callable[[], Session], command: Command, platform: Sends, tries: int = 8
) -> Done | Refused | str:
    """Until it is done or refused: after an unknown outcome `findable` is looked for, `never` is left to a person.
    The session may be one for all attempts, or made anew for each."""
    unknown = False
    for _ in range(tries):
        held = session if isinstance(session, Session) else session()
        try:
            if unknown and lever.repeat == "never":
                return "unknown"
            if unknown and lever.repeat == "findable":
                assert lever.find is not None
                found = drive(lever.find(held, command), platform.send)
                if isinstance(found, Done):
                    return found
                if not isinstance(found, Absent):
                    continue
            unknown = False
            outcome = drive(lever.run(held, command), platform.send)
        except Unsent:
            continue
        except Uncertain:
            unknown = True
            continue
        assert isinstance(outcome, Done | Refused | Later)
        if not isinstance(outcome, Later):
            return outcome
        command = replace(command, handle=outcome.handle or command.handle)
    return "still later"
