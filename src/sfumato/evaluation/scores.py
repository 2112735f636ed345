"""The scores by name, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor

from sfumato.evaluation.frechet import frechet_estimate, frechet_infinity
from sfumato.evaluation.intervals import Estimate, check_features
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.sliced import sliced_wasserstein
from sfumato.evaluation.two_sample import classifier_two_sample_test

LEAST = 12  # samples: fewer have no score


@dataclass(frozen=True)
class Score:
    """`better` says which way is up; `unbiased`, whether sets of different sizes may be compared by it."""

    title: str
    better: Literal["lower", "higher", "half"]
    unbiased: bool
    meaning: str


SCORES: dict[str, Score] = {
    "frechet": Score("Fréchet distance", "lower", False, "distance of the means and covariances"),
    "frechet_infinity": Score("Fréchet distance, n → ∞", "lower", True, "the same, extrapolated to endless samples"),
    "frames_frechet": Score("Fréchet distance of frames", "lower", False, "the same between single frames of clips"),
    "motion_frechet": Score(
        "Fréchet distance of motion", "lower", False, "the same between what changes from a frame to the next"
    ),
    "flicker": Score("Flicker", "lower", False, "how unlike real clips frames jump back and forth: |ln| of the ratio"),
    "kernel": Score("Kernel distance (KID)", "lower", True, "distance of the moments up to the third"),
    "precision": Score("Precision", "higher", False, "share of the samples that lie where the data is"),
    "recall": Score("Recall", "higher", False, "share of the data that lies where the samples are"),
    "density": Score("Density", "higher", False, "how much data there is around a sample; the data itself has 1"),
    "coverage": Score("Coverage", "higher", False, "share of the data with a sample next to it"),
    "sliced_wasserstein": Score("Sliced Wasserstein", "lower", False, "how far one set must be moved to be the other"),
    "two_sample": Score("Two-sample test (C2ST)", "half", False, "share told apart by a classifier; 0.5 is by chance"),
    "class_histogram": Score("Class histogram χ²", "lower", False, "how unlike the shares of the classes are"),
    "class_accuracy": Score("Read as asked", "higher", True, "share that the classifier reads as the class asked for"),
    "bits_per_dim": Score("Bits per dimension", "lower", True, "what the model needs to write a held-out picture down"),
}  # fmt: skip
"""The scores by name: what each is called, which way is good, whether it depends on the count, what it says."""


def explained(*names: str) -> str:
    """What each score is and which way is up, in plain sentences."""
    up = {"lower": "lower is better", "higher": "higher is better", "half": "0.5 is best"}
    return " ".join(f"{(one := SCORES[name]).title}: {one.meaning}; {up[one.better]}." for name in names)


def score(samples: Tensor, real: Tensor, seed: int = 0, repeats: int = 50) -> tuple[dict[str, Estimate], list[str]]:
    """All scores between features `(count, dimension)` of samples and of real data, and what was left out, and why.

    The intervals that have no formula come from leaving random parts out `repeats` times. With fewer samples than
    features a covariance has no inverse, and the Fréchet distance measures mostly that: it is left out, and the kernel
    distance and the two-sample test are to be read. Raises SfumatoError for features that don't fit together.
    """
    samples, real = check_features(samples, real, least=LEAST)
    least, dimension = min(len(samples), len(real)), samples.shape[1]
    found: dict[str, Estimate] = {}
    notes = []
    rows: list[tuple[str, Callable[[Tensor, Tensor], Estimate]]] = []
    if least > dimension:
        rows.append(("frechet", frechet_estimate))
    else:
        notes.append(
            f"{least:,} samples are {'fewer than' if least < dimension else 'as many as'} {dimension:,} features: the "
            "Fréchet distance would be meaningless and is left out; read the kernel distance and the two-sample "
            "test, which are good for small sets."
        )
    if least > 2 * max(2, dimension):
        rows.append(("frechet_infinity", partial(frechet_infinity, seed=seed)))
    elif least > dimension:
        notes.append(f"the Fréchet distance at n → ∞ needs more than {2 * dimension:,} samples and is left out.")
    rows.append(("kernel", kernel_distance))
    for name, measure in rows:
        found[name] = measure(samples, real)
    if "frechet_infinity" in found and found["frechet_infinity"].high < 0:
        notes.append(
            "the Fréchet distance at n → ∞ is below 0: the samples are nearer to these very pictures than independent "
            "ones could be, as those of a model are that learnt its reference by heart; read the memorisation audit."
        )
    found |= precision_recall_density_coverage(samples, real, repeats=repeats, seed=seed)
    found["sliced_wasserstein"] = sliced_wasserstein(samples, real, repeats=repeats, seed=seed)
    found["two_sample"] = classifier_two_sample_test(samples, real, seed=seed)
    return {name: found[name] for name in SCORES if name in found}, notes
