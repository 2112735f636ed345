"""Captions as numbers: a byte-pair tokenizer that is learnt from the captions it will read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sfumato.data.captions import Texts
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCABULARY_TOKENS = 4096  # tokens, unless the captions have more characters
SAMPLED_CAPTIONS = 20_000  # samples whose captions are looked at
MAX_PROMPT_TOKENS = 64  # tokens that are read of a prompt, at most
PADDING = "[PAD]"  # token 0
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))  # tokens 1 to 256: the UTF-8 of what no caption had
UNKNOWN = "[UNK]"  # token 1 of tokenizers of before, to which all such characters were one
MARK = r"\p{P}$+<=>^`|~"  # a token of its own wherever it stands
PIECES = rf" ?[{MARK}]| ?[^\s{MARK}]+|\s"  # tokens don't reach beyond these: words with the space before them


def learn_tokenizer(captions: Sequence[Texts]) -> Tokenizer:
    """A tokenizer made of the parts of words that are frequent in `captions` (Sennrich et al. 2016).

    Nothing of a text is lost: two texts have the same tokens only where they are the same in Unicode's composed form
    (NFC). What no caption has is spelt in bytes. It depends on the captions alone.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    # The space makes the first word of a text the same token as it is amid one.
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Prepend(" ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), "isolated")
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_TOKENS, special_tokens=[PADDING, *BYTES], show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(some_texts(captions), trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []  # else "[PAD]" in a caption would be read as padding
    return Tokenizer.from_str(json.dumps(content, ensure_ascii=False))


def some_texts(captions: Sequence[Texts]) -> Iterator[str]:
    """The texts of up to SAMPLED_CAPTIONS samples, evenly spread."""
    step = -(-len(captions) // SAMPLED_CAPTIONS) or 1
    for number in range(0, len(captions), step):
        yield from captions[number]


def longest(tokenizer: Tokenizer, captions: Sequence[Texts]) -> int:
    """How many tokens a model of `captions` should read: a multiple of 8 from 8 to MAX_PROMPT_TOKENS."""
    most = max((len(tokenizer.encode(text).ids) for text in some_texts(captions)), default=1)
    return min(MAX_PROMPT_TOKENS, -(-most // 8) * 8)


def too_long(tokenizer: Tokenizer, captions: Sequence[Texts], length: int) -> tuple[int, int]:
    """How many of some of the `captions` have more than `length` tokens, and of how many."""
    texts = list(some_texts(captions))
    return sum(len(found.ids) > length for found in tokenizer.encode_batch(texts)), len(texts)


def tokenize(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> Tensor:
    """The first `length` tokens of each text, int64 `(texts, length)`; 0 after its end. A blank text is all 0.

    Raises SfumatoError for halves of characters, which a terminal hands over where its bytes aren't UTF-8.
    """
    tokens = np.zeros((len(texts), length), np.int64)
    for row, text in zip(tokens, texts, strict=True):
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise SfumatoError("the prompt holds bytes that are no characters of UTF-8; write it anew.")
        ids = tokenizer.encode(text).ids[:length] if text.strip() else []
        row[: len(ids)] = ids
    return torch.from_numpy(tokens)


def truncation_notes(tokenizer: Tokenizer, text: str, length: int) -> list[str]:
    """Plain sentences about what of `text` a model doesn't see: characters that are unknown, and what is too long."""
    found = tokenizer.encode(text)
    sentences = []
    if unknown := _unknown(tokenizer, text):
        sentences.append(f"the model never saw “{unknown[:20]}”, which means nothing to it.")
        if not _unknown(tokenizer, text.lower()):
            sentences[-1] = f"{sentences[-1][:-1]}: its captions are in lower case, so write the prompt like them."
    if len(found.ids) > length:
        read = text[: found.offsets[length - 1][1]].strip()
        sentences.append(f"the model reads {length} tokens, the prompt up to “…{read[-40:]}”.")
    return sentences


def _unknown(tokenizer: Tokenizer, text: str) -> str:
    """The characters of `text` that no caption had."""
    found = tokenizer.encode(text)
    strange = {tokenizer.token_to_id(name) for name in (*BYTES, UNKNOWN)}
    places = {place: None for token, place in zip(found.ids, found.offsets, strict=True) if token in strange}
    return "".join(text[start:end] for start, end in places).strip()  # a character of several bytes is one place


def open_tokenizer(content: str, source: str) -> Tokenizer:
    """The tokenizer whose JSON is `content`; raises SfumatoError that names the `source` where it is none."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(content)
    except Exception as error:  # the library raises nothing narrower
        raise SfumatoError(f"{source} is damaged; restore it or train again.") from error
