"""The levers, step by step: tags, notes, holds, products. Each may be run again after any outcome.

Nothing here overwrites what a merchant wrote, frees what others hold, or keeps a state of ours anywhere but in the
handle and in metafields of the app's own namespace. Facts: the sheet, section 4, and the Admin schema.
"""

from collections.abc import Callable, Mapping

from chalicelib.platforms.base import Command, Done, Later, Refused, Session, Steps
from chalicelib.platforms.ours import taken_back
from chalicelib.platforms.shopify import documents, holding, refunding
from chalicelib.platforms.shopify.fields import gid, number_of
from chalicelib.platforms.shopify.graphql import ask, rejection
from chalicelib.platforms.shopify.names import order_number, short, signed

NAMESPACE = "$app:redress"
NOTED = "redress"
"""The tag beside a note: people find by it the orders that have one."""
TAG_LENGTH = 40
NOTE_LENGTH = 5000


def _target(command: Command) -> str:
    """The gid of what a tag or note goes to: the listing of a listing's case, else the order."""
    if command.subject.kind == "listing":
        return product_gid(command)
    return order_gid(command)


def order_gid(command: Command) -> str:
    """The order's gid; empty where the command knows none."""
    number = order_number(command.order or (command.subject.id if command.subject.kind == "order" else ""))
    return gid("Order", number) if number else ""


def product_gid(command: Command) -> str:
    """The product's gid; empty where the command knows none."""
    number = number_of(command.product or (command.subject.id if command.subject.kind == "listing" else ""))
    return gid("Product", number) if number else ""


def _tag_of(command: Command) -> str:
    for name in ("tag", "value", "name"):
        if command.params.get(name):
            return " ".join(str(command.params[name]).split())
    return ""


def _tags(document: str, mutation: str) -> Callable[[Session, Command], Steps]:
    def act(session: Session, command: Command) -> Steps:
        target, tag = _target(command), _tag_of(command)
        if not target:
            return Refused("no-target")
        if not tag or "," in tag or len(tag) > TAG_LENGTH:
            return Refused("not-a-tag")
        return (yield from _set_tag(session, document, mutation, target, tag))

    return act


def _set_tag(session: Session, document: str, mutation: str, target: str, tag: str) -> Steps:
    answer = yield from ask(session, document, {"id": target, "tags": [tag]})
    if isinstance(answer, Refused | Later):
        return answer
    return rejection(answer.data, mutation) or Done(tag)


def _note(session: Session, command: Command) -> Steps:
    target = _target(command)
    if not target:
        return Refused("no-target")
    if not command.note.strip():
        return Refused("no-text")
    key = f"note_{short(command.key)}"
    metafield = {
        "ownerId": target, "namespace": NAMESPACE, "key": key, "type": "multi_line_text_field",
        "value": signed(command.key, command.note[:NOTE_LENGTH]),
    }  # fmt: skip
    answer = yield from ask(session, documents.METAFIELDS_SET, {"metafields": [metafield]})
    if isinstance(answer, Refused | Later):
        return answer
    refused = rejection(answer.data, "metafieldsSet")
    if refused:
        return refused
    tagged = yield from _set_tag(session, documents.TAGS_ADD, "tagsAdd", target, NOTED)
    return tagged if isinstance(tagged, Later) else Done(key)


DRAFT = "DRAFT"
_FOR_SALE = frozenset(["ACTIVE", "UNLISTED"])


def _delist(session: Session, command: Command) -> Steps:
    product, key = product_gid(command), f"before_{short(command.key)}"
    if not product:
        return Refused("no-product")
    answer = yield from ask(session, documents.LISTING, {"id": product, "namespace": NAMESPACE, "key": key})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("product")
    if body is None:
        return Refused("scope" if answer.denied else "not-found")
    status, kept = body.text("status"), body.node("metafield")
    before = kept.text("value") if kept else ""
    if before not in _FOR_SALE:
        before = status
    if status not in _FOR_SALE:
        # Already off sale: by an earlier try of ours, then its metafield says what was; or by somebody else.
        return Done(before)
    memory = {"namespace": NAMESPACE, "key": key, "type": "single_line_text_field", "value": before}
    # One mutation: the memory of what was and the change come into being together.
    return (yield from _set_status(session, {"id": product, "status": DRAFT, "metafields": [memory]}, before))


def _relist(session: Session, command: Command) -> Steps:
    product, before = product_gid(command), command.handle
    if not product:
        return Refused("no-product")
    if before and before not in _FOR_SALE:
        return Done(before)
    key = f"before_{short(taken_back(command.key))}"
    answer = yield from ask(session, documents.LISTING, {"id": product, "namespace": NAMESPACE, "key": key})
    if isinstance(answer, Refused | Later):
        return answer
    body = answer.data.node("product")
    if body is None:
        return Refused("scope" if answer.denied else "not-found")
    if not before:
        # Nobody knows what became of the hiding; what was kept with it does.
        kept = body.node("metafield")
        before = kept.text("value") if kept else ""
        if before not in _FOR_SALE:
            return Done(body.text("status"))
    if body.text("status") != DRAFT:
        # For sale again, or put away by its owner: not what we left, so not ours to change.
        return Done(body.text("status"))
    return (yield from _set_status(session, {"id": product, "status": before}, before))


def _set_status(session: Session, product: Mapping[str, object], handle: str) -> Steps:
    answer = yield from ask(session, documents.PRODUCT_STATUS, {"product": product})
    if isinstance(answer, Refused | Later):
        return answer
    return rejection(answer.data, "productUpdate") or Done(handle)


ACTS: Mapping[str, Callable[[Session, Command], Steps]] = {
    "tag": _tags(documents.TAGS_ADD, "tagsAdd"),
    "untag": _tags(documents.TAGS_REMOVE, "tagsRemove"),
    "note": _note,
    "hold": holding.hold,
    "release": holding.release,
    "refund": refunding.refund,
    "delist": _delist,
    "relist": _relist,
}
