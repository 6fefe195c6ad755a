"""What is asked of a platform on a person's behalf: only `act` opens secrets, so the ops API writes down what it wants
to know as a record and queues a look at the connection; `act` carries it out (`flow.checking`) and answers in the same
record. The record decides, the message only says *look at it*: a repeated or lost one does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from chalicelib.core.events import Subject
from chalicelib.core.instants import EPOCH, from_ms, show, to_ms
from chalicelib.flow.messages import LookAt, group_of, write_task
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message, Record

KIND = "checkup"
TASKS = ("probe", "sample", "subscriptions", "trial", "renew", "leave", "backfill")
"""What can be asked: what our access may do; the last orders and a mapping; the subscriptions (`mend`: and put them in
order); a delivery of our own; giving the platform what a rotation changed; removing our subscriptions; the past, from
an instant on."""
_PREFIX = "checkup:"
_ARRIVAL = "arrival"
STALE = timedelta(minutes=20)
"""Longer than any wait between two tries: what has not moved for so long was lost, and may be asked for again."""
LONGEST, MOST = 400, 2000
"""Characters and entries that are kept of what a platform says."""
_SLACK = timedelta(seconds=5)
"""The clocks of two functions need not agree."""

State = Literal["asked", "going", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Checkup:
    """One question to a platform and what is known of its answer.

    `said`: what was asked for. `told`: what was learnt, as JSON, without secrets and personal data. `words`: the answer
    in a sentence; `mend`: what to do, where something is wrong. `at`: when it last changed. `tries`: in vain.
    """

    task: str
    state: State = "asked"
    asked: datetime = EPOCH
    at: datetime = EPOCH
    said: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    mend: str = ""
    tries: int = 0
    version: int = 0

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed")


def subject(task: str) -> Subject:
    """What to look at, to have it carried out."""
    return Subject("connection", _PREFIX + task)


def task_of(about: Subject) -> str:
    """The task that a look at this subject means; empty for any other look."""
    task = about.id.removeprefix(_PREFIX)
    return task if about.kind == "connection" and about.id.startswith(_PREFIX) and task in TASKS else ""


def ask(ports: Ports, account: str, connection: str, task: str, said: Mapping[str, Any], delay: int = 0) -> Checkup:
    """Ask, in `delay` seconds, unless the same is being answered already. A backfill that was given up or lost goes on
    where it was."""
    now, held = ports.clock.now(), find(ports, account, connection, task)
    alike = held is not None and held.said == dict(said)
    if held is not None and alike and not held.ended and now - held.at < STALE:
        if held.state == "asked":
            # Who asks again may have been cut off between the record and its message.
            queue(ports, account, connection, task, delay)
        return held
    one = Checkup(task, "asked", now, now, dict(said), version=held.version if held else 0)
    if held is not None and alike and task == "backfill" and held.state != "done":
        one = replace(one, told=held.told)
    stored = write(ports, account, connection, one)
    queue(ports, account, connection, task, delay)
    return stored


def queue(ports: Ports, account: str, connection: str, task: str, delay: int = 0) -> None:
    """Have `act` look at the record, after `delay` seconds."""
    body = write_task(LookAt(account, connection, subject(task)))
    ports.actions.send([Message(body, delay, group_of(account, connection))])


def find(ports: Ports, account: str, connection: str, task: str) -> Checkup | None:
    """What is known of a question; None where it was never asked."""
    record = ports.records(account).get(KIND, _sort(connection, task))
    if record is None:
        return None
    found = _read(task, record)
    return _with_arrival(ports, account, connection, found) if task == "trial" else found


def entries(ports: Ports, account: str, connection: str) -> dict[str, Checkup]:
    """Everything that was ever asked about a connection, by task."""
    found = ((task, find(ports, account, connection, task)) for task in TASKS)
    return {task: one for task, one in found if one is not None}


def write(ports: Ports, account: str, connection: str, one: Checkup) -> Checkup:
    """Store on condition of its version. Raises Conflict."""
    told = {name: value for name, value in one.told.items() if not (one.task == "trial" and name == "arrived")}
    data = {
        "state": one.state, "asked": to_ms(one.asked), "at": to_ms(one.at), "said": dict(one.said),
        "told": _shown(told), "words": _shown(one.words), "mend": one.mend, "tries": one.tries,
    }  # fmt: skip
    version = ports.records(account).put(KIND, _sort(connection, one.task), data, expected=one.version)
    return replace(one, version=version)


def _shown(value: Any) -> Any:
    """As a terminal may show it: what a platform says of itself is anybody's text."""
    if isinstance(value, str):
        return "".join(letter if letter.isprintable() else "?" for letter in value[:LONGEST])
    if isinstance(value, Mapping):
        return {_shown(name): _shown(one) for name, one in list(value.items())[:MOST]}
    return [_shown(one) for one in value[:MOST]] if isinstance(value, list | tuple) else value


def arrived(ports: Ports, account: str, connection: str, delivery: str) -> None:
    """Note that a delivery was taken up that asserts nothing, if it is the one that a trial sent."""
    trial = ports.records(account).get(KIND, _sort(connection, "trial"))
    at, _, digest = delivery.partition("-")
    if trial is not None and trial.data["told"].get("digest") == digest:
        ports.records(account).put(KIND, _sort(connection, _ARRIVAL), {"at": int(at), "digest": digest})


def _with_arrival(ports: Ports, account: str, connection: str, one: Checkup) -> Checkup:
    record = ports.records(account).get(KIND, _sort(connection, _ARRIVAL))
    if record is None or record.data["digest"] != one.told.get("digest"):
        return one
    at = from_ms(int(record.data["at"]))
    # A body may be the same each time, so an older arrival says nothing of this one.
    return one if at < one.asked - _SLACK else replace(one, told={**one.told, "arrived": show(at)})


def _read(task: str, record: Record) -> Checkup:
    data = record.data
    return Checkup(
        task, data["state"], from_ms(int(data["asked"])), from_ms(int(data["at"])), data["said"], data["told"],
        data["words"], data["mend"], int(data["tries"]), record.version,
    )  # fmt: skip


def _sort(connection: str, task: str) -> str:
    return f"{connection}|{task}"
