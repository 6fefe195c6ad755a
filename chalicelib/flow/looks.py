"""Looks: asking the platform for the present truth. The answer is events; it re-enters by the inbox, or, before a
penalty or a refund, is merged at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import parse_instant
from chalicelib.flow import credentials
from chalicelib.flow.buyers import Buyers
from chalicelib.flow.checkup import task_of
from chalicelib.flow.keys import refresh
from chalicelib.flow.log import log
from chalicelib.flow.messages import KEYS, LookAt, group_of, write_all_told, write_task
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops, adapter_of, hook_of
from chalicelib.flow.subscriptions import mend
from chalicelib.platforms.base import Later, Read, Refused
from chalicelib.platforms.keeping import Subscribes
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection, Message

MAX_ATTEMPTS = 12
"""Tries of a poll, which is made up for later."""
PATIENCE = 300
"""Tries of any other look, three days at the longest wait: a notice that only names an id is lost with its look, and
neither being told to wait nor a shop that is down for a night is a reason to lose it. Most ask nobody (`breaker`)."""
POLL = "connection"
"""A look at a connection, by an instant in place of an id, asks what changed since then."""
HOOKS = Subject("connection", "hooks")
"""What to look at, to have subscriptions that the platform stopped or dropped set going again."""
NOBODY = frozenset({"no_look", "look refused: no look_url"})
"""There is nobody to ask, now or later."""
PER_MESSAGE = 50
"""Events in one message to the inbox; the wire form allows a hundred."""


class NoLook(Exception):
    """The platform cannot be asked about this; a person decides instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Looks:
    """Asks, and passes answers on."""

    ports: Ports
    shops: Shops
    rulebook: Rulebook
    buyers: Buyers

    def ask(self, connection: Connection, subject: Subject) -> tuple[Event, ...] | Later:
        """What the platform says now. Raises NoLook."""
        answer = self.read(connection, subject)
        return answer if isinstance(answer, Later) else answer.events

    def read(self, connection: Connection, subject: Subject, insist: bool = False) -> Read | Later:
        """What the platform says now, and what it names to be looked at. `insist`: a person asked for it. Raises
        NoLook."""
        adapter = adapter_of(connection)
        if subject.kind not in adapter.looks:
            raise NoLook("no_look")
        words = self.rulebook.get(connection.account).words
        try:
            answer = credentials.run(
                self.ports, self.shops, connection, lambda session: adapter.look(subject, session), words, insist=insist
            )
        except (Unsent, Uncertain):
            return Later(30, "no answer")
        if isinstance(answer, Later):
            return answer
        if isinstance(answer, Refused):
            raise NoLook(f"look refused: {answer.reason}"[:60])
        return replace(answer, events=tuple(self.buyers.veil(connection.account, event) for event in answer.events))

    def _mend(self, connection: Connection) -> Later | None:
        """Set going again what the platform stopped, and make anew what it dropped."""
        adapter = adapter_of(connection)
        if not isinstance(adapter, Subscribes):
            return None
        is_ours, url = hook_of(connection), self.shops.hook(connection)
        try:
            found = credentials.run(
                self.ports, self.shops, connection, lambda session: mend(adapter, session, is_ours, url), secrets=True
            )
        except (Unsent, Uncertain):
            return Later(30, "no answer")
        if isinstance(found, Later):
            return found
        refused = isinstance(found, Refused)
        log(
            "hooks_not_mended" if refused else "hooks_mended", level="error" if refused else "info",
            account=connection.account, connection=connection.name,
            reason=found.reason if isinstance(found, Refused) else found,
        )  # fmt: skip
        return None

    def pass_on(self, connection: Connection, events: Sequence[Event]) -> None:
        """Give events to the inbox, for the cases that they speak of."""
        group = group_of(connection.account, connection.name)
        for body in write_all_told(connection.account, connection.name, events, PER_MESSAGE):
            self.ports.inbox.send([Message(body, group=group)])

    def _follow(self, task: LookAt, subjects: Sequence[Subject]) -> None:
        """A poll names what changed; each is asked about for itself, and a poll may go on where it ended."""
        if subjects:
            group = group_of(task.account, task.connection)
            self.ports.actions.send(
                Message(write_task(LookAt(task.account, task.connection, subject)), group=group)
                for subject in subjects
                if subject != task.subject
            )

    def _owe(self, task: LookAt) -> None:
        """A poll that nobody answered is made up for: what changed in its time may come by no other way."""
        since = _instant(task.subject.id) if task.subject.kind == POLL else None
        if since is not None:
            # It asks for looks itself.
            from chalicelib.flow.silence import owe

            owe(self.ports, task.account, task.connection, since)

    def answer(self, task: LookAt) -> None:
        """Carry out a queued look; what cannot be answered now is asked again later, with growing waits."""
        connection = self.shops.get(task.account, task.connection)
        if task_of(task.subject):
            # What people ask for now and then; it looks in its turn.
            from chalicelib.flow.checking import check

            check(self, task)
            return
        answer: Read | Later
        try:
            if task.subject == KEYS:
                answer = refresh(self.ports, self.shops, connection) or Read()
            elif task.subject == HOOKS:
                answer = self._mend(connection) or Read()
            else:
                answer = self.read(connection, task.subject)
        except NoLook as error:
            log(
                "look_refused", level="warning", account=task.account, connection=task.connection,
                case=str(task.subject), reason=error.reason,
            )  # fmt: skip
            if error.reason not in NOBODY:
                self._owe(task)
            return
        if not isinstance(answer, Later):
            self.pass_on(connection, answer.events)
            if task.subject.kind == POLL:
                self._follow(task, answer.looks)
            return
        if task.attempt + 1 >= (MAX_ATTEMPTS if task.subject.kind == POLL else PATIENCE):
            log(
                "look_given_up", level="error", account=task.account, connection=task.connection, case=str(task.subject)
            )
            self._owe(task)
            return
        delay = int(min(900, max(answer.seconds, 2.0**task.attempt)))
        again = LookAt(task.account, task.connection, task.subject, task.attempt + 1)
        self.ports.actions.send([Message(write_task(again), delay, group_of(task.account, task.connection))])


def _instant(position: str) -> datetime | None:
    """The instant that a poll's position begins with; some platforms add a place to it."""
    try:
        return parse_instant(position.partition("|")[0])
    except ValueError:
        return None
