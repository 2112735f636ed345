"""Clips in latents: each frame encoded by itself, a run from its start to its clips, and frames that are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato import Keyframes, Run, evaluate, load, open_dataset
from sfumato.data import Dataset
from sfumato.data.frames import frames_of
from sfumato.errors import SfumatoError
from sfumato.hub.onnx import export_onnx
from sfumato.training import Progress

SETTINGS = {"batch": 4, "held_out": 0.25, "precision": "fp32", "evaluated": 2, "previews": 1, "threads": 1}
BOTH = {**SETTINGS, "latent": True, "channels": 4, "perceptual": 0.0}


def clips() -> Dataset:
    """As many clips of four frames of 16×16 as train in a moment, with their captions."""
    return open_dataset("moving-shapes:24", (16, 16), frames=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SFUMATO_CACHE", str(place / "cache"))
        list(Run.start(place / "clips", clips(), net="nano", images=24, **BOTH).train())
    return place / "clips"


def test_frames_of_clips_are_pictures_in_their_order() -> None:
    data = clips()
    frames = frames_of(data)
    rows = np.array([0, 5, 4, 7, 95, 5])
    x, _ = frames.batch(rows)
    whole, _ = data.batch(rows // 4)
    assert frames.kind == "pictures" and len(frames) == 4 * len(data)
    assert torch.equal(x, whole[torch.arange(6), torch.from_numpy(rows % 4)])
    assert frames_of(frames) is frames and frames.fingerprint() != data.fingerprint()


def test_a_clip_in_latents_is_each_frame_in_latents_and_comes_back_as_clips(run: Path) -> None:
    model = load(run)
    assert model.codec is not None
    x, _ = clips().batch(np.arange(3))
    latents = model.codec.encode(x)
    assert latents.shape == (3, *model.config.shape) and model.config.kind == "latent clips"
    assert torch.allclose(latents[:, 1], model.codec.encode(x[:, 1]), atol=1e-5)
    assert torch.allclose(model.codec.decode(latents)[:, 2], model.codec.decode(latents[:, 2]), atol=1e-5)
    assert model.config.seen == ("clips", (4, 3, 16, 16))
    drawn = model.sample([7, 8], prompts="a red circle moves right", steps=2)
    assert drawn.shape == (2, 4, 3, 16, 16)
    assert torch.allclose(drawn[1:], model.sample([8], prompts="a red circle moves right", steps=2), atol=1e-4)
    assert (next(run.glob("previews/*.webp"))).stat().st_size


def test_frames_that_are_given_are_kept_bit_for_bit_and_longer_clips_go_on(run: Path) -> None:
    model, (first, last) = load(run), clips().batch(np.arange(1))[0][0, [0, 3]]
    between = model.sample([1], edit=Keyframes({0: first, -1: last}), steps=2)
    assert torch.equal(between[0, 0], first) and torch.equal(between[0, -1], last)
    other = model.sample([1], edit=Keyframes({0: last, -1: last}), steps=2)
    assert not torch.equal(between[0, 1], other[0, 1])
    longer = model.sample([1], frames=6, steps=2)
    assert longer.shape == (1, 6, 3, 16, 16)
    assert torch.allclose(longer[:, :4], model.sample([1], steps=2), atol=1e-4)


def test_a_run_of_clips_in_latents_resumes_bit_for_bit(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(run.parent / "cache"))
    eyes = run / "autoencoder"
    stopped = Run.start(tmp_path / "clips", clips(), net="nano", autoencoder=eyes, images=24, **SETTINGS)
    encoded = set((run.parent / "cache").glob("latents-*.f16"))
    for event in stopped.train():
        if isinstance(event, Progress) and event.step == 3:
            stopped.stop()
    list(Run.open(tmp_path / "clips").resume(clips()))
    assert set((run.parent / "cache").glob("latents-*.f16")) == encoded and len(encoded) == 1
    assert load(tmp_path / "clips").weights_hash == load(run).weights_hash


def test_a_model_of_pictures_in_latents_becomes_one_of_clips_with_the_same_frames(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(run.parent / "cache"))
    stills, moving, one = tmp_path / "stills", tmp_path / "moving", tmp_path / "one"
    common = {"images": 4, **SETTINGS}
    list(Run.start(stills, frames_of(clips()), net="nano", autoencoder=run / "autoencoder", **common).train())
    Run.start(moving, clips(), base=stills, **common)
    model, frame = load(moving / "checkpoints" / "start"), {"steps": 2}
    assert model.config.kind == "latent clips" and model.config.net.temporal
    assert torch.equal(model.sample([3], frames=1, **frame)[:, 0], load(stills).sample([3], **frame))
    with pytest.raises(SfumatoError, match="look along the frames"):
        Run.start(one, clips(), base=stills, lora=2, **common)


def test_clips_in_latents_are_scored_as_clips_and_exported_with_their_codec(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(run.parent / "cache"))
    model = load(run)
    found = evaluate(model, open_dataset("moving-shapes:80", (16, 16), frames=4), count=12, steps=2, features="pixels")
    assert found.record.scores["flicker"].reconstructed is not None  # by the autoencoder alone
    assert {path.name for path in export_onnx(model, tmp_path)} >= {"network.onnx", "encoder.onnx", "decoder.onnx"}


def test_what_does_not_go_together_is_refused_in_a_sentence(run: Path, tmp_path: Path) -> None:
    larger = open_dataset("moving-shapes:24", (32, 32), frames=4)
    with pytest.raises(SfumatoError, match="another size"):
        Run.start(tmp_path / "a", larger, autoencoder=run / "autoencoder", images=8, size=(32, 32), **SETTINGS)
    with pytest.raises(SfumatoError, match="mirrored"):
        Run.start(tmp_path / "b", clips(), autoencoder=run / "autoencoder", images=8, flip=True, **SETTINGS)
    with pytest.raises(SfumatoError, match="the clip has 4"):
        load(run).sample([0], edit=Keyframes({9: torch.zeros(3, 16, 16)}))
