"""Queues on Amazon SQS. What a batch answers is read entry by entry: a batch with failed entries is still a success to
HTTP, and ignoring them loses messages in silence.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.aws.clients import client
from chalicelib.ports.keys import MAX_BODY, batches, check_message
from chalicelib.ports.stores import Held, Message, QueueFailed

BATCH = 10
"""Messages of one batch, sent or received, at most."""


class SqsQueue:
    """Both ends of a standard queue.

    `fair`: name each message's group, so that one busy store cannot keep the others waiting (fair queues). `wait`:
    seconds that a receive waits for a message to come.
    """

    __slots__ = ("_fair", "_url", "_wait")

    def __init__(self, url: str, *, fair: bool = True, wait: int = 1) -> None:
        self._url, self._fair, self._wait = url, fair, wait

    def send(self, messages: Iterable[Message]) -> None:
        taken = [check_message(message) for message in messages]
        left: list[str] = []
        for batch in batches(((one, len(one.body.encode())) for one in taken), BATCH, MAX_BODY):
            entries = [self._entry(str(number), message) for number, message in enumerate(batch)]
            failed = self._send(entries)
            if failed:
                failed = self._send([entry for entry in entries if entry["Id"] in failed])
            left += failed.values()
        if left:
            raise QueueFailed(f"{len(left)} of {len(taken)} messages were not taken: {', '.join(sorted(set(left)))}")

    def receive(self, most: int = BATCH) -> Sequence[Held]:
        answer = client("sqs").receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, BATCH),
            WaitTimeSeconds=self._wait,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Held(one["MessageId"], one["Body"], one["ReceiptHandle"], int(one["Attributes"]["ApproximateReceiveCount"]))
            for one in answer.get("Messages", ())
        ]

    def delete(self, held: Held) -> None:
        client("sqs").delete_message(QueueUrl=self._url, ReceiptHandle=held.receipt)

    def release(self, held: Held) -> None:
        client("sqs").change_message_visibility(QueueUrl=self._url, ReceiptHandle=held.receipt, VisibilityTimeout=0)

    def waiting(self) -> int:
        name = "ApproximateNumberOfMessages"
        answer = client("sqs").get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def _entry(self, ident: str, message: Message) -> dict[str, Any]:
        entry: dict[str, Any] = {"Id": ident, "MessageBody": message.body}
        if message.delay:
            entry["DelaySeconds"] = message.delay
        if self._fair and message.group:
            entry["MessageGroupId"] = message.group
        return entry

    def _send(self, entries: Sequence[dict[str, Any]]) -> dict[str, str]:
        """Ids of the entries that were not taken, with the reason's code."""
        answer = client("sqs").send_message_batch(QueueUrl=self._url, Entries=entries)
        return {one["Id"]: one.get("Code", "") for one in answer.get("Failed", ())}
