"""A page of prompts, what was generated for each, and the training pictures that come nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from sfumato.data import Dataset, tile
from sfumato.data.captions import first_texts
from sfumato.evaluation.features import Extractor
from sfumato.evaluation.report import address, render
from sfumato.files import replace_file
from sfumato.hub import Model


def nearest_drawings(features: Tensor, known: Tensor, count: int) -> Tensor:
    """For features `(samples, dimension)` the `count` nearest of `known` `(number, dimension)`, the nearest first."""
    return torch.cat([torch.cdist(part, known).topk(count, largest=False).indices for part in features.split(100)])


def write_prompts_page(
    path: Path,
    model: Model,
    dataset: Dataset,
    extractor: Extractor,
    sections: Mapping[str, Sequence[str]],
    each: int = 3,
    figures: Sequence[Mapping[str, object]] = (),
    note: str = "",
) -> None:
    """Generate every prompt of `sections` (title → prompts) `each` times and write one HTML file that stands alone.

    Below each picture is the one of `dataset` (what the model was trained on, with captions) that is nearest to it in
    the features of `extractor`. `figures` are what was measured: value, meaning, and whether it was met (or None).
    """
    captions = dataset.captions
    assert captions is not None
    rows = np.arange(len(dataset))
    known = extractor.features_of(dataset, rows)
    shown, seed = [], 0
    for title, prompts in sections.items():
        cards = []
        for prompt in prompts:
            generated = model.sample(range(seed, seed + each), prompts=[prompt] * each)
            near = nearest_drawings(extractor.features(generated), known, 1)[:, 0]
            copies = dataset.batch(near)[0]
            names = first_texts(captions, near.tolist())
            cards.append({
                "prompt": prompt,
                "generated": embedded(generated),
                "near": embedded(copies),
                "names": " · ".join(dict.fromkeys(names)),
            })  # fmt: skip
            seed += each
        shown.append({"title": title, "cards": cards})
    sampling = model.config.sampling
    page = {
        "title": f"{dataset.name.capitalize()}, generated from words",
        "subtitle": f"{sum(map(len, sections.values()))} prompts, {each} pictures each, seeds 0 to {seed - 1}; "
        f"{model.parameter_count:,} parameters, {sampling.sampler}, {sampling.steps} steps, "
        f"guidance {sampling.guidance:g}.",
        "figures": figures,
        "each": each,
        "near": f"Nearness is by {extractor.name}.",
        "sections": shown,
        "note": note,
    }
    replace_file(path, render("prompts.html.j2", page))


def embedded(pictures: Tensor) -> str:
    """The pictures in a row, with white between them, as a data: address; at their own size, as pages enlarge them."""
    row = tile(F.pad(pictures, (1, 1), value=1.0), columns=len(pictures), scale=1, gap=0)
    return address(row.convert("P", palette=Image.Palette.ADAPTIVE, colors=128))  # a third of the bytes
