"""Folders of diffusers that are no good: each is refused with one sentence that says why, and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from pipelines import ddim_folder, stable_diffusion
from sfumato.cli.publish import push
from sfumato.errors import SfumatoError
from sfumato.hub import load

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ddim_folder(tmp_path_factory.mktemp("pipelines") / "whole")


def edited(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def as_pickle(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    torch.save({}, folder / "unet/diffusion_pytorch_model.bin")


def with_lost_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}
    (folder / WEIGHTS).rename(folder / "unet/part-1.safetensors")
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(index))


def other_weights(folder: Path) -> None:
    tensors = safetensors.torch.load_file(folder / WEIGHTS)
    tensors["conv_in.weight"] = torch.zeros(16, 3, 3, 3)
    safetensors.torch.save_file(tensors, folder / WEIGHTS)


def not_finite(folder: Path) -> None:
    tensors = safetensors.torch.load_file(folder / WEIGHTS)
    tensors["conv_in.bias"][0] = torch.inf
    safetensors.torch.save_file(tensors, folder / WEIGHTS)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights cut short": (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:5000]), "was broken off"),
    "a pointer of Git LFS": (lambda f: (f / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\n"), "LFS"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), r"holds no weights .* broken off"),
    "no folder of the network": (lambda f: shutil.rmtree(f / "unet"), "broken off"),
    "no config": (lambda f: (f / "unet/config.json").unlink(), "broken off"),
    "a lost shard": (with_lost_shard, r"part-2.safetensors, one of 2 files .* is missing"),
    "a pickle": (as_pickle, "is a pickle, which can run any code"),
    "a null network": (lambda f: edited(f / "model_index.json", unet=[None, None]), "without its unet .* null"),
    "a null scheduler": (lambda f: edited(f / "model_index.json", scheduler=[None, None]), "without its scheduler"),
    "weights of another network": (other_weights, r"conv_in.weight is 16×3×3×3 there and 8×3×3×3 in the network"),
    "weights that aren't finite": (not_finite, "not finite"),
    "an unknown network": (
        lambda f: edited(f / "model_index.json", unet=["diffusers", "UNetOfTomorrow"]),
        "UNetOfTomorrow, which isn't known here",
    ),
    "a newer config": (
        lambda f: edited(f / "unet/config.json", gate_of_tomorrow=True),
        "no setting 'gate_of_tomorrow' of UNet2DModel, which a newer version wrote: update",
    ),
    "an unknown schedule": (
        lambda f: edited(f / "scheduler/scheduler_config.json", beta_schedule="wavy"),
        "unknown schedule of diffusers 'wavy'",
    ),
    "no JSON": (lambda f: (f / "model_index.json").write_text("{"), "no JSON that can be read"),
    "no pipeline": (lambda f: (f / "model_index.json").write_text("{}"), "names no pipeline"),
}


# Of Stable Diffusion, whose parts are read when they are first asked.
UNET, TEXT, VAE = (f"{part}/{name}" for part, name in (
    ("unet", "diffusion_pytorch_model.safetensors"), ("text_encoder", "model.safetensors"),
    ("vae", "diffusion_pytorch_model.safetensors"),
))  # fmt: skip


def rewritten(path: Path, **tensors: torch.Tensor) -> None:
    """The weights at `path` with others by the same names, '__' for a dot."""
    known = safetensors.torch.load_file(path)
    safetensors.torch.save_file({**known, **{name.replace("__", "."): value for name, value in tensors.items()}}, path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


OF_LATENTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a null autoencoder": (lambda f: edited(f / "model_index.json", vae=[None, None]), "without its vae .* null"),
    "a null text encoder": (
        lambda f: edited(f / "model_index.json", text_encoder=[None, None]),
        "without its text_",
    ),
    "a null tokenizer": (lambda f: edited(f / "model_index.json", tokenizer=[None, None]), "without its tokenizer"),
    "no folder of the tokenizer": (lambda f: shutil.rmtree(f / "tokenizer"), "holds no vocabulary .* broken off"),
    "a tokenizer without its words": (
        lambda f: [path.unlink() for path in (f / "tokenizer").iterdir() if "config" not in path.name],
        "holds no vocabulary .* broken off",
    ),
    "a scheduler of tomorrow": (
        lambda f: edited(f / "scheduler/scheduler_config.json", _class_name="SchedulerOfTomorrow"),
        "the scheduler SchedulerOfTomorrow isn't known here; name another",
    ),
    "no folder of the text encoder": (lambda f: shutil.rmtree(f / "text_encoder"), "broken off"),
    "an autoencoder cut short": (lambda f: cut(f / VAE), "broken off"),
    "a text encoder cut short": (lambda f: cut(f / TEXT), "can't be opened"),
    "weights of another architecture": (
        lambda f: shutil.copy(f / VAE, f / UNET),
        "the weights in .*unet don't fit the network in its config.json: .* is in the file and not in the network",
    ),
    "a text encoder's of another architecture": (lambda f: shutil.copy(f / VAE, f / TEXT), "lack"),
    "a decoder that overflowed in float16": (
        lambda f: rewritten(f / VAE, decoder__conv_in__bias=torch.full((8,), 1e6).half()),
        "not finite",
    ),
    "a text encoder of tomorrow": (
        lambda f: edited(f / "model_index.json", text_encoder=["transformers", "TextOfTomorrow"]),
        "reads prompts by a TextOfTomorrow, which isn't known here",
    ),
}


@pytest.fixture(scope="module")
def stable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pipelines") / "stable"
    return stable_diffusion(place)


def refused(
    whole: Path, place: Path, damage: tuple[Callable[[Path], object], str], use: Callable[[Path], object]
) -> None:
    """What is done to a copy of the folder is told in one sentence where it is used."""
    harm, words = damage
    folder = shutil.copytree(whole, place / "folder")
    harm(folder)
    with pytest.raises(SfumatoError, match=words) as found:
        use(folder)
    assert "\n" not in str(found.value) and str(found.value).endswith(".")


@pytest.mark.parametrize("damage", OF_LATENTS)
def test_a_pipeline_of_latents_that_is_no_good_is_refused(stable: Path, tmp_path: Path, damage: str) -> None:
    refused(stable, tmp_path, OF_LATENTS[damage], lambda folder: load(folder).sample([0], prompts="a red cat", steps=1))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_is_no_good_is_refused(whole: Path, tmp_path: Path, damage: str) -> None:
    refused(whole, tmp_path, DAMAGES[damage], load)


def test_a_folder_that_lacks_weights_is_not_pushed(whole: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole, tmp_path / "folder")
    (folder / WEIGHTS).rename(folder / f"{WEIGHTS}.incomplete")
    with pytest.raises(SfumatoError, match=r"holds no weights .* broken off"):
        push(folder, "me/mine", dry_run=True)


def test_without_diffusers_one_sentence_says_how_to_get_it(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "diffusers", None)
    with pytest.raises(SfumatoError, match=r"needs that library: pip install 'sfumato\[diffusers\]'"):
        load(whole)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model.safetensors", r"is one file, .*from_single_file"),
        ("model.ckpt", "is a pickle"),
        ("model.bin", "pickle"),
    ],
)
def test_a_single_file_is_no_model(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(SfumatoError, match=words):
        load(tmp_path / name)


def test_a_folder_has_no_other_weights_and_takes_no_network(whole: Path) -> None:
    with pytest.raises(SfumatoError, match="leave the rest out"):
        load(whole, "raw")
