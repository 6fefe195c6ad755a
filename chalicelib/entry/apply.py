"""The Lambda behind the inbox. Reads deliveries into events and advances their cases.

A failed message goes back to the queue alone: what it returns names the failed ones (partial batch response).
"""

from chalice.app import Blueprint, SQSEvent

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="inbox", batch_size=10, name="apply")
def apply(event: SQSEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.apply()(event.to_dict())
