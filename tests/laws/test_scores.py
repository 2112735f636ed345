"""Laws of the scores: known answers, invariances, parity with other libraries, and intervals that cover."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.frechet import frechet_distance, frechet_estimate, frechet_excess, frechet_infinity
from sfumato.evaluation.intervals import Estimate
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.scores import SCORES, score
from sfumato.evaluation.sliced import sliced_wasserstein
from sfumato.evaluation.two_sample import class_accuracy, class_histogram, classifier_two_sample_test


def normal(count: int, dimension: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dimension, generator=generator, dtype=torch.float64) * scale + shift


# --- known answers ---------------------------------------------------------------------------------------------------


def test_a_set_is_at_no_distance_from_itself() -> None:
    x = normal(300, 6, 0)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert sliced_wasserstein(x, x).value == 0
    assert class_histogram(torch.arange(30) % 5, torch.arange(30) % 5, 5).value == 0
    shares = precision_recall_density_coverage(x, x)
    assert [shares[name].value for name in ("precision", "recall", "coverage")] == [1, 1, 1]
    # Unbiased and with every pair of a sample and itself counted in the cross term alone: below 0.
    assert kernel_distance(x, x).value < 0


@given(st.integers(1, 8), st.floats(0.3, 3), st.floats(-2, 2))
@settings(max_examples=10, deadline=None)
def test_distances_of_gaussians_are_known(dimension: int, scale: float, shift: float) -> None:
    """For N(0, 1) and N(shift, scale²): Fréchet d·(shift² + (1 − scale)²); sliced, its root over d in expectation."""
    a, b = normal(8000, dimension, 1), normal(8000, dimension, 2, scale, shift)
    expected = dimension * (shift**2 + (1 - scale) ** 2)
    error = 0.12 * dimension * (0.05 + abs(shift) + abs(1 - scale)) * max(1, scale)
    assert frechet_distance(a, b) == pytest.approx(expected, abs=error)
    lines = sliced_wasserstein(a, b, lines=300, repeats=0).value
    assert lines**2 == pytest.approx(
        expected / dimension, abs=0.25 * (0.05 + shift**2 + abs(1 - scale)) * max(1, scale)
    )


def test_kernel_distance_is_zero_on_average_and_right_for_shifted_gaussians() -> None:
    """In one dimension E k = E (xy + 1)³, so that for N(0, 1) against N(s, 1) the value is a polynomial in s."""
    values = [kernel_distance(normal(80, 3, 2 * i), normal(120, 3, 2 * i + 1)).value for i in range(200)]
    spread = float(np.std(values)) / len(values) ** 0.5
    assert abs(np.mean(values)) < 4 * spread
    s = 0.5
    moments = (s, 1 + s**2, s**3 + 3 * s)  # of the shifted one, orders 1 to 3; the other has 0, 1, 0
    expected = 3 * moments[0] ** 2 + 3 * (moments[1] - 1) ** 2 + moments[2] ** 2
    found = kernel_distance(normal(6000, 1, 5), normal(6000, 1, 6, 1, s)).value
    assert found == pytest.approx(expected, rel=0.15)


def test_extrapolated_below_0_are_samples_that_were_copied_from_the_reference() -> None:
    below = 0
    for seed in range(20):
        real = normal(400, 16, seed)
        copies = real[torch.randint(400, (1000,), generator=torch.Generator().manual_seed(seed))]
        assert frechet_infinity(normal(1000, 16, 100 + seed), real).high > 0
        below += frechet_infinity(copies, real).high < 0
    assert below >= 19
    assert any("learnt its reference by heart" in note for note in score(copies, real, repeats=4)[1])


def test_extrapolation_removes_the_bias_of_few_samples() -> None:
    biased = [frechet_distance(normal(200, 10, 2 * i), normal(300, 10, 2 * i + 1)) for i in range(40)]
    extrapolated = [frechet_infinity(normal(200, 10, 2 * i), normal(300, 10, 2 * i + 1)).value for i in range(40)]
    assert np.mean(biased) > 0.2
    assert abs(np.mean(extrapolated)) < np.mean(biased) / 10


def test_unequal_counts_are_compared_as_the_distributions_they_are() -> None:
    x = normal(200, 2, 0)
    assert sliced_wasserstein(x, x.repeat(3, 1)).value == pytest.approx(0, abs=1e-9)
    assert sliced_wasserstein(torch.zeros(2, 1), torch.tensor([[0.0], [3.0], [3.0]]), repeats=0).value == pytest.approx(
        6**0.5
    )


def test_tests_reject_what_differs_and_hardly_ever_what_does_not() -> None:
    p_values = [classifier_two_sample_test(normal(200, 3, i), normal(200, 3, 1000 + i), i).p_value for i in range(60)]
    assert sum(p is not None and p < 0.05 for p in p_values) <= 7  # 3 expected
    far = classifier_two_sample_test(normal(200, 3, 1), normal(200, 3, 2, shift=2.0))
    assert far.value > 0.85 and far.p_value is not None and far.p_value < 1e-10
    generator = torch.Generator().manual_seed(0)
    draws = [torch.randint(0, 6, (150,), generator=generator) for _ in range(200)]
    rejected = [class_histogram(a, b, 6).p_value for a, b in zip(draws[::2], draws[1::2], strict=True)]
    assert sum(p is not None and p < 0.05 for p in rejected) <= 11  # 5 expected


def test_chi_squared_is_scipys() -> None:
    from scipy.stats import chi2_contingency

    a, b = torch.tensor([0] * 30 + [1] * 50 + [3] * 20), torch.tensor([0] * 45 + [1] * 40 + [3] * 15)
    peer = chi2_contingency([[30, 50, 20], [45, 40, 15]], correction=False)
    found = class_histogram(a, b, 4)
    assert found.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert 100 * found.value == pytest.approx(peer.statistic, rel=1e-9)


def test_read_as_asked_has_wilsons_interval() -> None:
    found = class_accuracy(torch.zeros(100, dtype=torch.long), (torch.arange(100) >= 90).long())
    assert (found.value, round(found.low, 4), round(found.high, 4)) == (0.9, 0.8256, 0.9448)  # Wilson, by R's binom


# --- invariances -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 100))
@settings(max_examples=5, deadline=None)
def test_order_rotation_and_exchange_change_nothing(seed: int) -> None:
    a, b = normal(120, 4, seed), normal(150, 4, seed + 1000, 1.3, 0.2)
    generator = torch.Generator().manual_seed(seed)
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=generator, dtype=torch.float64)).Q
    shuffled = a[torch.randperm(len(a), generator=generator)]
    for turned in (shuffled, a @ rotation):
        other = b if turned is shuffled else b @ rotation
        assert frechet_estimate(turned, other).value == pytest.approx(frechet_estimate(a, b).value, rel=1e-9)
        assert kernel_distance(turned, other).value == pytest.approx(kernel_distance(a, b).value, rel=1e-9)
        mine, theirs = (precision_recall_density_coverage(x, y, repeats=0) for x, y in ((a, b), (turned, other)))
        assert [e.value for e in mine.values()] == pytest.approx([e.value for e in theirs.values()], rel=1e-6)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert kernel_distance(a, b).value == pytest.approx(kernel_distance(b, a).value, rel=1e-9)
    swapped = precision_recall_density_coverage(b, a, repeats=0)
    assert swapped["recall"].value == precision_recall_density_coverage(a, b, repeats=0)["precision"].value
    assert frechet_estimate(a, b).high == pytest.approx(frechet_estimate(b, a).high, rel=1e-6)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = normal(70, 3, 0), normal(90, 3, 1, 1.2)
    whole = kernel_distance(a, b), precision_recall_density_coverage(a, b), classifier_two_sample_test(a, b)
    for module in ("kernel", "manifold", "two_sample"):
        monkeypatch.setattr(sys.modules[f"sfumato.evaluation.{module}"], "MAX_DISTANCES", 200)
    assert kernel_distance(a, b).value == pytest.approx(whole[0].value, rel=1e-12)
    assert kernel_distance(a, b).high == pytest.approx(whole[0].high, rel=1e-9)
    assert precision_recall_density_coverage(a, b) == whole[1]
    assert classifier_two_sample_test(a, b) == whole[2]


# --- parity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", [3, 64])
def test_frechet_and_kernel_distance_are_those_of_torchmetrics(dimension: int) -> None:
    fid, kid = pytest.importorskip("torchmetrics.image.fid"), pytest.importorskip("torchmetrics.image.kid")
    a, b = normal(400, dimension, 0), normal(400, dimension, 1, 1.2, 0.1)
    theirs = float(fid._compute_fid(a.mean(0), a.T.cov(), b.mean(0), b.T.cov()))
    assert frechet_distance(a, b) == pytest.approx(theirs, rel=1e-6)
    assert frechet_estimate(a, b).value == pytest.approx(theirs, rel=1e-6)
    assert kernel_distance(a, b).value == pytest.approx(float(kid.poly_mmd(a, b)), rel=1e-6)
    parts = [kernel_distance(one, other).value for one, other in zip(a.split(100), b.split(100), strict=True)]
    assert np.mean(parts) == pytest.approx(float(kid.poly_mmd(a, b)), abs=4 * float(np.std(parts)) / len(parts) ** 0.5)


@pytest.mark.parametrize(("dimension", "k"), [(2, 3), (20, 5)])
def test_precision_recall_density_and_coverage_are_those_of_prdc(dimension: int, k: int) -> None:
    prdc = pytest.importorskip("prdc")
    samples, real = normal(300, dimension, 0, 0.9), normal(400, dimension, 1)
    theirs = prdc.compute_prdc(real_features=real.numpy(), fake_features=samples.numpy(), nearest_k=k)
    found = precision_recall_density_coverage(samples, real, k, repeats=0)
    assert {name: e.value for name, e in found.items()} == pytest.approx(
        {n: float(v) for n, v in theirs.items()}, rel=1e-6
    )


# --- intervals -------------------------------------------------------------------------------------------------------

REPEATS = 150


def simulated(scale: float, shift: float) -> dict[str, list[Estimate]]:
    """The scores of fresh sets of 200 and 250, `REPEATS` times."""
    found: dict[str, list[Estimate]] = {}
    generator = torch.Generator().manual_seed(0)
    for i in range(REPEATS):
        a, b = normal(200, 4, 2 * i, scale, shift), normal(250, 4, 2 * i + 1)
        classes = [torch.randint(0, 4, (len(x),), generator=generator) for x in (a, b)]
        if shift:
            classes[0] = classes[0] * (torch.rand(len(a), generator=generator) > 0.3)
        scores = {
            "frechet": frechet_estimate(a, b),
            "frechet_infinity": frechet_infinity(a, b, seed=i),
            "kernel": kernel_distance(a, b),
            "sliced_wasserstein": sliced_wasserstein(a, b, lines=16, repeats=15),
            "two_sample": classifier_two_sample_test(a, b, i),
            "class_histogram": class_histogram(classes[0], classes[1], 4),
            **precision_recall_density_coverage(a, b, repeats=15),
        }
        for name, estimate in scores.items():
            found.setdefault(name, []).append(estimate)
    return found


def test_intervals_cover_in_90_to_99_percent_of_repeats() -> None:
    """What the scores are on average, which for those without a bias is also what is known of these Gaussians."""
    scale, shift = 0.95, 0.5
    found = simulated(scale, shift)
    covered = {}
    for name, estimates in found.items():
        truth = (
            4 * (shift**2 + (1 - scale) ** 2) if name == "frechet_infinity" else np.mean([e.value for e in estimates])
        )
        covered[name] = float(np.mean([e.low <= truth <= e.high for e in estimates]))
    assert {name: share for name, share in covered.items() if not 0.90 <= share <= 0.99} == {}


def test_what_two_distances_have_in_common_leaves_their_difference() -> None:
    """Antisymmetric, nothing for the same set; its interval covers, and is narrower for what was drawn alike."""
    a, b, real = normal(200, 4, 0), normal(200, 4, 1, 1.1), normal(300, 4, 2)
    forth, back, none = frechet_excess(a, b, real), frechet_excess(b, a, real), frechet_excess(a, a, real)
    assert forth.value == -back.value == pytest.approx(frechet_distance(a, real) - frechet_distance(b, real))
    assert (none.value, none.low, none.high) == (0, 0, 0)
    paired = frechet_excess(a, a + 0.1 * b, real)
    assert paired.high - paired.low < 0.5 * (forth.high - forth.low)
    found = []
    for i in range(0, 600, 3):
        one, other = (normal(200, 4, i + j, 1.1) for j in range(2))
        found.append(frechet_excess(one, other, normal(300, 4, i + 2)))
    assert np.mean([e.low < 0 < e.high for e in found]) > 0.9


def test_a_share_of_all_is_not_certain() -> None:
    x = normal(200, 3, 0)
    found = precision_recall_density_coverage(x, x, repeats=10)
    surely = 200 / (200 + 3.84)  # Wilson's bound for 200 of 200; precision and recall move as parts are left out
    assert found["coverage"].value == found["coverage"].high == 1
    assert found["coverage"].low == pytest.approx(surely, abs=1e-4)
    for name in ("precision", "recall"):
        assert found[name].value == found[name].high == 1 and 0.95 < found[name].low < surely + 1e-4


def test_intervals_are_honest_where_there_is_no_difference() -> None:
    """There distances vary by second-order terms only, and intervals may be a little wider than they need be."""
    for name, estimates in simulated(1.0, 0.0).items():
        truth = 0.0 if name in ("frechet_infinity", "kernel") else np.mean([e.value for e in estimates])
        assert np.mean([e.low <= truth <= e.high for e in estimates]) >= 0.90, name
        widths, spread = [e.high - e.low for e in estimates], np.std([e.value for e in estimates])
        assert np.mean(widths) / 3.92 < 2 * spread, name


# --- what moves what -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data() -> tuple[Tensor, Tensor]:
    """Two independent sets of eight well-separated clusters in the plane."""
    halves = []
    for seed in (0, 1):
        angle = torch.arange(400) % 8 * (2 * torch.pi / 8)
        halves.append(torch.stack([angle.cos(), angle.sin()], 1) * 3 + normal(400, 2, seed, 0.25))
    return halves[0], halves[1]


def test_each_failure_moves_the_score_that_should_move(data: tuple[Tensor, Tensor]) -> None:
    samples, real = data
    clusters = torch.arange(400) % 8
    centres = torch.stack([samples[clusters == c].mean(0) for c in range(8)])[clusters]
    good, _ = score(samples, real)
    blurred, _ = score(centres + 0.3 * (samples - centres), real)  # every sample near to the mean of its kind
    dropped, _ = score(samples[clusters < 4].repeat(2, 1) + normal(400, 2, 9, 0.02), real)
    noisy, _ = score(samples + normal(400, 2, 7, 1.0), real)

    assert good["precision"].value > 0.9 and good["recall"].value > 0.9 and good["coverage"].value > 0.9
    assert blurred["recall"].value < 0.7 and blurred["coverage"].value < 0.9 and blurred["precision"].value > 0.9
    assert blurred["density"].value > good["density"].high
    assert dropped["recall"].value < 0.6 and dropped["coverage"].value < 0.6 and dropped["precision"].value > 0.9
    assert noisy["precision"].value < 0.7 and noisy["density"].value < 0.7 and noisy["recall"].value > 0.8
    for bad in (dropped, noisy):
        for name in ("frechet", "kernel", "sliced_wasserstein", "two_sample"):
            assert bad[name].value > 3 * good[name].value or bad[name].low > good[name].high, name
    assert blurred["two_sample"].p_value < 0.001 < good["two_sample"].p_value  # type: ignore[operator]
    assert class_histogram(clusters[clusters < 4], clusters, 8).p_value < 1e-9  # type: ignore[operator]


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (torch.zeros(0, 4), torch.zeros(20, 4), "holds 0 samples"),
        (torch.zeros(20, 4), torch.zeros(20, 5), "take both with one extractor"),
        (torch.full((20, 4), float("nan")), torch.zeros(20, 4), "20 of 20 samples of the first set"),
        (torch.zeros(20, 4), torch.zeros(20, 4, 2), "(count, dimension)"),
    ],
)
def test_bad_features_are_one_sentence(a: Tensor, b: Tensor, words: str) -> None:
    with pytest.raises(SfumatoError) as error:
        score(a, b)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_too_few_samples_for_a_covariance_are_measured_by_what_is_left() -> None:
    found, notes = score(normal(50, 64, 0), normal(200, 64, 1), repeats=5)
    assert "frechet" not in found and {"kernel", "two_sample"} <= set(found)
    assert len(notes) == 1 and "50 samples are fewer than 64 features" in notes[0]
    with pytest.raises(SfumatoError, match="generate more than 128"):
        frechet_infinity(normal(100, 64, 0), normal(200, 64, 1))
    found, notes = score(normal(100, 64, 0), normal(200, 64, 1), repeats=5)
    assert "frechet" in found and "frechet_infinity" not in found and len(notes) == 1
    assert list(found) == [name for name in SCORES if name in found]
