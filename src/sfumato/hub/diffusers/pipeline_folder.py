"""A model of ours as a folder of diffusers whose code comes with it: nothing of this package is needed to run it.

`pipeline.py` generates, `network/network.py` is the network, and of a model of latents `vae/autoencoder.py` makes the
pictures, called as diffusers' AutoencoderKL is. Each is one file that needs PyTorch and diffusers alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import nn

from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.files import write_file
from sfumato.hub.codec import Codec
from sfumato.hub.conditioning import STRENGTH
from sfumato.hub.config import SamplingConfig
from sfumato.hub.diffusers.bundling import bundled
from sfumato.hub.diffusers.folder import INDEX
from sfumato.hub.diffusers.pipeline_code import LICENCE, PARTS
from sfumato.hub.model import Model
from sfumato.hub.onnx import walk
from sfumato.hub.zoo import CARD
from sfumato.nets import DiTConfig, MLPConfig, UNetConfig
from sfumato.nets.autoencoder import AutoencoderConfig
from sfumato.nets.text import FeaturesConfig

DIFFUSERS = "0.36.0"  # the oldest version that this is meant for
WEIGHTS = "diffusion_pytorch_model.safetensors"
STEPS = (*range(1, 11), 12, 15, 16, 18, 20, 24, 25, 28, 30, 32, 36, 40, 50)  # for which a walk is written down
OWN = (UNetConfig, DiTConfig, MLPConfig)  # networks whose code is ours
NETS = {UNetConfig: ("unet", "UNet"), DiTConfig: ("dit", "DiT"), MLPConfig: ("mlp", "MLP")}


def write_pipeline(model: Model, folder: Path, sampling: SamplingConfig | None = None) -> None:
    """Write `model` into the empty `folder`, to be walked as `sampling` says [default: as the model is].

    Raises SfumatoError, before any of it, for what such a folder can't do.
    """
    about = described(model, sampling)
    index: dict[str, Any] = {"_class_name": ["pipeline", "SfumatoPipeline"], "_diffusers_version": DIFFUSERS}
    files = {
        "pipeline.py": source("pipeline", ("sfumato.hub.diffusers.drawing", "Drawing")).encode(),
        CARD: _card(model).encode(),
        **_network(model, about),
    }
    index["network"], index["vae"] = ["network", "Network"], [None, None]
    if model.codec is not None:
        files |= codec_files(model.codec, "vae/")
        index["vae"] = ["autoencoder", "PictureAutoencoder"]
    files[INDEX] = _json(index)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_file(folder / name, content)


def described(model: Model, sampling: SamplingConfig | None = None) -> dict[str, Any]:
    """All but weights and code: what the network takes, and the walks of its own settings."""
    config, name = model.config, model.source or "the model"
    if not isinstance(config.net, OWN):
        raise SfumatoError(f"{name} has a network whose code is not ours to hand on; export it as ONNX.")
    if isinstance(config.net.text, FeaturesConfig):
        raise SfumatoError(f"{name} reads prompts by a frozen encoder, which the folder would lack; export it as ONNX.")
    conditions: dict[str, list[int]] = {one.name: list(config.shape_of(one)) for one in config.conditions}
    if config.control_branch is not None:
        conditions[STRENGTH] = []
    settings = model.settle(model.conditional) if sampling is None else sampling
    plain = replace(settings, tuned=None)
    walks = {settings.steps: walk_of(model, plain)}
    for steps in STEPS:
        with suppress(SfumatoError):  # which samplers raise for fewer steps than they can do
            walks[steps] = walk_of(model, replace(plain, steps=steps))
    asked = () if sampling is not None else model.tuned_steps
    tuned = [one for steps in asked if (one := model.settle(model.conditional, steps=steps)).tuned is not None]
    return {
        "shape": list(config.shape),
        "kind": config.kind,
        "classes": list(config.classes),
        "conditions": conditions,
        "tokenizer": None if model.tokenizer is None else json.loads(model.tokenizer.to_str()),
        "tokens": 0 if config.net.text is None else config.net.text.length,
        "picture": list(config.seen[1]),
        "sampler": settings.sampler,
        "steps": settings.steps,
        "guidance": settings.guidance,
        "walks": {str(steps): walks[steps] for steps in sorted(walks)},
        "tuned": {str(one.steps): walk_of(model, one) for one in tuned},
    }


def walk_of(model: Model, settings: SamplingConfig) -> dict[str, Any]:
    """The lines of a walk whose questions are guided as they are asked, so that any scale of guidance will do."""
    made = walk(replace(settings, guidance=1.0), model.denoiser.parameterization)
    for line in made["lines"]:
        line.pop("alpha", None), line.pop("sigma", None)
    return {"scale": made["scale"], "lines": made["lines"]}


def source(name: str, *wanted: tuple[str, str], code: Mapping[str, str] | None = None) -> str:
    """A file of the folder: what is `wanted` of ours, and the class of diffusers around it."""
    imports, definitions = bundled(*wanted)
    about, own_imports, glue = PARTS[name]
    for key, value in (code or {}).items():
        glue = glue.replace(key, value)
    head = f'"""{about}\n\n{LICENCE}\n"""\n\nfrom __future__ import annotations\n'
    return "\n".join([head, *_grouped({*imports, *own_imports.splitlines()}), "", "", definitions, "", "", glue])


def _grouped(imports: set[str]) -> list[str]:
    """Import statements as they are usually written: Python's own first, names of one module together."""
    parts = [statement.partition(" import ") for statement in sorted(imports)]
    names = {start: ", ".join(name for first, _, name in parts if first == start) for start, *_ in parts}
    lines = [f"{start} import {what}" if what else start for start, what in names.items()]

    def place(line: str) -> tuple[bool, bool, str]:
        return (
            line.split()[1].partition(".")[0] not in sys.stdlib_module_names,
            line.startswith("from"),
            line.casefold(),
        )

    lines.sort(key=place)
    first = next((number for number, line in enumerate(lines) if place(line)[0]), len(lines))
    return [*lines[:first], *([""] if first else []), *lines[first:]]


def _network(model: Model, about: Mapping[str, Any]) -> dict[str, bytes]:
    config = model.config.net
    module, kind = NETS[type(config)]
    kinds = [(f"sfumato.nets.{module}", name) for name in (kind, type(config).__name__)]
    kinds += [(f"sfumato.nets.{part}", name) for part, name in _within(config)]
    code = source("network", *kinds, code={"BUILT": f"{kind}({config!r})"})
    return {
        "network/network.py": code.encode(),
        "network/config.json": _json({"_class_name": "Network", "_diffusers_version": DIFFUSERS, "about": about}),
        f"network/{WEIGHTS}": _weights(model.denoiser.net),
    }


def _within(config: Any) -> list[tuple[str, str]]:
    """The kinds of configs that are written inside of `config`."""
    found = [("text", type(config.text).__name__)] if config.text is not None else []
    return found + ([("conditions", "ConditionConfig")] if config.all_conditions else [])


def codec_files(codec: Codec, place: str = "") -> dict[str, bytes]:
    """An autoencoder of ours as a part of a folder of diffusers: its code, settings and weights.

    Its latents have deviation 1 already, so that `scaling_factor` is 1.
    """
    net = codec.config.net
    if type(net) is not AutoencoderConfig:
        raise SfumatoError("the autoencoder is one of diffusers already; take its own folder.")
    wanted = [("sfumato.nets.autoencoder", name) for name in ("Autoencoder", "AutoencoderConfig")]
    settings = {
        "_class_name": "PictureAutoencoder",
        "_diffusers_version": DIFFUSERS,
        "in_channels": net.channels,
        "latent_channels": net.latent,
        "block_out_channels": [*net.widths, net.widths[-1]],  # from which diffusers tells the factor
        "scaling_factor": 1.0,
        "shift_factor": 0.0,
        "sample_size": codec.config.picture[-1],
    }
    return {
        f"{place}autoencoder.py": source("autoencoder", *wanted, code={"BUILT": f"Autoencoder({net!r})"}).encode(),
        f"{place}config.json": _json(settings),
        f"{place}{WEIGHTS}": _weights(codec.net),
    }


def _weights(net: nn.Module) -> bytes:
    kept = {f"net.{name}": value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    return safetensors.torch.save(kept, {"format": "pt"})


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _card(model: Model) -> str:
    """How the folder is used, in a few lines."""
    config = model.config
    kind, shape = config.seen
    asked = f'class_labels="{config.classes[0]}", ' if config.classes else ""
    asked = 'prompt="…", ' if model.text_conditional else asked
    picture = "[0].save('picture.png')" if KINDS[kind].axes[0] == "channel" else ""
    return f"""---
library_name: diffusers
---
A diffusion model of {kind} of {" × ".join(map(str, shape))}, with its own code in `pipeline.py`.

```python
from diffusers import DiffusionPipeline

pipeline = DiffusionPipeline.from_pretrained("THIS FOLDER", trust_remote_code=True)
pipeline({asked}seeds=[0]).images{picture}
```
"""
