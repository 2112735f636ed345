"""Prompts: from words to tokens, through the encoder, into training and out of a model."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sfumato.data import Dataset
from sfumato.data.captions import Texts
from sfumato.data.tokens import BYTES, learn_tokenizer, longest, open_tokenizer, tokenize, truncation_notes
from sfumato.errors import SfumatoError
from sfumato.hub import load, new_model
from sfumato.nets import TextConfig, UNet, UNetConfig
from sfumato.nets.text import TextEncoder
from sfumato.training import (
    Trainer,
    TrainingConfig,
    model_for,
    model_from,
    start_run,
    train,
)
from tiny import TINY, blobs, resumes_exactly

CAPTIONS: list[Texts] = [
    ("a red heart",), ("a blue heart",), ("the red circle", "a circle, red"), ("blue circles",), (),
] * 20  # fmt: skip
SCRIPTS: list[Texts] = [
    ("パンとハン", "か゚ガ"), ("con mèo đẹp nằm trên bàn", "con meo"), ("हिन्दी में बिल्ली", "की क"), ("แมวน้ำ กำลังนอน",),
    ("Crème brûlée\n\n[PAD] <0x41>",), ("a▁b", "(it's 5 + 3)"),
] * 3  # fmt: skip
ASSIGNED = st.characters(categories=["L", "M", "N", "P", "S", "Z", "Cc", "Cf"])
WRITTEN = st.text(ASSIGNED | st.sampled_from("ae\u0301\u0323 \n\u30cf\u309a\u30d1\u093f\u094d\u0e33\u1ed9[\u2581<0x4"))
TEXTS = [text for texts in CAPTIONS for text in texts]
CPU = torch.device("cpu")


def said() -> Dataset:
    """Pictures with captions as well as classes."""
    pictures = blobs()
    return replace(pictures, captions=[CAPTIONS[i % len(CAPTIONS)] for i in range(len(pictures))])


def wake(net: torch.nn.Module) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return net.eval()


def test_a_tokenizer_depends_on_its_captions_alone_and_survives_being_saved() -> None:
    first, second = learn_tokenizer(CAPTIONS), learn_tokenizer(list(CAPTIONS))
    assert first.to_str() == second.to_str()
    again = open_tokenizer(first.to_str(), "here")
    assert torch.equal(tokenize(again, TEXTS, 8), tokenize(first, TEXTS, 8))
    with pytest.raises(SfumatoError, match="here is damaged"):
        open_tokenizer("{}", "here")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_text_has_tokens_that_the_network_knows(texts: list[str]) -> None:
    tokenizer = learn_tokenizer(CAPTIONS)
    tokens = tokenize(tokenizer, texts, 8)
    assert tokens.shape == (len(texts), 8)
    assert (tokens.min() if texts else 0) >= 0 and (tokens.max() if texts else 0) < tokenizer.get_vocab_size()
    for text, row in zip(texts, tokens, strict=True):
        ends = int((row != 0).sum())
        assert (row[ends:] == 0).all(), "padding comes last"
        assert ends > 0 or not text.strip() or not tokenizer.encode(text).ids


def test_words_seen_often_are_one_token_wherever_they_stand() -> None:
    tokenizer = learn_tokenizer(CAPTIONS)
    red, heart = tokenize(tokenizer, ["red", "heart"], 2)[:, 0].tolist()
    assert tokenize(tokenizer, ["heart red heart"], 4).tolist() == [[heart, red, heart, 0]]
    assert longest(tokenizer, CAPTIONS) == 8


LEARNT = [learn_tokenizer(CAPTIONS), learn_tokenizer(SCRIPTS)]


@settings(max_examples=300, deadline=None)
@given(WRITTEN, WRITTEN, st.sampled_from(LEARNT))
def test_texts_have_the_same_tokens_only_where_they_are_canonically_the_same(a: str, b: str, by: Tokenizer) -> None:
    alike = unicodedata.normalize("NFC", a) == unicodedata.normalize("NFC", b)
    assert (by.encode(a).ids == by.encode(b).ids) == alike
    spelt = [by.id_to_token(token) for token in by.encode(a).ids]
    bytes_of = {name: bytes([number]) for number, name in enumerate(BYTES)}
    back = b"".join(bytes_of.get(piece, piece.encode()) for piece in spelt).decode()
    assert back.removeprefix(" ") == unicodedata.normalize("NFC", a)


@pytest.mark.parametrize(
    "pair", [("パン", "ハン"), ("mèo", "meo"), ("हिन्दी", "हनद"), ("น้ำ", "นา"), ("Polish", "polish"), ("[PAD]", "")]
)
def test_no_script_loses_its_marks(pair: tuple[str, str]) -> None:
    first, second = tokenize(LEARNT[1], pair, 16)
    assert not torch.equal(first, second)
    for text in pair:
        assert torch.equal(*tokenize(LEARNT[1], [unicodedata.normalize(form, text) for form in ("NFC", "NFD")], 16))
    assert truncation_notes(LEARNT[1], SCRIPTS[0][0], 64) == []


def test_a_tokenizer_of_before_reads_as_it_did() -> None:
    """The shipped model's own: lower case without accents, and one token for what it doesn't know."""
    old = load("emoji").tokenizer
    assert old is not None
    assert torch.equal(*tokenize(old, ["A RED Héart", "a red heart"], 8))
    assert tokenize(old, ["red heart", "a 🐢🐢 heart"], 4).tolist() == [[315, 133, 0, 0], [225, 48, 1, 133]]
    (unknown,) = truncation_notes(old, "a 🐢 heart", 8)
    assert "never saw “🐢”" in unknown


def test_captions_that_are_cut_are_counted_as_training_begins(tmp_path: Path) -> None:
    data = said()
    captions = [("a red heart", "a blue heart " * 20) if i % 3 else ("many red words " * 30,) for i in range(len(data))]
    long = replace(data, captions=captions)
    model = model_for(long, "nano")
    assert model.net.text is not None and model.net.text.length == 64
    config = TrainingConfig("blobs", images=32, batch=16)
    assert start_run(tmp_path / "cut", long, config, model, CPU).notes == [
        "20 of 100 captions are cut to the 64 tokens that are read."
    ]
    assert start_run(tmp_path / "whole", data, config, model_for(data, "nano"), CPU).notes == []


def test_what_is_not_read_of_a_prompt_is_said() -> None:
    tokenizer = learn_tokenizer(CAPTIONS)
    assert truncation_notes(tokenizer, "a red heart", 8) == []
    (unknown,) = truncation_notes(tokenizer, "a 🐢 heart", 16)
    assert "never saw “🐢”" in unknown and "lower case" not in unknown
    (capitals,) = truncation_notes(tokenizer, "A Red heart", 16)
    assert "never saw “AR”" in capitals and "lower case" in capitals
    (long,) = truncation_notes(tokenizer, "red " * 2500, 8)
    assert "reads 8 tokens" in long and len(long) < 200


def test_padding_and_batch_mates_change_nothing_and_order_does() -> None:
    encoder = wake(TextEncoder(TextConfig(50, 8, width=32))).double()  # in which no rounding is near the bound
    row = torch.tensor([[5, 7, 9]])
    short, _ = encoder(row)
    padded = torch.cat([torch.tensor([[5, 7, 9, 0, 0, 0]]), torch.tensor([[1, 2, 3, 4, 5, 6]])])
    long, mask = encoder(padded)
    torch.testing.assert_close(long[0, :4], short[0], rtol=0, atol=1e-6)
    assert mask.sum(1).tolist() == [4, 7]
    assert not torch.allclose(encoder(torch.tensor([[7, 5, 9]]))[0][0, 0], short[0, 0], atol=1e-4)


def test_no_prompt_is_an_empty_prompt_and_words_reach_the_picture() -> None:
    net = wake(UNet(UNetConfig(1, widths=(16, 16), attention=(1,), text=TextConfig(50, 8, width=32))))
    x, noise = torch.ones(1, 1, 8, 8), torch.zeros(1)
    nothing = net(x, noise)
    assert torch.equal(nothing, net(x, noise, None, torch.zeros(1, 1, dtype=torch.long)))
    torch.testing.assert_close(nothing, net(x, noise, None, torch.zeros(1, 8, dtype=torch.long)), rtol=0, atol=1e-5)
    first = net(x, noise, None, torch.tensor([[4, 6]]))
    assert not torch.allclose(first, nothing, atol=1e-4)
    assert not torch.allclose(first, net(x, noise, None, torch.tensor([[6, 4]])), atol=1e-5)


def test_a_resumed_run_with_prompts_equals_an_uninterrupted_one_and_draws_what_is_asked(tmp_path: Path) -> None:
    data = said()
    model = model_for(data, "nano")
    assert model.net.text is not None and model.net.text.length == 8
    config = TrainingConfig("blobs", images=16 * 12, batch=16, previews=2)
    resumes_exactly(tmp_path, data, config, model, stop_at=5)

    drawn = load(tmp_path / "whole")
    labels, prompts = [0, 1], ["a red heart", "blue circles"]
    both = drawn.sample([1, 2], labels, prompts=prompts, steps=3)
    alone = drawn.sample([2], [1], prompts=["blue circles"], steps=3)
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=2e-5)
    unconditional = drawn.sample([1, 2], steps=3)
    assert torch.equal(drawn.sample([1, 2], labels, prompts=prompts, steps=3, guidance=0.0), unconditional)
    assert torch.equal(drawn.sample([1, 2], [None, None], prompts=["", ""], steps=3), unconditional)
    assert not torch.equal(both, drawn.sample([1, 2], labels, prompts=prompts[::-1], steps=3))

    (tmp_path / "whole" / "tokenizer.json").unlink()
    with pytest.raises(SfumatoError, match=r"tokenizer\.json, by which the model reads prompts, is missing"):
        load(tmp_path / "whole")


def test_a_fine_tuned_model_goes_on_reading_as_it_learnt_to(tmp_path: Path) -> None:
    data = said()
    config = TrainingConfig("blobs", images=16 * 4, batch=16, previews=1)
    list(train(tmp_path / "first", start_run(tmp_path / "first", data, config, model_for(data, "nano"), CPU)))
    first = load(tmp_path / "first")
    assert first.tokenizer is not None
    other = replace(data, captions=[("quite other words",)] * len(data))
    for name, further in (("words", other), ("none", replace(data, captions=None))):
        list(train(tmp_path / name, start_run(tmp_path / name, further, config, model_from(first, further), CPU)))
        tuned = load(tmp_path / name)
        assert tuned.tokenizer is not None and tuned.tokenizer.to_str() == first.tokenizer.to_str()
        assert tuned.sample([0], prompts=["a red heart"], steps=2).isfinite().all()


def test_captions_are_hidden_as_often_as_asked_and_each_of_several_is_shown() -> None:
    data = replace(said(), captions=[("a red heart", "a blue heart")] * len(blobs()))
    config = TrainingConfig("blobs", images=10**6, batch=2000, condition_dropout=0.3)
    model = new_model(model_for(data, "nano"))
    model.tokenizer = learn_tokenizer(data.captions or [])
    (part,) = Trainer(model, data, config).draw(1, 0)
    lines = {tuple(row.tolist()): 0 for row in model.tokens(["", "a red heart", "a blue heart"])}
    for row in part.cond["text"].tolist():
        lines[tuple(row)] += 1
    nothing, red, blue = lines.values()
    assert 540 < nothing < 660 and 620 < red < 780 and 620 < blue < 780


def test_a_model_without_words_says_so() -> None:
    with pytest.raises(SfumatoError, match="was trained without captions; leave the prompt out; choose with `labels`"):
        new_model(TINY).sample([0], prompts=["a fox"])
