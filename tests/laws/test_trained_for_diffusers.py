"""Networks of diffusers are trained here, in latents of its own autoencoder, and its pipelines read the result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from sfumato import AutoencoderRun, Run
from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.checkpoints import newest_checkpoint
from sfumato.hub.codec import Codec, normalised
from sfumato.hub.config import CodecConfig
from sfumato.hub.diffusers.writing import export_codec, export_pipeline
from sfumato.nets import named_diffusers
from sfumato.nets.kl import KLConfig, build_autoencoder, sized_autoencoder
from sfumato.training import Progress

IMAGES = 16
LEARNING: dict[str, Any] = {"batch": 8, "previews": 0, "held_out": 0.0, "evaluated": 0, "seed": 3, "optimizer": "adamw"}
PLAIN_LOSS: dict[str, Any] = {"perceptual": 0.0, "adversarial": 0.0}
OF_DDPM: dict[str, Any] = {"sampler": "ddim", "grid": "trailing", "schedule": "linear", "steps": 4}


def bars(width: int = 16) -> Dataset:
    """Upright and flat bars of 16×16 pixels, which are two classes."""
    rows, columns = np.mgrid[:16, :width]
    pictures = [np.where((columns if i % 2 else rows) // 2 % 4 == i // 2 % 4, 230, 20) for i in range(32)]
    labels = np.array([i % 2 for i in range(32)])
    return Dataset("bars", np.stack(pictures)[:, None].astype(np.uint8), labels, ("flat", "upright"))


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(named_diffusers, "DIT_DEPTH", 1)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A model by dit2d, whose autoencoder was trained before it."""
    place, small = tmp_path_factory.mktemp("theirs") / "bars", {"factor": 2, "channels": 2, "images": IMAGES}
    run = Run.start(place, bars(), net="dit2d", latent=True, **small, **LEARNING, **PLAIN_LOSS)
    for _ in run.train():
        pass
    return run


def weights(run: Path) -> dict[str, torch.Tensor]:
    checkpoint, _ = newest_checkpoint(run / "checkpoints", ("ema.safetensors",))
    assert checkpoint is not None
    return safetensors.torch.load_file(checkpoint.path / "ema.safetensors")


def test_a_run_is_a_folder_that_diffusers_reads(trained: Run, tmp_path: Path) -> None:
    from diffusers import AutoencoderKL, DiTPipeline

    model = load(trained.folder)
    assert model.codec is not None and isinstance(model.codec.config.net, KLConfig)
    export_pipeline(model, tmp_path / "folder")
    pipe = DiTPipeline.from_pretrained(tmp_path / "folder")
    pipe.set_progress_bar_config(disable=True)
    assert pipe.get_label_ids(["upright"]) == [1]
    start = torch.randn(2, *model.config.shape, generator=torch.Generator().manual_seed(2))
    for guidance in (1.0, 3.0):
        generator = torch.Generator().manual_seed(2)
        theirs = pipe([1, 1], guidance, generator, num_inference_steps=4, output_type="pt").images
        ours = model.sample(labels="upright", start=start, guidance=guidance, **OF_DDPM)
        torch.testing.assert_close((ours.clamp(-1, 1) + 1) / 2, theirs, rtol=0, atol=1e-4)
    again = load(tmp_path / "folder").sample(labels="upright", start=start, guidance=3, steps=4)
    torch.testing.assert_close((again.clamp(-1, 1) + 1) / 2, theirs, rtol=0, atol=1e-4)
    export_codec(model.codec, tmp_path / "eyes")
    vae, (x, _) = AutoencoderKL.from_pretrained(tmp_path / "eyes"), bars().batch(np.arange(4))
    with torch.no_grad():
        latents = vae.encode(x).latent_dist
        torch.testing.assert_close(latents.mode(), model.codec.encode(x), rtol=0, atol=1e-5)
        assert float((latents.sample() - latents.mode()).abs().max()) < 1e-4  # they are certain
        torch.testing.assert_close(vae.decode(latents.mode()).sample, model.codec.decode(model.codec.encode(x)))


def test_a_stopped_run_goes_on_bit_for_bit(trained: Run, tmp_path: Path) -> None:
    whole = None
    for stop in (0, 1):
        place = tmp_path / f"run-{stop}"
        eyes = trained.folder / "autoencoder"
        run = Run.start(place, bars(), net="dit2d", autoencoder=eyes, images=IMAGES, condition_dropout=0.5, **LEARNING)
        for event in run.train():
            if isinstance(event, Progress) and event.step == stop:
                run.stop()
        if stop:
            for _ in Run.open(place).resume(bars()):
                pass
        found = weights(place)
        assert whole is None or all(torch.equal(value, found[name]) for name, value in whole.items())
        whole = found


def test_an_autoencoder_of_diffusers_learns_and_its_latents_are_normal(tmp_path: Path) -> None:
    from diffusers import AutoencoderKL

    run = AutoencoderRun.start(tmp_path / "eyes", bars(), "kl", 2, 2, images=96, **LEARNING, **PLAIN_LOSS)
    losses = [event.loss for event in run.train() if isinstance(event, Progress)]
    assert np.mean(losses[-3:]) < 0.8 * losses[0]
    codec, (x, _) = run.codec(), bars().batch(np.arange(32))
    z = codec.encode(x)
    assert z.mean((0, 2, 3)).abs().max() < 1e-3 and (z.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-3
    missed = (codec.decode(z) - x).abs().mean()
    assert missed < 0.8 * x.abs().mean()
    assert export_codec(codec, tmp_path / "vae")[0].name == "config.json"
    assert isinstance(AutoencoderKL.from_pretrained(tmp_path / "vae"), AutoencoderKL)


def test_folding_leaves_what_is_decoded_as_it_was() -> None:
    config = CodecConfig((3, 18, 16), sized_autoencoder("kl", 3, 4, 5))
    torch.manual_seed(0)
    net, x = build_autoencoder(config.net).eval(), torch.rand(3, 3, 18, 16) * 2 - 1
    with torch.no_grad():
        expected = net(x)  # of sides that its factor doesn't divide
    codec = normalised(config, net, [x])
    torch.testing.assert_close(codec.decode(codec.encode(x)), expected, rtol=0, atol=1e-5)
    assert isinstance(codec, Codec) and config.shape == (5, 5, 4)


def test_what_no_pipeline_could_run_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    def refused(words: str, width: int = 16, **settings: Any) -> None:
        with pytest.raises(SfumatoError, match=words):
            Run.start(tmp_path / "run", bars(width), images=8, **settings)
        assert not (tmp_path / "run").exists()

    refused("dit2d of diffusers generates latents; give `latent`", net="dit2d")
    refused(
        "which has no autoencoder like this one of ours; train one of the size kl", net="dit2d", autoencoder="avatars"
    )
    refused("takes squares cut in patches", 20, net="dit2d", latent=True, factor=2)
    with pytest.raises(SfumatoError, match="size of an autoencoder 'huge'"):
        AutoencoderRun.start(tmp_path / "eyes", bars(), "huge")
