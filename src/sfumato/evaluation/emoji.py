"""Reading emoji: which skin tone or colour was drawn, where that is known to lie, and what its drawing is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sfumato.data import Dataset
from sfumato.data.captions import first_texts
from sfumato.data.emoji import TONES, role_and_tones

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white")
THINGS = ("heart", "circle", "square", "book")
SOLID = 0.8  # of the widest difference between drawings: what differs so much is filled, not an outline's edge
AS_SKIN = 0.2  # how far from its tone's colour a pixel of skin may lie, in the distance of RGB in [−1, 1]
FEWEST = 8  # pixels of skin to read from, where fewer are as pure as that
NEITHER = ((1.0, 1.0, 1.0), (-1.0, -1.0, -1.0))  # the white around a drawing and its outline


@dataclass(frozen=True, eq=False)
class Region:
    """Where a subject's drawings show what tells them apart: `pixels` `(height, width)`, true there.

    `colours` `(count, 3)` in [−1, 1] are those it may have, `names` what each is called, '' for what is none of them.
    """

    pixels: Tensor
    names: tuple[str, ...]
    colours: Tensor

    def read(self, picture: Tensor) -> str | None:
        """The name that most of the region's pixels in `picture` `(3, height, width)` are nearest to; None for none."""
        nearest = torch.cdist(picture[:, self.pixels].T, self.colours).argmin(1)
        votes = {name: 0 for name in self.names if name}
        for number in nearest.tolist():
            if name := self.names[number]:
                votes[name] += 1
        most = max(votes, key=lambda name: votes[name])
        return most if votes[most] else None


def subject(caption: str) -> str:
    """What a drawing is of, whatever its skin or colour: "woman cook, dark skin tone" → "woman cook", "red heart" →
    "heart", "pizza" → "pizza"."""
    role, _ = role_and_tones(caption)
    colour, _, thing = role.partition(" ")
    return thing if colour in COLOURS and thing in THINGS else role


def colour_of(caption: str) -> str | None:
    """ "woman cook, dark skin tone" → "dark", "red heart" → "red"; None where there is none, and for two skin tones."""
    role, tones = role_and_tones(caption)
    if tones:
        return tones[0] if len(tones) == 1 else None
    return role.partition(" ")[0] if subject(caption) in THINGS else None


def regions(dataset: Dataset) -> dict[str, Region]:
    """By subject, where its skin or colour lies and what it may be, from the drawings of `dataset` (the training part).

    A skin tone is the colour that most roles agree on where their five drawings differ. A role's skin is where each of
    its drawings has its tone's colour: hair and clothes may change along, but not into that. A thing's colour lies
    where its drawings differ.
    """
    assert dataset.captions is not None
    drawings: dict[str, dict[str, Tensor]] = {}
    for number, first in enumerate(first_texts(dataset.captions, range(len(dataset)))):
        if (colour := colour_of(first)) is not None:
            drawings.setdefault(subject(first), {})[colour] = dataset.batch(np.array([number]))[0][0]
    drawings = {name: each for name, each in drawings.items() if len(each) > 1}
    return _skins({k: v for k, v in drawings.items() if k not in THINGS}) | _things(
        {k: v for k, v in drawings.items() if k in THINGS}
    )


def _differing(drawings: Sequence[Tensor], share: float) -> Tensor:
    each = torch.stack(list(drawings))
    spread = (each.amax(0) - each.amin(0)).mean(0)
    return spread >= share * spread.max()


def _skins(drawings: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Region]:
    shown: dict[str, list[Tensor]] = {tone: [] for tone in TONES}
    for each in drawings.values():
        solid = _differing(list(each.values()), SOLID)
        for tone, drawing in each.items():
            shown[tone].append(drawing[:, solid].median(1).values)
    tones = {tone: torch.stack(found).median(0).values for tone, found in shown.items()}
    names, colours = (*TONES, "", ""), torch.stack([*tones.values(), *map(torch.tensor, NEITHER)])
    found = {}
    for role, each in drawings.items():
        away = torch.stack([(drawing - tones[tone][:, None, None]).norm(dim=0) for tone, drawing in each.items()])
        worst = away.amax(0)
        limit = max(AS_SKIN, float(worst.flatten().sort().values[FEWEST - 1]))
        found[role] = Region(worst <= limit, names, colours)
    return found


def _things(drawings: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Region]:
    pixels = {thing: _differing(list(each.values()), SOLID / 2) for thing, each in drawings.items()}
    known = [
        (colour, drawing[:, pixels[thing]].median(1).values)
        for thing, each in drawings.items()
        for colour, drawing in each.items()
    ]
    names, colours = tuple(name for name, _ in known), torch.stack([colour for _, colour in known])
    return {thing: Region(where, names, colours) for thing, where in pixels.items()}
