"""What the adapters name with `lazily` is there, and fits the protocol's member: mypy sees no further than the name."""

import inspect
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any, get_args

import pytest

from chalicelib.core.calls import Reply
from chalicelib.platforms import base, keeping
from chalicelib.platforms.base import Paces, Shop
from chalicelib.platforms.keeping import Probes, Samples, Subscribes, Trial, Tries
from chalicelib.platforms.lazy import lazily
from chalicelib.platforms.registry import NAMES, adapter

PROTOCOLS = [one for module in (base, keeping) for one in vars(module).values() if getattr(one, "_is_protocol", False)]


def named(kind: type) -> Iterator[tuple[str, str, str]]:
    """Attribute, module and function of all that a class of adapters names so."""
    for attribute, value in inspect.getmembers_static(kind, lambda one: isinstance(one, staticmethod)):
        if isinstance(value.__func__, partial):
            module, function = value.__func__.args
            yield attribute, module, function


def fits(found: Callable[..., Any], member: Callable[..., Any]) -> bool:
    """Whether it takes what the member takes (and needs no more), and returns the same or a part of it."""
    has, wants = inspect.signature(found), inspect.signature(member)
    taken, told = list(has.parameters.values()), list(wants.parameters.values())[1:]
    same = [(one.name, one.annotation) for one in taken[: len(told)]] == [(one.name, one.annotation) for one in told]
    optional = all(one.default is not one.empty for one in taken[len(told) :])
    whole = wants.return_annotation
    return same and optional and has.return_annotation in (whole, *get_args(whole))


@pytest.mark.parametrize("platform", NAMES)
def test_what_is_named_is_there_and_fits(platform: str) -> None:
    for attribute, module, function in named(type(adapter(platform))):
        (protocol,) = (one for one in PROTOCOLS if function in vars(one))
        assert attribute == function
        assert fits(getattr(import_module(module), function), getattr(protocol, function)), (module, function)


def test_what_is_named_is_seen_and_what_is_inherited_too() -> None:
    seen = {(attribute, module) for attribute, module, _ in named(type(adapter("dokan")))}
    assert {("look", "chalicelib.platforms.dokan.looks"), ("pause", "chalicelib.platforms.woocommerce.api")} <= seen
    assert "read" not in {attribute for attribute, _ in seen}, "Dokan has a method of its own"


def _trial(shop: Shop, secret: str, now: datetime) -> Trial:
    return Trial(b"", {})


def _without_now(shop: Shop, secret: str) -> Trial | None:
    return None


def _of_text(reply: str) -> float:
    return 0.0


def _for_text(reply: Reply) -> str:
    return ""


def _wants_more(reply: Reply, more: int) -> float:
    return 0.0


def _takes_more(reply: Reply, more: int = 0) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("found", "member", "fine"),
    [
        (_trial, Tries.trial, True),
        (_without_now, Tries.trial, False),
        (_of_text, Paces.pause, False),
        (_for_text, Paces.pause, False),
        (_wants_more, Paces.pause, False),
        (_takes_more, Paces.pause, True),
    ],
)
def test_the_measure_of_fitting_sees_what_it_should(
    found: Callable[..., Any], member: Callable[..., Any], fine: bool
) -> None:
    assert fits(found, member) is fine


def test_nothing_is_imported_before_it_is_called() -> None:
    class Odd:
        probe = lazily(Probes.probe, "nowhere.at_all")

    assert isinstance(Odd(), Probes) and not isinstance(Odd(), Samples | Subscribes)
    with pytest.raises(ModuleNotFoundError, match=r"chalicelib\.platforms\.nowhere"):
        Odd().probe(base.Session(Shop("there", "odd")))
