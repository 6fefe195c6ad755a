"""Compiled policies as JSON: the form in which they are stored, hashed and loaded where neither YAML nor pydantic is.

Each object of a union names its class in `is`; defaults are left out, so that a new ability with a default does not
change the digest of a policy that never used it. This is data of our own: what does not fit is a ValueError.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date
from enum import Enum
from hashlib import sha256
from typing import Any

from chalicelib.core import conditions, rules
from chalicelib.core.facts import read_fact, write_fact
from chalicelib.core.rules import Policy
from chalicelib.core.strictjson import dumps_canonical
from chalicelib.core.words import FactType, FactWord

FORM = 1
"""Number of this form; a higher one is of a newer program and is not touched."""

CLASSES: dict[str, type[Any]] = {
    "point": rules.Point,
    "reaches": rules.Reaches,
    "all_of": rules.AllOf,
    "later_of": rules.LaterOf,
    "earlier_of": rules.EarlierOf,
    "silence": rules.Silence,
    "pause": rules.Pause,
    "roll": rules.Roll,
    "span": rules.Span,
    "working_span": rules.WorkingSpan,
    "days": rules.Days,
    "working_days": rules.WorkingDays,
    "months": rules.Months,
    "on_date": rules.OnDate,
    "until": rules.Until,
    "ahead": rules.Ahead,
    "after": rules.After,
    "least": rules.Least,
    "most": rules.Most,
    "extension": rules.Extension,
    "by_place": rules.ByPlace,
    "from_start": rules.FromStart,
    "from_due": rules.FromDue,
    "on_calendar": rules.OnCalendar,
    "from_step": rules.FromStep,
    "share": rules.Share,
    "own_limit": rules.OwnLimit,
    "do": rules.Do,
    "step": rules.Step,
    "rule": rules.Rule,
}
"""A new ability is one more row."""
_VALUES: dict[str, Callable[[Any], Any]] = {
    "condition": conditions.load,
    "date": date.fromisoformat,
    "set": frozenset,
}
"""What JSON has no form for: the name of the form, and how it is read."""
_NAMES = {shape: name for name, shape in CLASSES.items()}


class NewerForm(ValueError):
    """The data was written by a newer program: leave it where it is."""


def sealed(policy: Policy) -> Policy:
    """The policy with the digest of its content. The number is no content: the same rules have the same digest."""
    return replace(policy, digest=sha256(dumps_canonical(_content(policy))).hexdigest())


def dump(policy: Policy) -> dict[str, Any]:
    """The JSON object of a policy; `load` gives an equal one back."""
    return {"v": FORM, "number": policy.number, "digest": policy.digest, **_content(policy)}


def load(data: object) -> Policy:
    """The policy of a JSON object. Raises NewerForm, or ValueError where it is none or not the one that was sealed."""
    if not isinstance(data, dict):
        raise ValueError("a compiled policy is an object")
    form = data.get("v")
    if not isinstance(form, int) or form > FORM:
        raise NewerForm(f"a compiled policy of form {form!r}, this program knows {FORM}")
    try:
        policy = Policy(
            name=_text(data["name"]),
            number=int(data["number"]),
            digest=_text(data["digest"]),
            rules=tuple(_rule(one) for one in data["rules"]),
            marks=frozenset(_text(name) for name in data.get("marks", ())),
            facts={_text(name): _word(word) for name, word in data.get("facts", {}).items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a compiled policy: {type(error).__name__} {error}") from None
    if sealed(policy).digest != policy.digest:
        raise ValueError(f"policy {policy.version} is not what its digest says")
    return policy


def _content(policy: Policy) -> dict[str, Any]:
    data: dict[str, Any] = {"name": policy.name, "rules": [_write(rule) for rule in policy.rules]}
    if policy.marks:
        data["marks"] = sorted(policy.marks)
    if policy.facts:
        data["facts"] = {name: _word_out(word) for name, word in policy.facts.items()}
    return data


def _write(value: object) -> Any:
    if isinstance(value, conditions.Condition):
        return {"is": "condition", "of": conditions.dump(value)}
    if isinstance(value, date):
        return {"is": "date", "of": value.isoformat()}
    if isinstance(value, frozenset):
        return {"is": "set", "of": sorted(value)}
    if is_dataclass(value) and not isinstance(value, type):
        data: dict[str, Any] = {"is": _NAMES[type(value)]}
        for field in fields(value):
            held = getattr(value, field.name)
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            if held != default or type(held) is not type(default):
                data[field.name] = _write(held)
        return data
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_write(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _write(one) for key, one in value.items()}
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError(f"no compiled form for {type(value).__name__}")


def _read(value: object) -> Any:
    if isinstance(value, list):
        return tuple(_read(one) for one in value)
    if isinstance(value, dict):
        name = value.get("is")
        if name in _VALUES:
            return _VALUES[name](value.get("of"))
        if name is None:
            return {key: _read(one) for key, one in value.items()}
        shape = CLASSES.get(name)
        if shape is None:
            raise ValueError(f"nothing is called {name!r} in a compiled policy")
        return shape(**{key: _read(one) for key, one in value.items() if key != "is"})
    return value


def _rule(value: object) -> rules.Rule:
    rule = _read(value)
    if not isinstance(rule, rules.Rule):
        raise ValueError("a compiled policy holds rules")
    return rule


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"text in a compiled policy, not {type(value).__name__}")
    return value


def _word(value: Mapping[str, Any]) -> FactWord:
    kind, told = FactType(value["type"]), value.get("default")
    default = None if told is None else read_fact(kind, told)
    if isinstance(default, date):
        raise ValueError("an instant has no default")
    return FactWord(kind, value.get("unit", ""), value.get("personal", False), default)


def _word_out(word: FactWord) -> dict[str, Any]:
    data: dict[str, Any] = {"type": word.type.value}
    if word.unit:
        data["unit"] = word.unit
    if word.personal:
        data["personal"] = True
    if word.default is not None:
        data["default"] = write_fact(word.default)
    return data
