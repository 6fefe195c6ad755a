"""The Lambda behind the actions queue. Claims actions, looks where asked, and calls the levers and channels.

A failed message goes back to the queue alone: what it returns names the failed ones (partial batch response).
"""

from chalice.app import Blueprint, SQSEvent

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="actions", batch_size=5, name="act")
def act(event: SQSEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.act()(event.to_dict())
