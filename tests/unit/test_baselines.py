"""The GAN and the VAE: their losses against exact answers, their size, and that they learn as they are told to."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.baselines import (
    BaselineConfig,
    BaselineTrainer,
    Kind,
    baseline_for,
    load_baseline,
    new_baseline,
    save_baseline,
)
from sfumato.baselines.vae import divergence, log_likelihood
from sfumato.data import Dataset, open_dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation import frechet_distance
from sfumato.hub import new_model
from sfumato.nets import SIZES
from sfumato.training import Trainer, TrainingConfig, model_for
from sfumato.training.adversarial import gradient_penalty, relativistic_loss
from tiny import TINY, blobs

KINDS: tuple[Kind, ...] = ("gan", "vae")
SMALL = {kind: BaselineConfig(kind, (1, 8, 8), ("cat", "dog", "cow"), width=16, latent=4) for kind in KINDS}
CONFIG = TrainingConfig("blobs", images=16 * 12, batch=16)


def pictures(shape: tuple[int, ...], classes: int = 0, count: int = 24) -> Dataset:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, count) if classes else None
    names = tuple(str(number) for number in range(classes))
    return Dataset("noise", rng.integers(0, 256, (count, *shape), dtype=np.uint8), labels, names)


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.05, 3), st.floats(-4, 4))
def test_evidence_bound_is_the_likelihood_where_the_posterior_is_exact(a: float, b: float, s: float, x: float) -> None:
    # x = a·z + b + s·ε, so p(x) = N(b, a² + s²), and z given x is normal. The bound is quadratic in z, for which the
    # two nodes z = mean ± deviation are exact (Gauss and Hermite).
    variance = s**2 / (a**2 + s**2)
    mean = a * (x - b) / (a**2 + s**2)
    nodes = mean + math.sqrt(variance) * torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    log_s2 = torch.tensor(2 * math.log(s), dtype=torch.float64)
    reconstruction = log_likelihood(torch.full_like(nodes, x), a * nodes + b, log_s2).mean()
    kl = divergence(
        torch.tensor([[mean]], dtype=torch.float64), torch.tensor([[math.log(variance)]], dtype=torch.float64)
    )
    exact = torch.distributions.Normal(b, math.sqrt(a**2 + s**2)).log_prob(torch.tensor(x, dtype=torch.float64))
    assert float(reconstruction - kl) == pytest.approx(float(exact), rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3), st.floats(-3, 3))
def test_divergence_is_that_of_normal_distributions(mean: list[float], log_variance: float) -> None:
    means, variances = torch.tensor([mean], dtype=torch.float64), torch.full((1, 3), log_variance, dtype=torch.float64)
    normal = torch.distributions.Normal(means, (0.5 * variances).exp())
    exact = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(divergence(means, variances), exact)


def test_variance_of_the_likelihood_is_the_one_that_fits_best() -> None:
    vae = new_baseline(SMALL["vae"])
    x, labels = blobs().batch(torch.arange(20))
    bound = vae.evidence_bound(x, labels, torch.Generator().manual_seed(1))  # type: ignore[operator]
    mean, log_variance = vae.encoder(x, labels)  # type: ignore[operator]
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(1))
    decoded = vae.generate(mean + (0.5 * log_variance).exp() * noise, labels)
    kl = divergence(mean, log_variance)
    other = [
        (log_likelihood(x, decoded, torch.tensor(2 * math.log(sigma))) - kl).mean()
        for sigma in np.geomspace(0.01, 10, 200)
    ]
    assert max(other) <= bound.mean() < max(other) + 0.05


def test_gradient_penalty_of_a_discriminator_in_closed_form() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 3, 4, 4, generator=generator, requires_grad=True)
    w = torch.randn(3, 4, 4, generator=generator, requires_grad=True)
    linear = gradient_penalty((x * w).sum((1, 2, 3)), x)  # ∇ = w
    torch.testing.assert_close(linear, w.square().sum())
    torch.testing.assert_close(torch.autograd.grad(linear, w)[0], 2 * w.detach())
    quadratic = gradient_penalty((w.sum() * x.square()).sum((1, 2, 3)), x)  # ∇ = 2·w·x
    torch.testing.assert_close(quadratic, 4 * w.sum() ** 2 * x.square().sum((1, 2, 3)).mean())


@settings(deadline=None)
@given(st.floats(-20, 20), st.floats(-20, 20))
def test_relativistic_loss_knows_differences_alone_and_is_symmetric_where_there_are_none(a: float, b: float) -> None:
    real, drawn = torch.full((4,), a, dtype=torch.float64), torch.full((4,), b, dtype=torch.float64)
    torch.testing.assert_close(relativistic_loss(real, drawn), relativistic_loss(real + 7, drawn + 7))
    forth, back = relativistic_loss(real, drawn), relativistic_loss(drawn, real)
    torch.testing.assert_close(forth - back, torch.tensor(b - a, dtype=torch.float64))
    same = relativistic_loss(real, real)
    assert float(same) == pytest.approx(math.log(2)) and float(forth + back) >= 2 * math.log(2) - 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("net", ["nano", "tiny", "small"])
@pytest.mark.parametrize(("shape", "classes"), [((1, 8, 8), 10), ((3, 32, 32), 10), ((3, 32, 32), 0), ((1, 9, 13), 2)])
def test_size_is_that_of_the_diffusion_network_within_5_percent(
    kind: Kind, net: str, shape: tuple[int, ...], classes: int
) -> None:
    assert net in SIZES
    data = pictures(shape, classes)
    parameters = new_model(model_for(data, net)).parameter_count
    baseline = new_baseline(baseline_for(kind, data, parameters))
    assert baseline.size == pytest.approx(parameters, rel=0.05)
    labels = [0, 1] if classes else None
    drawn = baseline.sample([0, 1], labels)
    assert drawn.shape == (2, *shape) and bool(drawn.isfinite().all())


@pytest.mark.parametrize("kind", KINDS)
def test_batch_is_the_one_that_the_diffusion_model_sees(kind: Kind) -> None:
    config = replace(CONFIG, held_out=0.2, flip=True, condition_dropout=0.0, images=16 * 8)
    ours = BaselineTrainer(new_baseline(SMALL[kind]), blobs(), config)
    theirs = Trainer(new_model(TINY), blobs(), config)
    for _ in range(5):
        [(x, labels, _)] = ours.draw(ours.step + 1, ours.images)
        [part] = theirs.draw(ours.step + 1, ours.images)
        assert torch.equal(x, part.x0) and labels is not None and torch.equal(labels, part.cond["label"])
        next(ours.steps())
    rates = [step.learning_rate for step in BaselineTrainer(new_baseline(SMALL[kind]), blobs(), config).steps()]
    shares = [
        step.learning_rate / config.optimizer.learning_rate
        for step in Trainer(new_model(TINY), blobs(), config).steps()
    ]
    assert np.array(rates) / max(rates) == pytest.approx(np.array(shares) / max(shares))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_is_a_function_of_its_config(kind: Kind, precision: str) -> None:
    def trained(seed: int) -> dict[str, torch.Tensor]:
        torch.manual_seed(seed)  # what is outside doesn't count
        trainer = BaselineTrainer(new_baseline(SMALL[kind]), blobs(), replace(CONFIG, precision=precision))
        steps = list(trainer.steps())
        assert len(steps) == 12 and steps[-1].fraction == 1 and steps[-1].skipped == 0
        return trainer.average.state_dict()

    once, again = trained(1), trained(2)
    assert all(torch.equal(value, again[name]) for name, value in once.items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_a_picture_whatever_the_batch(kind: Kind) -> None:
    baseline = new_baseline(SMALL[kind])
    seeds, labels = list(range(11)), [i % 3 for i in range(11)]
    whole = baseline.sample(seeds, labels)
    torch.testing.assert_close(baseline.sample(seeds, labels, batch=3), whole, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(baseline.sample([7], [1]), whole[7:8], rtol=1e-5, atol=1e-5)
    assert len(whole.unique(dim=0)) == 11
    free = baseline.sample(seeds)
    torch.testing.assert_close(baseline.sample(seeds[4:6]), free[4:6], rtol=1e-5, atol=1e-5)


def test_without_labels_all_classes_are_drawn_alike() -> None:
    seen: list[torch.Tensor] = []
    baseline = new_baseline(SMALL["vae"])
    baseline.generate = lambda z, label: (seen.append(label), torch.zeros(len(z), 1, 8, 8))[1]  # type: ignore[method-assign]
    baseline.sample(range(3000), batch=1000)
    counts = torch.cat(seen).bincount(minlength=3)
    assert bool(((counts - 1000).abs() < 4 * (3000 * 2 / 9) ** 0.5).all())  # four standard deviations


@pytest.mark.parametrize("kind", KINDS)
def test_steps_that_are_not_finite_change_nothing_and_too_many_end_the_training(kind: Kind) -> None:
    trainer = BaselineTrainer(new_baseline(SMALL[kind]), blobs(), CONFIG)
    good = list(trainer.turns)
    next(trainer.steps())
    before = {name: value.clone() for name, value in trainer.baseline.state_dict().items()}
    average = {name: value.clone() for name, value in trainer.average.state_dict().items()}
    trainer.turns = tuple(replace(turn, loss=lambda *a, f=turn.loss: f(*a) * math.nan) for turn in good)
    assert next(trainer.steps()).skipped == 1
    assert all(torch.equal(value, before[name]) for name, value in trainer.baseline.state_dict().items())
    assert all(torch.equal(value, average[name]) for name, value in trainer.average.state_dict().items())
    trainer.turns = tuple(good)
    assert math.isfinite(next(trainer.steps()).loss)
    trainer.turns = tuple(replace(turn, loss=lambda *a, f=turn.loss: f(*a) * math.nan) for turn in good)
    with pytest.raises(SfumatoError, match="not a finite number for 10 steps in a row"):
        list(BaselineTrainer.steps(_longer(trainer)))


def _longer(trainer: BaselineTrainer) -> BaselineTrainer:
    trainer.budget = replace(trainer.budget, images=10**6)
    return trainer


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_seconds_of_training_draw_digits(kind: Kind) -> None:
    digits = open_dataset("digits")
    config = TrainingConfig("digits", images=32 * 160, batch=32)  # at 80 steps a GAN of some seeds has hardly begun
    trainer = BaselineTrainer(new_baseline(baseline_for(kind, digits, 40_000)), digits, config)
    labels = [i % 10 for i in range(400)]
    real = digits.batch(torch.arange(len(digits)))[0].flatten(1)

    def distance() -> float:
        return frechet_distance(trainer.average.sample(range(400), labels).flatten(1), real)

    untrained = distance()
    for _ in trainer.steps():
        pass
    assert distance() < 0.7 * untrained


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_saved_draws_the_same(kind: Kind, tmp_path: Path) -> None:
    baseline = new_baseline(SMALL[kind], seed=3)
    save_baseline(tmp_path, baseline)
    again = load_baseline(tmp_path)
    assert again.config == baseline.config
    assert torch.equal(again.sample([5, 6], [0, 2]), baseline.sample([5, 6], [0, 2]))
    content = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(SfumatoError, match="missing or damaged"):
        load_baseline(tmp_path)


def test_what_can_not_be_is_refused() -> None:
    points = open_dataset("points:moons")
    with pytest.raises(SfumatoError, match="generates pictures, not points"):
        baseline_for("gan", points, 100_000)
    with pytest.raises(SfumatoError, match="the nearest has"):
        baseline_for("vae", blobs(), 10)
    with pytest.raises(SfumatoError, match="classes of this gan are 0 to 2"):
        new_baseline(SMALL["gan"]).sample([1], [3])
    with pytest.raises(SfumatoError, match="other classes"):
        BaselineTrainer(new_baseline(SMALL["gan"]), pictures((1, 8, 8)), CONFIG)
    with pytest.raises(SfumatoError, match="has no classes"):
        new_baseline(replace(SMALL["gan"], classes=())).sample([1], [0])
