"""What is made of a fitted value once it is needed, such as an index of words: made once, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any, TypeVar

T = TypeVar("T")


class Made:
    """Things by name. Whoever asks first makes one, while others who ask for it wait; what makes it may ask for others."""

    def __init__(self) -> None:
        self._things: dict[str, Any] = {}
        self._locks: dict[str, RLock] = {}

    def once(self, name: str, make: Callable[[], T]) -> T:
        """The thing of this name, made now where it is not there; what `make` raises leaves nothing behind."""
        if name not in self._things:
            with self._locks.setdefault(name, RLock()):
                if name not in self._things:
                    self._things[name] = make()
        found: T = self._things[name]
        return found

    def unless_busy(self, name: str, make: Callable[[], T]) -> T | None:
        """`once`, but None at once while another thread is making it."""
        if name not in self._things:
            lock = self._locks.setdefault(name, RLock())
            if not lock.acquire(blocking=False):
                return None
            try:
                return self.once(name, make)
            finally:
                lock.release()
        return self.once(name, make)

    def keep(self, name: str, thing: Any) -> None:
        """A thing in place of the one that stands there."""
        self._things[name] = thing

    def get(self, name: str) -> Any:
        """The thing of this name, None where it was not made."""
        return self._things.get(name)

    def take(self, other: Made, names: Iterable[str]) -> None:
        """What another value made, where it made it: for what stays true of this one."""
        self._things |= {name: other._things[name] for name in names if name in other._things}

    @property
    def names(self) -> frozenset[str]:
        """What was made so far."""
        return frozenset(self._things)
