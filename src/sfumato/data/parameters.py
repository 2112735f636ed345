"""What a picture's PNG says to other tools: the text that Stable Diffusion web UI (AUTOMATIC1111) writes and reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath

PARAMETERS = "parameters"  # the key of the text
HASH = 10  # letters of a sha256 that it calls a model's hash
# Ours → what it calls them; the others go by our names
SAMPLERS = {
    "ddim": "DDIM",
    "euler": "Euler",
    "euler-ancestral": "Euler a",
    "heun": "Heun",
    "lms": "LMS",
    "pndm": "PLMS",
    "dpm-solver-2": "DPM2",
    "dpm-solver-2-ancestral": "DPM2 a",
    "dpm++2m": "DPM++ 2M",
    "dpm++2m-sde": "DPM++ 2M SDE",
    "dpm++3m-sde": "DPM++ 3M SDE",
    "dpm++sde": "DPM++ SDE",
    "dpm++2s-ancestral": "DPM++ 2S a",
    "adaptive": "DPM adaptive",
    "unipc2": "UniPC",
    "consistency": "LCM",
}
GRIDS = {"karras": "Karras", "logsnr": "Exponential", "trailing": "SGM Uniform", "beta": "Beta", "cosine": "KL Optimal"}


def parameters(about: Mapping[str, str], size: tuple[int, int]) -> str | None:
    """The text of a picture of `size` (width, height) that says `about` itself what `hub.record.facts` does.

    None where that is of no single picture of a seed.
    """
    if not {"seed", "steps", "sampler", "model"} <= about.keys():
        return None
    negative = [f"Negative prompt: {about['negative']}"] if about.get("negative") else []
    settings = {
        "Steps": about["steps"],
        "Sampler": SAMPLERS.get(about["sampler"], about["sampler"]),
        "Schedule type": GRIDS.get(about.get("grid", ""), about.get("grid")),
        "CFG scale": about.get("guidance"),
        "Seed": about["seed"],
        "Size": f"{size[0]}x{size[1]}",
        "Model hash": about.get("weights_sha256", "")[:HASH],
        "Model": PurePath(about["model"]).name,
        "Denoising strength": about.get("strength"),
        "Version": f"sfumato {about['sfumato']}" if "sfumato" in about else None,
    }
    said = ", ".join(f"{name}: {_quoted(value)}" for name, value in settings.items() if value)
    return "\n".join([about.get("prompt", ""), *negative, said])


def _quoted(value: str) -> str:
    """A value in quotes where its signs would be read as the text's own."""
    return json.dumps(value, ensure_ascii=False) if set(value) & set(',:"\n') else value
