"""The Lambda behind the late queue. Looks at the cases that are already overdue: the work of wake, on a lane of its own
so that a backlog never delays what is still in time.

A failed message goes back to the queue alone: what it returns names the failed ones (partial batch response).
"""

from chalice.app import Blueprint, SQSEvent

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="late", batch_size=10, name="late")
def late(event: SQSEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.late()(event.to_dict())
