"""A pipeline of diffusers generates here what it generates there, from the same noise.

Each folder is written by diffusers itself, tiny and of random weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from pipelines import (
    SD_NOISE,
    ddim_folder,
    dit,
    flux,
    noise,
    pixart,
    pixart_sigma,
    random_weights,
    stable_diffusion,
    stable_diffusion_3,
    stable_diffusion_xl,
)
from sfumato import Run, datasets
from sfumato.cli.info import info
from sfumato.cli.sample import sample
from sfumato.diffusion.schedules import Linear
from sfumato.errors import SfumatoError
from sfumato.hub import Model, ModelConfig, SamplingConfig, load
from sfumato.hub.diffusers.schedulers import timesteps_of
from sfumato.hub.diffusers.writing import export_pipeline
from sfumato.hub.model import new_model
from sfumato.nets.diffusers import ddpm_timesteps
from sfumato.nets.named_diffusers import unet2d_config
from sfumato.sampling import ImageNoise, last
from sfumato.serving.engine import Engine

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
    first = float(getattr(scheduler, "init_noise_sigma", 1))
    return start if first == 1 else start * first / float(1 + scheduler.sigmas[0] ** 2) ** 0.5


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


TRAILING = [1 - i / 10 for i in range(10)]  # of a flow, as FLUX runs it
PROMPTS, NEGATIVE = ["a red cat", "a dog"], ["ugly", "blurred, bad"]


@pytest.fixture(scope="module")
def stable(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pipeline of Stable Diffusion, from the folder that it names."""
    from diffusers import StableDiffusionPipeline

    folder = stable_diffusion(tmp_path_factory.mktemp("pipelines") / "stable")
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


# A pipeline's name → what writes it, and what it is called with beside prompt, noise, guidance and steps.
OTHERS: dict[str, tuple[Callable[[Path], Any], dict[str, Any]]] = {
    "SDXL": (stable_diffusion_xl, {"negative_prompt": NEGATIVE, "height": 16, "width": 16}),
    "SD3": (stable_diffusion_3, {"negative_prompt": NEGATIVE, "sigmas": TRAILING, "height": 16, "width": 16}),
    "PixArt Σ": (pixart_sigma, {"negative_prompt": NEGATIVE, "use_resolution_binning": False, "clean_caption": False}),
    "PixArt": (pixart, {"negative_prompt": NEGATIVE, "use_resolution_binning": False, "clean_caption": False}),
}


@pytest.mark.parametrize("guidance", [1.0, 4.5])
@pytest.mark.parametrize("name", OTHERS)
def test_pipelines_of_text_draw_what_diffusers_draws(tmp_path: Path, name: str, guidance: float) -> None:
    made, settings = OTHERS[name]
    pipe = made(tmp_path)
    pipe.set_progress_bar_config(disable=True)
    pipe.save_pretrained(tmp_path / "folder")
    model, start = load(tmp_path / "folder"), noise((2, 4, 8, 8))
    expected = pipe(
        PROMPTS, latents=start, guidance_scale=guidance, num_inference_steps=10, output_type="latent", **settings
    ).images
    asked = {"prompts": PROMPTS, "negative": None if guidance == 1 else NEGATIVE, "guidance": guidance, "steps": 10}
    assert_same(last(model.stream(start=as_ours(start, pipe.scheduler), **asked)).x, expected)


@pytest.mark.parametrize("kind", ["AutoencoderTiny", "AutoencoderDC"])
def test_autoencoders_of_other_kinds_encode_and_decode_as_in_diffusers(tmp_path: Path, kind: str) -> None:
    import diffusers

    settings: dict[str, Any] = {
        "AutoencoderTiny": {
            "encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8), "num_encoder_blocks": (1, 1),
            "num_decoder_blocks": (1, 1), "latent_channels": 4, "scaling_factor": 0.9,
        },
        "AutoencoderDC": {
            "latent_channels": 4, "attention_head_dim": 4, "encoder_block_out_channels": (8, 8),
            "decoder_block_out_channels": (8, 8), "encoder_layers_per_block": (1, 1), "scaling_factor": 0.4,
            "decoder_layers_per_block": (1, 1), "encoder_block_types": "ResBlock", "decoder_block_types": "ResBlock",
            "encoder_qkv_multiscales": ((), ()), "decoder_qkv_multiscales": ((), ()),
            "decoder_norm_types": "rms_norm", "decoder_act_fns": "silu",
        },
    }  # fmt: skip
    vae = random_weights(getattr(diffusers, kind)(**settings[kind]))
    folder = stable_diffusion(tmp_path / "folder", diffusers.DDIMScheduler(**SD_NOISE, steps_offset=1))
    shutil.rmtree(folder / "vae")
    vae.save_pretrained(folder / "vae")
    index = folder / "model_index.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), "vae": ["diffusers", kind]}))
    codec, picture, latents = load(folder).codec, noise((2, 3, 16, 16)), noise((2, 4, 8, 8))
    assert codec is not None
    with torch.no_grad():
        answer = vae.encode(picture)
        theirs = answer.latents if kind == "AutoencoderTiny" else answer.latent
        scale = vae.config.scaling_factor
        assert_same(codec.encode(picture), theirs * scale)
        assert_same(codec.decode(latents), vae.decode(latents / scale).sample)


def test_flux_draws_what_diffusers_draws(tmp_path: Path) -> None:
    pipe = flux(tmp_path)
    pipe.set_progress_bar_config(disable=True)
    pipe.save_pretrained(tmp_path / "folder")
    model, start = load(tmp_path / "folder"), noise((2, 4, 8, 8))
    packed = pipe._pack_latents(start, 2, 4, 8, 8)
    how = {"height": 16, "width": 16, "num_inference_steps": 10, "guidance_scale": 3.5, "output_type": "pt"}
    expected = pipe(PROMPTS, latents=packed, **how).images
    assert_same(model.sample(prompts=PROMPTS, start=start, steps=10).clamp(-1, 1), 2 * expected - 1)


def test_dit_draws_what_diffusers_draws(tmp_path: Path) -> None:
    pipe = dit(tmp_path)
    pipe.save_pretrained(tmp_path / "folder")
    index = tmp_path / "folder/model_index.json"  # where published ones name their classes
    named = {str(number): f"thing {number}, and more" for number in range(1000)}
    index.write_text(json.dumps({**json.loads(index.read_text()), "id2label": named}))
    model, start = load(tmp_path / "folder"), noise((1, 4, 8, 8))
    assert model.config.classes[207] == "thing 207" and len(model.config.classes) == 1000
    pipe.scheduler.set_timesteps(10)
    x, labels = start, torch.tensor([207, 1000])
    with torch.no_grad():
        for t in pipe.scheduler.timesteps:
            answer = pipe.transformer(torch.cat([x, x]), timestep=t.expand(2), class_labels=labels).sample[:, :4]
            guided = answer[1] + 4 * (answer[0] - answer[1])
            x = pipe.scheduler.step(guided[None], t, x).prev_sample
    found = last(model.stream(labels="thing 207", start=start, guidance=4, steps=10)).x
    assert_same(found, x)


def test_the_command_line_draws_from_a_folder_and_again_from_its_picture(
    stable: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    folder = Path(stable.config._name_or_path)
    info(str(folder))
    assert "UNet2DConditionModel of diffusers" in capsys.readouterr().out
    sample(folder, "a red cat", n=2, steps="3", negative="ugly")
    first, second = sorted(
        (tmp_path / f"sfumato-{folder.name}/samples").glob("*-seed-*.png")
    )  # not into what others made
    sample(like=second, out=tmp_path / "again")
    (again,) = (tmp_path / "again").glob("*-seed-*.png")
    pictures = [np.asarray(Image.open(path)) for path in (first, second, again)]
    assert np.array_equal(pictures[1], pictures[2]) and not np.array_equal(pictures[0], pictures[1])
    model = load(folder)
    engine = Engine({"stable": lambda: model})
    job = engine.submit("stable", model.request([1], prompts="a red cat", negative="ugly", steps=3))
    while engine.step():
        pass
    assert_same(job.pictures[0], model.sample(seeds=[1], prompts="a red cat", negative="ugly", steps=3)[0])


def test_a_pipeline_of_latents_is_not_trained_whole(stable: Any, tmp_path: Path) -> None:
    data = datasets.from_arrays(np.zeros((8, 3, 16, 16), np.uint8))
    with pytest.raises(SfumatoError, match="of which adapters are trained and nothing else"):
        Run.start(tmp_path / "run", data, base=stable.config._name_or_path, images=8)
    assert not (tmp_path / "run").exists()


# --- adapters -----------------------------------------------------------------------------------------------------


def test_adapters_of_others_are_added_as_diffusers_and_kohya_write_them(stable: Any, tmp_path: Path) -> None:
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import convert_state_dict_to_kohya
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    folder = stable.config._name_or_path
    pipe = StableDiffusionPipeline.from_pretrained(folder)
    layers = {"unet": ["to_q", "to_out.0", "proj_in", "conv1"], "text_encoder": ["q_proj", "fc1"]}
    files = {}
    for part, names in layers.items():
        net = getattr(pipe, part)
        net.add_adapter(LoraConfig(r=2, lora_alpha=3, target_modules=names))
        for weight in (weight for name, weight in net.named_parameters() if "lora_B" in name):
            weight.data.normal_(std=0.2, generator=torch.Generator().manual_seed(1))
        files[part] = get_peft_model_state_dict(net)
    theirs = {f"{part}_lora_layers": tensors for part, tensors in files.items()}
    for part in layers:
        theirs[f"{part}_lora_adapter_metadata"] = getattr(pipe, part).peft_config["default"].to_dict()
    pipe.save_lora_weights(tmp_path, **theirs)
    named = {f"{part}.{name}": value for part, tensors in files.items() for name, value in tensors.items()}
    kohya = convert_state_dict_to_kohya(named)
    kohya = {name: torch.tensor(3.0) if name.endswith(".alpha") else value for name, value in kohya.items()}
    safetensors.torch.save_file({k: v.contiguous() for k, v in kohya.items()}, tmp_path / "kohya.safetensors")
    x, text = noise((1, 4, 8, 8)), pipe.encode_prompt("cat", "cpu", 1, False)[0].detach()
    with torch.no_grad():
        expected = pipe.unet(x, 500, encoder_hidden_states=text).sample
    plain = load(folder)
    for file in ("pytorch_lora_weights.safetensors", "kohya.safetensors"):
        model = load(f"{folder}+{tmp_path / file}")
        assert_same(model.tokens(["cat"]), text)
        assert_same(model.denoiser.net.model(x, 500, encoder_hidden_states=text).sample, expected)
        assert model.weights_hash != plain.weights_hash and model.source.endswith(file)
        with_half_twice = load(f"{folder}+{tmp_path / file}:0.5+{tmp_path / file}:0.5")
        for ours, other in zip(model.denoiser.parameters(), with_half_twice.denoiser.parameters(), strict=True):
            torch.testing.assert_close(ours, other, atol=1e-6, rtol=0)


def test_adapters_of_another_base_are_refused(stable: Any, tmp_path: Path) -> None:
    folder, file = stable.config._name_or_path, tmp_path / "other.safetensors"
    up, down = torch.zeros(16, 2), torch.zeros(2, 16)

    def refused(words: str, **tensors: torch.Tensor) -> None:
        safetensors.torch.save_file({name.replace("__", "."): value for name, value in tensors.items()}, file)
        with pytest.raises(SfumatoError, match=words):
            load(f"{folder}+{file}")

    refused("made for another model .* adapts lora_unet_nowhere, which the model lacks",
            lora_unet_nowhere__lora_up__weight=up, lora_unet_nowhere__lora_down__weight=down)  # fmt: skip
    refused("unet.conv_in, which is of another size",
            unet__conv_in__lora_B__weight=up, unet__conv_in__lora_A__weight=down)  # fmt: skip
    refused("has one half", unet__conv_in__lora_B__weight=up)
    refused("no part of a low-rank adapter", hada_w1=up)
    with pytest.raises(SfumatoError, match=r"isn't a .safetensors, .* a pickle can run code"):
        load(f"{folder}+{tmp_path / 'style.pt'}")
    with pytest.raises(SfumatoError, match="there is no file"):
        load(f"{folder}+{tmp_path / 'none.safetensors'}")


# --- the other way ------------------------------------------------------------------------------------------------


def test_a_model_of_ours_goes_out_and_in_again_bit_for_bit(tmp_path: Path) -> None:
    model = ours()
    start = noise((2, 1, 8, 8))
    how = {"sampler": "ddim", "grid": "trailing", "schedule": "linear", "steps": 10, "guidance": 1}
    export_pipeline(model, tmp_path / "folder", "b")  # drawn by diffusers alone in e2e/test_diffusers_alone.py
    again = load(tmp_path / "folder")
    assert_same(again.sample(start=start, steps=10), model.sample(labels="b", start=start, **how))
    for name, weight in model.denoiser.net.model.state_dict().items():
        if name not in ("class_embedding.weight", "time_embedding.linear_2.bias"):  # those carry the class
            assert torch.equal(weight, again.denoiser.net.model.state_dict()[name]), name


def test_the_timesteps_of_ddpm_are_those_of_its_schedule() -> None:
    assert ddpm_timesteps() == pytest.approx(timesteps_of(Linear()), abs=1e-9)


def test_what_no_pipeline_of_diffusers_runs_is_not_exported(tmp_path: Path, stable: Any) -> None:
    with pytest.raises(SfumatoError, match="leave the class out"):
        export_pipeline(load(stable.name_or_path), tmp_path / "folder", "a")
    with pytest.raises(SfumatoError, match="are told sampler and steps as they run"):
        export_pipeline(ours(), tmp_path / "folder", sampling=SamplingConfig(steps=3))
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
