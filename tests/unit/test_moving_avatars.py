"""Avatars in motion: clips by number, whose captions say what they do, which a key reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.data import open_dataset
from sfumato.errors import SfumatoError

pytest.importorskip("dicebear")

from sfumato.data.avatars import avatar
from sfumato.data.moving_avatars import ACTIONS, MovingAvatar, can, draw_avatar, eyes_closed, moving_avatar
from sfumato.data.svg import render
from sfumato.evaluation.moving_avatars import read_action

BEAR = avatar("critters", 5, {"eyesVariant": ["round"], "mouthVariant": ["smile"]})


def clip(action: str, frames: int = 16) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return draw_avatar(MovingAvatar("critters", BEAR, action), frames, 24, 24)


def test_who_stands_still_is_the_picture_frame_after_frame() -> None:
    still = clip("stands still", frames=3)
    assert all(np.array_equal(frame, render(BEAR.svg, 24, 24)) for frame in still)


@pytest.mark.parametrize(("action", "period"), [("hops", 8), ("sways", 16), ("spins", 16)])
def test_what_moves_begins_as_the_picture_and_comes_back(action: str, period: int) -> None:
    moving = clip(action, frames=period + 1)
    assert np.array_equal(moving[0], render(BEAR.svg, 24, 24)) and np.array_equal(moving[period], moving[0])
    assert len({frame.tobytes() for frame in moving}) > 3


def test_a_blink_closes_the_eyes_and_nothing_else() -> None:
    blinking = clip("blinks")
    shut = avatar("critters", 5, {"eyesVariant": [eyes_closed("critters")[0]], "mouthVariant": ["smile"]})
    seen = {frame.tobytes() for frame in blinking}
    assert seen == {render(BEAR.svg, 24, 24).tobytes(), render(shut.svg, 24, 24).tobytes()}
    asleep = avatar("critters", 5, {"eyesVariant": eyes_closed("critters")[:1]})
    assert not can("critters", asleep, "blinks") and can("critters", asleep, "talks")


def test_what_a_clip_does_is_read_back() -> None:
    other = MovingAvatar("critters", BEAR, "sways")
    for action in ("hops", "spins", "talks", "blinks", "stands still"):
        assert read_action(other, clip(action)) == action
        noisy = clip(action).astype(np.int16) + np.random.default_rng(0).integers(-40, 40, (16, 3, 24, 24))
        assert read_action(other, noisy.clip(0, 255).astype(np.uint8)) == action
        assert read_action(other, clip(action, 23)[7:]) == action  # whenever it begins


def test_a_set_is_a_function_of_its_numbers_and_its_captions_say_what_is_done(tmp_path: Path) -> None:
    few = open_dataset("moving-avatars:sprouts:3", (16, 12), cache=tmp_path, frames=5)
    more = open_dataset("moving-avatars:sprouts:6", (16, 12), cache=tmp_path, frames=5)
    rows = np.arange(3)
    assert few.kind == "clips" and few.shape == (5, 3, 16, 12) and len(more) == 6
    assert np.array_equal(few.stored(rows), more.stored(rows))
    assert few.captions is not None and any("CC0" in note for note in few.notes)
    for whole, some in few.captions:
        action = whole.rpartition(", ")[2]
        assert some.endswith(f", {action}") and action in ACTIONS
    assert {moving_avatar("sprouts", avatar("sprouts", number)).action for number in range(40)} == set(ACTIONS)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("moving-avatars:nobody", "style of avatars"),
        ("moving-avatars:sprouts:none", "moving-avatars:sprouts takes"),
        ("moving-avatars", "moving-avatars:critters"),
    ],
)
def test_what_is_no_set_is_refused(spec: str, words: str) -> None:
    with pytest.raises(SfumatoError, match=words):
        open_dataset(spec)
