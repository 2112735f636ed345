"""A ControlNet of diffusers steers a pipeline here as it does there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from pipelines import conditional_unet, ddim_folder, noise, random_weights, stable_diffusion
from sfumato.cli.sample import sample
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.record import read_record
from sfumato.hub.request import Control, File, Request
from sfumato.hub.resolving import resolve

PROMPTS, NEGATIVE = ["a red cat", "a dog"], ["ugly", "blurred"]


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pipeline with a ControlNet, whose folder holds them as `whole`, and apart as `stable` and `canny`."""
    from diffusers import ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline

    place = tmp_path_factory.mktemp("control")
    stable_diffusion(place / "stable")
    plain = StableDiffusionPipeline.from_pretrained(place / "stable")
    branch = ControlNetModel.from_unet(plain.unet, conditioning_embedding_out_channels=(8, 8))
    random_weights(branch).save_pretrained(place / "canny")
    parts = {**plain.components, "controlnet": branch, "safety_checker": None, "feature_extractor": None}
    made = StableDiffusionControlNetPipeline(**parts, requires_safety_checker=False)
    made.set_progress_bar_config(disable=True)
    made.save_pretrained(place / "whole")
    made.place = place
    return made


@pytest.fixture(scope="module")
def picture(pipe: Any) -> Path:
    path: Path = pipe.place / "edges.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    return path


@pytest.mark.parametrize(("guidance", "strength"), [(1.0, 1.0), (7.5, 1.0), (7.5, 0.4)])
def test_a_picture_steers_as_in_diffusers(pipe: Any, picture: Path, guidance: float, strength: float) -> None:
    start = noise((2, 4, 8, 8))
    expected = pipe(
        PROMPTS, image=[Image.open(picture)] * 2, negative_prompt=NEGATIVE, latents=start, guidance_scale=guidance,
        num_inference_steps=5, controlnet_conditioning_scale=strength, output_type="pt",
    ).images  # fmt: skip
    asked: dict[str, Any] = {"negative": None if guidance == 1 else NEGATIVE, "guidance": guidance, "steps": 5}
    control = {"control": Control(File.of(picture)), "strength": strength}
    for name in ("whole", "stable+canny"):
        path = pipe.place / "whole" if name == "whole" else f"{pipe.place / 'stable'}+{pipe.place / 'canny'}"
        model = load(path)
        plain = model.request(prompts=PROMPTS, start=start, **asked)
        request = Request(plain.seeds, plain.sampling, None, plain.prompts, plain.negative, control, start=start)
        found = resolve(request, model).samples()
        torch.testing.assert_close((found.clamp(-1, 1) + 1) / 2, expected, atol=1e-4, rtol=0)
    assert different(model.sample(prompts=PROMPTS, start=start, **asked), found)


def different(one: Tensor, other: Tensor) -> bool:
    return float((one - other).abs().max()) > 1e-2


def test_without_its_picture_it_is_the_pipeline_alone(pipe: Any) -> None:
    start = noise((1, 4, 8, 8))
    alone, beside = load(pipe.place / "stable"), load(pipe.place / "whole")
    for prompt in ("a red cat", "letters " * 20):
        found = [model.sample(prompts=prompt, start=start, steps=3) for model in (alone, beside)]
        assert torch.equal(*found)
    assert alone.weights_hash != beside.weights_hash


def test_the_command_line_steers_and_its_picture_says_how(pipe: Any, picture: Path, tmp_path: Path) -> None:
    name = Path(f"{pipe.place / 'stable'}+{pipe.place / 'canny'}")
    how: dict[str, Any] = {"n": 1, "steps": "2", "control": [str(picture)], "control_strength": 0.5}
    sample(name, "a red cat", out=tmp_path / "first", **how)
    (first,) = (tmp_path / "first").glob("*-seed-*.png")
    assert read_record(first).model == name.as_posix()
    sample(like=first, out=tmp_path / "again")
    (again,) = (tmp_path / "again").glob("*-seed-*.png")
    assert np.array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(again)))


def test_a_control_net_of_another_base_is_refused(pipe: Any, tmp_path: Path) -> None:
    from diffusers import ControlNetModel

    ControlNetModel.from_unet(conditional_unet(24)).save_pretrained(tmp_path / "other")
    with pytest.raises(SfumatoError, match=r"for another model .* its cross_attention_dim is 24, and 16 there"):
        load(f"{pipe.place / 'stable'}+{tmp_path / 'other'}")
    with pytest.raises(SfumatoError, match="has a ControlNet already"):
        load(f"{pipe.place / 'whole'}+{pipe.place / 'canny'}")
    with pytest.raises(SfumatoError, match="is neither"):
        load(f"{ddim_folder(tmp_path / 'ddim')}+{pipe.place / 'canny'}")
    with pytest.raises(SfumatoError, match="is said as one samples"):
        load(f"{pipe.place / 'stable'}+{pipe.place / 'canny'}:0.5")
