"""What the lesson on video computes in the page: as the package computes it, and as its text says."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch

from lesson import missing, node
from sfumato.data.bouncing import FRAMES, SIDE, bouncing_clips, steered_clips
from sfumato.diffusion import FiniteClips, Level

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]

MOVES = "rrduslrru"
SEEDS = 6
STD = 0.05
LEVELS = {
    "one for all": [0.6] * FRAMES,
    "a staircase": [min(1.0, 0.05 + 0.1 * f) for f in range(FRAMES)],
    "the first given": [0.0] + [0.9] * (FRAMES - 1),
    "nearly clean": [0.02] * FRAMES,
}
ASKED = [(name, moves, linked) for name in LEVELS for moves in (None, MOVES) for linked in (True, False)]


def noisy(levels: str, moves: str | None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A clip of the set with noise on it, its times, and the set."""
    clips = bouncing_clips() if moves is None else steered_clips(moves)
    frames = clips.shape[1]
    times = torch.tensor(LEVELS[levels], dtype=torch.float64)[:frames]
    noise = torch.randn(1, *clips.shape[1:], generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    t = times[None, :, None, None, None]
    return ((1 - t) * clips[77] + t * noise).float(), times, clips


@cache
def told() -> dict[str, Any]:
    guesses = []
    for levels, moves, linked in ASKED:
        x, times, _ = noisy(levels, moves)
        padded = torch.zeros(FRAMES, SIDE * SIDE)
        padded[: x.shape[1]] = x.reshape(x.shape[1], -1)
        guesses.append({"x": padded.flatten().tolist(), "times": LEVELS[levels], "moves": moves, "linked": linked})
        assert times.tolist() == LEVELS[levels][: x.shape[1]]
    answer: dict[str, Any] = node("clips.mjs", told={"guesses": guesses, "moves": MOVES, "seeds": SEEDS})
    return answer


@pytest.mark.parametrize("index", range(len(ASKED)), ids=["-".join(map(str, one)) for one in ASKED])
def test_the_guesses_are_the_package_s(index: int) -> None:
    levels, moves, linked = ASKED[index]
    x, times, clips = noisy(levels, moves)
    ours = FiniteClips(clips, STD, linked)(x.double(), Level.of(1 - times, times)[None])
    theirs = torch.tensor(told()["guesses"][index], dtype=torch.float64).reshape(FRAMES, -1)[: x.shape[1]]
    torch.testing.assert_close(theirs, ours[0].flatten(1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("how", ["together", "first", "stairs", "moves"])
def test_linked_frames_agree_and_others_do_not(how: str) -> None:
    """Every frame shows a whole thing either way; linked, every step from frame to frame fits, else hardly one."""
    linked, apart = told()["walks"][how]
    given = how in ("first", "moves")
    for one in [*linked, *apart]:
        assert all(thing >= 0 for thing in one["seen"][given:]), one["seen"]
        assert one["kept"] == given
    steps = len(linked[0]["seen"]) - 1
    assert all(one["steps"] >= steps - given for one in linked)
    assert sum(one["steps"] for one in apart) / len(apart) < 1.5


def test_one_frame_does_not_say_where_the_thing_goes() -> None:
    things = [tuple(one["seen"][1:]) for one in told()["walks"]["first"][0]]
    assert len({one[0] // 64 for one in things}) == 1  # what it is stays
    assert len(set(things)) > 2


def test_the_staircase_cleans_the_first_frame_while_the_last_is_noise() -> None:
    times = torch.tensor(told()["walks"]["stairs"][0][0]["staircase"])
    done = int((times[:, 0] == 0).nonzero()[0])
    assert times[done, -1] == 1 and (times[-1] == 0).all()
    assert (times.diff(dim=1) >= 0).all() and (times.diff(dim=0) <= 0).all()
