"""The autoencoder, its codec and its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.hub.codec import Codec, normalised, read_codec, save_codec
from sfumato.hub.config import CodecConfig
from sfumato.nets.autoencoder import FACTORS, Autoencoder, Critic, autoencoder_config
from sfumato.seeds import torch_generator
from sfumato.training import Noted, Progress, TrainingConfig, train
from sfumato.training.autoencoder_run import resume_autoencoder, start_autoencoder
from sfumato.training.autoencoding import AutoencoderTrainer
from sfumato.training.config import changed
from sfumato.training.divergence import LossWatch
from sfumato.training.reconstructions import psnr

CPU = torch.device("cpu")
SMALL = CodecConfig((1, 12, 9), autoencoder_config("nano", 1, 4, 2))


def lively(config: CodecConfig) -> Autoencoder:
    """An autoencoder none of whose weights are zero, so that all that can reach a pixel does."""
    net = Autoencoder(config.net)
    generator = torch_generator("noise", 0)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / max(1, weight[0].numel()) ** 0.5)
    return net


def stripes(count: int = 40) -> Dataset:
    """Bright stripes of every width on dark pictures of 12×9 pixels."""
    rows, columns = np.mgrid[:12, :9]
    pictures = [(40 + 180 * ((rows * (i % 3) + columns * (i % 4) + i) % (2 + i % 5) == 0)) for i in range(count)]
    return Dataset("stripes", np.stack(pictures)[:, None].astype(np.uint8))


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(FACTORS), st.integers(0, 40), st.integers(0, 40), st.integers(1, 3))
def test_tiles_give_what_the_whole_gives(factor: int, height: int, width: int, tile: int) -> None:
    shape = (2, factor + height, factor + width)
    config = CodecConfig(shape, autoencoder_config("nano", 2, factor, 3))
    codec = Codec(config, lively(config))
    x = torch.rand(2, *shape, generator=torch_generator("noise", height, width)) * 2 - 1
    whole, parts = codec.encode(x, tile=100), codec.encode(x, tile=tile)
    assert whole.shape[1:] == config.shape
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)
    seen, in_parts = codec.decode(whole, tile=100), codec.decode(whole, tile=tile)
    assert seen.shape == x.shape
    torch.testing.assert_close(in_parts, seen, rtol=1e-5, atol=1e-5)


def test_what_lies_beyond_its_reach_changes_nothing() -> None:
    config = CodecConfig((1, 256, 256), autoencoder_config("nano", 1, 8, 3))
    net, reach = lively(config), config.net.reach
    z = torch.zeros(1, 3, 32, 32)
    other = z.clone()
    other[..., 16, 16] = 1
    with torch.no_grad():
        changes = (net.decode(other) - net.decode(z))[0, 0].abs().amax(1) > 0
    rows = torch.nonzero(changes)[:, 0]
    assert (16 - reach) * 8 <= int(rows.min()) < 16 * 8 and 17 * 8 <= int(rows.max()) < (17 + reach) * 8


def test_no_autoencoder_kl_of_diffusers_could_be_ours() -> None:
    """It normalises the whole picture before its last convolution, so that a latent pixel changes all of it."""
    diffusers = pytest.importorskip("diffusers")
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    theirs = diffusers.AutoencoderKL(
        1, 1, **blocks, block_out_channels=(4, 8), latent_channels=2, norm_num_groups=2, mid_block_add_attention=False
    )
    config = CodecConfig((1, 128, 128), autoencoder_config("nano", 1, 2, 2))
    ours, before = lively(config), torch.randn(1, 2, 64, 64, generator=torch_generator("noise", 0))
    after = before.clone()
    after[..., 0, 0] += 3
    far = slice(2 * (1 + config.net.reach), None)
    with torch.no_grad():
        changed_here = ours.decode(after)[..., far, far] != ours.decode(before)[..., far, far]
        theirs_far = theirs.decode(after).sample[..., far, far] != theirs.decode(before).sample[..., far, far]
    assert not changed_here.any() and theirs_far.float().mean() > 0.99


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_normalisation_folded_in_equals_normalisation_apart(seed: int) -> None:
    net, generator = lively(SMALL), torch_generator("noise", seed)
    x = torch.rand(4, 1, 12, 9, generator=generator) * 2 - 1
    mean, std = torch.randn(2, generator=generator), torch.rand(2, generator=generator) + 0.1
    with torch.no_grad():
        z, y = net.encode(x), net(x)
        net.fold(mean, std)
        torch.testing.assert_close(net.encode(x), (z - mean[:, None, None]) / std[:, None, None], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(net(x), y, rtol=1e-5, atol=1e-5)


def test_latents_of_a_codec_have_mean_0_and_deviation_1() -> None:
    data = stripes()
    x, _ = data.batch(np.arange(40))
    codec = normalised(SMALL, lively(SMALL), [x[:15], x[15:]])
    z = codec.encode(x)
    assert z.mean((0, 2, 3)).abs().max() < 2e-3 and (z.std((0, 2, 3), correction=0) - 1).abs().max() < 2e-3


def test_a_codec_comes_back_from_its_file(tmp_path: Path) -> None:
    codec = normalised(SMALL, lively(SMALL), [stripes().batch(np.arange(8))[0]])
    config = save_codec(tmp_path, codec)
    again = read_codec(tmp_path, config)
    z = torch.randn(3, *SMALL.shape)
    assert torch.equal(again.decode(z), codec.decode(z))
    save_codec(tmp_path, normalised(SMALL, Autoencoder(SMALL.net), [torch.zeros(1, 1, 12, 9)]))
    with pytest.raises(SfumatoError, match="another codec"):
        read_codec(tmp_path, config)
    (tmp_path / "codec.safetensors").write_bytes(b"")
    with pytest.raises(SfumatoError, match="missing or damaged"):
        read_codec(tmp_path, config)


def test_what_no_autoencoder_takes_is_refused() -> None:
    net = autoencoder_config("tiny", 3, 8)
    with pytest.raises(SfumatoError, match="smaller than the 8×8"):
        CodecConfig((3, 64, 7), net)
    with pytest.raises(SfumatoError, match="channels: 3, and these have 1"):
        CodecConfig((1, 64, 64), net)
    with pytest.raises(SfumatoError, match="2, 4, 8 or 16"):
        autoencoder_config("tiny", 3, 5)
    with pytest.raises(SfumatoError, match="size of an autoencoder"):
        autoencoder_config("huge", 3, 8)
    codec = Codec(SMALL, Autoencoder(SMALL.net))
    with pytest.raises(SfumatoError, match="another autoencoder"):
        codec.decode(torch.zeros(1, 3, 3, 3))
    with pytest.raises(SfumatoError, match=r"of 3 dimensions; give one alone as `picture\[None\]`"):
        codec.encode(torch.zeros(SMALL.picture))
    with pytest.raises(SfumatoError, match="points"):
        AutoencoderTrainer(SMALL, Dataset("points", np.zeros((40, 2), np.float32)), training(), CPU)


def test_a_critic_scores_pictures_of_any_size_one_by_one() -> None:
    critic = Critic(1, 8)
    x = torch.randn(3, 1, 13, 9)
    assert critic(x).shape == (3,)
    torch.testing.assert_close(critic(x)[1:2], critic(x[1:2]))


def test_psnr_is_that_of_the_definition() -> None:
    assert psnr(4.0) == 0 and psnr(0.04) == pytest.approx(20)


def training(**settings: object) -> TrainingConfig:
    given = {"images": 160, "batch": 8, "held_out": 0.2, "perceptual": 0.0, "equivariance": 0.5}
    given |= {"evaluated": 4, "previews": 2}
    return TrainingConfig("stripes", **given | settings)


def test_a_run_of_an_autoencoder_learns_and_leaves_a_codec(tmp_path: Path) -> None:
    data = stripes()
    trainer = start_autoencoder(tmp_path, data, training(images=3000, adversarial=0.0), SMALL, CPU)
    events = list(train(tmp_path, trainer))
    losses = [event.loss for event in events if isinstance(event, Progress)]
    assert losses[-1] < 0 < losses[0]  # the logarithm of a likelihood, of which no multiple says anything
    assert not any("loss" in event.text for event in events if isinstance(event, Noted))
    codec = read_codec(tmp_path, SMALL)
    x, _ = data.batch(trainer.held)
    error = (codec.decode(codec.encode(x)) - x).square().mean()
    assert error < 0.7 * x.var()  # half of what there is to see
    assert len(list((tmp_path / "previews").glob("*.png"))) == 2
    with pytest.raises(SfumatoError, match="already holds a run"):
        start_autoencoder(tmp_path, data, training(), SMALL, CPU)


def test_a_stopped_run_of_an_autoencoder_ends_with_the_same_bits(tmp_path: Path) -> None:
    data, config = stripes(), training(critic_from=0.3)
    whole = start_autoencoder(tmp_path / "whole", data, config, SMALL, CPU)
    list(train(tmp_path / "whole", whole))
    halves = start_autoencoder(tmp_path / "halves", data, config, SMALL, CPU)
    for stop in (3, 11):  # before and after the critic begins
        for event in train(tmp_path / "halves", halves):
            if isinstance(event, Progress) and event.step == stop:
                halves.stop()
        halves, damaged = resume_autoencoder(tmp_path / "halves", data, config, CPU)
        assert halves.step == stop and not damaged
    list(train(tmp_path / "halves", halves))
    for name, tensors in whole.state()[0].items():
        for key, value in tensors.items():
            assert torch.equal(value, halves.state()[0][name][key]), (name, key)
    both = [(tmp_path / folder / "codec.safetensors").read_bytes() for folder in ("whole", "halves")]
    assert both[0] == both[1]


def test_the_critic_waits_for_its_share_of_the_budget() -> None:
    trainer = AutoencoderTrainer(SMALL, stripes(), training(critic_from=0.5), CPU)
    before = [weight.clone() for weight in trainer.reconstruction.critic.parameters()]
    moved = []
    for _ in trainer.steps():
        now = list(trainer.reconstruction.critic.parameters())
        moved.append(any(not torch.equal(old, new) for old, new in zip(before, now, strict=True)))
    assert moved == [False] * 10 + [True] * 10


def test_each_part_of_the_loss_can_be_left_out() -> None:
    for part in ("adversarial", "latent_noise", "equivariance"):
        config = changed(training(images=40, critic_from=0.0), **{part: 0.0})
        losses = [progress.loss for progress in AutoencoderTrainer(SMALL, stripes(), config, CPU).steps()]
        assert len(losses) == 5 and all(np.isfinite(losses))


def test_all_parts_of_the_loss_are_computed_in_bfloat16() -> None:
    config = changed(training(images=64, critic_from=0.0, equivariance=1.0), precision="bf16")
    losses = [progress.loss for progress in AutoencoderTrainer(SMALL, stripes(), config, CPU).steps()]
    assert len(losses) == 8 and all(np.isfinite(losses))


def test_a_likelihood_that_crosses_zero_is_not_called_a_loss_that_exploded() -> None:
    for positive in (True, False):
        watched, said = LossWatch([], TrainingConfig("dots", images=64), not positive), []
        for step, loss in enumerate((1.2, 0.01, -0.1, -0.4, 0.5), start=1):
            said += watched.look([Progress(step, step, step, 0.2 * step, loss, 1.0, 1e-3, 0)])
        assert bool(said + watched.ending(1.0)) == positive
