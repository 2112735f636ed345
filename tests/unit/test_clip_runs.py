"""Runs on clips: exact when resumed, from models of pictures, with previews that move, and told what they can't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.data.datasets import from_arrays
from sfumato.diffusion.objective import FrameLevels
from sfumato.errors import SfumatoError
from sfumato.hub import Keyframes, Model, ModelConfig, load, new_model
from sfumato.hub.request import File, read_request
from sfumato.nets import UNetConfig
from sfumato.sampling import Edit
from sfumato.training import TrainingConfig, model_for, model_from, start_run, train
from sfumato.training.trainer import Trainer
from tiny import TINY, resumes_exactly

CPU = torch.device("cpu")
NET = UNetConfig(1, classes=3, widths=(16, 16), temporal=True)
CLIPS = ModelConfig((4, 1, 8, 8), NET, ("cat", "dog", "cow"), kind="clips")


def spots(count: int = 30) -> Dataset:
    """Clips of a spot that wanders, in three classes."""
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 60, (count, 4, 1, 8, 8))
    for number, clip in enumerate(clips):
        for frame in range(4):
            clip[frame, 0, 1 + number % 3 : 3 + number % 3, frame : frame + 2] += 180
    return from_arrays(clips.astype(np.uint8), np.arange(count) % 3, classes=("cat", "dog", "cow"), name="spots")


def config(**settings: object) -> TrainingConfig:
    return TrainingConfig("spots", images=48, batch=8, previews=1, preview_calls=2, **settings)


def test_a_run_on_clips_resumes_bit_for_bit_and_its_previews_move(tmp_path: Path) -> None:
    resumes_exactly(tmp_path, spots(), config(), CLIPS, stop_at=3)
    (moving,) = (tmp_path / "whole" / "previews").glob("*.webp")
    with Image.open(moving) as file:
        assert file.n_frames == 4
    assert load(tmp_path / "whole").config == CLIPS


def test_some_steps_are_on_single_frames_and_others_on_clips_with_levels_a_frame() -> None:
    trainer = Trainer(new_model(CLIPS), spots(), config(stills=0.5))
    shapes = set()
    for step in range(1, 13):
        (part,) = trainer._draw(step, 8 * step)
        shapes.add(tuple(part.x0.shape))
        assert part.drawn.level.shape == part.x0.shape[:2] and part.drawn.eps.shape == part.x0.shape
    assert shapes == {(8, 4, 1, 8, 8), (8, 1, 1, 8, 8)}
    whole = Trainer(new_model(CLIPS), spots(), config(stills=0.0, frame_levels=FrameLevels(0.0, 0.0)))
    (part,) = whole._draw(1, 0)
    ratio = part.drawn.level.ratio
    assert ratio.shape == (8, 4) and torch.equal(ratio, ratio[:, :1].expand(8, 4))


def test_a_model_of_pictures_becomes_one_of_clips_with_the_same_frames(tmp_path: Path) -> None:
    list(train(tmp_path, start_run(tmp_path, spots_as_pictures(), config(), TINY, CPU)))
    pictures = load(tmp_path)
    clips = model_from(pictures, spots())
    assert clips.config.kind == "clips" and clips.config.shape == (4, 1, 8, 8) and clips.config.net.temporal
    expected = pictures.sample([1, 2], labels="dog", steps=3)
    assert torch.equal(clips.sample([1, 2], labels="dog", steps=3, frames=1)[:, 0], expected)
    longer = from_arrays(np.zeros((4, 6, 1, 8, 8), np.uint8) + np.arange(6, dtype=np.uint8)[:, None, None, None])
    assert model_from(clips, longer).config.shape == (6, 1, 8, 8)
    with pytest.raises(SfumatoError, match="clips of 4 frames and 3 channels"):
        model_from(pictures, from_arrays(np.zeros((4, 4, 3, 8, 8), np.uint8)))


def spots_as_pictures() -> Dataset:
    found = spots()
    return replace(found, samples=found.samples[:, 0], kind="pictures")


def test_networks_for_clips_suit_their_data() -> None:
    model = model_for(open_dataset("moving-shapes:8", (16, 16), frames=4), "nano")
    assert model.shape == (4, 3, 16, 16) and model.net.temporal and model.net.text is not None
    pictures = model_for(open_dataset("digits"), "nano")
    assert not pictures.net.temporal


def test_a_request_for_clips_has_one_json_form(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 200).save(tmp_path / "first.png")
    request = new_model(CLIPS).request(
        [1],
        edit=Keyframes({0: File.of(tmp_path / "first.png"), -1: File.of(tmp_path / "first.png")}),
        frames=9,
        steps=2,
    )
    assert read_request(request.json()) == request
    clip = new_model(CLIPS).sample([1], edit=request.edit, frames=9, steps=2)
    assert torch.equal(clip[0, [0, 8]], torch.full((2, 1, 8, 8), 200 / 127.5 - 1))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"edit": Keyframes({4: torch.zeros(1, 8, 8)})}, "frame 4 is given, and the clip has 4"),
        ({"edit": Keyframes({0: torch.zeros(3, 8, 8)})}, "frame 0 is given as 3 × 8 × 8"),
        ({"edit": Keyframes({0: torch.zeros(1, 8, 8), -4: torch.zeros(1, 8, 8)})}, "frame 0 is given twice"),
        ({"edit": Keyframes({0: torch.zeros(1, 8, 8)}), "frames": 1}, "all frames of the clip are given"),
        ({"edit": Edit(torch.zeros(1, 8, 8))}, "give `Keyframes`"),
        ({"frames": 0}, "frames"),
    ],
)
def test_what_clips_can_not_be_is_said_before_any_work(what: dict[str, object], words: str) -> None:
    with pytest.raises(SfumatoError, match=words):
        new_model(CLIPS).request([1], **what)  # type: ignore[arg-type]
        new_model(CLIPS).sample([1], **what)  # type: ignore[arg-type]


def test_pictures_have_no_frames() -> None:
    model: Model = new_model(TINY)
    for what in ({"frames": 4}, {"edit": Keyframes({0: torch.zeros(1, 8, 8)})}):
        with pytest.raises(SfumatoError, match="pictures, which have no frames"):
            model.sample([1], **what)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"coupling": True}, {"low_resolution": 0.5}, {"flip": True}])
def test_what_clips_are_not_trained_by_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SfumatoError, match="clips"):
        Trainer(new_model(CLIPS), spots(), config(**settings))
