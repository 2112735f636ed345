"""What an autoencoder costs: real pictures that have been through it, scored as what is sampled in its latents is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from sfumato.evaluation.clips import scores_of
from sfumato.evaluation.features import chunks, rounded
from sfumato.evaluation.measure import Reference
from sfumato.evaluation.record import ScoreRecord
from sfumato.evaluation.scores import LEAST, SCORES
from sfumato.hub.codec import Codec
from sfumato.training.reconstructions import psnr

AT_ONCE = 64
NAMED = ("frechet", "kernel")  # scores that are said in words


def with_reconstructions(
    scores: Mapping[str, ScoreRecord], codec: Codec, reference: Reference, count: int
) -> tuple[dict[str, ScoreRecord], list[str]]:
    """The scores with what up to `count` held-out pictures reach that `codec` has encoded and decoded, and in words."""
    rows = reference.held_out[:count]
    if len(rows) < LEAST:
        return dict(scores), []
    features, errors = [], []
    for part in chunks(rows, AT_ONCE):
        x, _ = reference.dataset.batch(part)
        y = codec.decode(codec.encode(x)).clamp(-1, 1)
        errors += (y - x).square().flatten(1).mean(1).tolist()
        features.append(reference.extractor.features(rounded(y)))
    found, _ = scores_of(reference.dataset.kind)(torch.cat(features), reference.features, repeats=0)
    own = {
        name: replace(one, reconstructed=found[name].value) if name in found else one for name, one in scores.items()
    }
    decibels = sum(map(psnr, errors)) / len(errors)
    words = [f"{SCORES[name].title} {found[name].value:.3g}" for name in NAMED if name in found and name in scores]
    return own, [
        f"held-out pictures come back from the autoencoder with {decibels:.1f} dB (PSNR) and reach {', '.join(words)}: "
        "what it loses no model in its latents brings back."
    ]
