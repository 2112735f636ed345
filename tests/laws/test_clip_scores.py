"""What scores of clips say: nothing of equal sets, and of each kind of fault the score that is meant for it."""

import math
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.data.kinds import KINDS
from sfumato.data.moving_shapes import draw_clip, moving_scene
from sfumato.errors import SfumatoError
from sfumato.evaluation.clips import flicker, per_frame, score_clips, small_frames, whole_clips
from sfumato.evaluation.frechet import frechet_estimate, frechet_of_groups
from sfumato.evaluation.intervals import Estimate

FRAMES = 6


@cache
def clips(first: int, count: int = 60) -> Tensor:
    drawn = np.stack([draw_clip(moving_scene(first + i), FRAMES, 16, 16) for i in range(count)])
    return KINDS["clips"].decoded(drawn)


def features(samples: Tensor) -> Tensor:
    """Few of them, for covariances of few clips."""
    return per_frame(small_frames)(samples).unflatten(2, (3, 4, 2, 4, 2)).mean((4, 6)).flatten(2)


def scores(samples: Tensor) -> dict[str, Estimate]:
    return score_clips(features(samples), features(clips(1000)), repeats=0)[0]


def test_a_set_is_like_itself() -> None:
    same = scores(clips(1000))
    assert same["frames_frechet"].value < 1e-6 and same["motion_frechet"].value < 1e-6
    assert same["flicker"].value == 0 and same["precision"].value == same["recall"].value == 1


def test_the_order_of_the_clips_counts_for_nothing() -> None:
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    one, other = scores(clips(0)), scores(clips(0)[order])
    for name in ("frames_frechet", "motion_frechet", "flicker", "kernel", "precision", "recall", "density", "coverage"):
        assert one[name].value == pytest.approx(other[name].value, rel=1e-6, abs=1e-9), name


def test_frames_in_another_order_are_the_same_frames_and_move_otherwise() -> None:
    own = clips(0)
    shuffled = own[:, torch.tensor([3, 0, 5, 2, 4, 1])]
    one, other = scores(own), scores(shuffled)
    assert other["frames_frechet"].value == pytest.approx(one["frames_frechet"].value, rel=1e-6)
    assert other["motion_frechet"].low > 3 * one["motion_frechet"].high
    assert other["flicker"].low > one["flicker"].high


def test_clips_that_stand_still_are_told_by_their_motion() -> None:
    one, still = scores(clips(0)), scores(clips(0)[:, :1].expand(-1, FRAMES, -1, -1, -1))
    assert still["motion_frechet"].low > one["motion_frechet"].high
    assert still["flicker"].value == math.inf


def test_blur_and_flicker_score_worse_the_more_there_is_of_them() -> None:
    own, generator = clips(0), torch.Generator().manual_seed(0)
    light = torch.randn(60, FRAMES, 1, 1, 1, generator=generator)

    def blurred(width: int) -> Tensor:
        return F.avg_pool2d(own.flatten(0, 1), width, 1, width // 2, count_include_pad=False).unflatten(
            0, own.shape[:2]
        )

    by_blur = [scores(each)["frames_frechet"].value for each in (own, blurred(5), blurred(11))]
    assert by_blur == sorted(by_blur) and by_blur[2] > 2 * by_blur[0]
    found = [scores(own + share * light) for share in (0, 0.1, 0.3)]
    for name in ("flicker", "motion_frechet"):
        values = [each[name].value for each in found]
        assert values == sorted(values) and values[2] > 3 * values[0], name
    calm = scores(own.cumsum(1) / torch.arange(1, FRAMES + 1)[:, None, None, None])  # moves less than real ones do
    assert calm["flicker"].low > found[0]["flicker"].high


def test_flicker_is_the_logarithm_of_the_ratio_whichever_is_larger() -> None:
    real = torch.randn(30, 5, 4, generator=torch.Generator().manual_seed(1))
    for share in (0.5, 2.0):
        assert flicker(share * real, real).value == pytest.approx(2 * math.log(2), rel=1e-6)


def test_groups_of_one_are_the_plain_distance_and_groups_of_copies_have_its_interval() -> None:
    one, other = torch.randn(2, 80, 3, generator=torch.Generator().manual_seed(2))
    plain = frechet_estimate(one, other)
    assert frechet_of_groups(one[:, None], other[:, None]) == plain
    copies = frechet_of_groups(one[:, None].expand(-1, 200, -1), other[:, None].expand(-1, 200, -1))
    assert copies.high - copies.low == pytest.approx(plain.high - plain.low, rel=0.1)


def test_what_can_not_be_compared_is_left_out_with_the_reason() -> None:
    found, notes = score_clips(features(clips(0))[:, :2], features(clips(1000))[:, :2], repeats=0)
    assert "flicker" not in found and "three frames" in " ".join(notes)
    wide = torch.randn(20, 3, 100, generator=torch.Generator().manual_seed(3))
    found, notes = score_clips(wide, wide, repeats=0)
    assert "frames_frechet" not in found and "motion_frechet" not in found and "more frames than the 100" in notes[0]
    with pytest.raises(SfumatoError, match="no flicker"):
        flicker(wide, torch.ones(20, 3, 100))
    assert whole_clips(wide[:, :1]).shape == (20, 100)
