"""The orders in which images leave a full cache. Every operation takes constant time
(SIEVE's hand: on average).

Least frequently used is cachetools' own. The others are not taken from a cache library, as those hold values, decide
by themselves when one leaves, and know one capacity; here an order is asked for its next victim alone. SIEVE is in
none of them.
"""

import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from cachetools import LFUCache

from simulator.mirror.policy import Order

K = TypeVar("K", bound=Hashable)


class Ordering(Protocol[K]):
    """Which of the keys that came in leaves next."""

    def add(self, key: K) -> None:
        """A key comes in, that is not in."""

    def use(self, key: K) -> None:
        """A key that is in was asked for."""

    def remove(self, key: K) -> None:
        """A key that is in leaves."""

    def pop(self) -> K:
        """Take out the key that is to leave next; there is one in."""

    def __len__(self) -> int: ...


class Fifo(Generic[K]):
    """First in, first out."""

    def __init__(self) -> None:
        self._keys: OrderedDict[K, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: K) -> None:
        self._keys[key] = None

    def use(self, key: K) -> None:
        pass

    def remove(self, key: K) -> None:
        del self._keys[key]

    def pop(self) -> K:
        return self._keys.popitem(last=False)[0]


class Lru(Fifo[K]):
    """The least recently used first."""

    def use(self, key: K) -> None:
        self._keys.move_to_end(key)


class Lfu(Generic[K]):
    """The least frequently used first; of those, the one that came to this frequency first."""

    def __init__(self) -> None:
        self._keys: LFUCache[K, None] = LFUCache(math.inf)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: K) -> None:
        self._keys[key] = None

    def use(self, key: K) -> None:
        self._keys[key]

    def remove(self, key: K) -> None:
        del self._keys[key]

    def pop(self) -> K:
        return self._keys.popitem()[0]


class _Node(Generic[K]):
    """A key in SIEVE's queue, between a newer and an older one."""

    __slots__ = ("key", "newer", "older", "visited")

    def __init__(self, key: K) -> None:
        self.key = key
        self.visited = False
        self.newer: _Node[K] | None = None
        self.older: _Node[K] | None = None


class Sieve(Generic[K]):
    """SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024): a queue, and a hand that moves from the oldest
    towards the newest, spares what was asked for since it last came by, and stops at what was not.
    """

    def __init__(self) -> None:
        self._nodes: dict[K, _Node[K]] = {}
        self._newest: _Node[K] | None = None
        self._oldest: _Node[K] | None = None
        self._hand: _Node[K] | None = None

    def __len__(self) -> int:
        return len(self._nodes)

    def add(self, key: K) -> None:
        node = self._nodes[key] = _Node(key)
        node.older = self._newest
        if self._newest:
            self._newest.newer = node
        self._newest = node
        self._oldest = self._oldest or node

    def use(self, key: K) -> None:
        self._nodes[key].visited = True

    def remove(self, key: K) -> None:
        node = self._nodes.pop(key)
        if self._hand is node:
            self._hand = node.newer
        if node.newer:
            node.newer.older = node.older
        else:
            self._newest = node.older
        if node.older:
            node.older.newer = node.newer
        else:
            self._oldest = node.newer

    def pop(self) -> K:
        node = self._hand or self._oldest
        while node and node.visited:
            node.visited = False
            node = node.newer or self._oldest
        if node is None:
            raise LookupError
        self._hand = node.newer
        self.remove(node.key)
        return node.key


def ordering(order: Order, _: type[K]) -> Ordering[K]:
    """An empty order of this name, for keys of this type."""
    match order:
        case "lru":
            return Lru()
        case "lfu":
            return Lfu()
        case "fifo":
            return Fifo()
        case "sieve":
            return Sieve()
