"""Posting one escalation to one subscriber, signed, until it is taken or unwanted, or a day has passed."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from chalicelib.channels.webhook import Answer, Subscriber, meaning, next_try, post
from chalicelib.core.calls import Reply
from chalicelib.flow.advance import LONGEST_DELAY
from chalicelib.flow.log import log
from chalicelib.flow.messages import Post, write_task
from chalicelib.flow.shops import context_of
from chalicelib.flow.tell import KIND, Subscription, read_subscription, write_subscription
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message

WHAT = "secrets"


def subscriber_context(account: str, name: str) -> dict[str, str]:
    """What binds a subscriber's sealed secrets to their place."""
    return context_of(account, f"subscriber/{name}", WHAT)


class Poster:
    """Carries out posts, one try each."""

    def __init__(self, ports: Ports, rnd: Callable[[], float] = random.random) -> None:
        self._ports, self._rnd = ports, rnd

    def send(self, task: Post) -> None:
        """One try; where it failed and may be repeated, the next one is queued."""
        now = self._ports.clock.now()
        if task.not_before is not None and now < task.not_before:
            self._queue(task)
            return
        record = self._ports.records(task.account).get(KIND, task.subscriber)
        subscription = read_subscription(task.subscriber, record.data) if record else None
        if record is None or subscription is None or not subscription.active:
            log("post_dropped", account=task.account, key=task.subscriber, reason="no such subscriber")
            return
        reply = self._try(task, subscription)
        answer = meaning(reply)
        if answer is Answer.TAKEN:
            return
        if answer is Answer.GONE:
            off = write_subscription(replace(subscription, active=False))
            self._ports.records(task.account).put(KIND, task.subscriber, off, expected=record.version)
            log("subscriber_gone", level="warning", account=task.account, key=task.subscriber)
            return
        wait = next_try(task.attempt + 1, reply, self._rnd, now)
        if wait is None:
            status = reply.status if reply else 0
            log("action_failed", level="error", account=task.account, key=task.subscriber, reason="post", status=status)
            return
        self._queue(replace(task, attempt=task.attempt + 1, not_before=now + timedelta(seconds=wait)))

    def _try(self, task: Post, subscription: Subscription) -> Reply | None:
        context = subscriber_context(task.account, task.subscriber)
        secrets = json.loads(self._ports.vault.decrypt(subscription.secrets, context))
        body = task.event.encode()
        ident = json.loads(body)["id"]
        call = post(body, ident, Subscriber(task.subscriber, subscription.url), secrets, self._ports.clock.now())
        try:
            return self._ports.http.send(call)
        except (Unsent, Uncertain):
            # Repeating is harmless: the event's id stays the same.
            return None

    def _queue(self, task: Post) -> None:
        assert task.not_before is not None, "only a waiting post is queued again"
        seconds = -((self._ports.clock.now() - task.not_before) // timedelta(seconds=1))
        delay = max(0, min(LONGEST_DELAY, seconds))
        self._ports.actions.send([Message(write_task(task), delay, task.account)])
