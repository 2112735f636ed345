"""How a network reads a prompt: by a small transformer that is trained with it, or from a frozen one's features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.arguments import bounded
from sfumato.nets.bounds import COUNT, DEPTH, HEADS, WIDTH
from sfumato.nets.layers import attend, zeroed


@dataclass(frozen=True)
class TextConfig:
    """The shape of a text encoder: tokens it knows (0 is padding), the most of them in a prompt, and its size."""

    vocabulary: int
    length: int
    width: int = 128
    layers: int = 2
    heads: int = 4
    encoder: ClassVar[str] = ""
    frozen: ClassVar[bool] = False

    @property
    def described(self) -> str:
        return f"of {self.vocabulary} known"

    def __post_init__(self) -> None:
        bounded(self, vocabulary=COUNT, length=COUNT, width=WIDTH, layers=DEPTH, heads=HEADS)


class TextEncoder(nn.Module):
    """`encoder(text) → (features, mask)`: int64 `(batch, length)` → `(batch, 1 + length, width)` and bool.

    The first feature stands for the whole prompt, and is all that there is of an empty one: no prompt is an input
    like others, which is learnt. `mask` is False at padding.
    """

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Parameter(torch.empty(1 + config.length, config.width))
        nn.init.normal_(self.tokens.weight, std=0.5)
        nn.init.normal_(self.positions, std=0.5)
        self.layers = nn.ModuleList(_Layer(config.width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        mask = F.pad(text != 0, (1, 0), value=True)
        x = F.pad(self.tokens(text), (0, 0, 1, 0)) + self.positions[: 1 + text.shape[1]]
        for layer in self.layers:
            x = layer(x, mask)
        features: Tensor = self.norm(x)
        return features, mask

    def null(self, count: int) -> Tensor:
        """`count` times no prompt."""
        return torch.zeros(count, 1, dtype=torch.long, device=self.positions.device)


@dataclass(frozen=True)
class FeaturesConfig:
    """How a network takes the features of a prompt from a frozen encoder.

    `encoder` is its name and `weights` their sha256; it gives `features` numbers a token, of which there are `length`
    at most. `width` is the size of what is made of them.
    """

    encoder: str
    weights: str
    features: int
    length: int
    width: int = 128
    frozen: ClassVar[bool] = True

    @property
    def described(self) -> str:
        return f"by {self.encoder} (weights {self.weights[:12]})"

    def __post_init__(self) -> None:
        bounded(self, features=COUNT, length=COUNT, width=WIDTH)


class FeaturesReader(nn.Module):
    """`reader(text) → (features, mask)`: float `(batch, length, features)` → `(batch, 1 + length, width)` and bool.

    Each token is projected alone, since the frozen encoder has seen them together. Of a prompt without tokens the first
    feature, which stands for the whole, is a learnt one. A token of zeros is padding.
    """

    def __init__(self, config: FeaturesConfig) -> None:
        super().__init__()
        self.features = config.features
        self.token = nn.Linear(config.features, config.width)
        self.pooled = nn.Linear(config.features, config.width)
        self.null_embedding = nn.Parameter(torch.empty(config.width))
        nn.init.normal_(self.null_embedding, std=0.5)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        there = (text != 0).any(2)
        text = F.layer_norm(text, text.shape[-1:])  # encoders differ in scale; zeros stay zeros
        mean = text.sum(1) / there.sum(1, keepdim=True).clamp(min=1)
        whole = torch.where(
            there.any(1, keepdim=True), self.pooled(mean), self.null_embedding.expand(text.shape[0], -1)
        )
        features: Tensor = self.norm(torch.cat([whole[:, None], self.token(text)], dim=1))
        return features, F.pad(there, (1, 0), value=True)

    def null(self, count: int) -> Tensor:
        """`count` times no prompt."""
        return self.null_embedding.new_zeros(count, 1, self.features)


def prompt_reader(config: TextConfig | FeaturesConfig) -> TextEncoder | FeaturesReader:
    """What reads prompts as `config` says."""
    return TextEncoder(config) if isinstance(config, TextConfig) else FeaturesReader(config)


class _Layer(nn.Module):
    """Attention among the tokens that are there, then two linear maps of each."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = zeroed(nn.Linear(width, width))
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = zeroed(nn.Linear(4 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = attend(query, key, value, mask=mask[:, None, None])
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        out: Tensor = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return out
