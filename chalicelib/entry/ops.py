"""The REST API that ops, reviewers and auditors use. Routes only: chalicelib.ops does the work."""

from chalice.app import Blueprint

blueprint = Blueprint(__name__)


@blueprint.route("/health", methods=["GET"])
def health() -> dict[str, bool]:
    return {"ok": True}
