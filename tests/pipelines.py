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


def stable_diffusion(folder: Path, scheduler: Any = None) -> Path:
    """Stable Diffusion of pictures of 16×16, by default with DDIM; returns `folder`."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    scheduler = scheduler or DDIMScheduler(**SD_NOISE, clip_sample=False, steps_offset=1)
    tokenizer = clip_tokenizer(folder / "words")
    parts = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipe = StableDiffusionPipeline(
        autoencoder(), clip(len(tokenizer)), tokenizer, conditional_unet(), scheduler, **parts
    )
    pipe.save_pretrained(folder)
    return folder


def t5(folder: Path, width: int = 32) -> tuple[nn.Module, Any]:
    """A T5 and its tokenizer."""
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    from text_encoders import small_encoder

    tokenizer = AutoTokenizer.from_pretrained(small_encoder(folder, "t5"))
    config = T5Config(vocab_size=len(tokenizer), d_model=width, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    return random_weights(T5EncoderModel(config)), tokenizer


def stable_diffusion_xl(folder: Path) -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    words = clip_tokenizer(folder / "words")
    unet = conditional_unet(
        32, addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=6 * 8 + 16
    )
    one, two = clip(len(words)), clip(len(words), projected=True)
    scheduler = EulerDiscreteScheduler(**SD_NOISE, timestep_spacing="leading", steps_offset=1)
    return StableDiffusionXLPipeline(autoencoder(), one, two, words, words, unet, scheduler, add_watermarker=False)


def stable_diffusion_3(folder: Path) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    words, (long, others) = clip_tokenizer(folder / "words"), t5(folder / "long")
    transformer = SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
        num_attention_heads=2, joint_attention_dim=32, caption_projection_dim=16, pooled_projection_dim=32,
        pos_embed_max_size=16,
    )  # fmt: skip
    clips = [clip(len(words), projected=True) for _ in range(2)]
    vae = autoencoder(scaling_factor=1.5, shift_factor=0.06)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    return StableDiffusion3Pipeline(
        random_weights(transformer), scheduler, vae, clips[0], words, clips[1], words, long, others
    )


def flux(folder: Path) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    words, (long, others) = clip_tokenizer(folder / "words"), t5(folder / "long")
    transformer = FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=16, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
    )  # fmt: skip
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    vae = autoencoder(scaling_factor=1.5, shift_factor=0.06)
    return FluxPipeline(scheduler, vae, clip(len(words)), words, long, others, random_weights(transformer))


def pixart(folder: Path) -> Any:
    from diffusers import DPMSolverMultistepScheduler, PixArtAlphaPipeline, PixArtTransformer2DModel

    long, others = t5(folder / "long")
    transformer = PixArtTransformer2DModel(
        sample_size=8, in_channels=4, out_channels=8, num_layers=1, attention_head_dim=8, num_attention_heads=2,
        cross_attention_dim=16, caption_channels=32, norm_num_groups=4, use_additional_conditions=False,
    )  # fmt: skip
    scheduler = DPMSolverMultistepScheduler(lower_order_final=False)
    return PixArtAlphaPipeline(others, long, autoencoder(), random_weights(transformer), scheduler)


def pixart_sigma(folder: Path) -> Any:
    from diffusers import PixArtSigmaPipeline

    parts = dict(pixart(folder).components)
    return PixArtSigmaPipeline(**parts)


def dit(folder: Path) -> Any:
    from diffusers import DDIMScheduler, DiTPipeline, DiTTransformer2DModel

    transformer = DiTTransformer2DModel(
        sample_size=8, in_channels=4, out_channels=8, num_layers=1, attention_head_dim=8, num_attention_heads=2,
        num_embeds_ada_norm=1000, norm_num_groups=4,
    )  # fmt: skip
    return DiTPipeline(random_weights(transformer), autoencoder(), DDIMScheduler(clip_sample=False))
