"""The Lambda of the sellers' daily round: grades, figures, priors, the look that nobody undid a measure. It is started
each quarter of an hour, goes on where the last turn stopped, and has nothing to do once the day's round is finished.

It works on the scheduled instant in the event, never on the time at which it happens to run.
"""

from chalice.app import Blueprint, CloudWatchEvent

blueprint = Blueprint(__name__)


@blueprint.schedule("rate(15 minutes)", name="sellers")
def sellers(event: CloudWatchEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.sellers()(event.to_dict())
