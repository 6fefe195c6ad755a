"""The Lambda behind the wakes queue. Looks at the cases whose next step has come.

A failed message goes back to the queue alone: what it returns names the failed ones (partial batch response).
"""

from chalice.app import Blueprint, SQSEvent

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="wakes", batch_size=10, name="wake")
def wake(event: SQSEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.wake()(event.to_dict())
