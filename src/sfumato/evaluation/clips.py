"""What clips are compared by: the features of their frames, how these change, and whether they jump back and forth.

None of these scores is called FVD, which takes a network of its own (Unterthiner et al. 2018) that isn't here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.evaluation.frechet import frechet_of_groups
from sfumato.evaluation.intervals import Estimate, check_features, estimate
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.scores import LEAST, SCORES, score
from sfumato.evaluation.sliced import sliced_wasserstein
from sfumato.evaluation.two_sample import classifier_two_sample_test

AT_ONCE = 50  # frames that a network is shown
FRAME_SIDE = 8  # pixels a side that frames are compared at, where no network gives features of them


def per_frame(extract: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """`extract` of pictures as one of clips, `(count, frames, ...)` to `(count, frames, dimension)`, AT_ONCE frames."""

    def each(clips: Tensor) -> Tensor:
        found = torch.cat([extract(part) for part in clips.flatten(0, 1).split(AT_ONCE)])
        shaped: Tensor = found.unflatten(0, clips.shape[:2])
        return shaped

    return each


def small_frames(pictures: Tensor) -> Tensor:
    """Pictures as vectors, of larger ones the means of areas, FRAME_SIDE a side."""
    height, width = (min(FRAME_SIDE, side) for side in pictures.shape[-2:])
    return F.adaptive_avg_pool2d(pictures, (height, width)).flatten(1)


def whole_clips(features: Tensor) -> Tensor:
    """Features `(count, frames, dimension)` as one row a clip: what its frames show on average, and how much each
    feature changes from frame to frame."""
    mean = features.mean(1)
    if features.shape[1] < 2:
        return mean
    return torch.cat([mean, features.diff(dim=1).square().mean(1).sqrt()], dim=1)


def flicker(samples: Tensor, real: Tensor) -> Estimate:
    """How far frames jump back and forth, against real ones: |ln| of the ratio of the mean squared second differences
    of features `(count, frames, dimension)` over time; 0 is as much, and no more and no less.

    Raises SfumatoError where no real clip moves, or there are fewer than three frames.
    """
    if samples.shape[1] < 3 or real.shape[1] < 3:
        raise SfumatoError("flicker is seen in three frames or more.")
    jumps = [x.double().diff(n=2, dim=1).square().mean((1, 2)) for x in (samples, real)]
    means = [float(each.mean()) for each in jumps]
    if not means[1] > 0:
        raise SfumatoError("the real clips change evenly or not at all, so there is no flicker to compare with.")
    if not means[0] > 0:
        return Estimate(math.inf, math.inf, math.inf)
    error = math.sqrt(sum(float(x.var()) / len(x) / m**2 for x, m in zip(jumps, means, strict=True)))
    return estimate(abs(math.log(means[0] / means[1])), error)


def scores_of(kind: str) -> Callable[..., tuple[dict[str, Estimate], list[str]]]:
    """What scores samples of the `kind`, a name in KINDS: `score`, or `score_clips` where they have frames."""
    return score_clips if KINDS[kind].moving else score


def score_clips(
    samples: Tensor, real: Tensor, seed: int = 0, repeats: int = 50
) -> tuple[dict[str, Estimate], list[str]]:
    """All scores between features `(count, frames, dimension)` of clips and of real ones, and what was left out, why.

    As `score`, whose rows of a clip are those of `whole_clips`; frames and their differences are compared as sets of
    pictures are, by the Fréchet distance. Raises SfumatoError for features that don't fit together.
    """
    rows = check_features(whole_clips(samples), whole_clips(real), least=LEAST)
    found: dict[str, Estimate] = {}
    notes = []
    for name, order in (("frames_frechet", 0), ("motion_frechet", 1)):
        sets = [x.double().diff(n=order, dim=1) if order else x.double() for x in (samples, real)]
        if min(x.shape[0] * x.shape[1] for x in sets) > samples.shape[2]:
            found[name] = frechet_of_groups(*sets)
        else:
            notes.append(f"{SCORES[name].title} needs more frames than the {samples.shape[2]:,} features of each.")
    try:
        found["flicker"] = flicker(samples, real)
    except SfumatoError as error:
        notes.append(str(error))
    found["kernel"] = kernel_distance(*rows)
    found |= precision_recall_density_coverage(*rows, repeats=repeats, seed=seed)
    found["sliced_wasserstein"] = sliced_wasserstein(*rows, repeats=repeats, seed=seed)
    found["two_sample"] = classifier_two_sample_test(*rows, seed=seed)
    return {name: found[name] for name in SCORES if name in found}, notes
