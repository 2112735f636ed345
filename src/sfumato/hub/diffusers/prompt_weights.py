"""Weights within a prompt, as studios write them: `a (red:1.3) heart`, `(red)` counts 1.1 times, `[red]` 1/1.1.

`\\(`, `\\)`, `\\[`, `\\]` and `\\\\` are the signs themselves. What isn't closed is text like any other.
"""

from __future__ import annotations

import re

MORE = 1.1  # of each pair of ( ), and one divided by it of each pair of [ ]
Pieces = list[tuple[str, float]]
_SIGNS = re.compile(r"\\[()\[\]\\]|\(|\[|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|\)|\]|[^\\()\[\]:]+|:|\\")


def weighted_pieces(prompt: str) -> Pieces:
    """The prompt in pieces with the weight of each; what has the same weight and is side by side is one piece."""
    pieces: Pieces = []
    opened: dict[str, list[int]] = {"(": [], "[": []}  # where each that isn't closed yet begins among the pieces
    for match in _SIGNS.finditer(prompt):
        sign, number = match[0], match[1]
        if sign in opened:
            opened[sign].append(len(pieces))
            pieces.append((sign, 1.0))
        elif number is not None and opened["("]:
            _close(pieces, opened["("].pop(), float(number))
        elif sign == ")" and opened["("]:
            _close(pieces, opened["("].pop(), MORE)
        elif sign == "]" and opened["["]:
            _close(pieces, opened["["].pop(), 1 / MORE)
        else:
            pieces.append((sign[1:] if len(sign) == 2 and sign[0] == "\\" else sign, 1.0))
    joined: Pieces = []
    for text, weight in pieces:
        if joined and joined[-1][1] == weight:
            joined[-1] = (joined[-1][0] + text, weight)
        elif text:
            joined.append((text, weight))
    return joined


def _close(pieces: Pieces, place: int, weight: float) -> None:
    """Have all from `place` on, where the sign stands that is closed now, count `weight` times."""
    pieces[place] = ("", 1.0)
    for number in range(place + 1, len(pieces)):
        text, own = pieces[number]
        pieces[number] = (text, own * weight)
