"""Drifting: a network that answers noise alone with a sample, in one call (Deng et al. 2026, "Drifting").

Its answers move, as it is trained: each towards the data near it and away from the other answers near it. Where answers
are distributed as the data, both pulls cancel and nothing moves. Neither a teacher nor a critic is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion.denoiser import Condition, Denoiser
from sfumato.diffusion.levels import Level
from sfumato.diffusion.objective import Drawn, Objective
from sfumato.diffusion.paths import Schedule

REACHES = (0.02, 0.05, 0.2)  # in mean distances: how far a sample is drawn from (Deng et al. 2026, appendix A)


def drift(x: Tensor, data: Tensor, reach: float) -> Tensor:
    """Where each of `x` `(count, dimension)` drifts to, among each other and `data` `(number, dimension)`, as a shift.

    A pair weighs exp(−distance/reach), as a share of all pairs of the one and of the other, by their geometric mean;
    the pull of the data weighs what the push of the others does (Deng et al. 2026, algorithm 2). Distances are in units
    of their mean.
    """
    pulling, pushing = _distances(x, data), _distances(x, x)
    mean = torch.cat([pulling, pushing], 1).mean().clamp(min=1e-12)
    itself = torch.eye(x.shape[0], dtype=x.dtype, device=x.device)  # which nothing pushes; a lone sample stays
    logits = -torch.cat([pulling / mean, pushing / mean + 1e9 * itself], 1) / reach
    weights = (logits.softmax(1) * logits.softmax(0)).sqrt()
    pull, push = weights[:, : data.shape[0]], weights[:, data.shape[0] :]
    return (pull * push.sum(1, keepdim=True)) @ data - (push * pull.sum(1, keepdim=True)) @ x


def evenly(shifts: Iterable[Tensor]) -> Tensor:
    """The sum of `shifts`, each made as long as the others in the mean over all its numbers."""
    even = [shift / shift.square().mean().sqrt().clamp(min=1e-12) for shift in shifts]
    return torch.stack(even).sum(0)


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """As torch.cdist, in terms that ONNX knows."""
    squares = x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T
    return squares.clamp(min=0).sqrt()


def draw_visited(schedule: Schedule, steps: int, shape: Sequence[int], generator: torch.Generator) -> Drawn:
    """For a batch of `shape`, levels that a walk of so many `steps` visits, and noise."""
    step = torch.randint(1, steps + 1, (shape[0],), generator=generator)
    if steps > 1:  # a third again from noise alone, where there is most to learn
        step[torch.rand(shape[0], generator=generator) < 1 / 3] = steps
    return Drawn(schedule(step.double() / steps), torch.randn(*shape, generator=generator))


@dataclass(frozen=True, eq=False)
class Drifting(Objective):
    """How far answers are from where they drift to, `(batch,)`: the mean square over a sample, in units of the drift.

    What is trained are the levels that a walk of so many `steps` visits, noise alone more often than the others: in one
    step it answers that with a sample, in two also that answer with noise added anew (the sampler `consistency`).
    Answers of one class, at one level, drift among each other to the samples of the class in the batch, which is to
    hold a dozen of each.
    """

    steps: int = 1
    reaches: Sequence[float] = REACHES

    def draw(self, shape: Sequence[int], generator: torch.Generator) -> Drawn:
        return draw_visited(self.schedule, self.steps, shape, generator)

    def loss(
        self, denoiser: Denoiser, x0: Tensor, cond: Condition | None, drawn: Drawn, fraction: float = 1.0
    ) -> Tensor:
        """The loss per sample `(batch,)` with what was drawn before."""
        answer = denoiser(drawn.level.add_noise(x0, drawn.eps.to(x0, non_blocking=True)), drawn.level, cond)
        flat, data = answer.flatten(1).float(), x0.flatten(1).float()
        with torch.no_grad():
            shift = self.shifts(flat, data, (cond or {}).get("label"), drawn.level)
        return (flat - (flat + shift).detach()).square().mean(1)

    def shifts(self, x: Tensor, data: Tensor, labels: Tensor | None, level: Level) -> Tensor:
        """Where all of `x` `(batch, dimension)` drift to, over the `reaches`, each as long in the mean of a batch."""
        labels = torch.zeros(len(x), dtype=torch.int64) if labels is None else labels.cpu()
        found = {reach: torch.zeros_like(x) for reach in self.reaches}
        for label in labels.unique():
            own = labels == label
            for sigma in level.sigma[own].unique():
                rows = (own & (level.sigma == sigma)).to(x.device)
                for reach, shift in found.items():
                    shift[rows] = drift(x[rows], data[own.to(x.device)], reach)
        return evenly(found.values())
