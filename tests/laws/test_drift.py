"""Along a roll-out: real clips stay within the range of real ones, and each way of drifting leaves it."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from sfumato.data.kinds import KINDS
from sfumato.data.moving_shapes import draw_clip, moving_scene
from sfumato.errors import SfumatoError
from sfumato.evaluation.drift import drift

LONG = 40


@cache
def clips(first: int, count: int, frames: int) -> Tensor:
    drawn = np.stack([draw_clip(moving_scene(first + i), frames, 16, 16) for i in range(count)])
    return KINDS["clips"].decoded(drawn)


def share_inside(samples: Tensor, name: str) -> float:
    inside = drift(samples, clips(0, 80, 12))[name].inside(range(1, samples.shape[1] + 1))
    return sum(inside) / len(inside)


@pytest.mark.parametrize("name", ["red", "green", "blue", "picture", "variety"])
def test_real_clips_do_not_drift_however_long(name: str) -> None:
    assert share_inside(clips(500, 24, LONG), name) > 0.9


def test_a_colour_that_fades_is_seen_where_it_does() -> None:
    own = clips(500, 24, LONG)
    faded = own.clone()
    faded[:, :, 0] -= torch.linspace(0, 1, LONG)[:, None, None]
    found, before = drift(faded, clips(0, 80, 12)), drift(own, clips(0, 80, 12))
    assert not any(found["red"].inside(range(20, LONG + 1))) and not any(found["picture"].inside(range(30, LONG + 1)))
    assert torch.equal(found["green"].values, before["green"].values)
    assert float(found["red"].values[0]) == float(before["red"].values[0])


def test_clips_that_become_alike_lose_their_variety() -> None:
    own = clips(500, 24, LONG)
    alike = torch.lerp(own, own.mean(0, keepdim=True), torch.linspace(0, 1, LONG)[:, None, None, None])
    values = drift(alike, clips(0, 80, 12))["variety"]
    assert not any(values.inside(range(20, LONG + 1))) and float(values.values[-1]) < 1e-3


def test_the_order_of_the_clips_counts_for_nothing() -> None:
    own = clips(500, 24, LONG)
    one, other = (drift(x, clips(0, 80, 12))["picture"].values for x in (own, own.flip(0)))
    torch.testing.assert_close(one, other)


def test_too_few_clips_and_other_channels_are_refused() -> None:
    with pytest.raises(SfumatoError, match="12 clips or more, and 11"):
        drift(clips(500, 24, LONG)[:11], clips(0, 80, 12))
    with pytest.raises(SfumatoError, match="1 channels and the real ones 3"):
        drift(clips(500, 24, LONG)[:, :, :1], clips(0, 80, 12))
