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

from sfumato.baselines import KINDS
from sfumato.errors import SfumatoError
from sfumato.evaluation import Estimate, claims, open_extractor, open_reference
from sfumato.evaluation.claims import EXPERIMENTS, Check, Finding, Laboratory, measure_claims, noise_tests
from sfumato.hub import new_model
from tiny import TINY, Command, blobs


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    data = blobs(240)
    extractor = open_extractor("classifier", data, tmp_path_factory.mktemp("cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFUMATO_CACHE", str(tmp_path_factory.mktemp("cache")))
        return Laboratory(new_model(TINY), open_reference(data, extractor), quick=True)


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
    finding = Finding("x", "x", (), (), (good,))
    assert finding.verdict == "borne out"
    assert replace(finding, checks=(good, open_)).verdict == "undecided"
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
    [forward, noise, seeds] = measure_claims(untrained, ["forward-process", "pure-noise", "seeds"])
    assert forward.verdict == "borne out" and noise.verdict != "not borne out"
    assert seeds.checks[0].verdict == "borne out"  # the same seed, the same picture
    for finding in (forward, noise, seeds):
        assert finding.rows and all(len(row) == len(finding.columns) for row in finding.rows)
        assert finding.seconds > 0


def test_conditioning_is_not_borne_out_by_an_untrained_network(untrained: Laboratory) -> None:
    [finding] = measure_claims(untrained, ["conditioning"])
    assert finding.verdict == "not borne out"
    assert [row[0] for row in finding.rows] == ["asked for", "not asked for"]


def test_one_call_is_less_than_many(untrained: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "CALLS", (("ddpm", 120), ("ddim", 50), ("dpm++2m", 20)))
    model = new_model(replace(TINY, net=replace(TINY.net, widths=(16, 32))))
    [finding] = measure_claims(replace(untrained, model=model), ["many-calls"])
    calls = {str(row[0]): row[1] for row in finding.rows}
    assert calls.pop("diffusion, ddpm") == 120 and [calls[kind.upper()] for kind in KINDS] == [1, 1]
    assert len(finding.checks) == 2 and all(check.found.value > 1 for check in finding.checks)


def test_what_can_not_be_measured_says_so(untrained: Laboratory) -> None:
    with pytest.raises(SfumatoError, match="conditioning"):
        list(measure_claims(untrained, ["conditionin"]))
    without = Laboratory(new_model(replace(TINY, classes=(), net=replace(TINY.net, classes=0))), untrained.reference)
    with pytest.raises(SfumatoError, match="needs classes"):
        list(measure_claims(without, ["conditioning"]))
    assert set(EXPERIMENTS) >= {"forward-process", "pure-noise", "seeds", "conditioning", "few-steps", "many-calls"}


def test_claims_from_the_command_line(sfumato: Command, tmp_path: Path) -> None:
    done = sfumato("claims", "digits", "--quick", "--only", "pure-noise", "--only", "forward-process", "--out", "found")
    assert done.returncode == 0, done.stderr
    assert "x_T is N(0, I)" in done.stdout and "borne out" in done.stdout and "[bold]" not in done.stdout
    found = json.loads((tmp_path / "found" / "claims.json").read_text())
    assert [facts["name"] for facts in found] == ["pure-noise", "forward-process"]
    assert all(facts["verdict"] == "borne out" and facts["checks"] and facts["rows"] for facts in found)
    wrong = sfumato("claims", "digits", "--only", "pure-nois")
    assert wrong.returncode == 2 and "did you mean 'pure-noise'?" in wrong.stderr and "Traceback" not in wrong.stderr
