"""Clips are one more axis: one frame is the picture model, levels may differ by frame, and known frames are kept."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sfumato.diffusion import EDM, FiniteSet, Level, NetDenoiser, NoiseDistribution, Objective, Parameterization
from sfumato.diffusion.objective import FrameLevels
from sfumato.hub import Keyframes, Model, ModelConfig, new_model
from sfumato.nets import DiTConfig, TextConfig, UNetConfig, build, named_net
from sfumato.nets.temporal import Places, SpacetimeAttention, Temporal
from sfumato.sampling import SAMPLERS, ImageNoise, grid, sample, stepper
from sfumato.sampling.calls import Call, ask
from sfumato.sampling.clips import parts_of, windows

UNET = UNetConfig(1, classes=2, widths=(16, 16, 32), attention=(2,), text=TextConfig(20, 4), temporal=True)
DIT = DiTConfig(1, classes=2, width=16, depth=2, heads=2, patch=2, text=TextConfig(20, 4), temporal=True)
SPACETIME = replace(UNET, spacetime=(2,))
EACH = pytest.mark.parametrize("config", [UNET, SPACETIME, DIT], ids=["unet", "spacetime", "dit"])
SHAPE = (1, 8, 8)


def awake(config: UNetConfig | DiTConfig) -> nn.Module:
    """A network in which every layer counts."""
    generator = torch.Generator().manual_seed(0)
    net = build(config).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    return net


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def of_pictures(net: nn.Module) -> nn.Module:
    """The network for pictures with the weights of one for clips."""
    found = build(replace(net.config, temporal=False)).eval()
    found.load_state_dict({name: w for name, w in net.state_dict().items() if not name.startswith("temporal")})
    return found


CONDITION = {"label": torch.tensor([0, 2]), "text": torch.tensor([[3, 4, 0, 0], [5, 0, 0, 0]])}


@EACH
@torch.no_grad()
def test_one_frame_is_the_picture_model_bit_for_bit_however_it_was_trained(config: UNetConfig | DiTConfig) -> None:
    net, x, level = awake(config), noise(2, *SHAPE), torch.tensor([0.3, -1.0])
    expected = of_pictures(net)(x, level, **CONDITION)
    assert torch.equal(net(x[:, None], level, **CONDITION)[:, 0], expected)
    assert torch.equal(net(x, level, **CONDITION), expected)


@EACH
@torch.no_grad()
def test_temporal_layers_begin_at_zero_and_then_frames_see_each_other(config: UNetConfig | DiTConfig) -> None:
    net, x, level = awake(config), noise(2, 3, *SHAPE), torch.tensor([0.3, -1.0])
    other = x.clone()
    other[:, 2] += 1
    moved = (net(other, level, **CONDITION) - net(x, level, **CONDITION)).flatten(2).abs().amax(2)
    assert (moved > 0).all()
    for name, weight in build(config).state_dict().items():
        if name.startswith("temporal"):
            net.state_dict()[name].copy_(weight)
    alone = torch.stack([of_pictures(net)(frame, level, **CONDITION) for frame in x.unbind(1)], 1)
    assert torch.allclose(net(x, level, **CONDITION), alone, atol=1e-5)


@torch.no_grad()
def test_in_spacetime_a_frame_knows_which_it_is() -> None:
    """And else, among frames that are alike, only by how far the ends of the clip are."""
    x, level = noise(2, 1, *SHAPE).expand(-1, 20, -1, -1, -1), torch.tensor([0.3, -1.0])
    apart = [
        float(awake(config)(x, level, **CONDITION)[:, 9:11].diff(dim=1).abs().max()) for config in (UNET, SPACETIME)
    ]
    assert apart[0] < 0.01 < 0.05 < apart[1]


@torch.no_grad()
def test_in_spacetime_a_place_sees_other_places_of_other_frames_by_where_they_are() -> None:
    """And else only itself in other frames."""
    layers = [Temporal(8, 2, position).eval() for position in (0, 5)]
    for layer in layers:
        for weight in layer.parameters():
            weight.add_(noise(*weight.shape))
    x, order = noise(2 * 3, 4, 8), torch.tensor([2, 0, 3, 1])
    where = Places(noise(4, 5, seed=2), torch.tensor([[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]]))
    turned = Places(*(one[order] for one in where))
    moved = x.clone()
    moved[2, 1] = noise(8, seed=3)  # in the last frame of the first clip
    for layer, others in zip(layers, (False, True), strict=True):
        answer = layer(x, 3, where)
        assert torch.allclose(layer(x[:, order], 3, turned), answer[:, order], atol=1e-5)
        changed = (layer(moved, 3, where) != answer).any(-1)
        assert changed[:3, 1].all() and not changed[3:].any() and bool(changed[0, 0]) == others


def test_attention_in_spacetime_goes_by_how_far_and_how_long_places_are_from_each_other() -> None:
    """By its waves alone: all places shifted, and all frames later, attend alike."""
    torch.manual_seed(0)
    layer = SpacetimeAttention(16, 1, 5)
    torch.nn.init.normal_(layer.out.weight)
    for linear in (layer.position, layer.frame):
        torch.nn.init.zeros_(linear.weight)
    h, numbers, centres = noise(2, 3, 4, 16), torch.tensor([[0, 2, 7]]), torch.rand(4, 2)
    where = [Places(torch.zeros(4, 5), centres + torch.tensor(shift)) for shift in ((0.0, 0.0), (0.2, -0.1))]
    answer = layer(h, numbers, where[0])
    assert torch.allclose(layer(h, numbers + 5, where[1]), answer, atol=1e-4)
    assert not torch.allclose(layer(h, numbers * 2, where[0]), answer, atol=1e-2)


@EACH
@torch.no_grad()
def test_frames_that_are_left_out_are_as_if_they_were_beyond_the_ends(config: UNetConfig | DiTConfig) -> None:
    """What is told of frames none of which is left out is what the network knows anyhow."""
    net, x, level = awake(config), noise(2, 3, *SHAPE), torch.tensor([0.3, -1.0])
    answer = net(x, level, **CONDITION)
    following = torch.arange(3).expand(2, -1)
    assert torch.allclose(net(x, level, frame_numbers=following, **CONDITION), answer, atol=1e-5)
    assert not torch.allclose(net(x, level, frame_numbers=2 * following, **CONDITION), answer, atol=1e-3)
    apart = torch.tensor([[0, 1, 2], [0, 3, 9]])
    assert torch.allclose(net(x, level, frame_numbers=apart, **CONDITION)[0], answer[0], atol=1e-5)
    layer = Temporal(8, 0)
    layer.taps.copy_(noise(*layer.taps.shape))
    h, alone = noise(2 * 1, 4, 8), [torch.zeros(1, 4, 8)]
    pair = layer(h, 2, numbers=torch.tensor([[0, 5]]))
    assert all(torch.equal(pair[i], layer(torch.cat([*alone, h[i : i + 1], *alone]), 3)[1]) for i in range(2))


@EACH
@given(frames=st.integers(1, 9))
@settings(max_examples=5, deadline=None)
@torch.no_grad()
def test_any_length_will_do_and_clips_of_a_batch_know_nothing_of_each_other(
    config: UNetConfig | DiTConfig, frames: int
) -> None:
    net, x, order = awake(config), noise(3, frames, *SHAPE), torch.tensor([2, 0, 1])
    label, level = torch.tensor([0, 1, 2]), torch.tensor([0.3, -1.0, 1.2])
    answer = net(x, level, label)
    assert answer.shape == x.shape and bool(answer.isfinite().all())
    assert torch.allclose(net(x[order], level[order], label[order]), answer[order], atol=1e-5)


@EACH
@torch.no_grad()
def test_levels_of_frames_that_are_equal_are_the_level_of_the_clip(config: UNetConfig | DiTConfig) -> None:
    by = NetDenoiser(awake(config), Parameterization("edm", 0.5)).eval()
    x, sigma = noise(2, 3, *SHAPE), torch.tensor([0.4, 2.0])
    each = Level.of(1.0, sigma[:, None].expand(2, 3))
    assert torch.equal(by(x, each), by(x, Level.of(1.0, sigma)))
    (joined, _) = ask(by, [Call(x, each), Call(x, Level.of(1.0, 0.4))])
    assert torch.allclose(joined, by(x, each), atol=1e-5)


@pytest.mark.parametrize("name", [name for name, row in SAMPLERS.items() if name != "adaptive"])
def test_a_walk_whose_frames_have_equal_levels_is_the_plain_walk(name: str) -> None:
    by, levels = FiniteSet(noise(4, 3, 1, 2, 2).double()), grid("karras", EDM(), 6)

    def exact(x: Tensor, level: Level, cond: object = None) -> Tensor:
        return by(x, Level(level.alpha[..., 0], level.sigma[..., 0]) if level.alpha.ndim == 2 else level)

    each = Level(*(one[:, None, None].expand(-1, 2, 3).contiguous() for one in (levels.alpha, levels.sigma)))
    ends = []
    for some in (levels, each):
        draws = ImageNoise([1, 2], (3, 1, 2, 2))
        (*_, last) = sample(exact, some, stepper(name, steps=6), partial(_double, draws))
        ends.append(last.x)
    assert torch.allclose(*ends, atol=1e-9)


def _double(draws: ImageNoise) -> Tensor:
    return draws().double()


def test_a_loss_of_equal_levels_is_that_of_one_level() -> None:
    by = NetDenoiser(awake(UNET), Parameterization("edm", 0.5)).eval()
    objective = Objective(NoiseDistribution("log-normal", -1.2, 1.2), EDM(), data_std=0.5)
    x0 = noise(2, 3, *SHAPE)
    drawn = objective.draw(x0.shape, torch.Generator().manual_seed(0))
    level = Level(*(one[:, None].expand(2, 3) for one in (drawn.level.alpha, drawn.level.sigma)))
    each = objective.loss(by, x0, None, drawn._replace(level=level))
    assert torch.allclose(each, objective.loss(by, x0, None, drawn), rtol=1e-5)


@given(apart=st.sampled_from([0.0, 1.0]), given_=st.sampled_from([0.0, 1.0]), frames=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_shares_of_clips_have_levels_as_they_say(apart: float, given_: float, frames: int) -> None:
    law = NoiseDistribution("log-normal", 1.0, 0.3)
    objective = Objective(law, EDM(), frames=FrameLevels(apart, given_))
    ratio = objective.draw((16, frames, *SHAPE), torch.Generator().manual_seed(3)).level.ratio
    assert ratio.shape == (16, frames)
    first, rest = ratio[:, 0], ratio[:, -1:]
    assert bool((first < 0.21).all()) == bool(given_ and frames > 1)
    assert bool((rest > 0.21).all())  # something is always left to generate
    own = (ratio != rest).sum(1)
    known = (ratio < 0.21).sum(1)
    assert bool(((own - known) == (frames - 1 - known) * apart).all())


def clip_model(frames: int = 4) -> Model:
    config = replace(UNET, text=None)
    model = new_model(ModelConfig((frames, *SHAPE), config, ("a", "b"), kind="clips"))
    model.denoiser.net.load_state_dict(awake(config).state_dict())
    return model


def test_given_frames_are_kept_bit_for_bit_and_show_in_the_others() -> None:
    model, first, last = clip_model(), noise(*SHAPE).clamp(-1, 1), -noise(*SHAPE).clamp(-1, 1)
    both = Keyframes({0: first, -1: last})
    clips = model.sample([3, 4], edit=both, steps=3)
    assert torch.equal(clips[:, 0], first.expand(2, *SHAPE)) and torch.equal(clips[:, 3], last.expand(2, *SHAPE))
    other = model.sample([3, 4], edit=Keyframes({0: -first, -1: last}), steps=3)
    assert not torch.allclose(clips[:, 1], other[:, 1], atol=1e-4)
    assert torch.allclose(model.sample([4], edit=both, steps=3), clips[1:], atol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, 4, 5, 11])
def test_a_clip_of_any_length_begins_as_one_window_does(frames: int) -> None:
    model = clip_model()
    whole = model.sample([3, 4], labels=["a", "b"], frames=frames, steps=3, guidance=2.0)
    assert whole.shape == (2, frames, *SHAPE) and bool(whole.isfinite().all())
    assert torch.allclose(whole[1:], model.sample([4], labels="b", frames=frames, steps=3, guidance=2.0), atol=1e-4)
    if frames >= 4:
        assert torch.equal(whole[:, :4], model.sample([3, 4], labels=["a", "b"], steps=3, guidance=2.0))


@pytest.mark.parametrize("anchors", [None, 2])
def test_a_clip_of_any_length_begins_from_the_noise_that_it_is_given(anchors: int | None) -> None:
    model, start = clip_model(), 80 * noise(1, 11, *SHAPE)
    clip = model.sample([3], frames=11, steps=3, start=start, anchors=anchors)
    assert torch.equal(clip[:, :4], model.sample([3], frames=4, steps=3, start=start[:, :4], anchors=anchors))
    assert not torch.equal(clip[:, :4], model.sample([3], frames=4, steps=3, anchors=anchors))


def test_the_sample_of_one_frame_is_that_of_the_picture_model() -> None:
    model = clip_model()
    net = of_pictures(model.denoiser.net)
    pictures = new_model(ModelConfig(SHAPE, net.config, ("a", "b")))
    pictures.denoiser.net.load_state_dict(net.state_dict())
    assert torch.equal(model.sample([5, 6], frames=1, steps=3)[:, 0], pictures.sample([5, 6], steps=3))


@given(frames=st.integers(1, 60), size=st.integers(2, 16))
def test_windows_cover_a_clip_each_going_on_from_the_one_before(frames: int, size: int) -> None:
    found = windows(frames, size)
    assert found[0][0] == 0 and found[-1][1] == frames
    assert all(end - begin == min(size, frames) for begin, end in found)
    for (_, before), (begin, end) in pairwise(found):
        assert begin < before < end


@given(
    frames=st.integers(1, 60),
    size=st.integers(2, 16),
    anchors=st.integers(2, 6),
    given=st.sets(st.integers(0, 59), max_size=4),
)
def test_parts_begin_with_frames_far_apart_and_then_fill_what_lies_between(
    frames: int, size: int, anchors: int, given: set[int]
) -> None:
    there = set[int]()
    for part in parts_of(frames, size, anchors, [*given]):
        numbers = part.numbers
        assert numbers == sorted({*numbers}) and 0 <= part.begin <= numbers[0] and numbers[-1] < frames
        assert numbers[-1] - part.begin < size and not there.issuperset(numbers)
        if part.settled is None:
            assert {part.begin, *(given & {*range(part.begin, numbers[-1])})} <= {*numbers}
            assert len(numbers) <= anchors + len(given)
        else:
            assert {number for number, known in zip(numbers, part.settled, strict=True) if known} <= there
        there.update(numbers)
    assert there == {*range(frames)}
    assert [part.numbers for part in parts_of(frames, size)] == [[*range(*one)] for one in windows(frames, size)]


def test_clips_that_begin_with_frames_far_apart_are_whole_and_keep_what_is_given() -> None:
    model, how = clip_model(), {"steps": 3, "guidance": 2.0, "labels": "a", "frames": 11}
    clips = model.sample([3, 4], anchors=2, **how)
    assert clips.shape == (2, 11, *SHAPE) and bool(clips.isfinite().all())
    assert torch.allclose(model.sample([4, 3], anchors=2, **how).flip(0), clips, atol=1e-4)
    assert not torch.allclose(model.sample([3, 4], **how)[:, 1:4], clips[:, 1:4], atol=1e-2)
    assert torch.equal(model.sample([3, 4], anchors=4, **how), model.sample([3, 4], **how)), "as many as a window has"
    frames = {2: noise(*SHAPE).clamp(-1, 1), 9: noise(*SHAPE, seed=1).clamp(-1, 1)}
    found = model.sample([3], edit=Keyframes(frames), anchors=2, **how)
    assert all(torch.equal(found[0, number], frame) for number, frame in frames.items())


def test_networks_for_clips_are_chosen_by_the_shape_and_begin_as_those_for_pictures() -> None:
    for name in ("nano", "dit-nano"):
        config = named_net(name, (4, 3, 8, 8))
        assert config.temporal and not named_net(name, (3, 8, 8)).temporal
        torch.manual_seed(0)
        clips = build(config).state_dict()
        torch.manual_seed(0)
        for key, weight in build(named_net(name, (3, 8, 8))).state_dict().items():
            assert torch.equal(weight, clips[key])


def test_levels_that_fit_no_clip_are_refused() -> None:
    by = NetDenoiser(copy.deepcopy(awake(UNET)), Parameterization("edm", 0.5))
    with pytest.raises((ValueError, RuntimeError)):
        by(noise(2, 3, *SHAPE), Level.of(1.0, torch.ones(2, 4)))
