"""The inbox's consumer: read what was received into events, advance the cases they speak of, archive the batch.

A delivery leaves the inbox only when all of it has taken effect: its cases are written, its looks are queued, or it
lies in quarantine. So an accepted delivery is never lost, and repeating it changes nothing.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, Subject
from chalicelib.core.wire import read_event
from chalicelib.flow import checkup, quarantine
from chalicelib.flow.advance import Advance
from chalicelib.flow.buyers import Buyers
from chalicelib.flow.log import fault, log
from chalicelib.flow.messages import Ask, LookAt, Received, Told, group_of, read_inbox, write_task
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops, UnknownConnection, adapter_of, shop_of
from chalicelib.flow.silence import Seen
from chalicelib.flow.tell import Teller
from chalicelib.platforms.base import Adapter, Delivery, Read, Shop, Unreadable
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message

ENOUGH = timedelta(seconds=3)
"""For writing. Cases of a batch that are not reached by then come again with their messages: the function has 5 s, and
one that is cut off brings all of its messages again, those that were dealt with too."""


@dataclass(slots=True)
class _Batch:
    """What a batch of messages amounts to. `owners`: which messages wait for a case."""

    events: dict[CaseId, list[Event]] = field(default_factory=dict)
    owners: dict[CaseId, list[str]] = field(default_factory=dict)
    archive: dict[str, list[tuple[Received, bytes]]] = field(default_factory=dict)

    def add(self, ident: str, account: str, connection: str, events: Sequence[Event]) -> None:
        for event in events:
            case_id = CaseId(account, connection, event.subject)
            self.events.setdefault(case_id, []).append(event)
            self.owners.setdefault(case_id, []).append(ident)


class Apply:
    """Applies batches of inbox messages."""

    def __init__(self, ports: Ports, shops: Shops, rulebook: Rulebook, advance: Advance, teller: Teller) -> None:
        self._ports, self._shops, self._rulebook, self._advance = ports, shops, rulebook, advance
        self._buyers, self._teller, self._seen = Buyers(ports), teller, Seen(ports)

    def __call__(self, messages: Sequence[tuple[str, str]]) -> list[str]:
        """Handle (message id, body) pairs; the ids that failed and must come again. Those that come first are done
        first."""
        batch, failed = _Batch(), set[str]()
        for ident, body in messages:
            try:
                self._read(ident, body, batch)
            except UnknownConnection as error:
                log("inbox_dropped", level="error", reason=f"connection gone: {error}", id=ident)
            except Exception as error:
                log("apply_failed", level="error", reason=fault(error), id=ident)
                failed.add(ident)
        held, began = self._held(list(batch.events)), self._ports.clock.now()
        for done, (case_id, events) in enumerate(batch.events.items()):
            if self._ports.clock.now() - began > ENOUGH:
                log("apply_cut", level="warning", count=len(batch.events) - done)
                failed.update(ident for case in list(batch.events)[done:] for ident in batch.owners[case])
                break
            try:
                self._advance(case_id, events, held=held.get(case_id))
            except Exception as error:
                log("apply_failed", level="error", case=str(case_id), reason=fault(error))
                failed.update(batch.owners[case_id])
        self._archive(batch)
        return [ident for ident, _ in messages if ident in failed]

    def _held(self, case_ids: Sequence[CaseId]) -> dict[CaseId, Case]:
        """The cases of the batch in one read for each account; whoever fails here is read singly later."""
        held: dict[CaseId, Case] = {}
        for account in {one.account for one in case_ids}:
            try:
                held |= self._ports.cases(account).get_many([one for one in case_ids if one.account == account])
            except Exception as error:
                log("read_failed", level="warning", account=account, reason=fault(error))
        return held

    def _read(self, ident: str, text: str, batch: _Batch) -> None:
        message = read_inbox(text)
        if isinstance(message, Told):
            words = self._rulebook.get(message.account).words
            events = [read_event(one, words) for one in message.events]
            batch.add(ident, message.account, message.connection, events)
            return
        if isinstance(message, Ask):
            self.ask(message.account, message.connection, [message.subject])
            return
        connection = self._shops.get(message.account, message.connection)
        body = self._ports.blobs.get(message.blob) if message.blob else message.body
        batch.archive.setdefault(message.account, []).append((message, body))
        delivery = Delivery(message.id, body, message.headers, message.received_at)
        shop = shop_of(connection, self._rulebook.get(message.account).words)
        read = _read(adapter_of(connection), delivery, shop)
        if read.problem is not None:
            self._put_aside(message, body, quarantine.Problem(read.problem.field, read.problem.wanted))
        self._take_up(ident, message, read, batch)
        self._seen.note(message.account, message.connection, message.received_at)

    def _take_up(self, ident: str, message: Received, read: Read, batch: _Batch) -> None:
        account, connection = message.account, message.connection
        if read.ignored:
            log("delivery_ignored", account=account, connection=connection, id=message.id, reason=read.ignored)
            checkup.arrived(self._ports, account, connection, message.id)
        dropped = [name for event in read.events for name in event.dropped]
        if dropped:
            log("words_dropped", account=account, connection=connection, id=message.id, count=len(dropped))
        if read.looks:
            self.ask(account, connection, read.looks)
        batch.add(ident, account, connection, [self._buyers.veil(account, event) for event in read.events])

    def ask(self, account: str, connection: str, subjects: Sequence[Subject]) -> None:
        """Queue looks; their answers come back through the inbox."""
        group = group_of(account, connection)
        self._ports.actions.send(
            Message(write_task(LookAt(account, connection, subject)), group=group) for subject in subjects
        )

    def _put_aside(self, message: Received, body: bytes, problem: quarantine.Problem) -> None:
        quarantine.keep(self._ports, message, body, problem)
        self._teller.unreadable(message.account, message.connection, message.id, problem.field)

    def _archive(self, batch: _Batch) -> None:
        """One object for each account of the batch, named after all that is in it: the same batch again is the same
        object, and one that comes again in part takes no other's place. Losing it loses no case, so its failure fails
        no message."""
        for account, deliveries in batch.archive.items():
            named = hashlib.sha256("\n".join(f"{one.connection}|{one.id}" for one, _ in deliveries).encode())
            day = deliveries[0][0].received_at.strftime("%Y/%m/%d/%H")
            lines = "".join(json.dumps(_archived(message, body)) + "\n" for message, body in deliveries)
            try:
                self._ports.blobs.put(
                    f"raw/{account}/{day}/{named.hexdigest()[:32]}.jsonl.gz", gzip.compress(lines.encode(), mtime=0)
                )
            except Exception as error:
                log("archive_failed", level="error", account=account, reason=fault(error))


def _read(adapter: Adapter, delivery: Delivery, shop: Shop) -> Read:
    try:
        return adapter.read(delivery, shop)
    except Unreadable as problem:
        return Read(problem=problem)
    except Exception as error:
        # An adapter does no I/O, so it would fail as often as it is asked: the fix is a release, then a replay.
        log("adapter_failed", level="error", connection=shop.connection, platform=adapter.name, reason=fault(error))
        return Read(problem=Unreadable("body", fault(error), "a body that this release reads"))


def _archived(message: Received, body: bytes) -> Mapping[str, object]:
    return {
        "connection": message.connection, "id": message.id, "headers": dict(message.headers),
        "body": base64.b64encode(body).decode(),
    }  # fmt: skip
