"""What reads the prompts of a model: a tokenizer beside its config, or a frozen encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.data.encoders import Encoder
from sfumato.data.tokens import open_tokenizer
from sfumato.errors import SfumatoError
from sfumato.hub.config import ModelConfig
from sfumato.nets import FeaturesConfig

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"  # beside the config of a model that reads prompts


def read_tokenizer(config: ModelConfig, folder: Path) -> Tokenizer | None:
    """The tokenizer in `folder`, for a network that reads prompts; raises SfumatoError where it isn't there."""
    if config.net.text is None or config.net.text.frozen:
        return None
    path = folder / TOKENIZER
    try:
        return open_tokenizer(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SfumatoError(f"{path}, by which the model reads prompts, is missing or damaged; restore it.") from error


def frozen_encoder(config: ModelConfig) -> Encoder | None:
    """The frozen encoder of the network's prompts, where it has one; opened when it is first used."""
    text = config.net.text
    if not isinstance(text, FeaturesConfig):
        return None
    return Encoder(text.encoder, text.length, text.features, text.weights)
