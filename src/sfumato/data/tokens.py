"""Captions as numbers: a byte-pair tokenizer that is learnt from the captions it will read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCABULARY = 4096  # tokens at most
LEARNT_FROM = 20_000  # captions
LONGEST = 64  # tokens that are read of a prompt, at most
PADDING, UNKNOWN = "[PAD]", "[UNK]"  # tokens 0 and 1


def learn_tokenizer(captions: Sequence[str]) -> Tokenizer:
    """A tokenizer made of the parts of words that are frequent in `captions` (Sennrich et al. 2016).

    It reads lower case without accents; characters that no caption has are unknown. It depends on the captions alone.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    split = [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[PADDING, UNKNOWN], show_progress=False, min_frequency=2
    )
    step = -(-len(captions) // LEARNT_FROM) or 1
    tokenizer.train_from_iterator((captions[number] for number in range(0, len(captions), step)), trainer)
    return tokenizer


def longest(tokenizer: Tokenizer, captions: Sequence[str]) -> int:
    """How many tokens a model of `captions` should read: a multiple of 8 from 8 to LONGEST."""
    step = -(-len(captions) // LEARNT_FROM) or 1
    lines = [line for number in range(0, len(captions), step) for line in captions[number].splitlines()]
    most = max((len(tokenizer.encode(line).ids) for line in lines), default=1)
    return min(LONGEST, -(-most // 8) * 8)


def tokenize(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> Tensor:
    """The first `length` tokens of each text, int64 `(texts, length)`; 0 after its end. An empty text is all 0.

    Raises SfumatoError for halves of characters, which a terminal hands over where its bytes aren't UTF-8.
    """
    tokens = np.zeros((len(texts), length), np.int64)
    for row, text in zip(tokens, texts, strict=True):
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise SfumatoError("the prompt holds bytes that are no characters of UTF-8; write it anew.")
        ids = tokenizer.encode(text).ids[:length] if text.strip() else []
        row[: len(ids)] = ids
    return torch.from_numpy(tokens)


def unread(tokenizer: Tokenizer, text: str, length: int) -> list[str]:
    """Plain sentences about what of `text` a model doesn't see: characters that are unknown, and what is too long."""
    found = tokenizer.encode(text)
    sentences = []
    unknown = "".join(
        text[start:end] for token, (start, end) in zip(found.ids, found.offsets, strict=True) if token == 1
    )
    if unknown.strip():
        sentences.append(f"the model never saw “{unknown.strip()[:20]}”, which was passed over.")
    if len(found.ids) > length:
        read = text[: found.offsets[length - 1][1]].strip()
        sentences.append(f"the model reads {length} tokens and sees the prompt up to “…{read[-40:]}”.")
    return sentences


def open_tokenizer(content: str, source: str) -> Tokenizer:
    """The tokenizer whose JSON is `content`; raises SfumatoError that names the `source` where it is none."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(content)
    except Exception as error:  # the library raises nothing narrower
        raise SfumatoError(f"{source} is damaged; restore it or train again.") from error
