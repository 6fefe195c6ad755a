"""What an adapter imports when it is first used, so that the hook, which only lets deliveries in, does not pay for what
reads, looks and acts: functions (`lazily`) and tables (`Lazy`).
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")


def lazily(member: Callable[Concatenate[Any, P], R], module: str) -> "staticmethod[P, R]":
    """Stands in an adapter's class for a member of one of the protocols that it is (`Adapter.look`): the function of
    the same name and signature in `module` of `chalicelib.platforms` (`shopify.looks`), imported when it is called."""
    return staticmethod(partial(_call, f"chalicelib.platforms.{module}", member.__name__))


def _call(module: str, name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(import_module(module), name)(*args, **kwargs)


class Lazy(Mapping[str, V], Generic[V]):
    """A mapping that `load` makes at its first use."""

    def __init__(self, load: Callable[[], Mapping[str, V]]) -> None:
        self._load = load
        self._table: Mapping[str, V] | None = None

    @property
    def _loaded(self) -> Mapping[str, V]:
        if self._table is None:
            self._table = self._load()
        return self._table

    def __getitem__(self, key: str) -> V:
        return self._loaded[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)
