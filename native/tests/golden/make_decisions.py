"""Writes decisions.txt: logits as bits, and what an exit must make of them, computed in double precision.

One line each: type, flag 1 where invalid, label, entropy, then the logits in hexadecimal. Needs numpy."""
import numpy as np

random = np.random.default_rng(20260711)


def bits_of(kind, values):
    if kind == "f32":
        return [f"{b:08x}" for b in values.astype(np.float32).view(np.uint32)]
    if kind == "f16":
        return [f"{b:04x}" for b in values.astype(np.float16).view(np.uint16)]
    return [f"{b >> 16:04x}" for b in values.astype(np.float32).view(np.uint32)]  # truncated


def values_of(kind, bits):
    numbers = np.array([int(b, 16) for b in bits], dtype=np.uint32)
    if kind == "f32":
        return numbers.view(np.float32).astype(np.float64)
    if kind == "f16":
        return numbers.astype(np.uint16).view(np.float16).astype(np.float64)
    return (numbers << 16).view(np.float32).astype(np.float64)


def decision(x):
    if np.isnan(x).any() or not np.isfinite(x.max()):
        clean = np.where(np.isnan(x), -np.inf, x)
        label = int(clean.argmax()) if clean.max() > -np.inf else 0
        return 1, label, float("nan")
    e = np.exp(x - x.max())
    p = e / e.sum()
    p = p[p > 0]
    return 0, int(x.argmax()), float(-(p * np.log(p)).sum() / np.log(len(x)))


lines = []
for kind in ("f32", "f16", "bf16"):
    for count in (2, 3, 10, 31, 33, 100):
        for scale in (0.05, 2.0, 30.0):
            lines.append((kind, random.normal(0, scale, count)))
    lines.append((kind, random.normal(0, 4, 1025)))
    for special in ([1, np.nan, 3], [1, 3, np.inf], [-np.inf] * 3, [-np.inf, 2, -np.inf, 2], [1, 5, 5, 2], [0] * 7,
                    [-0.0, 0.0], [np.nan, np.nan]):
        lines.append((kind, np.array(special, dtype=np.float64)))
lines += [(kind, random.normal(0, 4, 4096)) for kind in ("f32", "f16", "bf16")]
with open("decisions.txt", "w", newline="\n") as file:
    for kind, values in lines:
        bits = bits_of(kind, values)
        invalid, label, entropy = decision(values_of(kind, bits))
        file.write(f"{kind} {invalid} {label} {entropy:.9g} {' '.join(bits)}\n")
