"""Adapters of a pipeline of diffusers are trained here, and generate the same pictures here and in diffusers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from pipelines import flux, noise, stable_diffusion, stable_diffusion_3, stable_diffusion_xl
from sfumato import Run
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.checkpoints import newest_checkpoint
from sfumato.hub.diffusers.lora import add_layers, named_adapters
from sfumato.hub.diffusers.lora_files import DIFFUSERS, KOHYA, kohya_tensors
from sfumato.hub.diffusers.writing import export_pipeline
from sfumato.nets import DiffusersConfig
from sfumato.training import Progress, Trainer

LEARNING: dict[str, Any] = {
    "lora": 2, "batch": 4, "learning_rate": 3e-2, "previews": 0, "condition_dropout": 0.2,
    "instance_prompt": "a photo of sks cat",
}  # fmt: skip
IMAGES = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stable_diffusion(tmp_path_factory.mktemp("adapters") / "stable")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures, half of which have a caption."""
    place = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    for number in range(6):
        colour = np.broadcast_to(generator.integers(0, 256, 3, np.uint8), (16, 16, 3))
        Image.fromarray(np.ascontiguousarray(colour)).save(place / f"{number}.png")
        if number % 2:
            (place / f"{number}.txt").write_text(f"a cat, number {number}")
    return place


@pytest.fixture(scope="module")
def trained(folder: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[float]]:
    """A run, and the losses of the same batches before and after."""
    run = Run.start(tmp_path_factory.mktemp("runs") / "cats", photos, base=folder, images=IMAGES, **LEARNING)
    before = loss(run)
    for _ in run.train():
        pass
    return run, [before, loss(run)]


def loss(run: Run) -> float:
    """The mean loss of some batches."""
    trainer = run.trainer
    assert isinstance(trainer, Trainer)
    with torch.no_grad():
        return float(
            np.mean([float(trainer._loss(part, 1.0)) for step in range(16) for part in trainer._draw(step, 0)])
        )


def kept(run: Path) -> dict[str, dict[str, Tensor]]:
    """All tensors of the newest checkpoint, by file."""
    checkpoint, _ = newest_checkpoint(run / "checkpoints", ("ema.safetensors",))
    assert checkpoint is not None
    return {path.name: safetensors.torch.load_file(path) for path in checkpoint.path.glob("*.safetensors")}


def test_the_loss_falls_and_nothing_but_adapters_is_kept(trained: tuple[Run, list[float]]) -> None:
    run, (before, after) = trained
    assert after < 0.97 * before
    assert not (run.folder / "checkpoints/start").exists() and not (run.folder / "codec.safetensors").exists()
    assert not (run.folder / "averages").exists()
    for name, tensors in kept(run.folder).items():
        assert all(".lora_" in key for key in tensors), name


def test_diffusers_loads_the_adapters_and_draws_the_same_picture(
    trained: tuple[Run, list[float]], folder: Path
) -> None:
    from diffusers import StableDiffusionPipeline

    run, _ = trained
    pipe = StableDiffusionPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    start = noise((2, 4, 8, 8))

    def theirs() -> Tensor:
        how = {"latents": start, "num_inference_steps": 5, "guidance_scale": 7.5, "output_type": "pt"}
        found: Tensor = pipe(["a photo of sks cat"] * 2, negative_prompt=["ugly"] * 2, **how).images
        return found

    plain = theirs()
    asked: dict[str, Any] = {"prompts": "a photo of sks cat", "negative": "ugly", "start": start, "steps": 5}
    ours = (load(run.folder).sample(**asked).clamp(-1, 1) + 1) / 2
    for file in (DIFFUSERS, KOHYA):
        pipe.load_lora_weights(run.folder / "adapter", weight_name=file)
        found = theirs()
        pipe.unload_lora_weights()
        torch.testing.assert_close(ours, found, atol=1e-4, rtol=0)
        again = load(f"{folder}+{run.folder / 'adapter' / file}")
        torch.testing.assert_close((again.sample(**asked).clamp(-1, 1) + 1) / 2, found, atol=1e-4, rtol=0)
    assert float((found - plain).abs().max()) > 0.01
    pipe.load_lora_weights(run.folder / "adapter")  # by the file's usual name
    assert pipe.get_active_adapters()


OTHERS: dict[str, tuple[Callable[[Path], Any], dict[str, Any]]] = {
    "SDXL": (stable_diffusion_xl, {"height": 16, "width": 16}),
    "SD3": (stable_diffusion_3, {"height": 16, "width": 16, "sigmas": [1.0, 0.5]}),
    "FLUX": (flux, {"height": 16, "width": 16}),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_adapters_of_other_pipelines_are_trained_and_loaded_by_diffusers(
    kind: str, photos: Path, tmp_path: Path
) -> None:
    make, how = OTHERS[kind]
    make(tmp_path / "parts").save_pretrained(tmp_path / "folder")
    run = Run.start(tmp_path / "cats", photos, base=tmp_path / "folder", images=8, **LEARNING)
    for _ in run.train():
        pass
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(tmp_path / "folder")
    pipe.set_progress_bar_config(disable=True)
    start = noise((1, 4, 8, 8))
    given = pipe._pack_latents(start, 1, 4, 8, 8) if kind == "FLUX" else start
    first = float(getattr(pipe.scheduler, "init_noise_sigma", 1))
    ours = start if first == 1 else start * first / float(1 + pipe.scheduler.sigmas[0] ** 2) ** 0.5

    def theirs() -> Tensor:
        asked = {"latents": given, "num_inference_steps": 2, "guidance_scale": 1.0 if kind != "FLUX" else 3.5}
        found: Tensor = pipe("a photo of sks cat", output_type="pt", **asked, **how).images
        return found

    def here(name: str | Path) -> Tensor:
        found = load(name).sample(prompts="a photo of sks cat", start=ours, steps=2, guidance=1)
        return (found.clamp(-1, 1) + 1) / 2

    plain, files = theirs(), run.folder / "adapter"
    torch.testing.assert_close(here(tmp_path / "folder"), plain, atol=1e-4, rtol=0)
    pipe.load_lora_weights(files, weight_name=DIFFUSERS)
    expected = theirs()
    pipe.unload_lora_weights()
    assert float((expected - plain).abs().max()) > 1e-3
    for name in (run.folder, f"{tmp_path / 'folder'}+{files / DIFFUSERS}", f"{tmp_path / 'folder'}+{files / KOHYA}"):
        torch.testing.assert_close(here(name), expected, atol=1e-4, rtol=0)
    if kind != "SDXL":
        return
    tensors = safetensors.torch.load_file(files / KOHYA)  # in the names of the original repository
    assert any(name.startswith("lora_unet_input_blocks_3_1_") for name in tensors)
    other = {name: value if name.endswith(".alpha") else value.flip(-1).contiguous() for name, value in tensors.items()}
    safetensors.torch.save_file(other, files / "other.safetensors")
    for number, file in enumerate((KOHYA, "other.safetensors")):
        pipe.load_lora_weights(files, weight_name=file, adapter_name=f"style{number}")
    pipe.set_adapters(["style0", "style1"], [0.8, -0.5])
    both = f"{tmp_path / 'folder'}+{files / KOHYA}:0.8+{files / 'other.safetensors'}:-0.5"
    torch.testing.assert_close(here(both), theirs(), atol=1e-4, rtol=0)


def test_a_pipeline_goes_out_and_in_again_bit_for_bit_and_with_its_adapters(
    trained: tuple[Run, list[float]], folder: Path, tmp_path: Path
) -> None:
    for name, model in (("plain", load(folder)), ("cats", load(trained[0].folder))):
        export_pipeline(model, tmp_path / name)
        again = load(tmp_path / name)
        for ours, other in zip(model.denoiser.parameters(), again.denoiser.parameters(), strict=True):
            assert torch.equal(ours, other)
        asked: dict[str, Any] = {"prompts": "a cat", "start": noise((1, 4, 8, 8)), "steps": 2}
        assert torch.equal(model.sample(**asked), again.sample(**asked))
    for file in folder.rglob("*.safetensors"):
        copied = tmp_path / "plain" / file.relative_to(folder)
        before, after = safetensors.torch.load_file(file), safetensors.torch.load_file(copied)
        assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)


def test_a_stopped_run_goes_on_bit_for_bit(
    trained: tuple[Run, list[float]], folder: Path, photos: Path, tmp_path: Path
) -> None:
    run = Run.start(tmp_path / "cats", photos, base=folder, images=IMAGES, **LEARNING)
    for event in run.train():
        if isinstance(event, Progress) and event.step == 9:
            run.stop()
    for _ in Run.open(tmp_path / "cats").resume():
        pass
    whole, resumed = kept(trained[0].folder), kept(tmp_path / "cats")
    assert whole.keys() == resumed.keys()
    for name, tensors in whole.items():
        assert tensors.keys() == resumed[name].keys()
        assert all(torch.equal(value, resumed[name][key]) for key, value in tensors.items()), name


def test_adapters_are_taken_out_of_the_weights_again_and_kohyas_names_are_read_as_written(
    trained: tuple[Run, list[float]], folder: Path
) -> None:
    layers = named_adapters(kept(trained[0].folder)["ema.safetensors"])
    model, plain = load(folder), load(folder)
    add_layers(model, layers, "cats", 0.7)
    changed = sum(
        not torch.equal(a, b) for a, b in zip(model.denoiser.parameters(), plain.denoiser.parameters(), strict=True)
    )
    assert changed == len(layers) > 4
    add_layers(model, layers, "cats", -0.7)
    for ours, before in zip(model.denoiser.parameters(), plain.denoiser.parameters(), strict=True):
        torch.testing.assert_close(ours, before, atol=1e-6, rtol=0)
    stored = safetensors.torch.load_file(trained[0].folder / "adapter" / KOHYA)
    net = model.config.net
    assert isinstance(net, DiffusersConfig)
    for name, value in kohya_tensors(layers, net).items():
        assert torch.equal(stored[name], value), name
    assert {"lora_unet", "alpha"} <= {part for name in stored for part in (name[:9], name.rpartition(".")[2])}


def test_blocks_that_are_computed_again_have_the_same_gradients(folder: Path, photos: Path, tmp_path: Path) -> None:
    found = []
    for checkpointing in (False, True):
        how = {"images": 8, "gradient_checkpointing": checkpointing, **LEARNING}
        run = Run.start(tmp_path / f"run-{checkpointing}", photos, base=folder, **how)
        assert run.trainer is not None
        assert run.trainer.model.denoiser.net.model.is_gradient_checkpointing is checkpointing
        for _ in run.train():
            pass
        found.append(kept(run.folder)["model.safetensors"])
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, atol=1e-6, rtol=0)


def test_class_pictures_are_kept_beside_and_are_every_other_row(folder: Path, photos: Path, tmp_path: Path) -> None:
    class_ = {"class_prompt": "a photo of a cat", "class_images": 3, "prior_weight": 0.5}
    base = load(folder)
    base.config = replace(base.config, sampling=replace(base.config.sampling, steps=4))  # instead of 50
    run = Run.start(tmp_path / "run", photos, base=base, images=8, **LEARNING, **class_)
    trainer, pictures = run.trainer, sorted((tmp_path / "run/class").glob("*.png"))
    assert isinstance(trainer, Trainer) and trainer.class_pictures is not None and len(pictures) == 3
    expected = base.sample(range(3), prompts="a photo of a cat")
    stored = torch.from_numpy(np.stack([np.asarray(Image.open(path)) for path in pictures])).permute(0, 3, 1, 2)
    assert float((stored.float() / 127.5 - 1 - expected.clamp(-1, 1)).abs().max()) < 1.01 / 127.5
    (part,) = trainer._draw(1, 0)
    assert part.weight is not None and part.weight.tolist() == [1, 0.5, 1, 0.5]
    theirs = trainer.class_pictures.batch(np.arange(3))[0]
    assert all(any(torch.equal(row, one) for one in theirs) for row in part.x0[1::2])
    ours = trainer.dataset.batch(np.arange(6))[0]
    assert all(any(torch.equal(row, one) for one in ours) for row in part.x0[::2])
    before = [path.stat().st_mtime_ns for path in pictures]
    for event in run.train():
        if isinstance(event, Progress):
            run.stop()
    for _ in Run.open(tmp_path / "run").resume():
        pass
    assert [path.stat().st_mtime_ns for path in pictures] == before


def test_adamw_in_8_bits_learns_and_goes_on_bit_for_bit(folder: Path, photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    ends = []
    for stop in (0, 3):
        place = tmp_path / f"run-{stop}"
        run = Run.start(place, photos, base=folder, images=24, optimizer="adamw-8bit", **LEARNING)
        for event in run.train():
            if isinstance(event, Progress) and event.step == stop:
                run.stop()
        if stop:
            for _ in Run.open(place).resume():
                pass
        ends.append(kept(place))
    for name, tensors in ends[0].items():
        assert all(torch.equal(value, ends[1][name][key]) for key, value in tensors.items()), name


def test_what_cant_be_trained_of_a_pipeline_is_refused(
    folder: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(words: str, data: Any = photos, base: Any = folder, **settings: Any) -> None:
        settings = {"images": 8, "previews": 0, "batch": 4, **settings}
        with pytest.raises(SfumatoError, match=words) as found:
            Run.start(tmp_path / "run", data, base=base, **settings)
        assert "\n" not in str(found.value)
        assert not (tmp_path / "run/config.json").exists()

    refused("of which adapters are trained and nothing else; give `lora`")
    refused("3 of 6 pictures in .* have no caption", lora=2)
    refused("takes prompts and nothing else", lora=2, control="edges")
    refused("an even number, not 3", lora=2, batch=3, class_prompt="a cat")
    refused("learnt by adapters of a pipeline", base=None, instance_prompt="a cat")
    refused("gradient checkpointing is known to networks of diffusers alone", base=None, gradient_checkpointing=True)
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)
    refused("bitsandbytes: pip install", lora=2, optimizer="adamw-8bit", instance_prompt="a cat")


def test_adapters_are_of_the_pipeline_as_it_was(trained: tuple[Run, list[float]], folder: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained[0].folder, tmp_path / "run")
    text = (run / "config.json").read_text()
    (run / "config.json").write_text(text.replace(folder.as_posix(), (tmp_path / "gone").as_posix()))
    with pytest.raises(SfumatoError, match="is no folder here any more; put it back"):
        load(run)
    other = shutil.copytree(folder, tmp_path / "gone")
    assert load(run).weights_hash == load(trained[0].folder).weights_hash
    weights = other / "unet/diffusion_pytorch_model.safetensors"
    tensors = safetensors.torch.load_file(weights)
    tensors["conv_in.bias"] += 1
    safetensors.torch.save_file(tensors, weights)
    with pytest.raises(SfumatoError, match="it has other weights by now"):
        load(run)
