"""Moving shapes: clips are a function of their number, and the checker reads them back exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.data import open_dataset
from sfumato.data.moving_shapes import FRAMES, Motion, MovingScene, draw_clip, moving_scene
from sfumato.data.shapes import HELD_OUT, Thing
from sfumato.errors import SfumatoError
from sfumato.evaluation.moving_shapes import motion_of, score_clip


def drawn(scene: MovingScene, frames: int = FRAMES) -> Tensor:
    return torch.from_numpy(draw_clip(scene, frames)).float() / 127.5 - 1


@given(number=st.integers(0, 10**6), held_out=st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_checker_reads_what_was_drawn(number: int, held_out: bool) -> None:
    scene = moving_scene(number, held_out)
    found = score_clip(drawn(scene), scene)
    assert (found.right, found.moved, found.strange) == (len(scene.things), len(scene.things), 0)
    combinations = {(one.colour, one.shape) for one in scene.things} & HELD_OUT
    assert bool(combinations) == held_out


def test_the_checker_sees_every_fault() -> None:
    thing = Thing("small", "red", "circle", 8.0, 16.0)
    scene = MovingScene((thing,), (Motion("right", "quickly"),))
    clip = drawn(scene)
    assert scene.caption == "a small red circle moves right quickly"
    for motion in (Motion(), Motion("right", "slowly"), Motion("left", "quickly"), Motion("right", "quickly", True)):
        found = score_clip(clip, MovingScene((thing,), (motion,)))
        assert (found.right, found.moved) == (1, 0), motion
    other = MovingScene((Thing("small", "red", "square", 8.0, 16.0),), scene.motions)
    assert (score_clip(clip, other).right, score_clip(clip, other).moved) == (0, 1)
    vanished = clip.clone()
    vanished[7] = 1.0
    found = score_clip(vanished, scene)
    assert (found.right, found.moved, found.strange) == (0, 0, 1)
    assert motion_of([(8 + i, 8 + i) for i in range(16)]) is None  # as no caption says


def test_things_stay_within_the_picture_for_ever() -> None:
    for number in range(40):
        scene = moving_scene(number)
        for frame in (0, 100, 1001):
            assert all(4 < place < 28 for one in scene.at(frame).things for place in (one.x, one.y))


def test_clips_are_drawn_when_they_are_asked_for() -> None:
    data = open_dataset("moving-shapes:50")
    assert data.kind == "clips" and data.shape == (16, 3, 32, 32) and len(data) == 50 and data.samples.size == 0
    x, labels = data.batch(np.array([7, 3]))
    assert labels is None and torch.equal(x[0], drawn(moving_scene(7))) and torch.equal(x[1], drawn(moving_scene(3)))
    assert data.captions is not None and data.captions[7] == (moving_scene(7).caption,) and len(data.captions) == 50
    assert torch.equal(open_dataset("moving-shapes:60").batch(np.array([7]))[0], x[:1])
    longer = open_dataset("moving-shapes:50", (16, 24), frames=20)
    assert longer.shape == (20, 3, 16, 24) and longer.fingerprint() != data.fingerprint()
    assert open_dataset("moving-shapes:held-out").captions[0] != data.captions[0]  # type: ignore[index]


@pytest.mark.parametrize("spec", ["moving-shapes:", "moving-shapes:many", "moving-shapes:1", "moving-shapes:99999999"])
def test_what_is_no_set_of_them_says_so(spec: str) -> None:
    with pytest.raises(SfumatoError, match="moving shapes"):
        open_dataset(spec)
