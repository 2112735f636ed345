"""Where each sampler is worth its calls: every row of the samplers' table, on every grid, at 2 to 50 steps.

    python benchmarks/sampler_advice.py            8 grids, two sets of exact data, and the shipped digits
    python benchmarks/sampler_advice.py --quick    under 5 minutes: 3 grids, fewer samples
    python benchmarks/sampler_advice.py --write    puts what was measured into src/sfumato/sampling/advice.py; on all
                                                   grids, with --quick too

A sampler *holds* at a number of steps on a grid where, from the same noise, it comes at least as near as the plain
step does for as many calls: ddim, or ddpm for samplers with noise of their own. Nearness is the root mean square
distance to the exact walk's end, or with noise that of sorted samples and data along random directions; measured on
mixtures of Gaussians, whose denoiser is exact, and of the shipped digits. None may widen the samples beyond
1.2 times the data's standard deviation. The advice is the fewest steps from which on a sampler holds in all of them.
Exits 1 where a line of the table's advice does not hold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

import sfumato
from sfumato.diffusion import SCHEDULES, Denoiser, GaussianMixture
from sfumato.sampling import GRIDS, SAMPLERS, grid, last, sample, stepper
from sfumato.sampling.advice import LEAST, NEVER

STEPS = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50)
FEW = (2, 3, 4, 6, 8, 10, 15, 20)
TIMED = ("trailing", "leading", "linspace", "quadratic", "beta")  # rules about t, here on the path that digits take
QUICK = ("trailing", "karras", "logsnr")
WIDEST = 1.2
SLACK = 1.1  # as near as was measured, with fewer samples or on another machine
FLOOR = 2e-3  # of the data's spread: nearer than this is near enough
TWINS = ("euler", "dpm++1", "dpm-solver-1", "ipndm1", "deis1", "ddim", "ddpm", "ddpm-beta", "euler-ancestral")
ROWS = [name for name, row in SAMPLERS.items() if name not in (*TWINS, "adaptive") and row.order]


class Data:
    """A denoiser, its noise and what its walks should end at."""

    def __init__(self, name: str, denoiser: Denoiser, shape: tuple[int, ...], count: int, real: Tensor) -> None:
        self.name, self.denoiser, self.real = name, denoiser, real.flatten(1).double()
        self.size = (count, *shape)
        generator = torch.Generator().manual_seed(1)
        directions = torch.randn(self.real.shape[1], 64, dtype=torch.float64, generator=generator)
        self.directions = directions / directions.norm(dim=0)
        self.std = float(self.real.std())
        self.places = (self.real @ self.directions).quantile(PLACES, 0)

    def noise(self) -> Callable[[], Tensor]:
        """The same noise for every walk."""
        generator = torch.Generator().manual_seed(3)
        return lambda: torch.randn(self.size, generator=generator)

    @cache  # noqa: B019
    def end(self, name: str, rule: str, steps: int) -> tuple[Tensor, int]:
        """Where the walk ends, and the calls it took."""
        path = SCHEDULES["flow" if rule in TIMED else "edm"]()
        step = last(sample(self.denoiser, grid(rule, path, steps), stepper(name, steps=steps), self.noise()))
        return step.x.flatten(1).double(), step.calls

    @cache  # noqa: B019
    def exact(self, rule: str) -> Tensor:
        return self.end("dpm++3m", rule, 60 if self.name == "digits" else 200)[0]

    def error(self, name: str, rule: str, steps: int) -> float:
        """In units of the data's spread."""
        end, _ = self.end(name, rule, steps)
        if SAMPLERS[name].deterministic:
            return float((end - self.exact(rule)).square().mean().sqrt()) / self.std
        places = (end @ self.directions).quantile(PLACES, 0)
        return float((places - self.places).square().mean().sqrt()) / self.std

    def holds(self, name: str, rule: str, steps: int, slack: float) -> bool:
        end, calls = self.end(name, rule, steps)
        plain = "ddim" if SAMPLERS[name].deterministic else "ddpm"
        bound = max(FLOOR, slack * self.error(plain, rule, calls))
        wide = float(end.std()) <= WIDEST * self.std
        return wide and self.error(name, rule, steps) <= (bound if SAMPLERS[name].deterministic else bound + NOISE)


PLACES = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
NOISE = 0.02  # what a thousand samples tell of a distribution


def mixture(components: int, dimension: int, narrow: float, wide: float) -> GaussianMixture:
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(components, dimension, dtype=torch.float64, generator=generator) / 2
    stds = narrow + (wide - narrow) * torch.rand(components, dimension, dtype=torch.float64, generator=generator)
    return GaussianMixture(means, stds, torch.full((components,), 1 / components, dtype=torch.float64))


def data_sets(quick: bool) -> tuple[list[Data], Data]:
    """Two mixtures whose denoiser is exact, and the shipped digits."""
    count, few = (256, 16) if quick else (1024, 64)
    sets = []
    for name, narrow, wide in (("sharp mixture", 0.02, 0.2), ("smooth mixture", 0.15, 0.35)):
        exact = mixture(8, 16, narrow, wide)
        sets.append(Data(name, exact, (16,), count, exact.sample(20_000, torch.Generator().manual_seed(2))))
    model = sfumato.load("digits")
    labels = torch.tensor([i % 10 for i in range(few)])
    told = lambda x, level, cond=None: model.denoiser(x, level, {"label": labels})  # noqa: E731
    real = sfumato.open_dataset("digits").batch(range(1000))[0]
    return sets, Data("digits", told, model.config.shape, few, real)


def measured(quick: bool, slack: float, rules: Iterable[str]) -> dict[str, dict[str, dict[int, bool]]]:
    """Sampler → grid → steps, from the most down to the first at which it doesn't hold → whether it does."""
    sets, digits = data_sets(quick)
    found: dict[str, dict[str, dict[int, bool]]] = {}
    for name in ROWS:
        found[name] = {}
        for rule in rules:
            cells: dict[int, bool] = {}
            for steps in reversed(FEW if quick else STEPS):
                if steps < SAMPLERS[name].needs or not cells.get(min(cells, default=0), True):
                    break
                shown = SAMPLERS[name].deterministic and rule in QUICK and steps <= 10
                cells[steps] = all(
                    data.holds(name, rule, steps, slack) for data in (*sets, *([digits] if shown else []))
                )
            found[name][rule] = cells
        least = {
            rule: min((n for n, good in cells.items() if good), default=NEVER) for rule, cells in found[name].items()
        }
        print(f"{name:24}" + "".join(f"{rule} {steps:<4}" for rule, steps in least.items()), flush=True)
    return found


def main() -> None:
    if "--write" in sys.argv:
        path = Path(__file__).parents[1] / "src/sfumato/sampling/advice.py"
        before, _, rest = path.read_text().partition("# measured\n")
        after = rest.partition("# until here\n")[2]
        rows = ""
        for name, grids in measured("--quick" in sys.argv, 1.0, GRIDS).items():
            least = [min((n for n, good in cells.items() if good), default=NEVER) for cells in grids.values()]
            rows += f'    "{name}": ({", ".join(map(str, least))}),\n'
        made = f"# measured\n_STEPS: dict[str, tuple[int, ...]] = {{\n{rows}}}\n# until here\n"
        path.write_text(before + made + after)
        return
    quick = "--quick" in sys.argv
    wrong = [
        f"{name} on a {rule} grid is said to hold from {LEAST[name][rule]} steps, and does not at {steps}"
        for name, grids in measured(quick, SLACK, QUICK if quick else GRIDS).items()
        for rule, cells in grids.items()
        for steps, good in cells.items()
        if not good and steps >= LEAST[name][rule]
    ]
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    with torch.no_grad():
        main()
