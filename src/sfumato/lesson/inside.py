"""A look inside the UNet: the same forward pass, every block's answer kept, with switches on its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from sfumato.hub.onnx import graph_onnx
from sfumato.nets.unet import Attention, Block, UNet


class Inside(nn.Module):
    """`inside(x, c_noise, label, gates) → (answer, *activations, *attention maps)`.

    `gates` `(switches,)` multiplies each part named in `switches`: 1 leaves it as it is, 0 takes it away. Activations
    are `(batch, channels, height, width)`; attention maps `(batch, heads, pixels, pixels)`, rows summing to 1.
    """

    def __init__(self, net: UNet) -> None:
        super().__init__()
        self.net = net
        self.blocks: dict[str, nn.Module] = {"enter": net.conv_in}
        ups: dict[str, tuple[Block, int]] = {}
        for stage, blocks in enumerate(net.down):
            for index, block in enumerate(cast(nn.ModuleList, blocks)):
                self.blocks[f"down {stage}.{index}"] = block
        self.blocks["middle"] = net.middle
        for stage, blocks in reversed(list(enumerate(net.up))):
            for index, block in enumerate(cast(nn.ModuleList, blocks)):
                self.blocks[f"up {stage}.{index}"] = block
                ups[f"skip {stage}.{index}"] = (cast(Block, block), net.config.widths[stage])
        self.attentions = {
            name: block.attention
            for name, block in self.blocks.items()
            if isinstance(block, Block) and isinstance(block.attention, Attention)
        }
        self.switches = ["time", "class", "middle", *ups, *(f"attention {name}" for name in self.attentions)]
        self._kept: dict[str, Tensor] = {}
        self._gates = torch.ones(len(self.switches))
        self._hook(ups)

    def _gate(self, name: str) -> Tensor:
        return self._gates[self.switches.index(name)]

    def _hook(self, ups: dict[str, tuple[Block, int]]) -> None:
        net = self.net
        net.condition.noise.register_forward_hook(lambda _, __, out: out * self._gate("time"))
        if net.condition.label is not None:
            net.condition.label.register_forward_hook(lambda _, __, out: out * self._gate("class"))

        def skip_gate(name: str, width: int) -> Callable[..., Any]:
            def gate(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
                x, *others = given
                return torch.cat([x[:, :-width], x[:, -width:] * self._gate(name)], dim=1), *others

            return gate

        for name, (block, width) in ups.items():
            block.register_forward_pre_hook(skip_gate(name, width))

        def attend(name: str) -> Callable[..., Any]:
            def watch(module: nn.Module, given: tuple[Any, ...], out: Tensor) -> Tensor:
                attention, x = cast(Attention, module), given[0]
                count, channels, height, width = x.shape
                qkv = attention.qkv(attention.norm(x)).reshape(count, 3, attention.heads, -1, height * width)
                query, key, _ = qkv.unbind(1)
                scale = (channels // attention.heads) ** -0.5
                self._kept[f"attention {name}"] = (query.transpose(-1, -2) @ key * scale).softmax(-1)
                gated: Tensor = x + self._gate(f"attention {name}") * (out - x)
                return gated

            return watch

        for name, attention in self.attentions.items():
            attention.register_forward_hook(attend(name))

        def keep(name: str) -> Callable[..., Any]:
            def watch(_: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> Tensor:
                if name == "middle":
                    out = given[0] + self._gate("middle") * (out - given[0])
                self._kept[name] = out
                return out

            return watch

        for name, part in self.blocks.items():
            part.register_forward_hook(keep(name))

    def forward(self, x: Tensor, c_noise: Tensor, label: Tensor, gates: Tensor) -> tuple[Tensor, ...]:
        self._gates, self._kept = gates, {}
        answer = self.net(x, c_noise, label)
        return (answer, *(self._kept[name] for name in self.outputs))

    @property
    def outputs(self) -> list[str]:
        return [*self.blocks, *(f"attention {name}" for name in self.attentions)]

    def describe(self) -> dict[str, Any]:
        """The switches and the outputs by name, in the order of the graph's; the adjustable numbers of each block."""

        def count(*parts: nn.Module) -> int:
            return sum(p.numel() for part in parts for p in part.parameters())

        net = self.net
        heads = {name: module.heads for name, module in self.attentions.items()}
        return {
            "switches": self.switches,
            "outputs": ["answer", *self.outputs],
            "heads": heads,
            "widths": list(net.config.widths),
            "parameters": {
                **{name: count(part) for name, part in self.blocks.items()},
                "answer": count(net.norm, net.conv_out),
                "embedding": count(net.condition),
            },
        }

    def onnx(self, shape: tuple[int, ...]) -> bytes:
        inputs = {
            "x": torch.zeros(1, *shape),
            "c_noise": torch.zeros(1),
            "label": torch.zeros(1, dtype=torch.int64),
            "gates": torch.ones(len(self.switches)),
        }
        names = [name.replace(" ", "_").replace(".", "_") for name in ["answer", *self.outputs]]
        return graph_onnx(self.eval(), inputs, None, names, half=True)
