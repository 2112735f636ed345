"""The weights of Stable Diffusion 1.x by the names of the original repository, in which single files have them.

What single_file.py reads by diffusers' converters, the other way: diffusers' name of each weight, by tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

RESIDUAL = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
ENDS = {
    "conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0", "conv_out": "out.2", "mid_block.attentions.0": "middle_block.1",
}  # fmt: skip
VAE_RESIDUAL = {"conv_shortcut": "nin_shortcut"}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
NORM_OUT = ("conv_norm_out", "norm_out")


def unet_name(name: str, layers: int, attention: Sequence[bool]) -> str:
    """Of a weight of the UNet, of `layers` residual layers a block; which blocks up have `attention`.

    There blocks are counted through: each layer is an entry of input_blocks or output_blocks, and so is a downsampler,
    while an upsampler comes last in the entry of its block's last layer.
    """
    for start, other in ENDS.items():
        if name.startswith(f"{start}."):
            return other + name.removeprefix(start)
    if found := re.fullmatch(r"mid_block\.resnets\.(\d)\.(.+)", name):
        return f"middle_block.{2 * int(found[1])}.{_layer(found[2], RESIDUAL)}"
    found = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)", name)
    if found is None:
        raise KeyError(name)
    block, part, layer, rest = int(found[2]), found[3], int(found[4]), found[5]
    entry = block * (layers + 1) + layer
    if part == "downsamplers":
        return f"input_blocks.{(block + 1) * (layers + 1)}.0.{rest.replace('conv', 'op')}"
    if part == "upsamplers":
        return f"output_blocks.{entry + layers}.{1 + attention[block]}.{rest}"
    place = f"input_blocks.{entry + 1}" if found[1] == "down" else f"output_blocks.{entry}"
    return f"{place}.0.{_layer(rest, RESIDUAL)}" if part == "resnets" else f"{place}.1.{rest}"


def vae_name(name: str, stages: int) -> str:
    """Of a weight of the autoencoder, whose decoder's `stages` are counted from the picture there."""
    if found := re.fullmatch(r"(encoder|decoder)\.mid_block\.resnets\.(\d)\.(.+)", name):
        return f"{found[1]}.mid.block_{int(found[2]) + 1}.{_layer(found[3], VAE_RESIDUAL)}"
    if found := re.fullmatch(r"(encoder|decoder)\.mid_block\.attentions\.0\.(.+)", name):
        return f"{found[1]}.mid.attn_1.{_layer(found[2], VAE_ATTENTION)}"
    found = re.fullmatch(r"(encoder|decoder)\.(down|up)_blocks\.(\d+)\.(resnets|\w+samplers)\.(\d+)\.(.+)", name)
    if found is None:
        return name.replace(*NORM_OUT)
    stage = int(found[3]) if found[2] == "down" else stages - 1 - int(found[3])
    part = f"block.{found[5]}" if found[4] == "resnets" else f"{found[2]}sample"
    return f"{found[1]}.{found[2]}.{stage}.{part}.{_layer(found[6], VAE_RESIDUAL)}"


def _layer(name: str, table: Mapping[str, str]) -> str:
    start, _, end = name.rpartition(".")
    return f"{table.get(start, start)}.{end}"
