"""How the averaged weights do on samples that training never sees, and what that says in plain words."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.data import KINDS, around
from sfumato.data.captions import first_texts
from sfumato.diffusion import Drawn, Level, NetDenoiser
from sfumato.errors import SfumatoError
from sfumato.files import append
from sfumato.seeds import torch_generator
from sfumato.strict import fit, parse
from sfumato.training.budget import needed
from sfumato.training.conditions import fixed_conditions
from sfumato.training.slices import rows_of

if TYPE_CHECKING:
    from sfumato.training.trainer import Trainer

FILE = "held_out.jsonl"
EXPLODED = 10.0  # times the lowest loss, which neither chance nor memorising reaches
UNLEARNT = 2.0  # times the loss without a network
EARLY_STEPS = 100  # before which nothing is said
TOO_EARLY = "too early to tell; nothing was compared yet."
QUANTILES = (0.1, 0.37, 0.63, 0.9)  # of the noise levels that the run trains


@dataclass(frozen=True)
class Evaluation:
    """The loss of `held_out` samples, and of as many that are `trained` on, each `(levels, samples)`, after `step`.

    `sigmas` are the levels, as sigma/alpha. Samples and noise are the same at each step, so that the losses of two
    steps differ by what was learnt between them, and not by chance. `untrained` is the mean loss, at each level, of a
    network that answers zeros, `data` the fingerprint of the set, '' where it isn't known, and `least` are the images
    to be seen before anything is said, likewise 0.
    """

    step: int
    images: int
    sigmas: tuple[float, ...]
    held_out: tuple[tuple[float, ...], ...] = field(repr=False)
    trained: tuple[tuple[float, ...], ...] = field(repr=False)
    untrained: tuple[float, ...] = field(default=(), repr=False)
    data: str = ""
    least: int = 0

    def __post_init__(self) -> None:
        if not len(self.sigmas) == len(self.held_out) == len(self.trained) > 0:
            raise SfumatoError(f"an evaluation has as many losses as levels, and here are {len(self.sigmas)} levels.")


@dataclass(frozen=True)
class Verdict:
    """What the evaluations of a run say: one word, and a sentence for people."""

    word: Literal["early", "improving", "flat", "memorising", "diverging"]
    sentence: str


def evaluate(trainer: Trainer) -> Evaluation | None:
    """Measure `trainer`'s averaged weights; None where nothing is held out or to be measured.

    Several processes share the work. As many images are asked about at once as are trained at once, which needs less
    memory.
    """
    held = trainer.held
    number = min(trainer.config.keeping.evaluated, len(held))
    if not number:
        return None
    trained = around(held, np.linspace(0, len(trainer.dataset) - len(held) - 1, number).astype(np.int64))
    indices = np.concatenate([held[np.linspace(0, len(held) - 1, number).astype(np.int64)], trained])
    mine = slice(trainer.helpers.rank, None, trainer.helpers.count)
    x0, labels = trainer.dataset.batch(indices[mine])
    model = trainer.model
    given = fixed_conditions(trainer.dataset, trainer.model.config.conditions, x0, indices[mine])
    captions = first_captions(trainer, indices[mine])
    cond = model.condition(len(x0), labels if model.config.classes else None, captions, given)
    objective = replace(trainer.objective, uncertainty=None)  # the plain loss, which is above 0
    levels = _levels(trainer)
    losses, without = torch.zeros(2, len(levels), len(indices), dtype=torch.float64)
    blank = NetDenoiser(_Zeros(), model.denoiser.parameterization)
    with trainer.heeding():
        for row, level in enumerate(levels):
            noise = torch.randn(len(indices), *trainer.dataset.shape, generator=torch_generator("held-out noise", row))
            each = Level(level.alpha.expand(len(x0)), level.sigma.expand(len(x0)))
            found = []
            for first in range(0, len(x0), trainer.rows):
                part = slice(first, first + trainer.rows)
                cond_part, drawn = rows_of((cond, Drawn(each, noise[mine])), part)
                with torch.no_grad(), trainer.precise(), trainer.processes.collective():
                    loss = objective.loss(trainer.average, x0[part].to(trainer.device), cond_part, drawn)
                found.append(loss.double().cpu())
            if found:
                losses[row, mine] = torch.cat(found)
                without[row, mine] = objective.loss(blank, x0, {}, Drawn(each, noise[mine])).double()
    losses, without = trainer.helpers.sum(torch.stack([losses, without]))
    rows = [[float(f"{loss:.5g}") for loss in row] for row in losses.tolist()]
    return Evaluation(
        trainer.step,
        trainer.images,
        tuple(float(f"{float(level.sigma / level.alpha):.4g}") for level in levels),
        tuple(tuple(row[:number]) for row in rows),
        tuple(tuple(row[number:]) for row in rows),
        tuple(float(f"{loss:.5g}") for loss in without[:, :number].mean(1).tolist()),
        trainer.config.data.fingerprint,
        least_images(trainer),
    )


def least_images(trainer: Trainer) -> int:
    """How many images are to be seen before anything is said: each sample once, and where the run starts from random
    weights as many as pictures of this size take."""
    shape, samples = trainer.dataset.shape, len(trainer.dataset) - len(trainer.held)
    anew = KINDS[trainer.dataset.kind].spatial and trainer.config.origin is None
    return max(samples, needed(max(shape[-2:]))) if anew else samples


class _Zeros(nn.Module):
    """A network that has learnt nothing."""

    def forward(self, x: Tensor, c_noise: Tensor) -> Tensor:
        return torch.zeros_like(x)


def first_captions(trainer: Trainer, indices: NDArray[np.int64]) -> list[str] | None:
    """What the samples at `indices` are called; None where the model reads no prompts."""
    captions = trainer.dataset.captions
    if captions is None or not trainer.model.text_conditional:
        return None
    return first_texts(captions, indices.tolist())


def _levels(trainer: Trainer) -> list[Level]:
    objective = trainer.objective
    noise = replace(objective.noise, stratified=True)  # or its quantiles would not be the distribution's
    drawn = noise(objective.schedule, 4096, torch_generator("held-out levels"))
    ratios = (drawn.sigma / drawn.alpha).double().sort().values
    return [objective.schedule.at(-2 * ratios[int(quantile * len(ratios))].log()) for quantile in QUANTILES]


def judge_run(evaluations: Sequence[Evaluation]) -> Verdict:
    """Whether a run still improves, stands still, learns its samples by heart, or grows worse without an end.

    Progress is the change of held-out loss since half of the images. Memorising is a gap: trained samples gained more
    than held-out ones since the first evaluation. Both are of the logarithm of the loss, averaged over the levels, each
    sample compared with itself; what two standard errors could explain (three for the gap) isn't said.
    """
    if evaluations and not np.isfinite(evaluations[-1].held_out).all():
        return Verdict("diverging", "diverging: the held-out loss is no finite number; a lower learning rate may help.")
    if not evaluations:
        return Verdict("early", TOO_EARLY)
    alike = [one for one in evaluations if one.data == evaluations[-1].data]  # of the same samples
    evaluations = [one for one in alike if np.isfinite(one.held_out).all() and np.isfinite(one.trained).all()]
    now, lowest = _loss(evaluations[-1]), min(map(_loss, evaluations))
    last = evaluations[-1]  # an autoencoder begins worse than none
    untrained = float(np.mean(last.untrained)) if last.untrained and last.step >= EARLY_STEPS else math.inf
    if now > min(EXPLODED * lowest, UNLEARNT * untrained):
        before = f"and it was {lowest:,.4g}" if now > EXPLODED * lowest else f"and without a network {untrained:,.4g}"
        return Verdict(
            "diverging", f"diverging: the held-out loss is {now:,.4g}, {before}; a lower learning rate may help."
        )
    first = evaluations[0]
    if len(evaluations) < 3 or last.step < EARLY_STEPS or last.images < last.least:
        words = (
            f"too early to tell: that takes three checks, {EARLY_STEPS} steps and {max(1, last.least):,} images seen."
        )
        help = " More time, a smaller `size` or a trained model to start from (`base`) help."
        return Verdict("early", words + (help if last.images < last.least else ""))
    middle = min(evaluations[1:-1], key=lambda one: abs(one.images - last.images / 2))
    change, change_error = _mean(_logs(last.held_out) - _logs(middle.held_out))
    lag, lag_error = _mean(_logs(last.held_out) - _logs(first.held_out))
    gain, gain_error = _mean(_logs(last.trained) - _logs(first.trained))
    gap, gap_error = lag - gain, math.hypot(lag_error, gain_error)
    moved = f"{_percent(change)} (± {_spread(change_error)}) since step {middle.step:,}"
    improving = change < -max(2 * change_error, 0.002)
    if gap > max(3 * gap_error, 0.05):
        ahead = f"samples that are trained on are {_percent(gap, signed=False)} (± {_spread(gap_error)}) ahead"
        if improving:
            return Verdict("improving", f"improving, but begins to memorise: held-out loss {moved}; {ahead}.")
        best = min(evaluations, key=lambda one: float(_logs(one.held_out).mean()))
        return Verdict(
            "memorising",
            f"memorising: held-out loss {moved}, best at step {best.step:,}; {ahead}. "
            "More samples, `flip` or a smaller `net` help.",
        )
    if improving:
        return Verdict("improving", f"improving: held-out loss {moved}.")
    return Verdict("flat", f"flat: held-out loss {moved}. A larger `net` or more samples may help, more time hardly.")


def _loss(evaluation: Evaluation) -> float:
    return float(np.mean(evaluation.held_out))


def _logs(losses: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    """One number a sample: the mean over the levels of the logarithm of the loss."""
    mean: NDArray[np.float64] = np.log(np.maximum(np.asarray(losses), 1e-12)).mean(axis=0)
    return mean


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))


def _percent(log_change: float, signed: bool = True) -> str:
    return f"{100 * math.expm1(log_change):{'+' if signed else ''}.1f}%"


def _spread(error: float) -> str:
    return f"{100 * error:.1f}"


def describe(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Facts for people: the mean loss at each level, held out and trained."""
    width = NormalDist().inv_cdf(0.975)

    def words(losses: tuple[float, ...]) -> str:
        mean, error = _mean(np.asarray(losses))
        return f"{mean:.3f} ± {width * error:.3f}"

    rows = zip(evaluation.sigmas, evaluation.held_out, evaluation.trained, strict=True)
    return [(f"loss at σ {s:.2g}", f"held out {words(held)}, trained {words(seen)}") for s, held, seen in rows]


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Add a line to the run's held_out.jsonl."""
    append(folder / FILE, json.dumps(_finite(asdict(evaluation)), allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    """`value` with None for numbers that JSON can't write."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _losses(row: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if loss is None else float(loss) for loss in row)


def read_evaluations(folder: Path) -> list[Evaluation]:
    """What held_out.jsonl holds; damaged lines are passed over."""
    found = []
    with suppress(OSError):
        for line in (folder / FILE).read_bytes().splitlines():
            with suppress(ValueError, KeyError, TypeError, SfumatoError):
                one = parse(line)
                losses = {name: [_losses(row) for row in one[name]] for name in ("held_out", "trained")}
                found.append(fit(Evaluation, {**one, **losses}, FILE))
    return found
