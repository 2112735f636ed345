"""A network, a sampler and an objective of one's own, trained and measured: python research.py --minutes 3"""

import argparse
import json
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn

import sfumato
from sfumato.data import picture
from sfumato.hub.onnx import export_onnx
from sfumato.training import Progress

RUN, DATA = Path("runs/{{ name }}"), "digits"


class Net(nn.Module):
    """`net(x, c_noise, label)` → like x: residual convolutions, scaled and shifted by noise level and class."""

    def __init__(self, channels=1, width=48, depth=4, classes=10):
        super().__init__()
        self.channels, self.width, self.depth, self.classes = channels, width, depth, classes
        self.register_buffer("frequencies", torch.linspace(0.0, 3.0, width // 2).exp())
        self.level = nn.Sequential(nn.Linear(width, width), nn.SiLU())
        self.label = nn.Embedding(classes + 1, width)  # the last stands for no class
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(8, width, affine=False) for _ in range(depth))
        self.scales = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.last = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)

    def forward(self, x, c_noise, label):
        angles = c_noise[:, None] * self.frequencies
        about = self.level(torch.cat([angles.cos(), angles.sin()], 1)) + self.label(label)
        h = self.first(x)
        for norm, scale, conv in zip(self.norms, self.scales, self.convs, strict=True):
            gain, shift = scale(about)[:, :, None, None].chunk(2, 1)
            h = h + conv(nn.functional.silu(norm(h) * (1 + gain) + shift))
        return self.last(nn.functional.silu(h))


def midpoint(x, grid, noise):
    """Two calls a step: half a step by the first answer, and the whole step by what is answered there."""
    for here, there in pairwise(grid):
        x0_hat = yield x, here
        if there.sigma > 0:
            half = sfumato.Level((here.alpha * there.alpha).sqrt(), (here.sigma * there.sigma).sqrt())
            x_half = half.add_noise(x0_hat, here.eps(x, x0_hat))
            x0_hat = yield x_half, half
        x = there.add_noise(x0_hat, here.eps(x, x0_hat))
    return x


@dataclass(frozen=True, eq=False)
class Huber(sfumato.Objective):
    """The square of small errors and the size of large ones, sqrt(e² + c²) − c, weighed as EDM weighs squares."""

    c: float = 0.03

    def loss(self, denoiser, x0, cond, drawn, fraction=1.0):
        error = denoiser(drawn.level.add_noise(x0, drawn.eps.to(x0)), drawn.level, cond) - x0
        weight = (drawn.level.ratio**-2 + self.data_std**-2).to(x0)
        return weight * 2 * self.c * ((error.square().flatten(1).mean(1) + self.c**2).sqrt() - self.c)


def train(folder, **settings):
    """Train in `folder` by `settings` (see `sfumato.Run.start`), or go on with the run there; returns it."""
    net = settings.pop("net", None) or Net()
    if (Path(folder) / "config.json").exists():
        run = sfumato.Run.open(folder, net=net)
        events = run.resume(**{name: settings[name] for name in ("minutes", "images") if name in settings})
    else:
        run = sfumato.Run.start(folder, DATA, net=net, **settings)
        events = run.train()
    usual = run.trainer.objective  # whose distribution of noise levels is kept
    run.trainer.objective = Huber(**{one.name: getattr(usual, one.name) for one in fields(usual)})
    for event in events:
        if isinstance(event, Progress) and event.step % 100 == 0:
            print(f"step {event.step:,}, {event.fraction:.0%} of the budget, loss {event.loss:.4f}", flush=True)
    return run


def measure(run):
    """Pictures by the sampler above, and scores with intervals."""
    model = run.model()
    labels = [str(number % 10) for number in range(40)]
    picture(model.sample(range(40), labels, sampler=midpoint, steps=5), columns=10).save(run.folder / "samples.png")
    found = run.evaluate(count=200, curve=False)
    scores = {name: asdict(score) for name, score in found.scores.items()}
    (run.folder / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    print(found.verdict, *(f"{name}: {score.value:.3g}" for name, score in found.scores.items()), sep="\n")


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--minutes", type=float, default=argparse.SUPPRESS, help="in all, runs before this one included")
    words.add_argument("--images", type=int, default=argparse.SUPPRESS)
    words.add_argument("--batch", type=int, default=argparse.SUPPRESS)
    run = train(RUN, **(vars(words.parse_args()) or {"minutes": 3.0}))
    if run.trainer.processes.main:
        measure(run)
        export_onnx(run.model(), RUN / "export")
