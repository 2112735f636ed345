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
from sfumato.evaluation.laboratory import QUICK, BaselineRun, Laboratory, train_baseline_run
from sfumato.hub import ModelConfig, new_model
from sfumato.nets import MLPConfig
from tiny import TINY, Command, blobs


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    data = blobs(240)
    extractor = open_extractor("classifier", data, tmp_path_factory.mktemp("cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFUMATO_CACHE", str(tmp_path_factory.mktemp("cache")))
        return Laboratory(new_model(TINY), open_reference(data, extractor), QUICK)


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


def test_one_call_is_less_than_many(untrained: Laboratory) -> None:
    model = new_model(replace(TINY, net=replace(TINY.net, widths=(16, 32))))
    [finding] = measured(replace(untrained, model=model, effort=replace(QUICK, compared=2)), "many-calls")
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


def test_as_good_as_ddpms_is_within_what_real_pictures_differ_by(
    untrained: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real pictures that are not the reference's own pass; worse ones don't; of too few nothing is said."""
    data = blobs(1800)
    extractor = replace(untrained.extractor, extract=lambda x: x.flatten(1)[:, ::8])
    reference = open_reference(data, extractor)
    rows, whole = np.random.default_rng(0), data.batch(np.arange(len(data)))[0]
    monkeypatch.setattr(claims, "WAYS", (("ddim", 20),))

    def verdict(count: int, fade: float) -> str:
        def draw(lab: Laboratory, number: int, labels: object, sampler: str = "", **how: object) -> torch.Tensor:
            return whole[rows.permutation(len(whole))[:number]] * (1.0 if sampler == "ddpm" else fade)

        monkeypatch.setattr(Laboratory, "generate", draw)
        lab = replace(untrained, reference=reference, effort=replace(QUICK, compared=count))
        return measured(lab, "few-steps")[0].verdict

    assert verdict(1800, 1.0) == "borne out"
    assert verdict(1800, 0.5) == "not borne out"
    assert verdict(40, 1.0) == "undecided"


def test_trained_rivals_are_of_one_size_and_see_what_their_seconds_buy(untrained: Laboratory) -> None:
    lab = replace(untrained)
    paces = {"diffusion": 400.0, "vae": 300.0, "gan": 200.0}
    search = {kind: {0.5: 3.0, 1.0: 2.0, 2.0: 1.0} for kind in paces}
    for name, value in {"paces": paces, "search": search}.items():
        lab.__dict__[name] = value
    lab.__dict__["rivals"] = {
        kind: [train_baseline_run(lab, kind, 0.4, seed, lab.best_rate(kind)) for seed in range(2)] for kind in paces
    }
    for kind, (one, other) in lab.rivals.items():
        assert 0.4 * paces[kind] <= one.images == other.images < 0.4 * paces[kind] + laboratory.BATCHES[kind]
        assert not torch.equal(one.generate(3), other.generate(3))
    sizes = [one.parameters for one, _ in lab.rivals.values()]
    assert max(sizes) < 1.12 * min(sizes)
    near, wide = measured(lab, "fidelity", "diversity")
    names = ["diffusion", "VAE", "GAN"]
    assert [row[0] for row in near.rows] == [*names, "halves of the real pictures"]
    assert [row[0] for row in wide.rows] == [*names, "real pictures"]
    assert [row[4] for row in near.rows[:3]] == [2.0] * 3
    assert [name for name, _ in near.samples] == names
    assert len(near.checks) == 2 and len(wide.checks) == 4


def test_real_pictures_cover_the_data_and_half_of_them_leave_a_part_out(untrained: Laboratory) -> None:
    """Margins are the data's own: real pictures pass as what diffusion drew, and those of some classes alone don't."""
    data = blobs(900)
    extractor = replace(untrained.extractor, extract=lambda x: x.flatten(1)[:, 2::4])
    lab = Laboratory(untrained.model, open_reference(data, extractor), QUICK)
    rows = torch.from_numpy(np.random.default_rng(0).permutation(len(data)))
    whole, labels = data.batch(rows)
    assert labels is not None

    def drawing(pictures: torch.Tensor) -> list[BaselineRun]:
        starts = (0, 150, 300)
        return [BaselineRun("", 1, 1, (), lambda n, s=s: pictures.roll(s, 0)[:n], lab.model) for s in starts]  # type: ignore[misc]

    lab.__dict__["search"] = {kind: {1.0: 1.0} for kind in laboratory.BATCHES}
    lab.__dict__["rivals"] = {
        "diffusion": drawing(whole),
        "vae": drawing(whole[labels == 0]),
        "gan": drawing(whole[labels < 2]),
    }
    near, wide = measured(lab, "fidelity", "diversity")
    assert near.verdict == wide.verdict == "borne out", (near.checks, wide.checks, wide.rows)
    lab.rivals["diffusion"], lab.rivals["gan"] = lab.rivals["gan"], lab.rivals["diffusion"]
    lab.__dict__.pop("judged_features")
    assert {found.verdict for found in measured(lab, "fidelity", "diversity")} == {"not borne out"}


def test_failed_seeds_decide_and_nothing_else(untrained: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    real = untrained.reference.dataset.batch(untrained.reference.train)[0]
    lab = replace(untrained)
    lab.__dict__["search"] = {kind: {1.0: 1.0} for kind in laboratory.BATCHES}

    def verdict(diffusion: int, gan: int) -> tuple[str, str]:
        def made_up(lab: Laboratory, kind: str, seconds: float, seed: int, rate: float) -> BaselineRun:
            lost = seed < {"diffusion": diffusion, "gan": gan}[kind]
            scatter = tuple(np.random.default_rng(seed).normal(1, 0.01 if kind == "diffusion" else 0.5, 100))
            return BaselineRun(kind, 1, 1, scatter, lambda count: real[:count] * (not lost), lab.model, lost)

        monkeypatch.setattr(rivals, "train_baseline_run", made_up)
        [finding] = measured(lab, "stability")
        return finding.verdict, finding.notes[0]

    assert verdict(0, 5)[0] == "borne out" and verdict(5, 0)[0] == "not borne out"
    assert verdict(0, 0)[0] == verdict(0, 1)[0] == verdict(5, 5)[0] == "undecided"
    assert "0 of diffusion's, 1 of the GAN's" in verdict(0, 1)[1]


def test_a_training_that_diverges_is_a_failed_seed(untrained: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(config: BaselineConfig, seed: int) -> Baseline:
        baseline = new_baseline(config, seed)
        turns = [
            replace(turn, loss=lambda *given, loss=turn.loss: loss(*given) * math.nan) for turn in baseline.turns(0)
        ]
        baseline.turns = lambda weight_decay: tuple(turns)  # type: ignore[method-assign]
        return baseline

    lab = replace(untrained)
    lab.__dict__["paces"] = {"gan": 1000.0}
    lab.__dict__["search"] = {kind: {1.0: 1.0} for kind in laboratory.BATCHES}
    with monkeypatch.context() as patch:
        patch.setattr(laboratory, "new_baseline", broken)
        lost = train_baseline_run(lab, "gan", 60.0, 0)
    assert lost.diverged and lost.loss_variation is None and bool(lost.generate(6).isfinite().all())
    fine = BaselineRun("diffusion", 1, 1, (1.0, 2.0, 1.5) * 10, lost.generate, lost.model)
    kinds = {"diffusion": fine, "gan": lost}
    monkeypatch.setattr(rivals, "train_baseline_run", lambda lab, kind, *rest: kinds[kind])
    [finding] = measured(lab, "stability")
    assert finding.verdict == "borne out" and "0 of diffusion's, 5 of the GAN's" in finding.notes[0]
    assert [row[2] for row in finding.rows[5:]] == [None] * 5


def test_points_have_no_rivals_but_the_other_claims(untrained: Laboratory) -> None:
    points = Dataset("points", np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32))
    reference = open_reference(points, open_extractor("pixels", points))
    lab = Laboratory(new_model(ModelConfig((2,), MLPConfig(2), data_std=1.0)), reference, QUICK)
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
