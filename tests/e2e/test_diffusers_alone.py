"""Models of ours in an environment that has PyTorch and diffusers, and nothing of this package."""

from __future__ import annotations

import ast
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer

from pipelines import random_weights
from sfumato.data import picture
from sfumato.errors import SfumatoError
from sfumato.hub import Model, ModelConfig, SamplingConfig, load
from sfumato.hub.codec import normalised
from sfumato.hub.config import CodecConfig
from sfumato.hub.diffusers.bundling import bundled
from sfumato.hub.diffusers.spelling import Spelling
from sfumato.hub.diffusers.writing import export_pipeline
from sfumato.hub.model import new_model
from sfumato.hub.zoo import ZOO
from sfumato.nets import DIT2D, UNET2D, ConditionConfig, DiffusersConfig, DiTConfig, UNetConfig
from sfumato.nets.kl import build_autoencoder, kl_size
from sfumato.nets.named_diffusers import dit2d_config, unet2d_config
from tiny import Command

ALONE = """
import json, sys
sys.modules["sfumato"] = None  # so that an import of it fails
import diffusers, torch
from diffusers import DiffusionPipeline

folder = sys.argv[1]
for name, asked in json.load(open(f"{folder}/asked.json")).items():
    pipeline = DiffusionPipeline.from_pretrained(f"{folder}/{name}", trust_remote_code=True)
    pipeline.set_progress_bar_config(disable=True)
    found = []
    for one in asked:
        if "conditions" in one:
            one["conditions"] = {key: torch.tensor(value) for key, value in one["conditions"].items()}
        found.append(pipeline(output_type="pt", **one).images)
    torch.save(found, f"{folder}/{name}.pt")
    if name in ("digits", "avatars"):
        pipeline(**asked[0]).images[0].save(f"{folder}/{name}.png")
    if name == "avatars":
        drawn = torch.load(f"{folder}/picture.pt", weights_only=True)
        latents = pipeline.vae.encode(drawn).latent_dist.mode()
        torch.save([latents, pipeline.vae.decode(latents).sample], f"{folder}/vae.pt")
for name, (kind, asked) in json.load(open(f"{folder}/plain.json")).items():  # which bring no code
    pipeline = getattr(diffusers, kind).from_pretrained(f"{folder}/{name}")
    pipeline.set_progress_bar_config(disable=True)
    found = pipeline(generator=torch.Generator().manual_seed(7), num_inference_steps=5, output_type="np", **asked)
    torch.save(torch.from_numpy(found.images).movedim(-1, 1), f"{folder}/{name}.pt")
"""
# What diffusers' pipelines call what `Model.sample` takes
WORDS = {
    "prompt": "prompts",
    "negative_prompt": "negative",
    "class_labels": "labels",
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
}
CONDITIONS = (ConditionConfig("age", "number", 1, (3.0,), (2.0,)), ConditionConfig("grey", "image", 1))
AGES = {"age": [1.0, 4.0], "grey": [[[0.5] * 8] * 8]}


def clips() -> Model:
    """A model of clips, which a class, a number and an image condition."""
    net = UNetConfig(1, 3, widths=(16, 16), attention=(1,), conditions=CONDITIONS, patch=2, temporal=True)
    return drawn(ModelConfig((4, 1, 8, 8), net, ("cat", "dog", "cow"), data_std=0.5, kind="clips"))


def controlled() -> Model:
    """A model with a control branch, clipped and walked by a sampler that asks twice and draws noise."""
    net = UNetConfig(1, widths=(16, 16), conditions=CONDITIONS, control_branch=ConditionConfig("edges", "image", 1))
    sampling = SamplingConfig("edm-stochastic", 4, threshold="static")
    return drawn(ModelConfig((1, 8, 8), net, data_std=0.5, sampling=sampling))


def transformer() -> Model:
    return drawn(ModelConfig((3, 8, 8), DiTConfig(3, 2, width=32, depth=2, heads=2), ("a", "b"), "v"))


def theirs(net: DiffusersConfig, codec: bool) -> Model:
    """A model of a network of diffusers, perhaps in the latents of its autoencoder, normalisation folded."""
    model = drawn(ModelConfig(net_shape(net), net, ("a", "b"), "v", 1.0, kind="latents" if codec else "pictures"))
    if codec:
        config = CodecConfig((3, 16, 16), kl_size(3, 2, 4))
        made = random_weights(build_autoencoder(config.net), 0.2)
        model.codec = normalised(config, made, [torch.rand(4, 3, 16, 16) * 2 - 1])
        model.config = replace(model.config, codec=config)
    return model


def net_shape(net: DiffusersConfig) -> tuple[int, int, int]:
    return (net.channels, 8, 8)


# Of models that need no code: what makes each, its class of the diffusers, how that is called, and what ours is then.
PLAIN: dict[str, tuple[Callable[[], Model], str, dict[str, Any], dict[str, Any]]] = {
    "pixels": (lambda: theirs(unet2d_config(UNET2D, (1, 8, 8), 2), False), "DDIMPipeline", {"batch_size": 2}, {}),
    "unet": (lambda: theirs(unet2d_config(UNET2D, (4, 8, 8), 2), True), "LDMPipeline", {"batch_size": 2}, {}),
    "dit": (
        lambda: theirs(dit2d_config(DIT2D, (4, 8, 8), 2), True),
        "DiTPipeline", {"class_labels": [1, 1], "guidance_scale": 2.5}, {"guidance": 2.5},
    ),
    "dit_plain": (
        lambda: theirs(dit2d_config(DIT2D, (4, 8, 8), 2), True),
        "DiTPipeline", {"class_labels": [1, 1], "guidance_scale": 1}, {},
    ),
}  # fmt: skip
OF_DDPM: dict[str, Any] = {"sampler": "ddim", "grid": "trailing", "schedule": "linear", "steps": 5, "guidance": 1}


def drawn(config: ModelConfig) -> Model:
    model = new_model(config)
    random_weights(model.denoiser.net, 0.2)
    model.denoiser.requires_grad_(False)
    return model


ASKED: dict[str, tuple[Callable[[], Model], list[dict[str, Any]]]] = {
    "digits": (
        lambda: load("digits"),
        [
            {"seeds": [0, 2**63], "class_labels": ["3", None]},
            {"seeds": [5], "class_labels": 3, "num_inference_steps": 4, "guidance_scale": 2.5},
            {"seeds": [1, 2], "num_inference_steps": 3},
        ],
    ),
    "emoji": (
        lambda: load("emoji"),
        [{"seeds": [3], "prompt": "Man: dark skin tone", "negative_prompt": "hair", "num_inference_steps": 4}],
    ),
    "avatars": (lambda: load("avatars"), [{"seeds": [3], "prompt": "a person with green hair"}]),
    "points": (lambda: load("points"), [{"seeds": [1, 2, 3], "class_labels": "moons", "num_inference_steps": 8}]),
    "clips": (clips, [{"seeds": [1, 2], "class_labels": [0, 2], "conditions": AGES, "guidance_scale": 2.0}]),
    "controlled": (
        controlled,
        [{"seeds": [1, 2], "conditions": {**AGES, "edges": [[[0.3] * 8] * 8], "strength": 0.5}, "guidance_scale": 0.5}],
    ),
    "transformer": (transformer, [{"seeds": [1], "class_labels": "b", "guidance_scale": 3.0}]),
}


def test_models_of_ours_are_drawn_by_diffusers_alone_as_they_are_here(tmp_path: Path) -> None:
    models = {name: make() for name, (make, _) in ASKED.items()}
    for name, model in models.items():
        export_pipeline(model, tmp_path / name)
    plain = {name: make() for name, (make, *_) in PLAIN.items()}
    for name, model in plain.items():
        export_pipeline(model, tmp_path / name, "b" if "dit" not in name else None)
        assert not [*(tmp_path / name).rglob("*.py")]
    called = {name: asked for name, (_, *asked, _) in PLAIN.items()}
    (tmp_path / "plain.json").write_text(json.dumps(called))
    drawing = models["avatars"].sample([3], prompts="a person with green hair")
    torch.save(drawing, tmp_path / "picture.pt")
    (tmp_path / "asked.json").write_text(json.dumps({name: asked for name, (_, asked) in ASKED.items()}))
    for path in tmp_path.rglob("*.py"):
        assert imported(path.read_text()) <= {*sys.stdlib_module_names, "torch", "diffusers", "numpy", "PIL", "regex"}
    lint = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "120", "--select", "F,E9,I"]
    found = subprocess.run([*lint, str(tmp_path)], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout  # no name that isn't there, and none that isn't used
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    run = [sys.executable, "-c", ALONE, str(tmp_path)]
    done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, (_, asked) in ASKED.items():
        for one, theirs in zip(asked, torch.load(tmp_path / f"{name}.pt", weights_only=True), strict=True):
            ours = models[name].sample(**{WORDS.get(key, key): value for key, value in _tensors(one).items()})
            assert theirs.shape == ours.shape, name
            assert float((theirs - ours).abs().max()) <= 1e-4 * max(1.0, float(ours.abs().max())), (name, one)
    for name, model in plain.items():
        start = torch.randn(2, *model.config.shape, generator=torch.Generator().manual_seed(7))
        found = model.sample(labels="b", start=start, **OF_DDPM | PLAIN[name][3])
        alone = torch.load(tmp_path / f"{name}.pt", weights_only=True)
        torch.testing.assert_close((found.clamp(-1, 1) + 1) / 2, alone, rtol=0, atol=1e-4)
        assert alone.std() > 0.05
    expected = picture(models["avatars"].sample([3], prompts="a person with green hair"), columns=1, scale=1, gap=0)
    difference = torch.tensor(list(Image.open(tmp_path / "avatars.png").tobytes())).int()
    assert (difference - torch.tensor(list(expected.tobytes())).int()).abs().max() <= 1  # of 255
    codec = models["avatars"].codec
    latents, decoded = torch.load(tmp_path / "vae.pt", weights_only=True)
    torch.testing.assert_close(latents, codec.encode(drawing), rtol=0, atol=1e-4)
    torch.testing.assert_close(decoded, codec.decode(latents), rtol=0, atol=1e-4)


def imported(source: str) -> set[str]:
    """The libraries that a file imports."""
    nodes = [*ast.walk(ast.parse(source))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


def _tensors(asked: dict[str, Any]) -> dict[str, Any]:
    if "conditions" not in asked:
        return asked
    return {**asked, "conditions": {name: torch.tensor(value) for name, value in asked["conditions"].items()}}


@pytest.mark.parametrize("name", ["emoji", "avatars"])
def test_prompts_are_spelt_as_the_tokenizer_spells_them(name: str) -> None:
    content = (ZOO / name / "tokenizer.json").read_text()
    theirs, ours = Tokenizer.from_str(content), Spelling(json.loads(content))
    letters = random.Random(0)
    texts = ["A Red  Heart!", "café naïve ☃☃ 漢字", "$5+3=8 <b>`x`|~^", "a\tb\nc", "🙂🙂", "e\u0301", "\u0301", " "]
    alphabet = "abcdefghi \u2581 -.,!$+é\u4e00🙂\u0301A\t"
    texts += ["".join(letters.choices(alphabet, k=length % 20)) for length in range(200)]
    for text in texts:
        expected = theirs.encode(text).ids if text.strip() else []
        assert ours(text, 24) == (expected + [0] * 24)[:24], text


def test_a_file_that_two_definitions_of_one_name_would_share_is_not_written() -> None:
    with pytest.raises(RuntimeError, match="both define SIZES"):
        bundled(("sfumato.nets.unet", "unet_config"), ("sfumato.nets.autoencoder", "autoencoder_config"))


def test_what_a_folder_cannot_carry_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="leave the class out"):
        export_pipeline(load("digits"), tmp_path / "out", "3")
    with pytest.raises(SfumatoError, match="only plain guidance is written as a walk"):
        export_pipeline(load("digits"), tmp_path / "out", sampling=SamplingConfig(guidance=2.0, rule="projected"))
    assert [*tmp_path.iterdir()] == []


def test_the_command_says_what_it_wrote(sfumato: Command, run_folder: Path, tmp_path: Path) -> None:
    told = sfumato("export", run_folder, "--to", "diffusers", "--steps", 7, "--out", tmp_path / "out")
    assert told.returncode == 0, told.stderr
    assert "pipeline.py" in told.stdout and "network/network.py" in told.stdout
    about = json.loads((tmp_path / "out" / "network" / "config.json").read_text())["about"]
    assert about["steps"] == 7 and "7" in about["walks"]
    with pytest.raises(SfumatoError, match="brings code of its own, and none of a folder is ever run"):
        load(tmp_path / "out")
