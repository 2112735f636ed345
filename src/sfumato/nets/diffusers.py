"""Networks of the library diffusers as nets: one table says how each is called.

They count noise in timesteps, which are found from `c_noise`, and have a width for each condition. Nothing of diffusers
is imported before one is built.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.errors import SfumatoError, unknown
from sfumato.nets.bounds import CLASSES
from sfumato.nets.conditions import ConditionConfig, check_known
from sfumato.nets.protocol import Parts, PictureNet
from sfumato.nets.text import FeaturesConfig

EXTRA = "pip install 'sfumato[diffusers]'"
WHOLE = 2e-3  # as near to a whole timestep, it is meant: c_noise comes in float32
END = 2.0  # c_noise at pure noise and beyond e^8
FLUX_GUIDANCE = 3.5  # what a network that was distilled from guided answers is given of their strength
DERIVED = {"AutoencoderTiny": ("block_out_channels",)}  # what diffusers writes of its own accord, and doesn't take
CONTROL_NET = "ControlNetModel"
ENDS = ("conv_in", "conv_out", "pos_embed", "x_embedder", "proj_out", "proj_out_2")  # a network's first and last layers
UNET2D_CLASS, DIT_CLASS = "UNet2DModel", "DiTTransformer2DModel"
FLOW_STEPS = 1000  # timesteps of a flow, at which t = sigma/(alpha + sigma)


@dataclass(frozen=True)
class DiffusersConfig(PictureNet):
    """A network of diffusers: its class, `architecture`, one of ARCHITECTURES, and the `arguments` of that.

    `timesteps` are `c_noise` at timestep 0, 1, …, or DDPM's by that name; of a flow, whose timesteps are even in sigma,
    there are none. It takes pictures of `channels`, or latents whose pixels are `scale` pixels a side. `classes` is how
    many it knows. With a `control_branch`, the ControlNet of `control_arguments` takes an image.
    """

    architecture: str
    arguments: Mapping[str, Any]
    channels: int
    timesteps: tuple[float, ...] | Literal["ddpm"] = ()
    classes: int = 0
    text: FeaturesConfig | None = None
    scale: int = 1
    control_branch: ConditionConfig | None = None
    control_arguments: Mapping[str, Any] = field(default_factory=dict)
    kind: Literal["diffusers"] = "diffusers"

    def __post_init__(self) -> None:
        bounded(self, classes=CLASSES, channels=(1, 2**16), scale=(1, 64))
        if self.architecture not in ARCHITECTURES:
            raise unknown("network of diffusers", self.architecture, ARCHITECTURES)
        if any(not -END <= earlier < later <= END for earlier, later in pairwise(self.noise)):
            raise SfumatoError("the noise at the timesteps of a network of diffusers grows from each to the next.")

    @property
    def noise(self) -> tuple[float, ...]:
        """`c_noise` at each timestep."""
        return ddpm_timesteps() if self.timesteps == "ddpm" else tuple(map(float, self.timesteps))

    @property
    def ignores_labels(self) -> bool:
        return not self.classes

    @property
    def flow(self) -> bool:
        """Whether it takes `x_t` at the scale of straight paths, alpha + sigma = 1."""
        return not self.timesteps


@cache
def ddpm_timesteps() -> tuple[float, ...]:
    """`c_noise` at DDPM's timesteps, whose betas are even from 1e-4 to 0.02 (Ho et al. 2020, section 4)."""
    kept = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    return tuple((np.log(1 / kept - 1) / 8).tolist())


class Asked(NamedTuple):
    """What a network is asked: `x` at timesteps `t`, both `(batch, ...)`, of a class and a text.

    A ControlNet, the `branch`, takes an `image` `(batch, channels, height, width)`, NaN where there is none, and counts
    by `strength` `(batch,)`.
    """

    x: Tensor
    t: Tensor
    label: Tensor | None
    text: Tensor | None
    scale: int
    image: Tensor | None = None
    strength: Tensor | None = None
    branch: Any = None

    def rows(self, rows: Tensor, length: int) -> Asked:
        """Some of them, whose texts have so many rows."""
        some: dict[str, Any] = {k: v[rows] for k, v in self._asdict().items() if isinstance(v, Tensor)}
        own = self._replace(**some)
        return own if own.text is None else own._replace(text=own.text[:, :length])


def _unet(net: Any, asked: Asked) -> Tensor:
    out: Tensor = net(asked.x, asked.t, class_labels=asked.label, return_dict=False)[0]
    return out


def _conditional_unet(net: Any, asked: Asked) -> Tensor:
    text, about = asked.text, net.config
    more: dict[str, Tensor] | None = None
    if about.addition_embed_type == "text_time" and text is not None:  # SDXL's size and cropping
        sizes = 6
        text, pooled = unpacked(
            text, about.projection_class_embeddings_input_dim - sizes * about.addition_time_embed_dim
        )
        height, width = (side * asked.scale for side in asked.x.shape[-2:])
        times = asked.x.new_tensor((height, width, 0, 0, height, width)).expand(len(text), sizes)
        more = {"text_embeds": pooled, "time_ids": times}
    given = {"encoder_hidden_states": text, "added_cond_kwargs": more, "return_dict": False}
    out: Tensor = net(asked.x, asked.t, **given, **_steered(asked, given))[0]
    return out


def _steered(asked: Asked, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a ControlNet adds to the outputs of the UNet's blocks (Zhang et al. 2023, section 3)."""
    if asked.branch is None or asked.image is None:
        return {}
    there = (~asked.image.isnan()).flatten(1).any(1).to(asked.x.dtype)
    counts = (there if asked.strength is None else there * asked.strength.to(there))[:, None, None, None]
    image = (asked.image.nan_to_num() + 1) / 2  # here pictures are in [−1, 1], and there in [0, 1]
    across, middle = asked.branch(asked.x, asked.t, controlnet_cond=image.to(asked.x), **given)
    return {
        "down_block_additional_residuals": [counts * one for one in across],
        "mid_block_additional_residual": counts * middle,
    }


def _dit(net: Any, asked: Asked) -> Tensor:
    label = torch.zeros_like(asked.t, dtype=torch.long) if asked.label is None else asked.label
    out: Tensor = net(asked.x, timestep=asked.t, class_labels=label, return_dict=False)[0]
    return out


def _pixart(net: Any, asked: Asked) -> Tensor:
    text, sizes = asked.text, dict[str, Tensor | None](resolution=None, aspect_ratio=None)
    assert text is not None
    if net.use_additional_conditions:
        sides = asked.x.new_tensor([side * asked.scale for side in asked.x.shape[-2:]])
        sizes = {"resolution": sides.expand(len(text), 2), "aspect_ratio": (sides[:1] / sides[1:]).expand(len(text), 1)}
    out: Tensor = net(
        asked.x, encoder_hidden_states=text, encoder_attention_mask=(text != 0).any(2).to(text.dtype), timestep=asked.t,
        added_cond_kwargs=sizes, return_dict=False,
    )[0]  # fmt: skip
    return out


def _sd3(net: Any, asked: Asked) -> Tensor:
    assert asked.text is not None
    text, pooled = unpacked(asked.text, net.config.pooled_projection_dim)
    out: Tensor = net(
        asked.x, encoder_hidden_states=text, pooled_projections=pooled, timestep=asked.t, return_dict=False
    )[0]
    return out


def _flux(net: Any, asked: Asked) -> Tensor:
    """Four latent pixels are a token."""
    assert asked.text is not None
    text, pooled = unpacked(asked.text, net.config.pooled_projection_dim)
    x, (height, width) = asked.x, (side // 2 for side in asked.x.shape[-2:])
    places = x.new_zeros(height, width, 3)
    places[..., 1] += torch.arange(height, device=x.device)[:, None]
    places[..., 2] += torch.arange(width, device=x.device)
    out: Tensor = net(
        hidden_states=F.pixel_unshuffle(x, 2).flatten(2).transpose(1, 2), timestep=asked.t / FLOW_STEPS,
        guidance=x.new_full((len(x),), FLUX_GUIDANCE) if net.config.guidance_embeds else None,
        pooled_projections=pooled, encoder_hidden_states=text, txt_ids=x.new_zeros(text.shape[1], 3),
        img_ids=places.flatten(0, 1), return_dict=False,
    )[0]  # fmt: skip
    return F.pixel_shuffle(out.transpose(1, 2).unflatten(2, (height, width)), 2)


def packed(states: Tensor, pooled: Tensor) -> Tensor:
    """All that a network is given of a prompt as one tensor: tokens' `states` `(tokens, width)`, and below them as many
    rows as `pooled` takes, which stands for the whole prompt."""
    width = states.shape[-1]
    return torch.cat([states, F.pad(pooled, (0, -len(pooled) % width)).reshape(-1, width)])


def unpacked(text: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """What `packed` put together, of a batch: `(batch, tokens, width)` and `(batch, size)`."""
    rows = -(-size // text.shape[2])
    return text[:, :-rows], text[:, -rows:].flatten(1)[:, :size]


# How each network is called; it may answer with more channels than are asked for.
ARCHITECTURES: dict[str, Callable[[Any, Asked], Tensor]] = {
    "UNet2DModel": _unet,
    "UNet2DConditionModel": _conditional_unet,
    "DiTTransformer2DModel": _dit,
    "PixArtTransformer2DModel": _pixart,
    "SD3Transformer2DModel": _sd3,
    "FluxTransformer2DModel": _flux,
}


class DiffusersNet(nn.Module):
    """`net(x, c_noise, label, text)`: the network `model` at the timestep that has this noise."""

    noise: Tensor
    exact_noise = True  # timesteps are found from it, of which half precision can't tell a thousand apart

    def __init__(self, config: DiffusersConfig, model: nn.Module) -> None:
        super().__init__()
        self.config, self.model = config, model
        self.control_branch: nn.Module | None = None
        if config.control_branch is not None:
            self.control_branch = made_by_diffusers(CONTROL_NET, config.control_arguments)
        self.register_buffer("noise", torch.tensor(config.noise, dtype=torch.float64), persistent=False)

    def forward(
        self,
        x: Tensor,
        c_noise: Tensor,
        label: Tensor | None = None,
        text: Tensor | None = None,
        strength: Tensor | None = None,
        **images: Tensor,
    ) -> Tensor:
        check_known(self.config.all_conditions, images)
        if self.config.flow:
            x = x * _flow_scale(c_noise).to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
        call, t = ARCHITECTURES[self.config.architecture], self.timestep(c_noise).float()
        image = None if self.config.control_branch is None else images.get(self.config.control_branch.name)
        asked = Asked(x, t, label, text, self.config.scale, image, strength, self.control_branch)
        if (lengths := self._lengths(text)) is None:
            return call(self.model, asked)[:, : x.shape[1]]
        answer = torch.empty_like(x)  # one prompt is as if it were alone: padding would be looked at
        for length in lengths.unique().tolist():
            rows = (lengths == length).nonzero()[:, 0]
            answer[rows] = call(self.model, asked.rows(rows, length))[:, : x.shape[1]].to(answer)
        return answer

    def _lengths(self, text: Tensor | None) -> Tensor | None:
        """How many rows the features of each prompt have, below which they are NaN; None where all have as many."""
        own = self.config.text
        if text is None or own is None or text.is_meta or text.shape[1] < 2 * own.length or not _chunked(self.config):
            return None
        lengths = (~text[..., 0].isnan()).sum(1)
        return None if bool((lengths == text.shape[1]).all()) else lengths

    def timestep(self, c_noise: Tensor) -> Tensor:
        """The timestep at which `c_noise` `(batch,)` is reached, float64, between whole ones in its proportion."""
        if _plain_numbers(c_noise) and not self.config.flow:
            return torch.from_numpy(self._timestep_on_cpu(c_noise.double().numpy()))
        c = c_noise.double()
        if self.config.flow:
            found = FLOW_STEPS * torch.where(c >= END, 1.0, torch.sigmoid(4 * c))
        else:
            # As searchsorted, which ONNX has no operator for
            above = (self.noise < c[..., None]).sum(-1).clamp(1, len(self.noise) - 1)
            low, high = self.noise[above - 1], self.noise[above]
            found = (above - 1 + (c - low) / (high - low)).clamp(0, len(self.noise) - 1)
        whole = found.round()
        return torch.where((found - whole).abs() < WHOLE, whole, found)

    def _timestep_on_cpu(self, c: NDArray[np.float64]) -> NDArray[np.float64]:
        """As `timestep`, by NumPy, which takes a tenth of the time of PyTorch for so few numbers."""
        noise = self.noise.numpy()
        above = np.searchsorted(noise, c).clip(1, len(noise) - 1)
        low, high = noise[above - 1], noise[above]
        found = (above - 1 + (c - low) / (high - low)).clip(0, len(noise) - 1)
        whole = found.round()
        near: NDArray[np.float64] = np.where(abs(found - whole) < WHOLE, whole, found)
        return near

    def parts(self) -> Parts:
        """For optimisers and adapters: see nets/protocol.py."""
        named = dict(self.model.named_children())
        ends = [named[name] for name in ENDS if name in named]
        conditioning = [
            module for name, module in named.items() if "embed" in name or name in ("time_proj", "proj_out_1")
        ]
        lists = [part for part in named.values() if isinstance(part, nn.ModuleList)]
        blocks = [block for part in lists for block in part]
        norms = [getattr(block, "norm1", None) for block in blocks]  # adaptive ones, which carry the noise level
        conditioning += [norm for norm in norms if isinstance(norm, nn.Module) and hasattr(norm, "linear")]
        return Parts(ends=ends, conditioning=conditioning, blocks=blocks)


def _plain_numbers(value: Tensor) -> bool:
    """Whether a tensor is there to be read on the CPU, and nothing records what is done with it."""
    recorded = torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    return type(value) is Tensor and value.device.type == "cpu" and not value.requires_grad and not recorded


def _chunked(config: DiffusersConfig) -> bool:
    """Whether prompts come in chunks, so that some are longer than others."""
    return config.architecture == "UNet2DConditionModel"


def enable_gradient_checkpointing(net: nn.Module) -> None:
    """Have `net` compute its blocks again in the backward pass, in the place of keeping what they made.

    Raises SfumatoError where it is no network of diffusers that can.
    """
    model: Any = net.model if isinstance(net, DiffusersNet) else None
    if not getattr(model, "_supports_gradient_checkpointing", False):
        raise SfumatoError(
            "gradient checkpointing is known to networks of diffusers alone; leave `gradient_checkpointing` out, or "
            "take batches in more slices (`accumulate`)."
        )
    model.enable_gradient_checkpointing()


def _flow_scale(c_noise: Tensor) -> Tensor:
    """What takes x from unit variance to the scale of straight paths: √(alpha² + sigma²) / (alpha + sigma)."""
    share = torch.sigmoid(4 * c_noise.double())  # sigma / (alpha + sigma)
    share = torch.where(c_noise >= END, 1.0, share)
    return (share.square() + (1 - share).square()).sqrt()


def diffusers_network(config: DiffusersConfig) -> DiffusersNet:
    """The network that `config` describes; raises SfumatoError where diffusers isn't here, or knows none like it."""
    made = made_by_diffusers(config.architecture, config.arguments)
    if config.architecture == DIT_CLASS:
        _begin_dit(made)
    return DiffusersNet(config, made)


def _begin_dit(net: Any) -> None:
    """Have blocks begin as the identity and the answer at zero (Peebles & Xie 2023, section 3.2, "adaLN-Zero").

    Which classes are left out in training is drawn elsewhere, and not within the network.
    """
    for layer in (*(block.norm1.linear for block in net.transformer_blocks), net.proj_out_1, net.proj_out_2):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    for block in net.transformer_blocks:
        block.norm1.emb.class_embedder.dropout_prob = 0.0


def network_class(name: str) -> Any:
    """One of diffusers' classes; raises SfumatoError where the library isn't here, or knows none of that name."""
    try:
        return getattr(import_module("diffusers"), name)
    except ImportError as error:
        raise SfumatoError(f"a network of diffusers needs that library: {EXTRA}.") from error
    except AttributeError as error:
        raise SfumatoError(
            f"the diffusers that is installed knows no {name}; it is of a newer version, so update: {EXTRA} -U."
        ) from error


def made_by_diffusers(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """One of diffusers' modules, freshly initialised; raises SfumatoError that says what doesn't fit."""
    kind = network_class(name)
    known = inspect.signature(kind.__init__).parameters
    derived = DERIVED.get(name, ())
    own = {key: value for key, value in arguments.items() if not key.startswith("_") and key not in derived}
    if strange := sorted(own.keys() - known.keys()):
        raise SfumatoError(
            f"the diffusers that is installed knows no setting '{strange[0]}' of {name}, which a newer version wrote: "
            f"update it, {EXTRA} -U."
        )
    try:
        made: nn.Module = kind(**own)
    except (TypeError, ValueError, NotImplementedError, KeyError, AttributeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SfumatoError(f"diffusers can't make a {name} by the settings that are given: {reason[:200]}") from error
    return made
