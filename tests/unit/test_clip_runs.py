"""Runs on clips: exact when resumed, from models of pictures, with previews that move, and told what they can't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.cli.eval import check_rolled
from sfumato.data import Dataset, open_dataset
from sfumato.data.datasets import from_arrays
from sfumato.diffusion.objective import FrameLevels
from sfumato.errors import SfumatoError
from sfumato.evaluation.drift import drift
from sfumato.evaluation.drift_page import looked_at, write_drift
from sfumato.evaluation.evaluating import Plan, carry_out
from sfumato.evaluation.features import open_extractor
from sfumato.evaluation.measure import measure, open_reference
from sfumato.evaluation.page import write_evaluation
from sfumato.hub import Keyframes, Model, ModelConfig, load, new_model
from sfumato.hub.onnx import export_onnx
from sfumato.hub.request import File, read_request
from sfumato.nets import UNetConfig
from sfumato.runs import Run
from sfumato.sampling import Edit
from sfumato.training import TrainingConfig, model_for, model_from, start_run, train
from sfumato.training.slices import half_size
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


def test_clips_are_learnt_in_the_parts_that_they_are_then_generated_in(tmp_path: Path) -> None:
    levels = FrameLevels(anchors=2)
    resumes_exactly(tmp_path, spots(), config(frame_levels=levels, stills=0.0, low_resolution=0.3), CLIPS, stop_at=3)
    trainer, seen = Trainer(new_model(CLIPS), spots(), config(frame_levels=levels, stills=0.0)), set()
    for step in range(1, 13):
        (part,) = trainer._draw(step, 8 * step)
        numbers = tuple(part.cond["frame_numbers"][0].tolist())
        whole, _ = trainer.dataset.batch(trainer._indices(8 * step))
        assert torch.equal(part.x0, whole[:, numbers]) and part.drawn.eps.shape == part.x0.shape
        clean = (part.drawn.level.ratio < 0.21).all(0).tolist()
        assert numbers == (0, 3) or (numbers == (0, 1, 2, 3) and clean == [True, False, False, True])
        seen.add(numbers)
    assert len(seen) == 2


def test_a_model_of_parts_remembers_that_it_is_one(tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", spots(), net="nano", images=16, batch=8, frame_levels={"anchors": 2})
    list(run.train())
    model = run.model()
    assert model.config.sampling.anchors == 2
    assert torch.equal(model.sample([3], steps=2), model.sample([3], steps=2, anchors=2))
    assert not torch.equal(model.sample([3], steps=2), model.sample([3], steps=2, anchors=None))
    with pytest.raises(SfumatoError, match="far apart first"):
        export_onnx(model, tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()


def test_parts_that_no_clip_has_are_refused(tmp_path: Path) -> None:
    for data, anchors, words in (
        (spots(), 4, "clips have 4 frames"),
        (spots(), 1, "the first and the last"),
        ("digits", 4, "its network takes no"),
    ):
        with pytest.raises(SfumatoError, match=words):
            Run.start(tmp_path / "run", data, images=16, batch=8, frame_levels={"anchors": anchors})


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


def test_clips_too_are_trained_at_half_their_size_first(tmp_path: Path) -> None:
    """Each frame's pixels are means of four then, and so is its noise, of unit variance again."""
    trainer = Trainer(new_model(CLIPS), spots(), config(low_resolution=0.5))
    (part,) = trainer._draw(1, 8)
    small = half_size(part, trainer.objective)
    assert small.x0.shape == (8, 4, 1, 4, 4) and small.drawn.level is part.drawn.level
    assert torch.equal(small.x0[2, 3, 0, 1, 2], part.x0[2, 3, 0, 2:4, 4:6].mean())
    assert torch.allclose(small.drawn.eps[2, 3, 0, 1, 2], part.drawn.eps[2, 3, 0, 2:4, 4:6].sum() / 2)
    resumes_exactly(tmp_path, spots(), replace(config(low_resolution=0.5), previews=2), CLIPS, stop_at=2)
    (first, _) = sorted((tmp_path / "whole" / "previews").glob("*.webp"))
    with Image.open(first) as file:
        assert file.n_frames == 4


@pytest.mark.parametrize("settings", [{"coupling": True}, {"flip": True}])
def test_what_clips_are_not_trained_by_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SfumatoError, match="clips"):
        Trainer(new_model(CLIPS), spots(), config(**settings))


def test_clips_are_measured_audited_and_played_on_a_page(tmp_path: Path) -> None:
    model = new_model(CLIPS)
    data = spots(60)
    plan = Plan(replace(model.config.sampling, steps=2), count=12, curve=(1,), repeats=2)
    reference = open_reference(data, open_extractor("auto", data))
    assert reference.features.shape[1:] == (4, 64) and len(reference.held_out) == 12
    found = carry_out(model, reference, plan)
    assert {"kernel", "precision", "two_sample", "flicker"} <= found.scores.keys() and "frechet" not in found.scores
    assert [audit.space for audit in found.audits] == ["pixels of 4 moments, at most 16 a side"]
    names = {path.name for path in write_evaluation(tmp_path, found, reference)}
    assert names == {"record.json", "README.md", "samples.png", "samples.webp", "pairs.png", "report.html"}
    with Image.open(tmp_path / "samples.webp") as file:
        assert file.n_frames == 4
    page = (tmp_path / "report.html").read_text()
    assert "data:image/webp" in page and "Flicker" in page
    same = measure(data.batch(reference.held_out)[0], None, reference, repeats=0)
    assert same.scores["flicker"].value == same.scores["flicker"].floor


def test_a_roll_out_has_a_page_that_says_where_it_leaves_the_range_of_real_ones(tmp_path: Path) -> None:
    data = spots(60)
    rolled = new_model(CLIPS).sample(range(12), frames=18, steps=2)
    curves = drift(rolled, data.batch(torch.arange(60))[0])
    names = [path.name for path in write_drift(tmp_path, rolled, curves, "sfumato eval runs/spots --frames 18")]
    assert names == ["drift.html", "drift.webp", "drift.png"] and looked_at(18) == (16, 18)
    with Image.open(tmp_path / "drift.webp") as file:
        assert file.n_frames == 18
    page = (tmp_path / "drift.html").read_text()
    outside = sum(not inside for curve in curves.values() for inside in curve.inside(looked_at(18)))
    assert page.count("<svg") == 3 and page.count(" outside</td>") == outside > 0
    assert page.count('class="band"') == 3 and "sfumato eval runs/spots --frames 18" in page
    with pytest.raises(SfumatoError, match="no longer than the clips"):
        check_rolled(4, new_model(CLIPS), tmp_path)
    with pytest.raises(SfumatoError, match="pictures, which have no frames"):
        check_rolled(64, new_model(TINY), tmp_path)
