"""A sampler as data walks as the sampler does, on every schedule and for every row of the table."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import SCHEDULES, Condition, GaussianMixture, Level
from sfumato.errors import SfumatoError
from sfumato.sampling import SAMPLERS, classifier_free, grid, sample, stepper
from sfumato.sampling.program import Ask, Draw, run, trace


def draws() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("path", ["edm", "cosine", "flow"])
@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "adaptive"])
def test_the_program_walks_as_the_sampler_does(name: str, path: str, small_mixture: GaussianMixture) -> None:
    levels, by = grid("trailing", SCHEDULES[path](), 9), stepper(name, steps=9)
    program = trace(by, levels)

    def noise(generator: torch.Generator) -> Tensor:
        return torch.randn(5, 4, dtype=torch.float64, generator=generator)

    ours, theirs = draws(), draws()
    steps = list(sample(small_mixture, levels, by, lambda: noise(ours)))
    path_of_program = list(run(program, small_mixture, lambda: noise(theirs)))
    assert len(steps) == len(path_of_program) == 10
    assert program.calls == steps[-1].calls
    for step, x in zip(steps, path_of_program, strict=True):
        torch.testing.assert_close(x, step.x, rtol=1e-9, atol=1e-9)
    assert any(isinstance(line, Draw) for line in program.lines) != SAMPLERS[name].deterministic


@pytest.mark.parametrize("scale", [0.0, 1.0, 3.5])
def test_guidance_is_in_the_program(scale: float, small_mixture: GaussianMixture) -> None:
    """It asks twice where the second answer counts, and once where it doesn't."""
    levels, by = grid("trailing", SCHEDULES["flow"](), 5), stepper("dpm++2m")
    shifts = {"left": -1.0, "null": 0.0}

    def denoiser(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        return small_mixture(x, level) + shifts[str((cond or {}).get("label"))]

    asked: Condition = {"label": "left"}  # type: ignore[dict-item]
    null: Condition = {"label": "null"}  # type: ignore[dict-item]
    program = trace(by, levels, scale)
    assert program.calls == (10 if scale > 1 else 5)
    start = torch.randn(3, 4, dtype=torch.float64, generator=draws())
    walk = list(run(program, denoiser, lambda: start, asked, null))
    rule = classifier_free(scale, null)
    ours = list(sample(denoiser, levels, by, lambda: start, asked, guidance=rule))
    torch.testing.assert_close(walk[-1], ours[-1].x, rtol=1e-9, atol=1e-9)


def test_a_program_is_short() -> None:
    """Each line adds a few registers up, however long the walk: the memory of a multistep sampler is bounded."""
    program = trace(stepper("dpm++3m"), grid("karras", SCHEDULES["edm"](), 1000))
    assert program.calls == 1000
    assert max(len(line.terms) for line in program.lines if not isinstance(line, Draw)) <= 4
    assert all(len(line.terms) == 1 for line in program.lines if isinstance(line, Ask))


def test_the_adaptive_sampler_is_refused() -> None:
    with pytest.raises(SfumatoError, match="decides as it goes"):
        trace(stepper("adaptive"), grid("karras", SCHEDULES["edm"](), 5))
