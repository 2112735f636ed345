"""A pipeline of diffusers generates here what it generates there, from the same noise.

Each folder is written by diffusers itself, tiny and of random weights.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipelines import SD_NOISE, ddim_folder, noise, random_weights, stable_diffusion
from sfumato.diffusion.schedules import Linear
from sfumato.errors import SfumatoError
from sfumato.hub import Model, ModelConfig, load
from sfumato.hub.diffusers.schedulers import timesteps_of
from sfumato.hub.diffusers.writing import export_pipeline
from sfumato.hub.model import new_model
from sfumato.nets.diffusers import ddpm_timesteps, unet2d_config
from sfumato.sampling import ImageNoise, last
from tiny import TINY

# a scheduler's class and settings → the sampler and the grid that its folder is walked by
SCHEDULERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "DDIMScheduler": ({"clip_sample": False}, "ddim", "leading"),
    "EulerDiscreteScheduler": ({}, "euler", "linspace"),
    "DPMSolverMultistepScheduler": ({"lower_order_final": False}, "dpm++2m", "linspace-open"),
    "UniPCMultistepScheduler": ({"timestep_spacing": "trailing"}, "unipc2", "trailing"),
}


@pytest.fixture(scope="module")
def ddim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ddim_folder(tmp_path_factory.mktemp("pipelines") / "ddim")


def walked(pipe: Any, scheduler: Any, start: Tensor, steps: int) -> Tensor:
    """What the network of a pipeline makes of noise by one of diffusers' schedulers."""
    scheduler.set_timesteps(steps)
    x = start * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        with torch.no_grad():
            answer = pipe.unet(scheduler.scale_model_input(x, t), t).sample
        x = scheduler.step(answer, t, x).prev_sample
    return x


def assert_same(found: Tensor, expected: Tensor) -> None:
    """Equal to 1e-5 of the largest value: random networks leave [−1, 1] far behind."""
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= 1e-5 * max(1.0, float(expected.abs().max()))


def as_ours(start: Tensor, scheduler: Any) -> Tensor:
    """The noise that diffusers starts from, at the scale of unit variance that a walk here starts from."""
    return start * scheduler.init_noise_sigma / (1 + _varied(scheduler) ** 2) ** 0.5


def _varied(scheduler: Any) -> Tensor:
    """sigma/alpha at the start, where the scheduler keeps alpha at 1; 0 where it keeps the variance."""
    exploding = float(scheduler.init_noise_sigma) != 1
    return scheduler.sigmas[0] if exploding else torch.zeros(())


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_pipeline_of_pixels_draws_what_diffusers_draws(ddim: Path, tmp_path: Path, name: str) -> None:
    import diffusers

    settings, sampler, grid = SCHEDULERS[name]
    pipe = diffusers.DDIMPipeline.from_pretrained(ddim)
    scheduler = getattr(diffusers, name)(**settings)
    pipe.scheduler = scheduler
    pipe.save_pretrained(tmp_path / "folder")
    model = load(tmp_path / "folder")
    assert (model.config.sampling.sampler, model.config.sampling.grid) == (sampler, grid)
    start = noise((2, 3, 8, 8))
    expected = walked(pipe, scheduler, start, 10)
    assert_same(model.sample(start=as_ours(start, scheduler), steps=10), expected)


PROMPTS, NEGATIVE = ["a red cat", "a dog"], ["ugly", "blurred, bad"]


@pytest.fixture(scope="module")
def stable(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pipeline of Stable Diffusion, from the folder that it names."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    scheduler = DDIMScheduler(**SD_NOISE, clip_sample=False, steps_offset=1)
    folder = stable_diffusion(tmp_path_factory.mktemp("pipelines") / "stable", scheduler)
    pipe = StableDiffusionPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def with_scheduler(pipe: Any, scheduler: Any) -> Model:
    """The model of the pipeline's folder, which from now on holds `scheduler`, as the pipeline does."""
    pipe.scheduler = scheduler
    scheduler.save_pretrained(Path(pipe.config._name_or_path) / "scheduler")
    return load(pipe.config._name_or_path)


@pytest.mark.parametrize("guidance", [1.0, 7.5])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_stable_diffusion_draws_what_diffusers_draws(stable: Any, name: str, guidance: float) -> None:
    import diffusers

    settings, sampler, _ = SCHEDULERS[name]
    scheduler = getattr(diffusers, name)(**{"steps_offset": 1, **SD_NOISE, **settings})
    model = with_scheduler(stable, scheduler)
    assert model.config.sampling.sampler == sampler and model.config.sampling.guidance == 7.5
    start = noise((2, 4, 8, 8))
    latents = stable(
        PROMPTS, negative_prompt=NEGATIVE, latents=start, guidance_scale=guidance, num_inference_steps=10,
        output_type="latent",
    ).images  # fmt: skip
    asked = {"prompts": PROMPTS, "negative": None if guidance == 1 else NEGATIVE, "guidance": guidance, "steps": 10}
    assert_same(last(model.stream(start=as_ours(start, scheduler), **asked)).x, latents)
    with torch.no_grad():
        expected = stable.vae.decode(latents / stable.vae.config.scaling_factor).sample
    assert model.codec is not None
    assert_same(model.codec.decode(latents), expected)


def test_zero_terminal_snr_with_v_draws_what_diffusers_draws(stable: Any) -> None:
    from diffusers import DDIMScheduler

    how = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    model = with_scheduler(stable, DDIMScheduler(**SD_NOISE, clip_sample=False, **how))
    assert model.config.parameterization == "v" and float(model.config.sampling.schedule(1.0).alpha) == 0
    start = noise((2, 4, 8, 8))
    expected = stable(PROMPTS, latents=start, num_inference_steps=10, output_type="pt").images
    assert_same(model.sample(prompts=PROMPTS, start=start, steps=10).clamp(-1, 1), 2 * expected - 1)


def test_a_picture_to_begin_with_is_encoded_and_walked_as_diffusers_does(stable: Any) -> None:
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(**SD_NOISE, clip_sample=False, steps_offset=1)
    model = with_scheduler(stable, scheduler)
    picture = noise((3, 16, 16)).clamp(-1, 1)
    with torch.no_grad():
        latents = stable.vae.encode(picture[None]).latent_dist.mode() * stable.vae.config.scaling_factor
        text = stable.encode_prompt(PROMPTS[0], "cpu", 1, False)[0]
        scheduler.set_timesteps(10)
        timesteps = scheduler.timesteps[5:]
        x = scheduler.add_noise(latents, ImageNoise([7], (4, 8, 8), torch.device("cpu"))(), timesteps[:1])
        for t in timesteps:
            x = scheduler.step(stable.unet(x, t, encoder_hidden_states=text).sample, t, x).prev_sample
        expected = stable.vae.decode(x / stable.vae.config.scaling_factor).sample
    found = model.edit(picture, 0.5, prompts=PROMPTS[0], seeds=[7], guidance=1, steps=10)
    assert_same(found, expected)


def test_a_prompt_beyond_its_tokens_is_noted(stable: Any) -> None:
    model = load(stable.config._name_or_path)
    assert model.truncation_notes("short") == []
    (words,) = model.truncation_notes("long " * 40)
    assert "77" in words


# --- the other way ------------------------------------------------------------------------------------------------

# What diffusers makes of a folder, in a process that has nothing of ours.
ALONE = """
import sys
sys.modules["sfumato"] = None
import torch
from diffusers import DDIMPipeline
pipe = DDIMPipeline.from_pretrained(sys.argv[1])
pipe.set_progress_bar_config(disable=True)
x = torch.load(sys.argv[2], weights_only=True)
pipe.scheduler.set_timesteps(10)
with torch.no_grad():
    for t in pipe.scheduler.timesteps:
        x = pipe.scheduler.step(pipe.unet(x, t).sample, t, x).prev_sample
torch.save(x, sys.argv[3])
pipe(num_inference_steps=2)
"""


def test_a_model_of_ours_is_drawn_by_diffusers_alone_as_it_is_here(tmp_path: Path) -> None:
    model = ours()
    start = noise((2, 1, 8, 8))
    how = {"sampler": "ddim", "grid": "trailing", "schedule": "linear", "steps": 10, "guidance": 1}
    export_pipeline(model, tmp_path / "folder", "b")
    torch.save(start, tmp_path / "start")
    run = [sys.executable, "-c", ALONE, *(str(tmp_path / name) for name in ("folder", "start", "end"))]
    subprocess.run(run, check=True, capture_output=True)
    expected = model.sample(labels="b", start=start, **how)
    assert_same(torch.load(tmp_path / "end"), expected)
    again = load(tmp_path / "folder")
    assert_same(again.sample(start=start, steps=10), expected)
    for name, weight in model.denoiser.net.model.state_dict().items():
        if name not in ("class_embedding.weight", "time_embedding.linear_2.bias"):  # those carry the class
            assert torch.equal(weight, again.denoiser.net.model.state_dict()[name]), name


def test_the_timesteps_of_ddpm_are_those_of_its_schedule() -> None:
    assert ddpm_timesteps() == pytest.approx(timesteps_of(Linear()), abs=1e-9)


def test_what_no_pipeline_of_diffusers_runs_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="has a network that diffusers doesn't know; train one by `net` unet2d"):
        export_pipeline(new_model(TINY), tmp_path / "folder")
    (tmp_path / "mine.txt").touch()
    with pytest.raises(SfumatoError, match="holds files already"):
        export_pipeline(ours(), tmp_path)


def ours() -> Model:
    """A model by the net unet2d, of 8×8 pictures of two classes, with random weights."""
    config = ModelConfig((1, 8, 8), unet2d_config("unet2d", (1, 8, 8), 2), ("a", "b"), "v", 1.0)
    model = new_model(config)
    random_weights(model.denoiser.net, 0.1)
    model.denoiser.requires_grad_(False)
    return model
