"""Plain data as JSON that every parser takes."""

import json
import math


def dump(value: object) -> str:
    """Plain data as JSON that every parser takes: ASCII, without lone surrogates, NaN or infinities."""
    return json.dumps(_portable(value), indent=2, allow_nan=False) + "\n"


def _portable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {_portable(key): _portable(item) for key, item in value.items()}
        case list() | tuple():
            return [_portable(item) for item in value]
        case _:
            return value
