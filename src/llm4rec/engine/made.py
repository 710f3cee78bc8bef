"""What is made of a fitted value once it is needed, such as an index of words: made once, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any, TypeVar

T = TypeVar("T")
NOTHING: Any = object()


class Thing:
    """One thing, made or not yet; several values that are alike in it hold the same."""

    __slots__ = ("lock", "made")

    def __init__(self, made: Any = NOTHING) -> None:
        self.made, self.lock = made, RLock()

    def once(self, make: Callable[[], Any]) -> Any:
        """It, made now where it is not there; what `make` raises leaves nothing behind."""
        if self.made is NOTHING:
            with self.lock:
                if self.made is NOTHING:
                    self.made = make()
        return self.made


class Made:
    """Things by name. Whoever asks first makes one, while others who ask for it wait; what makes it may ask for others."""

    def __init__(self) -> None:
        self._things: dict[str, Thing] = {}

    def once(self, name: str, make: Callable[[], T]) -> T:
        """The thing of this name, made now where it is not there; what `make` raises leaves nothing behind."""
        found: T = self._thing(name).once(make)
        return found

    def unless_busy(self, name: str, make: Callable[[], T]) -> T | None:
        """`once`, but None at once while another thread is making it."""
        thing = self._thing(name)
        if thing.made is NOTHING:
            if not thing.lock.acquire(blocking=False):
                return None
            try:
                return self.once(name, make)
            finally:
                thing.lock.release()
        return self.once(name, make)

    def keep(self, name: str, thing: Any) -> None:
        """A thing in place of the one that stands there."""
        self._things[name] = Thing(thing)

    def get(self, name: str) -> Any:
        """The thing of this name, None where it was not made."""
        thing = self._things.get(name)
        return None if thing is None or thing.made is NOTHING else thing.made

    def share(self, other: Made, names: Iterable[str]) -> None:
        """What stays true of this value and another: whichever of them makes it makes it for both, now or later."""
        self._things |= {name: other._thing(name) for name in names}

    @property
    def names(self) -> frozenset[str]:
        """What was made so far."""
        return frozenset(name for name, thing in list(self._things.items()) if thing.made is not NOTHING)

    def _thing(self, name: str) -> Thing:
        return self._things.get(name) or self._things.setdefault(name, Thing())
