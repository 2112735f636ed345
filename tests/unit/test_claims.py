"""The claims: verdicts follow from intervals, tests of noise find what is there, and a bad model is found out."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from sfumato.baselines import KINDS, Baseline, BaselineConfig, new_baseline
from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation import Estimate, claims, laboratory, open_extractor, open_reference, rivals
from sfumato.evaluation.claims import EXPERIMENTS, measure_claims, noise_tests
from sfumato.evaluation.claims_page import words, write_claims
from sfumato.evaluation.finding import Cell, Check, Finding
from sfumato.evaluation.laboratory import BaselineRun, Laboratory, train_baseline_run
from sfumato.hub import ModelConfig, new_model
from sfumato.nets import MLPConfig
from tiny import TINY, Command, blobs


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    data = blobs(240)
    extractor = open_extractor("classifier", data, tmp_path_factory.mktemp("cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFUMATO_CACHE", str(tmp_path_factory.mktemp("cache")))
        return Laboratory(new_model(TINY), open_reference(data, extractor), quick=True)


def measured(lab: Laboratory, *names: str) -> list[Finding]:
    return [found for found in measure_claims(lab, names) if isinstance(found, Finding)]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.2, 0.8, "borne out"),
        (-0.5, 0.5, "undecided"),
        (0.5, 1.5, "undecided"),
        (-2, -1, "not borne out"),
        (1.5, 2, "not borne out"),
    ],
)
def test_verdict_is_where_the_interval_lies(low: float, high: float, verdict: str) -> None:
    assert Check("x", Estimate((low + high) / 2, low, high), 0.0, 1.0).verdict == verdict


def test_claim_is_as_good_as_the_weakest_of_its_checks() -> None:
    good, open_, bad = (Check("x", Estimate(x, x - 0.1, x + 0.1), 0.0, 1.0) for x in (0.5, 1.0, 2.0))
    finding = Finding((), (), (good,))
    assert finding.verdict == "borne out"
    assert replace(finding, checks=(good, open_)).verdict == "undecided"
    assert replace(finding, checks=()).verdict == "undecided"
    assert replace(finding, checks=(open_, bad, good)).verdict == "not borne out"


def test_noise_passes_as_often_as_it_should_and_what_is_no_noise_is_found() -> None:
    generator = torch.Generator().manual_seed(0)
    x0 = torch.rand(200, 1, 8, 8, generator=generator) * 2 - 1
    chances: dict[str, list[float]] = {}
    for _ in range(200):
        for name, (_, p) in noise_tests(torch.randn(x0.shape, generator=generator), x0).items():
            chances.setdefault(name, []).append(p)
    for name, values in chances.items():  # under the hypothesis p-values are uniform
        assert stats.kstest(values, "uniform").pvalue > 1e-3, name

    noise = torch.randn(x0.shape, generator=generator)
    neighbours = (noise + 0.2 * noise.roll(1, -1)) / math.sqrt(1.04)
    t = torch.from_numpy(np.random.default_rng(0).standard_t(4, x0.shape) / math.sqrt(2)).float()  # unit variance
    for name, x in {
        "signal left": noise + 0.1 * x0,
        "standard deviation": 1.05 * noise,
        "distance from the normal law": t,
        "correlation of neighbours": neighbours,
    }.items():
        assert noise_tests(x, x0)[name][1] < 1e-4, name
    signal = noise_tests(noise + 0.1 * x0, x0)["signal left"][0]
    assert signal.low < 0.1 < signal.high and signal.low > 0


def test_kolmogorovs_test_is_scipys() -> None:
    x = torch.randn(4000, 1, 4, 4, generator=torch.Generator().manual_seed(3)) * 1.01
    distance, p = noise_tests(x, torch.ones_like(x))["distance from the normal law"]
    peer = stats.kstest(x.flatten().double().numpy(), "norm", method="asymp")
    assert distance.value == pytest.approx(peer.statistic, rel=1e-6) and p == pytest.approx(peer.pvalue, rel=1e-4)


def test_what_needs_no_learning_holds_for_an_untrained_network(untrained: Laboratory) -> None:
    forward, noise, seeds = measured(untrained, "forward-process", "pure-noise", "seeds")
    assert forward.verdict == "borne out" and noise.verdict != "not borne out"
    assert seeds.checks[0].verdict == "borne out"  # the same seed, the same picture
    for finding in (forward, noise, seeds):
        assert finding.rows and all(len(row) == len(finding.columns) for row in finding.rows)
        assert finding.seconds > 0


def test_conditioning_is_not_borne_out_by_an_untrained_network(untrained: Laboratory) -> None:
    [finding] = measured(untrained, "conditioning")
    assert finding.verdict == "not borne out"
    assert [row[0] for row in finding.rows] == ["all", *untrained.model.config.classes]
    assert all(0 <= cell.value <= 1 for row in finding.rows for cell in row[1:] if isinstance(cell, Estimate))


def test_one_call_is_less_than_many(untrained: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Laboratory, "compared", 2)
    model = new_model(replace(TINY, net=replace(TINY.net, widths=(16, 32))))
    [finding] = measured(replace(untrained, model=model), "many-calls")
    calls = {str(row[0]): row[1] for row in finding.rows}
    assert calls.pop("diffusion, ddpm") == 1000 and [calls[kind.upper()] for kind in KINDS] == [1, 1]
    assert len(finding.checks) == 2 and all(check.found.value > 1 for check in finding.checks)


def test_what_can_not_be_measured_says_so(untrained: Laboratory) -> None:
    with pytest.raises(SfumatoError, match="conditioning"):
        list(measure_claims(untrained, ["conditionin"]))
    without = Laboratory(new_model(replace(TINY, classes=(), net=replace(TINY.net, classes=0))), untrained.reference)
    conditioning, seeds = measured(without, "conditioning", "seeds")  # the one that can't be doesn't end the others
    assert conditioning.verdict == "not applicable" and "needs classes" in conditioning.reason
    assert seeds.rows
    assert set(EXPERIMENTS) >= {"forward-process", "pure-noise", "seeds", "conditioning", "few-steps", "many-calls"}


def test_real_pictures_are_as_good_as_ddpms(untrained: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A perfect sampler must be within the margin: it is that of real pictures that are not the reference's own."""
    held, _ = untrained.reference.dataset.batch(untrained.reference.held_out)
    rows = np.random.default_rng(0)
    monkeypatch.setattr(claims, "WAYS", (("ddim", 20),))
    monkeypatch.setattr(Laboratory, "compared", 40)
    monkeypatch.setattr(
        Laboratory, "generate", lambda lab, count, labels, **how: held[rows.permutation(len(held))[:count]]
    )
    extractor = replace(untrained.extractor, extract=lambda x: x.flatten(1)[:, ::8])
    reference = untrained.reference
    train, other = (
        extractor.features(reference.dataset.batch(part)[0]) for part in (reference.train, reference.held_out)
    )
    reference = replace(reference, extractor=extractor, features=train, held_out_features=other)
    [finding] = measured(replace(untrained, reference=reference), "few-steps")
    assert finding.verdict != "not borne out", finding


def test_trained_rivals_are_of_one_size_and_end_with_their_time(untrained: Laboratory) -> None:
    lab = replace(untrained)
    object.__setattr__(
        lab, "rivals", {kind: train_baseline_run(lab, kind, 0.5, 0) for kind in ("diffusion", "vae", "gan")}
    )
    sizes = [rival.parameters for rival in lab.rivals.values()]
    assert max(sizes) < 1.12 * min(sizes)
    near, wide = measured(lab, "fidelity", "diversity")
    assert (
        [row[0] for row in near.rows] == [row[0] for row in wide.rows] == ["diffusion", "VAE", "GAN", "real pictures"]
    )
    assert [name for name, _ in near.samples] == ["diffusion", "VAE", "GAN"]
    assert len(near.checks) == len(wide.checks) == 2


def test_a_restless_loss_and_a_lost_seed_are_found(untrained: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    real = untrained.reference.dataset.batch(untrained.reference.train)[0]

    def made_up(lab: Laboratory, kind: str, seconds: float, seed: int) -> BaselineRun:
        losses = tuple(1 + generator.normal(0, 0.01 if kind == "diffusion" else 0.5, 100))
        lost = kind == "gan" and seed == 3
        drawn = torch.zeros_like(real) if lost else real
        return BaselineRun(kind, 1, 1, losses, lambda count: drawn[:count], lab.model)

    monkeypatch.setattr(rivals, "train_baseline_run", made_up)
    [finding] = measured(untrained, "stability")
    assert finding.verdict == "borne out"
    assert "0 of diffusion's, 1 of the GAN's" in finding.notes[1]
    monkeypatch.setattr(
        rivals,
        "train_baseline_run",
        lambda lab, kind, *rest: made_up(lab, {"gan": "diffusion", "diffusion": "gan"}[kind], *rest),
    )
    assert measured(untrained, "stability")[0].verdict == "not borne out"


def test_a_training_that_diverges_is_a_failed_seed(untrained: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(config: BaselineConfig, seed: int) -> Baseline:
        baseline = new_baseline(config, seed)
        turns = [
            replace(turn, loss=lambda *given, loss=turn.loss: loss(*given) * math.nan) for turn in baseline.turns(0)
        ]
        baseline.turns = lambda weight_decay: tuple(turns)  # type: ignore[method-assign]
        return baseline

    with monkeypatch.context() as patch:
        patch.setattr(laboratory, "new_baseline", broken)
        lost = train_baseline_run(untrained, "gan", 60.0, 0)
    assert lost.diverged and lost.loss_variation is None and bool(lost.generate(6).isfinite().all())
    fine = BaselineRun("diffusion", 1, 1, (1.0, 2.0, 1.5) * 10, lost.generate, lost.model)
    kinds = {"diffusion": fine, "gan": lost}
    monkeypatch.setattr(rivals, "train_baseline_run", lambda lab, kind, seconds, seed: kinds[kind])
    [finding] = measured(untrained, "stability")
    assert finding.verdict == "undecided" and "0 of diffusion's, 5 of the GAN's" in finding.notes[1]
    assert [row[3] for row in finding.rows[5:]] == [None] * 5


def test_points_have_no_rivals_but_the_other_claims(untrained: Laboratory) -> None:
    points = Dataset("points", np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32))
    reference = open_reference(points, open_extractor("pixels", points))
    lab = Laboratory(new_model(ModelConfig((2,), MLPConfig(2), data_std=1.0)), reference, quick=True)
    three = measured(lab, "stability", "fidelity", "diversity")
    assert {finding.verdict for finding in three} == {"not applicable"}
    assert all("generate pictures alone" in finding.reason for finding in three)
    assert measured(lab, "seeds")[0].rows


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (Estimate(2.33, 1.0, 3.6), "2.3 ± 1.3"),
        (Estimate(1.0, 0.99993, 1.00007), "1.00000 ± 0.00007"),
        (Estimate(-0.0004, -0.0074, 0.0066), "0.000 ± 0.007"),
        (Estimate(67.2, 64.2, 70.2), "67 ± 3"),
        (Estimate(0.0, 0.0, 0.0), "0"),
        (1000, "1,000"),
        (None, ""),
    ],
)
def test_an_estimate_has_the_digits_that_its_error_leaves(cell: Cell, told: str) -> None:
    assert words(cell) == told


def test_the_page_shows_a_figure_for_each_claim(untrained: Laboratory, tmp_path: Path) -> None:
    findings = measured(untrained, "forward-process", "pure-noise", "seeds", "conditioning")
    unmeasured = Finding((), (), (), reason="no <reason>.", name="x", claim="Something <odd>.")
    page, facts = write_claims(tmp_path, [*findings, unmeasured], "about", [("model", "m")], "sfumato claims digits")
    text = page.read_text()
    assert (
        text.count("<svg") == 4
        and "Something &lt;odd&gt;." in text
        and "No &lt;reason&gt;." in text
        and "nan" not in text.lower()
    )
    assert [one["verdict"] for one in json.loads(facts.read_text())][-1] == "not applicable"


@pytest.mark.usefixtures("shared_cache")
def test_claims_from_the_command_line(sfumato: Command, tmp_path: Path) -> None:
    done = sfumato("claims", "digits", "--quick", "--only", "pure-noise", "--only", "forward-process", "--out", "found")
    assert done.returncode == 0, done.stderr
    assert "x_T is N(0, I)" in done.stdout and "borne out" in done.stdout and "[bold]" not in done.stdout
    found = json.loads((tmp_path / "found" / "claims.json").read_text())
    assert [facts["name"] for facts in found] == ["pure-noise", "forward-process"]
    assert all(facts["verdict"] == "borne out" and facts["checks"] and facts["rows"] for facts in found)
    wrong = sfumato("claims", "digits", "--only", "pure-nois")
    assert wrong.returncode == 2 and "did you mean 'pure-noise'?" in wrong.stderr and "Traceback" not in wrong.stderr
