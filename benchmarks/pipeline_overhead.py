"""What a pipeline of Stable Diffusion 1.5's shape costs beside its networks: ours and diffusers' own, on one folder.

    python benchmarks/pipeline_overhead.py            six minutes
    python benchmarks/pipeline_overhead.py --quick    fewer repeats
    python benchmarks/pipeline_overhead.py --narrow   networks of 8 channels, whose own time is small beside the rest

The folder has random weights and a tenth of Stable Diffusion 1.5's channels: 4 stages of 32, 64, 128 and 128 (of 320,
640, 1280 and 1280), two layers each, attention to a prompt of 77 tokens in three of them; pictures of 256 pixels, so
latents of 32×32. Each picture takes 20 DDIM steps at guidance 7.5. A row is a process of its own, on one thread. The
table gives CPU time: of a whole picture, of its networks (text encoder, UNet, decoder), and of the rest, a step, each
the median over the repeats; and the largest memory of the process, with the libraries that it imports. A row with
offload hands each part to the device and takes it back as an accelerator's would; on a CPU that moves nothing, so the
row shows what the bookkeeping costs. The last column is what the weights take on the device at most: all, or the
largest part alone.
Exits 1 where ours takes more than a quarter above diffusers' beside the networks, or a tenth more memory.
"""

from __future__ import annotations

import functools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

STEPS, GUIDANCE, PROMPT = 20, 7.5, "a red heart on a long road"
PICTURE = 256  # pixels
WIDTHS, NARROW = (32, 64, 128, 128), (8, 8, 8, 8)
TEXT = 64  # features of a token
MB = 2**20
inside = 0.0  # seconds within networks


def write(folder: Path) -> None:
    """The folder, by diffusers itself."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
    ends = {"bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1, "pad_token_id": len(words) - 1}
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=TEXT, intermediate_size=4 * TEXT, num_hidden_layers=12,
        num_attention_heads=4, **ends,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=PICTURE // 8, block_out_channels=NARROW if "--narrow" in sys.argv else WIDTHS,
        cross_attention_dim=TEXT, attention_head_dim=8, norm_num_groups=8 if "--narrow" in sys.argv else 32,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 16, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4, layers_per_block=2,
        up_block_types=("UpDecoderBlock2D",) * 4, norm_num_groups=8, sample_size=PICTURE,
    )  # fmt: skip
    noise = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    scheduler = DDIMScheduler(**noise, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    nothing = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    StableDiffusionPipeline(vae, CLIPTextModel(text), tokenizer, unet, scheduler, **nothing).save_pretrained(folder)


def timed(kind: type, name: str) -> None:
    """Count the seconds within a method of a class."""
    method = getattr(kind, name)

    @functools.wraps(method)
    def counted(*args: Any, **more: Any) -> Any:
        global inside
        begun = time.process_time()
        try:
            return method(*args, **more)
        finally:
            inside += time.process_time() - begun

    setattr(kind, name, counted)


def work(whose: str, folder: str, repeats: int) -> None:
    """Generate pictures, and print the seconds of each, those within the networks, and the peak of memory."""
    import torch

    torch.set_num_threads(1)
    if whose.startswith("ours"):
        from sfumato import load
        from sfumato.hub.diffusers.memory import offload

        model = load(folder)
        model.denoiser.requires_grad_(False)
        if whose == "ours, offload":
            offload(model, torch.device("cpu"))

        def draw(seed: int, steps: int = STEPS) -> Any:
            how: dict[str, Any] = {"sampler": "ddim", "guidance": GUIDANCE, "steps": steps}
            return model.sample([seed], prompts=PROMPT, **how)
    else:
        from diffusers import StableDiffusionPipeline

        pipe = StableDiffusionPipeline.from_pretrained(folder)
        pipe.set_progress_bar_config(disable=True)

        def draw(seed: int, steps: int = STEPS) -> Any:
            generator = torch.Generator().manual_seed(seed)
            how: dict[str, Any] = {"guidance_scale": GUIDANCE, "num_inference_steps": steps}
            return pipe(PROMPT, generator=generator, output_type="pt", **how).images

    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    for kind, name in ((UNet2DConditionModel, "forward"), (AutoencoderKL, "decode"), (CLIPTextModel, "forward")):
        timed(kind, name)
    draw(0, 2)
    rows = []
    for seed in range(repeats):
        before, begun = inside, time.process_time()
        assert draw(seed).shape == (1, 3, PICTURE, PICTURE)
        rows.append((time.process_time() - begun, inside - before))
    sizes = [file.stat().st_size for file in Path(folder).glob("*/*.safetensors")]
    held = max(sizes) if whose == "ours, offload" else sum(sizes)
    print(json.dumps([rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, held]))


def main() -> int:
    repeats = 4 if "--quick" in sys.argv else 9
    found = {}
    heads = ("a picture, s", "networks, s", "the rest, ms a step", "memory, MB", "on the device, MB")
    print(f"{'':<14} {heads[0]:>12} {heads[1]:>12} {heads[2]:>20} {heads[3]:>11} {heads[4]:>18}")
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        for whose in ("diffusers", "ours", "ours, offload"):
            command = [sys.executable, __file__, "--work", whose, folder, str(repeats)]
            ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rows, peak, held = json.loads(ended.stdout.splitlines()[-1])
            rest = [1000 * (whole - networks) / STEPS for whole, networks in rows]
            whole, networks = (statistics.median(column) for column in zip(*rows, strict=True))
            found[whose] = statistics.median(rest), peak
            row = f"{whole:>12.2f} {networks:>12.2f} {found[whose][0]:>20.2f} {peak / MB:>11,.0f} {held / MB:>18.1f}"
            print(f"{whose:<14} {row}", flush=True)
    (rest, peak), (their_rest, their_peak) = found["ours"], found["diffusers"]
    print(f"ours beside diffusers: {rest / their_rest:.2f} of the rest, {peak / their_peak:.2f} of the memory")
    return 0 if rest <= 1.25 * their_rest and peak <= 1.1 * their_peak else 1


if __name__ == "__main__":
    if "--work" in sys.argv:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        sys.exit(main())
