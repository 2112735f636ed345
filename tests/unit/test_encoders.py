"""Frozen text encoders, with real weights: what they say, how it is kept, and the models that are told of it."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F

from sfumato.data import Dataset
from sfumato.data.captions import Texts
from sfumato.data.encoders import Encoder, find_encoder
from sfumato.data.features import caption_features
from sfumato.errors import SfumatoError
from sfumato.hub import load, new_model
from sfumato.hub.onnx import export_onnx
from sfumato.nets import FeaturesConfig
from sfumato.training import Progress, TrainingConfig, model_for, model_from, resume_run, start_run, train
from text_encoders import MINILM, small_encoder

CAPTIONS: list[Texts] = [
    ("a red circle",), ("a blue circle",), ("the red circle", "a circle, drawn in red"), (),
    ("a blue heart with two eyes",),
]  # fmt: skip
TEXTS = [text for texts in CAPTIONS for text in texts]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    encoder = Encoder(MINILM)
    encoder.features = encoder.width
    return encoder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def coloured() -> Dataset:
    """Forty 8×8 pictures of one colour and noise, captioned by it."""
    rng = np.random.default_rng(0)
    colours = np.array([(220, 40, 40), (40, 40, 220)])[np.arange(40) % 2]
    pixels = np.clip(colours[:, :, None, None] + rng.integers(-30, 30, (40, 3, 8, 8)), 0, 255).astype(np.uint8)
    captions: list[Texts] = [("a red wall", "it is red"), ("a blue wall",)]
    return Dataset("coloured", pixels, captions=captions * 20)


def test_features_are_those_of_the_library_whatever_is_read_beside(minilm: Encoder) -> None:
    texts = TEXTS
    padded = minilm.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        theirs = minilm.net(**padded).last_hidden_state
    ours = minilm(texts)
    assert ours.shape == (len(texts), minilm.length, 384)
    for row, own, mask in zip(theirs, ours, padded["attention_mask"], strict=True):
        count = int(mask.sum())
        torch.testing.assert_close(own[:count], row[:count], rtol=2e-3, atol=2e-3)
        assert own[count:].abs().max() == 0
    torch.testing.assert_close(minilm(texts[2:3])[0], ours[2], rtol=1e-3, atol=1e-3)
    assert minilm(["", "  "]).abs().max() == 0
    assert minilm.longest(CAPTIONS) == 8 and minilm.longest([("word " * 100,)]) == 64
    assert minilm.truncation_notes("a red circle") == []
    (sentence,) = minilm.truncation_notes("word " * 100)
    assert "reads 64 tokens" in sentence


def test_captions_are_encoded_once_and_kept_unpadded(minilm: Encoder, own_cache: Path) -> None:
    counts: list[tuple[int, int]] = []
    kept = caption_features(CAPTIONS, minilm, progress=lambda done, of: counts.append((done, of)))
    assert kept is not None and len(kept) == 5 and counts == [(5, 5)]
    direct = minilm.encode(TEXTS)
    for text, features in zip(TEXTS, direct, strict=True):
        assert np.array_equal(kept.get(text), features)
    assert kept.get("never said") is None
    (flat,) = own_cache.glob("*.f16")
    assert flat.stat().st_size == 2 * 384 * sum(map(len, direct))

    elsewhere = Encoder("nowhere-at-all", features=384, weights=minilm.weights)  # can't be opened, and needn't be
    again = caption_features(CAPTIONS[::-1], elsewhere)
    assert again is not None
    elsewhere.known = again.get
    assert torch.equal(elsewhere(TEXTS), minilm(TEXTS))
    flat.write_bytes(flat.read_bytes()[:-2])
    with pytest.raises(SfumatoError, match="nowhere-at-all is no folder and no installed package"):
        caption_features(CAPTIONS, elsewhere)
    assert caption_features([(), ()], elsewhere) is None
    assert not list(own_cache.glob("*.part"))


@pytest.mark.parametrize("net", ["nano", "dit-nano"])
def test_a_run_reads_the_cache_goes_on_bit_for_bit_and_draws_any_prompt(tmp_path: Path, net: str) -> None:
    data = coloured()
    model = model_for(data, net, text_encoder=MINILM)
    text = model.net.text
    assert isinstance(text, FeaturesConfig) and (text.encoder, text.features, text.length) == (MINILM, 384, 8)
    config = TrainingConfig("coloured", images=8 * 8, batch=8, previews=1, held_out=0.2)
    whole = start_run(tmp_path / "whole", data, config, model, CPU)
    list(train(tmp_path / "whole", whole))
    halves = start_run(tmp_path / "halves", data, config, model, CPU)
    for event in train(tmp_path / "halves", halves):
        if isinstance(event, Progress) and event.step == 4:
            halves.stop()
    again, _ = resume_run(tmp_path / "halves", data, config, CPU)
    list(train(tmp_path / "halves", again))
    for trainer in (halves, again):  # captions were there, for steps, previews and evaluations
        assert trainer.model.encoder is not None and "net" not in vars(trainer.model.encoder)
    for name, tensors in whole.state()[0].items():
        for key, value in tensors.items():
            assert torch.equal(value, again.state()[0][name][key]), (name, key)

    drawn = load(tmp_path / "whole")
    unconditional = drawn.sample([1, 2], steps=2)
    assert drawn.encoder is not None and "net" not in vars(drawn.encoder)  # until a prompt is given
    prompts = ["a red wall", "something else, and longer than what it reads"]
    both = drawn.sample([1, 2], prompts=prompts, steps=2)
    assert torch.equal(drawn.sample([1, 2], prompts=prompts, steps=2, guidance=0.0), unconditional)
    assert torch.equal(drawn.sample([1, 2], prompts=["", ""], steps=2), unconditional)
    torch.testing.assert_close(drawn.sample([1], prompts=prompts[:1], steps=2), both[:1], rtol=0, atol=1e-4)
    read = drawn.tokens(prompts)
    assert torch.equal(read[0], whole.model.tokens(["a red wall"])[0])
    x, noise = torch.ones(2, 3, 8, 8), torch.zeros(2)
    torch.testing.assert_close(
        drawn.denoiser.net(x, noise, None, F.pad(read, (0, 0, 0, 9))), drawn.denoiser.net(x, noise, None, read)
    )
    assert drawn.truncation_notes(prompts[1])

    tuned = model_from(drawn, data)
    list(train(tmp_path / "tuned", start_run(tmp_path / "tuned", data, config, tuned, CPU)))
    assert load(tmp_path / "tuned").encoder is not None


def test_an_importer_is_told_which_encoder(tmp_path: Path) -> None:
    model = new_model(model_for(coloured(), "nano", text_encoder=MINILM))
    text = model.config.net.text
    assert isinstance(text, FeaturesConfig)
    model.encoder = Encoder(text.encoder, text.length, text.features, text.weights)
    with torch.no_grad():
        for number, weight in enumerate(model.denoiser.net.parameters()):
            weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(number)))
    export_onnx(model, tmp_path)
    told = json.loads((tmp_path / "walk.json").read_text())["prompt"]
    assert told == {"tokens": 8, "encoder": MINILM, "weights": text.weights, "features": 384}
    graph = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    for count in (1, 3):
        read = model.tokens(["a red wall", "", "a blue one, which is long"][:count])
        x = torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(1))
        given = {"x": x.numpy(), "c_noise": np.zeros(count, np.float32), "text": read.numpy()}
        with torch.no_grad():
            ours = model.denoiser.net(x, torch.zeros(count), None, read)
        torch.testing.assert_close(torch.from_numpy(graph.run(None, given)[0]), ours, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["clip", "t5"])
def test_encoders_of_other_kinds_are_read_from_a_folder(tmp_path: Path, kind: str) -> None:
    encoder = Encoder(str(small_encoder(tmp_path / kind, kind)))
    encoder.features = encoder.width
    assert encoder.width == 16 and encoder.longest(CAPTIONS) == 8
    both = encoder(["a red circle", "a heart"])
    assert (both != 0).any(2).sum(1).tolist() == [4, 3] and both.isfinite().all()
    torch.testing.assert_close(encoder(["a heart"])[0], both[1], rtol=1e-3, atol=1e-3)
    assert not torch.allclose(encoder(["a red circle"])[0, 1], encoder(["a blue circle"])[0, 1])


def test_what_is_wrong_with_an_encoder_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_encoder(tmp_path / "clip", "clip")
    weights = Encoder(str(folder)).weights
    other = shutil.copytree(folder, tmp_path / "other")
    content = bytearray((other / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (other / "model.safetensors").write_bytes(content)
    with pytest.raises(SfumatoError, match=r"other has other weights \(.*put those back"):
        Encoder(str(other), features=16, weights=weights)(["a heart"])
    (other / "model.safetensors").write_bytes(content[:200])
    with pytest.raises(SfumatoError, match="can't be opened"):
        Encoder(str(other), features=16)(["a heart"])
    (other / "model.safetensors").rename(other / "pytorch_model.bin")  # a pickle, for all we know
    with pytest.raises(SfumatoError, match="no weights as safetensors, and nothing else is loaded"):
        Encoder(str(other)).width  # noqa: B018
    data = coloured()
    with pytest.raises(SfumatoError, match="coloured has no captions for the text encoder"):
        model_for(replace(data, captions=None), "nano", text_encoder=MINILM)
    assert find_encoder(MINILM).name == "model"
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(SfumatoError, match=r"needs the library transformers: pip install 'sfumato\[encoders\]'"):
        model_for(data, "nano", text_encoder=MINILM)
