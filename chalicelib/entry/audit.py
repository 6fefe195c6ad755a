"""The Lambda of the audit. It is started each quarter of an hour, goes on with the night's audit where the last turn
stopped, and has nothing to do once that is finished.

It works on the scheduled instant in the event, never on the time at which it happens to run.
"""

from chalice.app import Blueprint, CloudWatchEvent

blueprint = Blueprint(__name__)


@blueprint.schedule("rate(15 minutes)", name="audit")
def audit(event: CloudWatchEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.audit()(event.to_dict())
