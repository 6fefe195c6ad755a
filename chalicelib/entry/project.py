"""The Lambda on the stream of the cases table. Writes the journal, the seller ledger and the read models from it.

What it returns names the first record that failed; the stream goes on from there (partial batch response).
"""

from chalice.app import Blueprint, DynamoDBEvent

blueprint = Blueprint(__name__)


# The template puts the table's stream in place of this name.
@blueprint.on_dynamodb_record(stream_arn="cases", batch_size=100, starting_position="TRIM_HORIZON", name="project")
def project(event: DynamoDBEvent) -> object:
    from chalicelib import bootstrap

    return bootstrap.project()(event.to_dict())
