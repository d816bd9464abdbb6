"""What a process remembers for some seconds instead of asking the database each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass
class _Place(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    made_at: float = -float("inf")  # monotonic seconds
    took: float = 0.0
    found: list[Value] = field(default_factory=list)  # the latest alone; empty at first


class Remembered(Generic[Key, Value]):
    """By key, at most so many; what was asked for first is forgotten first.

    One thread makes a value anew when it is too old, and the others go on with the one before; at first they wait.

    Args:
        most: keys that are kept.
        quick_seconds: a value that takes longer to make is kept longer in proportion, so that no process makes it all
            the time; None: however long it takes.
    """

    def __init__(self, most: int, quick_seconds: float | None = None) -> None:
        self._most = most
        self._quick_seconds = quick_seconds
        self._places: dict[Key, _Place[Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Key, seconds: float, make: Callable[[], Value]) -> Value:
        """At most `seconds` old; whatever `make` raises goes to the caller."""
        place = self._place(key)
        if self._is_old(place, seconds) and place.lock.acquire(blocking=not place.found):
            try:
                if self._is_old(place, seconds):  # another thread may have made it while this one waited
                    begun = time.monotonic()
                    place.found = [make()]
                    place.made_at, place.took = begun, time.monotonic() - begun
            finally:
                place.lock.release()
                self._settle(key, place)
        return place.found[0]

    def forget(self) -> None:
        with self._lock:
            self._places.clear()

    def _settle(self, key: Key, place: _Place[Value]) -> None:
        """What could not be made takes nobody's place."""
        with self._lock:
            if not place.found:
                self._places.pop(key, None)
            while len(self._places) > self._most:
                del self._places[next(iter(self._places))]

    def _is_old(self, place: _Place[Value], seconds: float) -> bool:
        longer = max(1.0, place.took / self._quick_seconds) if self._quick_seconds else 1.0
        return not place.found or time.monotonic() - place.made_at >= seconds * longer

    def _place(self, key: Key) -> _Place[Value]:
        place = self._places.get(key)
        if place is None:
            with self._lock:
                place = self._places.setdefault(key, _Place())
        return place
