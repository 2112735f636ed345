"""What weights were called in files of before: read under the names that they have now."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

# Of one weight, all rows that fit apply, in this order. `^` is where the network's own names begin.
RENAMES: tuple[tuple[str, str], ...] = (
    (r"^branch\.", "control_branch."),
    (r"^control_branch\.leave\.", "control_branch.zero_convs."),
    (r"(images\.\d+|\bimage)\.enter\.", r"\1.conv."),
    (r"attention\.places\.", "attention.position."),
    (r"attention\.words\.", "attention.text_kv."),
    (r"^text\.places\b", "text.positions"),
    (r"^text\.each\.", "text.token."),
    (r"^text\.whole\.", "text.pooled."),
    (r"^text\.empty\b", "text.null_embedding"),
    (r"^words\.", "text_proj."),
    (r"^(blocks\.\d+)\.words\.", r"\1.text."),
    (r"^(blocks\.\d+)\.patches\.", r"\1.image."),
    (r"^(blocks\.\d+\.\w+)\.query\.", r"\1.norm_q."),
    (r"^(blocks\.\d+\.\w+)\.key\.", r"\1.norm_k."),
    (r"\.(rise|widen)\.", ".fc1."),
    (r"\.(fall|narrow)\.", ".fc2."),
)
ENDS = {"enter": "in", "leave": "out"}  # of the UNet, which alone goes down, convolutions; else linear projections


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a network of this package under the names of now, whichever they come with.

    A name may have a prefix, the number of an average or the `net` of a classifier, and may end in what an optimiser
    or an adapter calls its part of it.
    """
    layer = "conv" if any(re.match(r"(\d+/)?(net\.)?down\.", name) for name in tensors) else "proj"
    return {_current(name, layer): value for name, value in tensors.items()}


def _current(name: str, layer: str) -> str:
    prefix, own = re.fullmatch(r"((?:\d+/)?(?:net\.)?)(.*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    first, dot, rest = own.partition(".")
    if first in ENDS:
        own = f"{layer}_{ENDS[first]}{dot}{rest}"
    for pattern, now in RENAMES:
        own = re.sub(pattern, now, own)
    return f"{prefix}{own}"
