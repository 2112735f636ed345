"""The layers of Stable Diffusion's UNet by the names of the original repository, with underscores for dots.

Adapters of SDXL that kohya's trainer writes have them: input_blocks_4_1_proj_in is down_blocks_1_attentions_0_proj_in.
Blocks are counted through there, of `layers` residual layers each (`layers_per_block`).
"""

from __future__ import annotations

import re

ENDS = {
    "input_blocks_0_0": "conv_in", "out_2": "conv_out", "time_embed_0": "time_embedding_linear_1",
    "time_embed_2": "time_embedding_linear_2", "label_emb_0_0": "add_embedding_linear_1",
    "label_emb_0_2": "add_embedding_linear_2",
}  # fmt: skip
MIDDLE = ("resnets_0", "attentions_0", "resnets_1")
RESIDUAL = {
    "in_layers_2": "conv1", "emb_layers_1": "time_emb_proj", "out_layers_3": "conv2",
    "skip_connection": "conv_shortcut",
}  # fmt: skip


def diffusers_name(name: str, layers: int) -> str:
    """What diffusers calls a layer; a name that isn't the original repository's stays."""
    if name in ENDS:
        return ENDS[name]
    if found := re.fullmatch(r"middle_block_([012])_(.+)", name):
        return f"mid_block_{MIDDLE[int(found[1])]}_{RESIDUAL.get(found[2], found[2])}"
    found = re.fullmatch(r"(input|output)_blocks_(\d+)_(\d)_(.+)", name)
    if found is None:
        return name
    down, rest = found[1] == "input", found[4]
    block, layer = divmod(int(found[2]) - down, layers + 1)
    start = f"{'down' if down else 'up'}_blocks_{block}"
    if rest == "op":
        return f"{start}_downsamplers_0_conv"
    if rest == "conv":
        return f"{start}_upsamplers_0_conv"
    part = "resnets" if found[3] == "0" else "attentions"
    return f"{start}_{part}_{layer}_{RESIDUAL.get(rest, rest)}"


def original_name(name: str, layers: int) -> str:
    """What the original repository calls a layer of a transformer; all others keep the name that diffusers has."""
    if found := re.fullmatch(r"mid_block_attentions_0_(.+)", name):
        return f"middle_block_1_{found[1]}"
    found = re.fullmatch(r"(down|up)_blocks_(\d+)_attentions_(\d+)_(.+)", name)
    if found is None:
        return name
    down = found[1] == "down"
    number = int(found[2]) * (layers + 1) + int(found[3]) + down
    return f"{'input' if down else 'output'}_blocks_{number}_1_{found[4]}"
