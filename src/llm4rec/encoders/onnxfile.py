"""What an ONNX file asks for beyond itself, read from its bytes alone. Runs nothing and needs no library.

An ONNX file is a protobuf message; only the few fields are followed that lead to operators and tensors.
"""

from __future__ import annotations

from collections.abc import Iterator

# Field numbers of onnx.proto (messages inside messages), https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
DOMAIN = 7  # of a node: whose operator it is
EXTERNAL, LOCATION = 13, 14  # of a tensor: its numbers lie in another file
STANDARD = (b"", b"ai.onnx")


def objections(content: bytes) -> list[str]:
    """Why the file may not be run, sorted: operators that are not ONNX's own, numbers that lie in other files.

    ValueError where the bytes are no protobuf message.
    """
    found: set[str] = set()
    waiting = [("model", memoryview(content))]
    while waiting:
        kind, part = waiting.pop()
        for field, value in _fields(part):
            inner = _INSIDE[kind].get(field)
            if inner is not None and isinstance(value, memoryview):
                waiting.append((inner, value))
            elif kind == "node" and field == DOMAIN and isinstance(value, memoryview):
                if bytes(value) not in STANDARD:
                    found.add(f"an operator of {bytes(value).decode(errors='replace')!r}")
            elif kind == "tensor" and (field == EXTERNAL or (field == LOCATION and value == 1)):
                found.add("numbers in another file")
    return sorted(found)


def _fields(part: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers with what they hold: a number, or bytes."""
    at = 0
    while at < len(part):
        key, at = _number(part, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _number(part, at)
            yield field, value
            continue
        if wire == 2:
            size, at = _number(part, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(part):
            raise ValueError("cut short")
        yield field, part[at : at + size]
        at += size


def _number(part: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(part) or shift > 63:
            raise ValueError("cut short")
        byte = part[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
