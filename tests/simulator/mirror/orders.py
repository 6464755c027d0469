"""The orders of eviction as one would write them down: plain lists, with no regard to cost."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from simulator.mirror.policy import Order

K = TypeVar("K")


@dataclass
class Plain(Generic[K]):
    """All four orders. ``keys`` are those that are in, the oldest first."""

    order: Order
    keys: list[K] = field(default_factory=list)
    used: dict[K, int] = field(default_factory=dict)
    uses: dict[K, int] = field(default_factory=dict)
    visited: set[K] = field(default_factory=set)
    hand: K | None = None
    clock: int = 0

    def add(self, key: K) -> None:
        self.keys.append(key)
        self.uses[key] = 0
        self._use(key)

    def use(self, key: K) -> None:
        self.visited.add(key)
        self._use(key)

    def remove(self, key: K) -> None:
        if self.hand == key:
            after = self.keys[self.keys.index(key) + 1 :]
            self.hand = after[0] if after else None
        self.keys.remove(key)
        self.visited.discard(key)

    def pop(self) -> K:
        key = self._next()
        self.remove(key)
        return key

    def _use(self, key: K) -> None:
        self.clock += 1
        self.used[key] = self.clock
        self.uses[key] += 1

    def _next(self) -> K:
        match self.order:
            case "fifo":
                return self.keys[0]
            case "lru":
                return min(self.keys, key=lambda key: self.used[key])
            case "lfu":
                return min(self.keys, key=lambda key: (self.uses[key], self.used[key]))
            case "sieve":
                at = self.keys.index(self.hand) if self.hand is not None else 0
                while self.keys[at] in self.visited:
                    self.visited.discard(self.keys[at])
                    at = (at + 1) % len(self.keys)
                self.hand = self.keys[at]
                return self.hand
