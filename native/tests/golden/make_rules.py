"""Writes rules.inc: logits with their uncertainties by the rules max probability and margin, computed with 40 digits."""
import decimal
import pathlib

decimal.getcontext().prec = 40
D = decimal.Decimal

LOGITS = [
    [0.0, 0.0],
    [1.0, 2.0],
    [3.0, -1.5, 0.25],
    [2.0, 2.0, -4.0],
    [0.5, 0.25, 0.125, 0.0625],
    [-10.0, -12.0, -11.5, -30.0, -10.25],
    [20.0, 0.0, 1.0, -3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    [-60.0, 20.0],
    [40.0, 0.0, 0.0],
]


def text(value):
    return f"{value:.17e}"


lines = []
for logits in LOGITS:
    weights = sorted((D(x).exp() for x in logits), reverse=True)
    total, count = sum(weights), D(len(logits))
    rest = sum(weights[1:]) / total
    lines.append(
        "{{%s}, %s, %s},"
        % (", ".join(f"{x!r}f" for x in logits), text(rest * count / (count - 1)), text(rest + weights[1] / total))
    )
pathlib.Path(__file__).with_name("rules.inc").write_text(
    "// Written by make_rules.py.\n" + "\n".join(lines) + "\n")
