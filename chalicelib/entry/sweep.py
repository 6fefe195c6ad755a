"""The Lambda of each minute. Sends the wakes of the cases that fall due within 14 minutes, and rescues what was missed.

It works on the scheduled minute in the event, never on the time at which it happens to run.
"""

from chalice.app import Blueprint, CloudWatchEvent

blueprint = Blueprint(__name__)


@blueprint.schedule("rate(1 minute)", name="sweep")
def sweep(event: CloudWatchEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.sweep()(event.to_dict())
