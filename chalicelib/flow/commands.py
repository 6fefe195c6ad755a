"""From an action of a case to the command that a lever carries out: ids, money and words come from the evidence and
from the policy version beside the action's key, never from stored text."""

from chalicelib.channels import texts
from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Action, Case
from chalicelib.core.compare import amount_of
from chalicelib.core.events import FactValue
from chalicelib.core.rules import Do
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.core.words import IN_WORDS
from chalicelib.platforms.base import Command

LANGUAGES = ("en", "zh")
"""Of texts for people, the one that stands in first: option `language` of a connection names another."""


def do_of(policies: Policies, key: ActionKey, action: Action) -> Do | None:
    """What the rule's version says of this action; None where that version is gone."""
    policy = policies.by_version(action.version)
    rule = policy.rule(key.rule) if policy else None
    step = rule.step(key.step) if rule else None
    return step.do[key.index] if step and key.index < len(step.do) else None


def order_of(case: Case) -> str:
    """The order that a case belongs to: itself, or the one that it is linked to; empty where there is none."""
    if case.id.subject.kind == "order":
        return case.id.subject.id
    orders = {link.rel: link.id for link in case.evidence.links if link.kind == "order"}
    # A basket is the whole purchase; the order is the part of it that this case is about.
    return orders.get("order") or next((ident for _, ident in sorted(orders.items())), "")


def command_of(case: Case, key: ActionKey, action: Action, do: Do, view: View, language: str = LANGUAGES[0]) -> Command:
    """The command for an action (or, for an undo, for its reverse). `language`: that of its text for people."""
    return Command(
        key=f"{case.id}|{key}",
        action=action.name,
        subject=case.id.subject,
        params=do.params,
        order=order_of(case),
        seller=_text(view.fact("seller")) or (case.id.subject.id if case.id.subject.kind == "seller" else ""),
        product=_text(view.fact("product")) or (case.id.subject.id if case.id.subject.kind == "listing" else ""),
        refund=case.id.subject.id if case.id.subject.kind == "refund" else "",
        amount=amount_of(do.params, view) if action.name == "refund" else None,
        currency=_text(view.fact("currency")),
        handle=action.handle,
        note=_text_of(case, key, action, do, language),
    )


def in_place_of(action: Action, do: Do) -> str:
    """Words that a platform cannot carry are noted; what is told of the note says what it stands for."""
    return f"in place of {do.action}" if action.name == "note" and do.action in IN_WORDS else ""


def _text_of(case: Case, key: ActionKey, action: Action, do: Do, language: str) -> str:
    said = _said(do, language) or ("" if action.name == "message_buyer" else _note(case, key, action))
    if in_place_of(action, do):
        # The platform cannot say it to whom it is for, so whoever reads the order's notes is told what is wanted.
        what = dict(zip(texts.LANGUAGES, texts.ACTIONS[do.action], strict=True))
        about = said or _note(case, key, action)
        return f"待人工{what['zh']}：{about}" if language == "zh" else f"By hand, {what['en']}: {about}"
    return said


def _said(do: Do, language: str) -> str:
    """The rule's own text, word for word. A buyer reads nothing else: our notes are not for them."""
    for one in (language, *LANGUAGES):
        if text := do.params.get(f"text.{one}"):
            return str(text)
    return ""


def _note(case: Case, key: ActionKey, action: Action) -> str:
    what = "taken back" if key.undo else "step"
    return f"Redress: {key.rule} ({action.version}), {what} {key.step} on {case.id.subject}"


def _text(value: FactValue | None) -> str:
    return value if isinstance(value, str) else ""
