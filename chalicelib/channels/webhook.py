"""Signed webhooks to subscribers: the call for one try, what its answer means, and when to try again.

No I/O. The id stays the same over all tries, the signature is made anew for each, because it covers the instant of the
try. Facts: Standard Webhooks 1.0.0 (signature, 410, throttling), RFC 9110 section 10.2.3 (Retry-After).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import ceil

from chalicelib.channels.cloudevents import CONTENT_TYPE
from chalicelib.core.calls import Call, Reply
from chalicelib.core.signing import signed_headers

TIMEOUT = 15.0
"""Seconds for one try: the specification's lower bound, so that one slow subscriber does not hold the sender long."""
FIRST_WAIT = 10.0
LONGEST_WAIT = 7200.0
TRIES = 34
"""Waits are drawn between nought and a bound that doubles from 10 s to 2 h: 33 of them make about 24 h on average."""


class Answer(StrEnum):
    """What a subscriber's answer means."""

    TAKEN = "taken"
    AGAIN = "again"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who asked for escalations. The secrets are not part of it: they are opened only to sign."""

    id: str
    url: str

    def __repr__(self) -> str:
        return f"Subscriber({self.id})"


def post(event: bytes, event_id: str, subscriber: Subscriber, secrets: Sequence[str], now: datetime) -> Call:
    """The request that tells a subscriber of an event, signed with each of its live secrets at `now`.

    Raises ValueError without a usable secret, or for an id that is too long.
    """
    headers = {"Content-Type": CONTENT_TYPE, **signed_headers(header_id(event_id), now, event, secrets)}
    return Call("POST", subscriber.url, headers, event, TIMEOUT)


def header_id(event_id: str) -> str:
    """An event's id as the header `webhook-id` can carry it: what is no printable ASCII, and `.`, percent-encoded.

    An id of our own making without foreign letters comes out as it is.
    """
    return "".join(chr(byte) if 0x20 < byte < 0x7F and byte != 0x2E else f"%{byte:02X}" for byte in event_id.encode())


def meaning(reply: Reply | None) -> Answer:
    """What to make of an answer; None stands for none at all (unsent or uncertain: repeating is harmless, by the id).

    GONE: the subscriber wants nothing more and is to be disabled. Everything else that is no success is tried again: a
    404 may be a deployment, a 400 a secret that is about to be put right, and an escalation is not lost for it. A
    redirect is never followed.
    """
    if reply is None:
        return Answer.AGAIN
    if 200 <= reply.status <= 299:
        return Answer.TAKEN
    if reply.status == 410:
        return Answer.GONE
    return Answer.AGAIN


def next_try(attempt: int, reply: Reply | None, rnd: Callable[[], float], now: datetime) -> int | None:
    """Whole seconds to wait after try number `attempt` (from 1), or None where there is nothing more to do.

    Exponential with full jitter: `rnd` gives evenly drawn numbers from 0 up to 1. A Retry-After is waited for at
    least, up to two hours. None also when the last of the tries has failed.
    """
    if meaning(reply) is not Answer.AGAIN or attempt >= TRIES:
        return None
    # The exponent is bounded because 2.0 ** 2000 is an error; the wait is bounded long before.
    bound = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(max(attempt, 1) - 1, 20))
    wait = max(rnd() * bound, _retry_after(reply, now))
    return max(1, ceil(min(wait, LONGEST_WAIT)))


def _retry_after(reply: Reply | None, now: datetime) -> float:
    """Seconds, or nought where the header is missing, past or nonsense."""
    text = reply.headers.get("retry-after", "").strip() if reply else ""
    if re.fullmatch(r"[0-9]+", text, re.ASCII):
        return float(text) if len(text) < 10 else LONGEST_WAIT
    if not 16 <= len(text) <= 64:
        return 0.0
    try:
        moment = parsedate_to_datetime(text)
        # The old form without a zone means UTC.
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
