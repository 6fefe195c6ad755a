"""Dead letters: how many lie behind each queue, and putting them back once the cause is mended. Their bodies may hold
personal data, so they are never shown."""

from chalicelib.ops.audit import journalled
from chalicelib.ops.desk import Desk
from chalicelib.ops.wrong import Absent, Clash
from chalicelib.ports.stores import Message, Queue

MOST = 500
"""Messages put back in one call, so that it ends in time."""


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
        raise Clash(f"{queue}: these are records of a stream; the nightly audit projects their cases again")
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
    return {"inbox": ports.inbox, "wakes": ports.wakes, "late": ports.late, "actions": ports.actions}
