"""Networks of the library diffusers that are trained here: by name, for samples of a shape."""

from __future__ import annotations

from collections.abc import Sequence

from sfumato.errors import SfumatoError
from sfumato.nets.conditions import ConditionConfig
from sfumato.nets.diffusers import DIT_CLASS, UNET2D_CLASS, DiffusersConfig
from sfumato.nets.text import FeaturesConfig, TextConfig

UNET2D = "unet2d"
"""The name in NAMED_NETS of diffusers' own UNet2DModel."""
DIT2D = "dit2d"
"""The name in NAMED_NETS of diffusers' own DiTTransformer2DModel."""
THEIRS = {UNET2D: UNET2D_CLASS, DIT2D: DIT_CLASS}
"""The class of each in diffusers."""
DIT_DEPTH, DIT_HEADS, DIT_HEAD = 6, 6, 32  # blocks, heads of attention, and the width of each
MAX_TOKENS = 256  # of a sample, at most: attention takes their square
COARSEST_SIDE, ATTENTION_SIDE = 4, 16  # pixels: the coarsest stage has more, and stages up to that many attend
SMALL_SIDE = 16  # pixels: pictures up to that many have a network of a quarter of the weights, at 2.6 times the rate


def unet2d_config(
    size: str,
    shape: Sequence[int],
    classes: int = 0,
    text: TextConfig | FeaturesConfig | None = None,
    conditions: Sequence[ConditionConfig] = (),
) -> DiffusersConfig:
    """diffusers' own UNet2DModel for pictures of `shape`, which its DDPM and DDIM pipelines run.

    It halves the picture while both sides are even and above 8. Raises SfumatoError for prompts and further conditions,
    which it doesn't take.
    """
    _check_given(size, shape, text, conditions)
    channels, *sides = shape
    stages = 1
    while all(side % 2**stages == 0 and side // 2**stages >= COARSEST_SIDE for side in sides):
        stages += 1
    if stages == 1:
        raise SfumatoError(
            f"the network {size} of diffusers halves pictures, and {'×'.join(map(str, sides))} can't be halved; take "
            f"sides that {COARSEST_SIDE * 2} divides."
        )
    width = 32 if max(sides) <= SMALL_SIDE else 64
    attends = [max(sides) // 2**stage <= ATTENTION_SIDE for stage in range(stages)]
    arguments = {
        "sample_size": sides,
        "in_channels": channels,
        "out_channels": channels,
        "block_out_channels": [width, *[2 * width] * (stages - 1)],
        "layers_per_block": 1,
        "attention_head_dim": 32,
        "down_block_types": ["AttnDownBlock2D" if one else "DownBlock2D" for one in attends],
        "up_block_types": ["AttnUpBlock2D" if one else "UpBlock2D" for one in reversed(attends)],
        "num_class_embeds": classes + 1 if classes else None,
    }
    return DiffusersConfig(UNET2D_CLASS, arguments, channels, "ddpm", classes)


def dit2d_config(
    size: str,
    shape: Sequence[int],
    classes: int = 0,
    text: TextConfig | FeaturesConfig | None = None,
    conditions: Sequence[ConditionConfig] = (),
) -> DiffusersConfig:
    """diffusers' own DiTTransformer2DModel for latents of `shape`, which its DiTPipeline runs.

    Its patches are as small as leaves at most MAX_TOKENS. Raises SfumatoError for prompts and further conditions,
    which it doesn't take, and for sides that differ or can't be cut so.
    """
    _check_given(size, shape, text, conditions)
    channels, *sides = shape
    patch = 1
    while (max(sides) // patch) ** 2 > MAX_TOKENS:
        patch *= 2
    if sides[0] != sides[1] or sides[0] % patch:
        what = "×".join(map(str, sides))
        raise SfumatoError(
            f"the network {size} of diffusers takes squares cut in patches of {patch}×{patch}, and {what} is none; "
            "take square pictures of another size, or another `factor`."
        )
    arguments = {
        "sample_size": sides[0],
        "in_channels": channels,
        "out_channels": channels,
        "num_layers": DIT_DEPTH,
        "num_attention_heads": DIT_HEADS,
        "attention_head_dim": DIT_HEAD,
        "patch_size": patch,
        "num_embeds_ada_norm": max(1, classes),
    }
    return DiffusersConfig(DIT_CLASS, arguments, channels, "ddpm", classes)


def _check_given(
    size: str, shape: Sequence[int], text: TextConfig | FeaturesConfig | None, conditions: Sequence[ConditionConfig]
) -> None:
    if text is not None or conditions or len(shape) != 3:
        raise SfumatoError(
            f"the network {size} of diffusers takes pictures and their classes, no captions, clips or other "
            "conditions; choose another network, or leave these out."
        )
