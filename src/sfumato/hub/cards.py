"""What a model on the Hub says of itself: its card, with the pictures of its seeds and whose data it was trained on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from sfumato.data.emoji import CREDIT as EMOJI
from sfumato.hub.model import Model

SAMPLES = "samples.png"
DIGITS = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, CC BY 4.0"
)
MADE = "Made by Sfumato from random numbers, and nobody's"
# Data that Sfumato can open → whose it is, and the licence that a card may name
CREDITS: dict[str, tuple[str, str]] = {
    "digits": (DIGITS, "cc-by-4.0"),
    "emoji": (EMOJI, "cc-by-sa-4.0"),
    "points": (MADE, "cc0-1.0"),
    "shapes": (MADE, "cc0-1.0"),
}
FREE = "cc0-1.0"  # the licence of avatars whose style says CC0
FOLLOWS = re.compile(r"^---\n.*?\n---\n(?:\s*#[^\n]*\n)?", re.DOTALL)  # the head of a card, and its title


@dataclass(frozen=True)
class Card:
    """The words of a card, and the licence that it names, which is empty where nobody knows."""

    text: str
    licence: str


def credit(data: str) -> tuple[str, str]:
    """Whose the training data `data` is, as a run names it, and its licence; empty for what a user brought."""
    kind, _, style = data.partition(":")
    if kind != "avatars":
        return CREDITS.get(kind, ("", ""))
    from sfumato.data.avatars import attribution

    said = attribution(style.partition(":")[0])
    return said.rstrip("."), FREE if "CC0" in said else "cc-by-4.0" if "CC BY 4.0" in said else ""


def card(repository: str, model: Model, data: str = "", licence: str = "", words: str = "", shown: bool = True) -> Card:
    """The card of `model` in `repository`: the `words` that there are already, or what it is and how it is used.

    It says whose the training `data` is, names its licence unless another is given, and where they are `shown` has the
    pictures in SAMPLES.
    """
    whose, of_data = credit(data)
    licence = licence or of_data
    text = words or _plain(repository, model)
    if licence and "\nlicense:" not in text:
        text = text.replace("---\n", f"---\nlicense: {licence}\n", 1)
    prompted = ", without a prompt" if model.text_conditional else ""
    picture = f"\n![Pictures of the seeds 0 to 15{prompted}]({SAMPLES})\n"
    if shown and SAMPLES not in text:
        head = FOLLOWS.match(text)
        at = head.end() if head else 0
        text = text[:at] + picture + text[at:]
    if whose and whose not in text:
        text = f"{text.rstrip()}\n\nTrained on {data}. {whose}.\n"
    elif data.startswith("hf:") and not words:  # a path of this machine stays here
        text = f"{text.rstrip()}\n\nTrained on {data}.\n"
    return Card(text, licence)


def _plain(repository: str, model: Model) -> str:
    config = model.config
    kind, shape = config.seen
    task = "text-to-image" if model.text_conditional else "unconditional-image-generation"
    tags = ["diffusion", "image-generation" if kind == "pictures" else kind]
    head = {"library_name": "sfumato", **({"pipeline_tag": task} if kind == "pictures" else {}), "tags": tags}
    classes = f", of the classes {', '.join(config.classes)}" if config.classes else ""
    yaml = "\n".join(f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in head.items())
    prompt = ' "a prompt"' if model.text_conditional else ""
    return f"""---
{yaml}
---
# {repository.rpartition("/")[2]}

A diffusion model of {model.parameter_count:,} parameters: {kind} of {" × ".join(map(str, shape))}{classes}.

```sh
sfumato sample hf:{repository}{prompt}
```

Weights sha256 `{model.weights_hash}`.
"""
