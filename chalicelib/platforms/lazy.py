"""A table that is loaded when it is first read, so that the hook, which needs no levers, does not pay for them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

V = TypeVar("V")


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
