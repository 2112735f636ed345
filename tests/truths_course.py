"""What the English of the lessons besides the one on diffusion says, each as a check."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from sfumato.data import open_dataset
from sfumato.data.bouncing import bouncing_clips
from sfumato.diffusion import FiniteSet, Level
from sfumato.hub.zoo import load_zoo
from truths_drawn import avatars

ANGLES = torch.arange(8, dtype=torch.float64) * torch.pi / 4
MIDDLES = 1.6 * torch.stack([ANGLES.cos(), ANGLES.sin()], dim=1)
STD = 0.08


def best_critic_is_flat() -> None:
    """Where all forged points lie in one cluster, the best critic has no slope there unless both clouds are blurred."""
    real, forged = FiniteSet(MIDDLES, STD), FiniteSet(MIDDLES[:1], STD)
    slopes = []
    for blur in (0.0, 0.3):
        level = Level(torch.tensor(1.0, dtype=torch.float64), torch.tensor(blur, dtype=torch.float64))
        x = (MIDDLES[:1] + STD * torch.tensor([[0.0, 1.0]])).requires_grad_()
        odds = real.log_density(x, level) - forged.log_density(x, level)
        (slope,) = torch.autograd.grad(torch.sigmoid(odds).sum(), x)
        slopes.append(float(slope.norm()))
    assert slopes[0] < 1e-12 < 1e-3 < slopes[1], slopes


def _agreement(x: Tensor) -> Tensor:
    """How far neighbouring pixels of each picture agree: their correlation."""
    first, second = (
        torch.cat([x[:, 0, :, across].flatten(1), x[:, 0, down, :].flatten(1)], dim=1)
        for across, down in ((slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None)))
    )
    first, second = (one - one.mean(1, keepdim=True) for one in (first, second))
    return (first * second).sum(1) / (first.square().sum(1) * second.square().sum(1)).sqrt()


def digits_lie_apart_from_dice() -> None:
    """Neighbouring pixels agree in every scanned digit more than in any of a thousand pictures from dice."""
    scans, _ = open_dataset("digits").batch(torch.arange(1797))
    dice = 2 * torch.rand(1000, 1, 8, 8, generator=torch.Generator().manual_seed(0)) - 1
    assert _agreement(scans).min() > _agreement(dice).max()
    assert scans.shape[1:] == (1, 8, 8) and len((scans * 8 + 8).round().unique()) == 17


def digits_share_places_of_the_plane() -> None:
    """By brightness and agreement of neighbours alone, most scans lie nearest to one of another digit."""
    scans, digits = open_dataset("digits").batch(torch.arange(1797))
    assert digits is not None
    dots = torch.stack([scans.mean((1, 2, 3)), _agreement(scans)], dim=1)
    nearest = (torch.cdist(dots, dots) + 9 * torch.eye(len(dots))).argmin(1)
    assert (digits[nearest] != digits).float().mean() > 0.5


def one_call_is_an_average() -> None:
    """In one call the digits' model draws nearly the same three for any seed: a tenth as varied as in twenty."""
    model = load_zoo("digits")
    one, twenty = (model.sample(range(16), [3] * 16, steps=steps, sampler="ddim", guidance=1.0) for steps in (1, 20))
    assert one.std(0).mean() < 0.1 * twenty.std(0).mean()


def clips_counted() -> None:
    """The numbers of a clip of the lesson on video, how many clips there are, and that their frames agree."""
    clips = bouncing_clips()
    assert len(clips) == 2048 and clips[0].numel() == 2352 and clips.shape[-2:] == (14, 14)
    assert (clips.diff(dim=1).abs().sum((2, 3, 4)) > 0).all()  # it never rests


def errors_follow_edges() -> None:
    """Of a picture's way into its latent and back: they are at least five times as large near edges as elsewhere."""
    codec, drawings = avatars()
    apart = (codec.decode(codec.encode(drawings)).clamp(-1, 1) - drawings).abs().mean(1)
    near = (max_pool2d(drawings, 5, 1, 2) + max_pool2d(-drawings, 5, 1, 2)).amax(1) > 0.2
    assert apart[near].mean() > 5 * apart[~near].mean()


def latent_is_local() -> None:
    """The sixteen numbers that the text paints, on any sheet, change their patch and what is close around it."""
    codec, drawings = avatars()
    latents = codec.encode(drawings[:1])
    before = codec.decode(latents)
    for sheet in range(8):
        pushed = latents.clone()
        pushed[:, sheet, 5:9, 6:10] += 2
        changed = ((codec.decode(pushed) - before).abs().mean(1) > 0.02)[0]
        rows, columns = changed.any(1).nonzero(), changed.any(0).nonzero()
        assert rows.min() >= 40 - 20 and rows.max() <= 71 + 20 and changed[40:72, 48:80].any()
        assert columns.min() >= 48 - 20 and columns.max() <= 79 + 20
