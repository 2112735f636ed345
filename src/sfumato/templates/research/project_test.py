"""Laws that a sampler and an objective keep, and a few steps of training."""

import torch
from research import Huber, Net, midpoint, train

import sfumato


def test_the_sampler_is_of_second_order():
    """On data that are one Gaussian the denoiser is known, and so is where its walk ends."""
    std, x = 0.5, torch.full((1, 1), 3.0, dtype=torch.float64)

    def end(steps):
        sigmas = torch.linspace(10, 0.1, steps + 1, dtype=torch.float64)
        grid = sfumato.Level(torch.ones_like(sigmas), sigmas)
        walk = midpoint(x, grid, None)
        asked = next(walk)
        try:
            while True:
                at, level = asked
                asked = walk.send(at * std**2 / (std**2 + level.sigma**2))
        except StopIteration as stopped:
            return float(stopped.value)

    exact = 3.0 * ((std**2 + 0.1**2) / (std**2 + 10**2)) ** 0.5
    coarse, fine = abs(end(64) - exact), abs(end(128) - exact)
    assert fine < coarse / 3


def test_the_objective_is_zero_where_the_answer_is_right_and_grows_with_the_error():
    usual = sfumato.TrainingConfig("digits", images=1).objective
    objective = Huber(usual.noise, usual.schedule)
    x0 = torch.randn(8, 1, 8, 8)
    drawn = objective.draw(x0.shape, torch.Generator().manual_seed(0))
    right, near, far = (objective.loss(lambda x, level, cond, e=e: x0 + e, x0, {}, drawn) for e in (0.0, 0.1, 1.0))
    assert right.abs().max() < 1e-6 and (near < far).all() and (near > 0).all()


def test_it_trains_goes_on_and_samples(tmp_path):
    quick = {"batch": 64, "previews": 0, "precision": "fp32", "compile": False}
    train(tmp_path / "run", net=Net(width=16, depth=1), images=128, **quick)
    run = train(tmp_path / "run", net=Net(width=16, depth=1), images=192)
    assert run.trainer.step == 3 and isinstance(run.trainer.objective, Huber)
    pictures = run.model().sample(range(2), labels=["3", "8"], sampler=midpoint, steps=3)
    assert pictures.shape == (2, 1, 8, 8) and pictures.isfinite().all()
