"""The actions of a step as people write them: a bare name, or a name with its parameters.

One row of `Do` for each action of the vocabulary, with the shape of its parameters; what an action with none is given
is a mistake.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    create_model,
    model_validator,
)

from chalicelib.core.words import ACTIONS, SEVERITIES
from chalicelib.rules.fields import Amount, Choice, Code, Shape, Subscriber, Text, Whole, wanted
from chalicelib.rules.problems import meant


class NoParams(Shape):
    """An action that takes no parameters."""


def _severity(value: str) -> str:
    if value not in SEVERITIES:
        raise wanted(f"one of {', '.join(SEVERITIES)}{meant(value, SEVERITIES)}")
    return value


class Alert(Shape):
    """An escalation and how bad it is."""

    severity: Annotated[
        str, Choice, AfterValidator(_severity), WithJsonSchema({"type": "string", "enum": list(SEVERITIES)})
    ] = "warning"


class Penalise(Shape):
    """An entry against the seller."""

    code: Code
    points: Annotated[Whole, Field(ge=0, le=1000)]


class Impose(Shape):
    """A measure against the seller of the case, in effect for as long as the step stands; on the case of a penalty the
    penalty says which."""

    measure: Annotated[Literal["restrict", "hold_payout", "delist", "suspend", "blacklist"], Choice] | None = None


class Tagged(Shape):
    """A short tag on the order."""

    tag: Code


class Refund(Shape):
    """Money back: all of it, what a money fact says, or an amount in the order's currency."""

    amount: Amount


class Webhook(Shape):
    """A signed POST to a subscriber, by its name."""

    subscriber: Subscriber


class Words(Shape):
    """Text for people, in Chinese, in English, or both; the language of the connection decides."""

    zh: Text | None = None
    en: Text | None = None

    @model_validator(mode="after")
    def _some(self) -> "Words":
        if self.zh is None and self.en is None:
            raise wanted("a text in zh, en or both")
        return self


class Said(Shape):
    """What a buyer is told, word for word."""

    text: Words


class MaybeSaid(Shape):
    """What a seller is told; without a text, what the step is about."""

    text: Words | None = None


class Complaint(Shape):
    """A complaint of our own about the case."""

    reason: Code


_PARAMS: dict[str, type[Shape]] = {
    "alert": Alert,
    "message_buyer": Said,
    "open_complaint": Complaint,
    "impose": Impose,
    "penalise": Penalise,
    "refund": Refund,
    "remind_seller": MaybeSaid,
    "tag": Tagged,
    "untag": Tagged,
    "warn_seller": MaybeSaid,
    "webhook": Webhook,
}
BARE = {
    "tag": "tag",
    "untag": "tag",
    "webhook": "subscriber",
    "refund": "amount",
    "alert": "severity",
    "open_complaint": "reason",
}
"""The parameter that an action's bare text stands for, as in `tag: sla-breached`."""


def _params(action: str) -> Any:
    def read(value: object) -> object:
        if value is None:
            return {}
        key = BARE.get(action)
        return {key: value} if key and isinstance(value, str) else value

    shape = _PARAMS.get(action, NoParams)
    return Annotated[shape, BeforeValidator(read, json_schema_input_type=shape | str if action in BARE else shape)]


def _shape(action: str) -> type[Shape]:
    only: dict[str, Any] = {action: (_params(action), ...)}
    return create_model(f"Do_{action}", __base__=Shape, **only)


_SHAPES = {action: _shape(action) for action in ACTIONS}


def _read(value: object) -> object:
    """A bare name has no parameters; of a mapping, its one key is the action."""
    if isinstance(value, str):
        value = {str(value): None}
    if not isinstance(value, dict) or len(value) != 1:
        raise wanted("an action, or one action with its parameters")
    action = next(iter(value))
    if action not in ACTIONS:
        raise wanted(f"a known action{meant(action, ACTIONS)}")
    return value


def _pick(value: object) -> str | None:
    return f"<{next(iter(value))}>" if isinstance(value, dict) and value else None


if TYPE_CHECKING:
    Do: TypeAlias = Shape
else:
    Do = Annotated[
        Union[*(Annotated[shape, Tag(f"<{action}>")] for action, shape in _SHAPES.items())],
        Discriminator(_pick),
        BeforeValidator(_read, json_schema_input_type=Union[*_SHAPES.values(), Literal[tuple(_SHAPES)]]),
    ]


def action_of(do: Shape) -> tuple[str, dict[str, str | int]]:
    """The action's name and its parameters; a text in several languages becomes `text.zh` and `text.en`."""
    action = next(iter(type(do).model_fields))
    params: Shape = getattr(do, action)
    flat: dict[str, str | int] = {}
    for name, value in params.model_dump(exclude_none=True).items():
        if isinstance(value, dict):
            flat.update((f"{name}.{part}", one) for part, one in value.items())
        else:
            flat[name] = value
    return action, flat
