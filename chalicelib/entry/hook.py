"""The Lambda behind POST /hooks/{token}: the one that strangers reach; and behind the queues that platforms fill
themselves, which are mapped to it one by one (see flow.collect), because all that it may do is all that they need.

It must stay light: neither requests, pydantic nor yaml may enter its import graph (a test holds it to that).
"""

from chalice.app import Blueprint

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="hook")
def hook(event: dict[str, object], context: object) -> object:
    from chalicelib import bootstrap

    return bootstrap.hook()(event)
