"""Tuning a model's walks of few steps: by where a teacher's long walks lead from some seeds, judged on others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato.arguments import whole
from sfumato.data import Dataset
from sfumato.diffusion import Level
from sfumato.errors import SfumatoError
from sfumato.evaluation.intervals import Estimate, estimate
from sfumato.evaluation.measure import conditions_at
from sfumato.evaluation.training_data import run_of, training_data
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.diffusers.folder import is_pipeline
from sfumato.hub.diffusers.lora import split_adapters
from sfumato.hub.remote import named_on_hub
from sfumato.hub.resolving import resolve
from sfumato.hub.settings import planned, tuned_like
from sfumato.hub.tuned import write_tuned
from sfumato.hub.zoo import is_model, ships
from sfumato.sampling import SAMPLERS, ImageNoise, Stepper, last
from sfumato.sampling.tuned import Corrections, Tuned
from sfumato.sampling.tuning import Differentiable, Pairs, Walked, cheapest, jump_errors, learn
from sfumato.seeds import numpy_generator
from sfumato.training import pick_device

STEPS = (4, 6, 8)
TEACHER, TEACHER_STEPS, TEACHER_GRID = "dpm++3m", 40, "karras"
MOST_STEPS = TEACHER_STEPS // 2
FIRST_SEED = 2**40  # far from those that pictures are made of
TAUGHT, HELD_OUT = 192, 128  # seeds that are learnt from, and those that decide
WHOLE = 64  # of them, whose walks are kept for the grid
BASES = ("unipc2", "ipndm3", "dpm++2m", "ipndm2", "ddim")  # solvers to start from
AMPLIFIED = (1.0, 1.15)  # see `cheapest`: which suits is tried
ITERATIONS, BATCH, RATE = 150, 16, 1e-2
PUSHED = ("guidance", "rule", "interval", "threshold")  # settings that are tuned for
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Found:
    """A walk as `tuned`, the `plain` one in as many steps, and how far each ends from the teacher's on held-out seeds.

    `errors` are means of root mean squares over a sample: of the plain walk, on the best levels, and with what was
    learnt. `gain` is how much nearer the tuned walk ends than the plain one, of the same seeds, with its interval.
    """

    plain: SamplingConfig
    tuned: SamplingConfig
    errors: tuple[float, float, float]
    gain: Estimate

    @property
    def better(self) -> bool:
        return self.gain.low > 0


def tune(
    model: Model | str | Path,
    steps: int | Sequence[int] = STEPS,
    data: Dataset | None = None,
    iterations: int = ITERATIONS,
    progress: Progress = lambda what, done, of: None,
    prompts: Sequence[str] | None = None,
) -> tuple[Found, ...]:
    """Tune the walk of each number of `steps` to `model`, whose weights stay as they are; returns what was found.

    Where a walk ends nearer to the teacher's, the model walks so in as many steps from now on: a `model` in memory,
    and one that is named by its folder, whose tuned.json keeps it. By the model's own settings but for sampler and
    grid, of pictures conditioned on what those of `data` are, by default those that it was trained on, or of `prompts`
    in turn; a model of classes alone needs neither. `progress(what, done, of)` is called as it goes on. The same model
    gives the same numbers again.

    Raises SfumatoError, before any work, for more steps than the teacher could teach, and for what can't be tuned.
    """
    place = None if isinstance(model, Model) else place_of(model)
    found = tuple(tuning(model, steps, data, iterations, progress, prompts))
    better = tuple(one.tuned for one in found if one.better)
    if isinstance(model, Model):
        model.tuned = tuple(one for one in model.tuned if tuned_like(one, better) is None) + better
    elif better and place is not None:
        write_tuned(place, better)
    return found


def place_of(model: str | Path) -> Path:
    """Where the tuned walks of the model of that name are kept: its run, or its folder of diffusers.

    Raises SfumatoError where they can't be.
    """
    if ships(model):
        raise SfumatoError(f"{model} ships with the package, whose files stay as they are; tune a run of your own.")
    if named_on_hub(model):
        raise SfumatoError(
            f"{model} is kept as it is on the Hub; put it into a folder of yours, as `sfumato export {model} --to "
            "diffusers` does, and tune that."
        )
    if split_adapters(Path(model))[1]:
        raise SfumatoError(
            f"{model} is put together as it is loaded; write it as one folder (`sfumato export {model} --to "
            "diffusers`), and tune that."
        )
    return Path(model) if is_pipeline(Path(model)) else run_of(Path(model))


def tuning(
    model: Model | str | Path,
    steps: int | Sequence[int] = STEPS,
    data: Dataset | None = None,
    iterations: int = ITERATIONS,
    progress: Progress = lambda what, done, of: None,
    prompts: Sequence[str] | None = None,
) -> Iterator[Found]:
    """As `tune`, one walk after the other as they are walked through; nothing is kept."""
    if not isinstance(model, Model):
        model = load(model, device=pick_device())
    counts = [steps] if isinstance(steps, int) else list(steps)
    if not counts:
        raise SfumatoError("`steps` is empty; say in how many steps to walk, such as 4.")
    for number in counts:
        if not 2 <= whole("steps", number, -(2**63)) <= MOST_STEPS:
            raise SfumatoError(
                f"a walk is tuned in 2 to {MOST_STEPS} steps, got {number}; its teacher takes {TEACHER_STEPS}."
            )
        planned(replace(model.config.sampling, steps=number))  # raises where the model's own sampler can't
    if model.config.student:
        raise SfumatoError(
            f"{model.source or 'the model'} is a student, which walks in a few steps already; tune its teacher."
        )
    if (first := model.config.sampling.first) != "network":
        raise SfumatoError(f"a tuned walk begins with the network, and that of this model with '{first}'.")
    return _tuned(model, _conditions(model, data, prompts, TAUGHT + HELD_OUT), counts, iterations, progress)


def _tuned(
    model: Model, what: Mapping[str, Any], steps: Sequence[int], iterations: int, progress: Progress
) -> Iterator[Found]:
    teacher = _Teacher(model, what, progress)
    for number in steps:
        yield teacher.tuned(number, iterations)


class _Teacher:
    """What the teacher's walks have led to: all that a walk of any number of steps is tuned by."""

    def __init__(self, model: Model, of: Mapping[str, Any], progress: Progress) -> None:
        self.model, self.progress = model, progress
        self.seeds = range(FIRST_SEED, FIRST_SEED + TAUGHT + HELD_OUT)
        how = model.config.sampling
        given = {"sampler": TEACHER, "grid": TEACHER_GRID, "schedule": how.schedule, "steps": TEACHER_STEPS}
        request = model.request(self.seeds, **{**given, **of})
        self.resolved = resolve(request, model)
        self.fine = self.resolved.levels
        xs, answers = list[Tensor](), list[Tensor]()
        for step in self.resolved.steps(range(WHOLE)):
            self.progress("the teacher's walks", WHOLE * step.index // TEACHER_STEPS, len(self.seeds))
            xs.append(step.x.cpu())
            answers += [] if step.x0_hat is None else [step.x0_hat.cpu()]
        self.jumps = jump_errors(Walked(self.fine, torch.stack(xs[:-1]), torch.stack(answers)))
        by = SAMPLERS[TEACHER].stepper
        rest = range(WHOLE, len(self.seeds))
        self.ends = torch.cat([xs[-1], self.walked(by, self.fine, rest, "the teacher's walks", WHOLE)])
        self.start = ImageNoise(self.seeds, model.config.shape)()

    @property
    def held(self) -> Sequence[int]:
        return range(TAUGHT, TAUGHT + HELD_OUT)

    def walked(self, by: Stepper, levels: Level, rows: Sequence[int], what: str = "", before: int = 0) -> Tensor:
        """Where the walk of `by` down `levels` ends, of some of the seeds."""
        resolved, ends = replace(self.resolved, stepper=by, levels=levels), list[Tensor]()
        for some, steps in resolved.batches(rows=rows):
            ends.append(last(steps).x.cpu())
            if what:
                self.progress(what, before + some[-1] + 1 - rows[0], len(self.seeds))
        return torch.cat(ends)

    def errors(self, sampling: SamplingConfig, rows: Sequence[int]) -> Tensor:
        """How far from the teacher's each walk ends, root mean square over a sample."""
        ended = self.walked(*planned(sampling), rows)
        return (ended - self.ends[list(rows)]).flatten(1).square().mean(1).sqrt()

    def tuned(self, steps: int, iterations: int) -> Found:
        plain = replace(self.model.config.sampling, steps=steps)
        plain = replace(plain, **{name: getattr(self.resolved.request.sampling, name) for name in PUSHED})
        grids = [self.fine[torch.tensor(cheapest(self.jumps, steps, amplified))] for amplified in AMPLIFIED]
        names = [name for name in BASES if SAMPLERS[name].needs <= steps]
        bases = [self.on(levels, plain, name) for levels in grids for name in names]
        base = min(bases, key=lambda one: float(self.errors(one, range(WHOLE)).mean()))
        learnt = base
        for index, (found, corrections, _) in enumerate(self.learning(base, iterations), 1):
            self.progress(f"{steps} steps", index, iterations)
            if index == iterations:
                learnt = self.on(found, base, base.sampler, corrections)
        before, on_grid, after = (self.errors(one, self.held) for one in (plain, base, learnt))
        tuned, best = (learnt, after) if after.mean() < on_grid.mean() else (base, on_grid)
        apart = before - best
        gain = estimate(float(apart.mean()), float(apart.std()) / math.sqrt(len(apart)), least=-math.inf)
        return Found(plain, tuned, (float(before.mean()), float(on_grid.mean()), float(after.mean())), gain)

    def on(self, levels: Level, like: SamplingConfig, sampler: str, corrections: Corrections = ()) -> SamplingConfig:
        pairs = tuple(zip(levels.alpha.tolist(), levels.sigma.tolist(), strict=True))
        tuned = Tuned(self.model.weights_hash, pairs, corrections)
        return replace(like, sampler=sampler, eta=None, tolerance=None, tuned=tuned)

    def learning(self, base: SamplingConfig, iterations: int) -> Iterator[tuple[Level, Corrections, float]]:
        by, levels = planned(base)
        net = Differentiable(self.model.denoiser)
        start, ends = (one[:TAUGHT].to(self.model.device) for one in (self.start, self.ends))
        pairs = Pairs(start, ends, lambda rows: self.resolved.denoiser(rows, net))
        return learn(by, levels, pairs, iterations, BATCH, RATE)


def _conditions(model: Model, data: Dataset | None, prompts: Sequence[str] | None, count: int) -> Mapping[str, Any]:
    """What the samples are of: the prompts in turn, or samples of the data, or where there are but classes those."""
    if prompts is not None:
        if data is not None:
            raise SfumatoError("`data` have captions of their own; leave them or `prompts` out.")
        if isinstance(prompts, str) or not len(prompts):
            raise SfumatoError("`prompts` are a list of one or more, such as ['a red heart'].")
        model.tokens(prompts[:1], "`prompts`")  # raises where it takes none
        return {"prompts": [prompts[i % len(prompts)] for i in range(count)]}
    others = model.text_conditional or bool(model.config.conditions)
    if not others and data is None:
        return {"labels": [i % len(model.config.classes) for i in range(count)]} if model.config.classes else {}
    folder = run_of(Path(model.source))
    if data is None and (is_model(folder) or not (folder / "config.json").exists()):
        raise SfumatoError(
            f"{model.source or 'the model'} is no run, whose data would say what to walk to; give `data`, "
            "pictures with captions or a text file of a prompt a line."
        )
    if data is None:
        data = training_data(model.source, model)[0]
    rows = numpy_generator("tuning").permutation(len(data))
    return conditions_at(model, data, rows[np.arange(count) % len(rows)])
