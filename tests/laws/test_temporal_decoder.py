"""A decoder that looks back: never forward, at first and for one frame the decoder of pictures, and trained alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.autoencoder_runs import AutoencoderRun
from sfumato.data import Dataset, open_dataset
from sfumato.errors import SfumatoError
from sfumato.hub import codec as codecs
from sfumato.hub.codec import Codec, normalised, read_codec, save_codec
from sfumato.hub.config import CodecConfig
from sfumato.hub.loading import load_codec
from sfumato.hub.onnx import codec_onnx
from sfumato.nets.autoencoder import Autoencoder, autoencoder_config
from sfumato.nets.kl import kl_size
from sfumato.seeds import torch_generator
from sfumato.training import Progress
from sfumato.training.decoder_training import tuned_config
from sfumato.training.latents import encoded

PICTURES = CodecConfig((3, 16, 16), autoencoder_config("nano", 3, 4, 4))
CLIPS = replace(PICTURES, net=replace(PICTURES.net, temporal=True))


def lively(config: CodecConfig) -> Codec:
    """One none of whose weights are zero, so that all that can reach a pixel does."""
    net, generator = Autoencoder(config.net), torch_generator("noise", 0)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / max(1, weight[0].numel()) ** 0.5)
    return Codec(config, net)


def latents(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, 4, 4, 4, generator=torch_generator("noise", 1))


@given(frames=st.integers(2, 9), at=st.integers(0, 8))
@settings(max_examples=12, deadline=None)
def test_what_comes_later_changes_nothing_before(frames: int, at: int) -> None:
    net, z, at = lively(CLIPS).net, latents(frames), at % frames
    other = z.clone()
    other[at] += 1
    one, changed = (net.decode(some, frames=frames) for some in (z, other))
    assert torch.equal(one[:at], changed[:at])
    apart = (one - changed).abs().amax((1, 2, 3)) > 0
    assert apart[at:][: CLIPS.net.lookback].all(), "and all that looks back so far sees it"
    assert not apart[at + CLIPS.net.lookback + 1 :].any()


def test_first_frames_and_what_stands_still_are_pictures_bit_for_bit() -> None:
    net, z = lively(CLIPS).net, latents(2, 6)
    flat = z.flatten(0, 1)
    pictures, clips = net.decode(flat), net.decode(flat, frames=6)
    assert torch.equal(clips[::6], pictures[::6]) and not torch.allclose(clips[1::6], pictures[1::6])
    still = z[:, :1].expand(-1, 6, -1, -1, -1).flatten(0, 1)
    assert torch.equal(net.decode(still, frames=6), net.decode(still))
    assert torch.equal(net.decode(flat[:1], frames=1), net.decode(flat[:1]))


def test_fresh_layers_change_nothing() -> None:
    start, fresh = lively(PICTURES), Codec(CLIPS, Autoencoder(CLIPS.net))
    fresh.net.load_state_dict(start.net.state_dict(), strict=False)
    z = latents(1, 8)
    assert torch.equal(fresh.decode(z), start.decode(z))


@pytest.mark.parametrize("tile", [64, 2])
@pytest.mark.parametrize("count", [1, 2, 17])
def test_long_clips_in_parts_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch, tile: int, count: int) -> None:
    codec, z = lively(CLIPS), latents(2, count)
    whole = codec.net.decode(z.flatten(0, 1), frames=count).unflatten(0, (2, count))
    monkeypatch.setattr(codecs, "BATCH_PIXELS", 5 * 16 * 16)
    assert torch.allclose(codec.decode(z, tile=tile), whole, atol=1e-4)
    assert codec.decode(z[:0]).shape == (0, count, 3, 16, 16)


def test_exported_it_takes_the_frames_of_a_clip() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    codec = lively(CodecConfig((3, 8, 8), replace(autoencoder_config("nano", 3, 2, 4), temporal=True)))
    session = onnxruntime.InferenceSession(codec_onnx(codec)["decoder"])
    for count in (1, 2, 7):
        found = session.run(None, {"latents": latents(count).numpy()})[0]
        assert np.allclose(found, codec.decode(latents(1, count))[0].numpy(), atol=1e-4)


def shapes() -> Dataset:
    return open_dataset("moving-shapes:24", (16, 16), frames=6)


def test_it_is_trained_alone_and_its_latents_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    data = shapes()
    start = normalised(PICTURES, lively(PICTURES).net, [data.batch(np.arange(8))[0].flatten(0, 1)])
    start.config = save_codec(tmp_path, start)
    config = {"images": 2 * 4, "batch": 2, "perceptual": 0.0, "held_out": 0.0, "previews": 1}
    ends = []
    for name in ("whole", "halves"):
        run = AutoencoderRun.start(tmp_path / name, data, base=start, **config)
        for event in run.train():
            if name == "halves" and isinstance(event, Progress) and event.step == 2:
                run.stop()
        if name == "halves":
            assert not run.finished
            list(AutoencoderRun.open(tmp_path / name).resume(data).train())
        ends.append((tmp_path / name / codecs.FILE).read_bytes())
        assert list((tmp_path / name / "previews").glob("*.png"))
    assert ends[0] == ends[1], "killed runs go on bit for bit"
    tuned = load_codec(tmp_path / "whole")
    assert tuned.config.latents == start.config.weights != tuned.config.weights
    for key, value in start.net.state_dict().items():
        assert torch.equal(tuned.net.state_dict()[key], value), key
    layers = tuned.net.decoder.temporal
    assert layers is not None and all(float(weight.detach().abs().max()) > 0 for weight in layers.parameters())
    training = run.config
    first = encoded(data, start, training)

    def again(done: int, total: int) -> None:
        raise AssertionError("the latents of the cache are its own")

    second = encoded(data, tuned, training, progress=again)
    assert first.fingerprint() == second.fingerprint()
    save_codec(tmp_path, tuned)
    back = read_codec(tmp_path, replace(tuned.config, weights=""))
    assert back.config == tuned.config and torch.equal(back.decode(latents(1, 5)), tuned.decode(latents(1, 5)))


def test_what_has_no_such_decoder_is_said(tmp_path: Path) -> None:
    start = lively(PICTURES)
    with pytest.raises(SfumatoError, match="give clips, with `frames` of 2 or more"):
        AutoencoderRun.start(tmp_path / "a", open_dataset("shapes:20", (16, 16), tmp_path / "c"), base=start)
    with pytest.raises(SfumatoError, match="are those of `base` already"):
        AutoencoderRun.start(tmp_path / "b", shapes(), net="tiny", base=start)
    with pytest.raises(SfumatoError, match="without a critic"):
        AutoencoderRun.start(tmp_path / "d", shapes(), base=start, adversarial=0.1)
    with pytest.raises(SfumatoError, match="decodes frames as pictures"):
        replace(kl_size(3, 4), temporal=True)
    assert tuned_config(start).shape == start.config.shape
