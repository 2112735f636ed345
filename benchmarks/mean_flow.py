"""MeanFlow as a fine-tune of the digits that ship: a network of average velocities, in one call and two.

    python benchmarks/mean_flow.py            36,000 images, as many CPU minutes as a student by walks had: some six
    python benchmarks/mean_flow.py --data     the velocity of each sample in the place of the teacher's
    python benchmarks/mean_flow.py --noise    a third of the times as those of a walk in one call, as students by walks
    python benchmarks/mean_flow.py --quick    6,000 images, two CPU minutes: to see that it runs

The network is told a second time, to which its velocity is the average (Geng et al. 2025, "Mean flows for one-step
generative modeling"), as one more number that adds nothing at first, so that it begins as its teacher. It learns what
the MeanFlow identity says of its own answers, whose derivative along the walk is a difference of two more calls. What
the walk's velocity is there, the teacher says, under its own guidance of 1, or with --data the sample alone, as in the
paper. Prints rows as few_steps.py does, of the same seeds, and exits 1 where the student that ships is nearer to the
data in one call or in two: MeanFlow is no method of `sfumato distill` while it is.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from few_steps import Case, digits
from sfumato.data import open_dataset
from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.diffusion.levels import broadcast
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.hub import load
from sfumato.nets import ConditionConfig
from sfumato.sampling import ImageNoise
from sfumato.training import model_from
from sfumato.training.ema import ema_decay, gamma_of
from zoo import seen_digits

Velocity = Callable[[Tensor, Tensor, Tensor], Tensor]
"""`(z, r, t)` → the average velocity from z at the time t back to the time r, both `(batch,)`."""
# t − r, told by waves no shorter than 1: those of a quarter of its spread blow the derivative up, and with it the loss.
SPAN = ConditionConfig("span", "number", 1, (0.5,), (4.0,))
IMAGES, BATCH, RATE, AVERAGE = 36_000, 128, 2e-4, 0.1
# The first and the last time. Nearer to either end a difference is all rounding; and near noise alone the network is
# told ln(t/(1 − t)), by which what little its answer changes counts 1/(1 − t) times in the derivative.
FIRST, LAST = 1e-3, 0.98
STEP = 0.01  # of a central difference, in ln(t/(1 − t))
APART = 0.75  # how often r isn't t


def identity(u: Velocity, z: Tensor, v: Tensor, r: Tensor, t: Tensor) -> Tensor:
    """What the average velocity u is to be at z, where the walk's own velocity is v: `v − (t − r)·du/dt` (eq. 6)."""
    step = STEP * t * (1 - t)
    far = broadcast(step, z).to(z)
    difference = u(z + far * v, r, t + step) - u(z - far * v, r, t - step)
    return v - broadcast(t - r, z).to(z) * difference / (2 * far)


def velocity(denoiser: Denoiser, cond: Condition, told: bool = True) -> Velocity:
    """The velocity (z − x0)/t of rectified flow, x0 as the denoiser answers, which is `told` t − r."""

    def answer(z: Tensor, r: Tensor, t: Tensor) -> Tensor:
        given = {**cond, SPAN.name: (t - r).float()} if told else cond
        return (z - denoiser(z, Level(1 - t, t), given)) / broadcast(t, z).to(z)

    return answer


def draw_times(count: int, generator: torch.Generator, noise: float = 0.0) -> tuple[Tensor, Tensor]:
    """r ≤ t, `(count,)` each, float64; a share `noise` of them 0 and the last."""
    t, r = (
        torch.sigmoid(mean + 1.6 * torch.randn(count, dtype=torch.float64, generator=generator)) for mean in (-0.6, -4)
    )
    t, r = torch.maximum(t, r).clamp(FIRST, LAST), torch.minimum(t, r)
    apart, whole = (torch.rand(count, generator=generator) for _ in range(2))
    r = torch.where(apart < APART, torch.minimum(r, t), t)
    return torch.where(whole < noise, 0.0, r), torch.where(whole < noise, LAST, t)


def trained(images: int, from_data: bool, noise: float) -> tuple[Denoiser, float]:
    """The student, and the CPU minutes that it took."""
    data = seen_digits(open_dataset("digits"))
    teacher = load("digits").denoiser
    model = model_from(load("digits"), data, conditions=[SPAN])
    student = model.denoiser.train().requires_grad_(True)
    kept = copy.deepcopy(model.denoiser).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=0.01)
    generator, steps = torch.Generator().manual_seed(0), images // BATCH
    rise = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda at: min(1, (at + 1) / 8, (1 - at / steps) / 0.35))
    begun = time.process_time()
    for step in range(1, steps + 1):
        rows = torch.randint(len(data), (BATCH,), generator=generator)
        x0, labels = data.batch(rows.numpy())
        assert labels is not None
        dropped = torch.rand(BATCH, generator=generator) < 0.1
        cond = {"label": labels.masked_fill(dropped, len(data.classes))}
        eps = torch.randn(x0.shape, generator=generator)
        r, t = draw_times(BATCH, generator, noise)
        z = torch.lerp(x0, eps, broadcast(t, x0).to(x0))
        with torch.no_grad():
            v = eps - x0 if from_data else velocity(teacher, cond, told=False)(z, t, t)
            target = identity(velocity(student, cond), z, v, r, t)
        error = (velocity(student, cond)(z, r, t) - target).flatten(1).square().sum(1)
        loss = (error * (error.detach() + 1e-3) ** -0.75).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        rise.step()
        for average, now in zip(kept.parameters(), student.parameters(), strict=True):
            average.lerp_(now.detach(), 1 - ema_decay(step, gamma_of(AVERAGE)))
        if step % 20 == 0:
            print(f"step {step} of {steps}: error {float(error.detach().mean()):.2f}", file=sys.stderr, flush=True)
    return kept, (time.process_time() - begun) / 60


@torch.no_grad()
def walked(denoiser: Denoiser, noise: Tensor, cond: Condition, steps: int) -> Tensor:
    """Where walks down even times end."""
    times = torch.linspace(LAST, 0, steps + 1, dtype=torch.float64)
    z = float(times[0]) * noise
    for t, r in pairwise(times):
        z = z - float(t - r) * velocity(denoiser, cond)(z, r.expand(len(z)), t.expand(len(z)))
    return z


def row(case: Case, words: str, steps: int, samples: Tensor) -> float:
    features = case.reference.extractor.features(samples)
    found = case.distance(features, case.reference.features)
    recall = precision_recall_density_coverage(features, case.reference.features, repeats=0)["recall"].value
    (share,) = case.shares(case.model.config.sampling, samples, case.model)
    interval = f"{found.low:.3f} – {found.high:.3f}"
    print(f"{words:<36}{steps:>6}{found.value:>10.3f}{interval:>20}{recall:>9.1%}{share:>10.1%}", flush=True)
    return found.value


def main() -> None:
    from_data, case = "--data" in sys.argv, digits(400)
    images, from_noise = 6_000 if "--quick" in sys.argv else IMAGES, 1 / 3 if "--noise" in sys.argv else 0.0
    student, minutes = trained(images, from_data, from_noise)
    assert case.labels is not None
    ships, noise, missed = load("digits-student"), ImageNoise(range(400), case.model.config.shape)(), []
    print(f"{minutes:.1f} CPU minutes of training, by the velocity of the {'data' if from_data else 'teacher'}")
    print(f"{'':<36}{'calls':>6}{'distance':>10}{'95% interval':>20}{'recall':>9}{'as asked':>10}")
    for steps in (1, 2):
        found = row(case, "MeanFlow", steps, walked(student, noise, {"label": case.labels}, steps))
        settings = replace(ships.config.sampling, steps=steps)
        if found > row(case, "digits-student", steps, case.samples(settings, ships)):
            missed.append(steps)
        plain = replace(case.model.config.sampling, steps=steps, sampler="ddim" if steps == 1 else "dpm++2m")
        row(case, "the teacher", steps, case.samples(plain, case.model))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
