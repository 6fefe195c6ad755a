"""Dead letters: how many lie behind each queue, and putting them back once the cause is mended. Their bodies may hold
personal data, so they are never shown; those of the stream hold only its places."""

import json
from datetime import timedelta
from typing import Any

from chalicelib.core.instants import parse_instant
from chalicelib.ops.audit import journalled
from chalicelib.ops.desk import Desk
from chalicelib.ops.wrong import Absent, Clash
from chalicelib.ports.stores import Message, Queue

KEPT = timedelta(days=1)
"""A stream forgets what is older."""
MOST = 500
"""Messages put back in one call, so that it ends in time."""


def given_up(desk: Desk) -> list[dict[str, Any]]:
    """Up to ten of the ranges of the stream that were never projected: how many changes, of when, why they were given
    up, and whether the stream still holds them. They stay where they are."""
    receiver = desk.dead.get("project")
    found: list[dict[str, Any]] = []
    if receiver is None:
        return found
    for one in receiver.receive(10):
        receiver.release(one)
        try:
            told = json.loads(one.body)
            place = told["DDBStreamBatchInfo"]
            first, last = (str(place[f"approximateArrivalOf{end}Record"])[:40] for end in ("First", "Last"))
            over = desk.ports.clock.now() - parse_instant(last) >= KEPT
            why = str(told["requestContext"]["condition"])[:60]
            found.append({"changes": int(place["batchSize"]), "from": first, "to": last, "why": why, "over": over})
        except (ValueError, KeyError, TypeError):
            found.append({"changes": 0, "from": "", "to": "", "why": "not a letter of the stream", "over": True})
    return sorted(found, key=lambda row: str(row["from"]))


def counts(desk: Desk) -> dict[str, int]:
    """About how many messages lie behind each queue."""
    return {name: receiver.waiting() for name, receiver in desk.dead.items()}


def redrive(desk: Desk, account: str, actor: str, queue: str) -> int:
    """Put up to `MOST` messages back into their queue; the number. One leaves the dead letters only once it is queued
    again, so it may come twice, which harms nothing. Raises Absent, or Clash for letters that cannot go back."""
    receiver = desk.dead.get(queue)
    if receiver is None:
        raise Absent(f"queue {queue[:40]}")
    target = _queues(desk).get(queue)
    if target is None:
        raise Clash(f"{queue}: nothing takes these back here")
    done = 0
    with journalled(desk.ports, account, actor, "dlq.redrive", queue) as learnt:
        while done < MOST:
            held = receiver.receive(10)
            if not held:
                break
            target.send([Message(one.body, group=account) for one in held])
            for one in held:
                receiver.delete(one)
            done += len(held)
        learnt["count"] = done
    return done


def _queues(desk: Desk) -> dict[str, Queue]:
    ports = desk.ports
    known = {"inbox": ports.inbox, "wakes": ports.wakes, "late": ports.late, "actions": ports.actions}
    return {**known, "project": desk.again} if desk.again is not None else known
