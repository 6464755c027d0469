"""What the mirror's cache costs: ``python -m tests.bench.cache [IMAGES ...]``.

For each order of eviction and each number of images, in a process of its own: microseconds of
processor time for a hit (a manifest by
tag, with its use), for taking an image in (manifest, config and layer) while there is room and while another must
leave for it, and for letting one go; and the process's resident memory once the cache is full. It is the worst case:
every image is in a repository of its own and shares nothing, and the cache remembers when each was used, fetched and
checked.
"""

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast, get_args

from simulator.bounds import STANDARD
from simulator.mirror.cache import Cache
from simulator.mirror.policy import Eviction, Order
from simulator.registry.content import MEDIA_TYPES
from simulator.registry.manifests import Manifest

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SAMPLE = 20_000
PAGE = 4096
_TYPE = MEDIA_TYPES["oci"].manifest
_YEAR = 31_536_000.0


def digest(role: str, number: int) -> str:
    return "sha256:" + hashlib.sha256(f"{role} {number}".encode()).hexdigest()


def repository(number: int) -> str:
    return f"library/image-{number}"


def admit(cache: Cache, number: int) -> None:
    """Take an image in, of objects as large as small ones are at Hub: 500, 600 and 200 bytes."""
    config, layer = digest("config", number), digest("layer", number)
    document = f"{number:500}".encode()
    manifest = Manifest(_TYPE, document, (config, layer))
    cache.keep_manifest(repository(number), "latest", digest("manifest", number), manifest, float(number))
    cache.keep_blob(repository(number), config, f"{number:600}".encode(), float(number))
    cache.keep_blob(repository(number), layer, f"{number:200}".encode(), float(number))


def hit(cache: Cache, number: int) -> None:
    found = cache.manifest(repository(number), "latest")
    if not found or not found.data:
        raise LookupError(number)
    cache.use(repository(number), "latest", _YEAR)


def evict(cache: Cache, number: int) -> None:
    cache.evict(repository(number), "latest")


def microseconds(do: Callable[[Cache, int], None], cache: Cache, numbers: Iterable[int]) -> float:
    """The mean processor time of doing this to one image."""
    begun, count = time.process_time(), 0
    for number in numbers:
        do(cache, number)
        count += 1
    return (time.process_time() - begun) / count * 1e6


def resident() -> float:
    """Resident memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / (1 << 20)


def measure(order: Order, size: int) -> str:
    cache = Cache(Eviction(order, images=size, idle=_YEAR, age=_YEAR), STANDARD.cached, checks=True)
    drawn = random.Random(size)  # noqa: S311 - a sample, and no secret
    sample = min(SAMPLE, size)
    filled = microseconds(admit, cache, range(size))
    memory = resident()
    hits = microseconds(hit, cache, [drawn.randrange(size) for _ in range(SAMPLE)])
    replaced = microseconds(admit, cache, range(size, size + sample))
    held = [number for number in range(size + sample) if cache.has(repository(number))]
    evicted = microseconds(evict, cache, drawn.sample(held, sample))
    return f"{order:6} {size:>9,} {hits:>8.1f} {filled:>8.1f} {replaced:>11.1f} {evicted:>8.1f} {memory:>10.0f}"


def main() -> None:
    if sys.argv[1:2] == ["one"]:
        print(measure(cast("Order", sys.argv[2]), int(sys.argv[3])))
        return
    print("order     images  hit/us admit/us  replace/us evict/us memory/MiB", flush=True)
    for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
        for order in get_args(Order):
            subprocess.run([sys.executable, "-m", "tests.bench.cache", "one", order, str(size)], check=True)


if __name__ == "__main__":
    main()
