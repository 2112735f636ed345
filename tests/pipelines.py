"""Pipelines of diffusers, as small as can be, with random weights, in folders that diffusers itself writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def random_weights(net: nn.Module, spread: float = 0.3) -> nn.Module:
    """`net` with all weights moved, those too that begin at zero."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=spread * weight[0].numel() ** -0.5)
    return net.eval()


def unet2d(**more: Any) -> nn.Module:
    from diffusers import UNet2DModel

    return random_weights(
        UNet2DModel(
            sample_size=8, in_channels=3, out_channels=3, block_out_channels=(8, 16), layers_per_block=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=4, attention_head_dim=4, **more,
        )
    )  # fmt: skip


def ddim_folder(folder: Path, **scheduler: Any) -> Path:
    """A DDIM pipeline of 8×8 pictures; returns `folder`."""
    from diffusers import DDIMPipeline, DDIMScheduler

    scheduler = {"clip_sample": False, **scheduler}
    DDIMPipeline(unet2d(), DDIMScheduler(**scheduler)).save_pretrained(folder)
    return folder


def noise(shape: tuple[int, ...], seed: int = 3) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def clip_tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer without merges: a token a letter."""
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def clip(tokens: int, projected: bool = False, width: int = 16) -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=tokens, hidden_size=width, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2,
        projection_dim=width, bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=tokens - 1,
    )  # fmt: skip
    return random_weights((CLIPTextModelWithProjection if projected else CLIPTextModel)(config))


def autoencoder(latent: int = 4, **more: Any) -> nn.Module:
    from diffusers import AutoencoderKL

    return random_weights(
        AutoencoderKL(
            block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2, norm_num_groups=4,
            up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=latent, sample_size=16, **more,
        )
    )  # fmt: skip


def conditional_unet(width: int = 16, **more: Any) -> nn.Module:
    from diffusers import UNet2DConditionModel

    return random_weights(
        UNet2DConditionModel(
            sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, attention_head_dim=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), cross_attention_dim=width,
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **more,
        )
    )  # fmt: skip


SD_NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def stable_diffusion(folder: Path, scheduler: Any) -> Path:
    """Stable Diffusion of pictures of 16×16; returns `folder`."""
    from diffusers import StableDiffusionPipeline

    tokenizer = clip_tokenizer(folder / "words")
    parts = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipe = StableDiffusionPipeline(
        autoencoder(), clip(len(tokenizer)), tokenizer, conditional_unet(), scheduler, **parts
    )
    pipe.save_pretrained(folder)
    return folder
