"""Bytes of tensors as float32 columns."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

COMPARABLE = ("F64", "F32", "F16", "BF16")
"""Types whose numbers are weights; others (masks, quantised blocks) can only be the same or not."""


def floats(kind: str, data: bytearray) -> Floats:
    """Numbers of a :data:`COMPARABLE` type."""
    match kind:
        case "F32":
            return np.frombuffer(data, "<f4")
        case "BF16":
            # bfloat16 is the upper half of a float32
            return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        case "F16":
            return np.frombuffer(data, "<f2").astype(np.float32)
        case _:
            with np.errstate(over="ignore"):
                return np.frombuffer(data, "<f8").astype(np.float32)


def rounding(kind: str, values: Floats) -> float:
    """The energy that rounding ``values`` to their type adds to a difference: a twelfth of a squared step each."""
    bits = {"BF16": 8, "F16": 11}.get(kind)
    if bits is None:
        return 0.0
    _, exponents = np.frexp(values)
    steps = np.ldexp(np.float32(1), exponents - bits)
    return float(np.dot(steps, steps)) / 12
