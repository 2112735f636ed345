"""The claims that a GAN and a VAE are needed for, trained on the spot: stability, fidelity, diversity."""

from __future__ import annotations

import statistics

from sfumato.evaluation.finding import Cell, Check, Finding, difference, exactly, times_as_long
from sfumato.evaluation.frechet import frechet_distance, frechet_estimate
from sfumato.evaluation.laboratory import Laboratory, train_rival
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import floor_sets

NAMES = {"diffusion": "diffusion", "vae": "VAE", "gan": "GAN"}
SEEDS, FAILED, SHOWN = 5, 2.0, 40


def stability(lab: Laboratory) -> Finding:
    names, count = {"diffusion": "diffusion", "gan": "GAN"}, 300
    real = lab.reference.features
    rows: list[tuple[Cell, ...]] = []
    unrest: dict[str, list[float]] = {}
    failed = {}
    for kind, name in names.items():
        ends, restless = [], []
        for seed in range(SEEDS):
            rival = train_rival(lab, kind, lab.short, lab.seed + seed)
            ends.append(frechet_distance(lab.extractor.features(rival.draw(count)), real))
            restless.append(rival.unrest)
            rows.append((name, f"seed {lab.seed + seed}", rival.unrest, ends[-1], rival.images))
        unrest[kind] = restless
        failed[kind] = sum(not end <= FAILED * statistics.median(ends) for end in ends)
    return Finding(
        ("model", "seed", "scatter of the loss", "Fréchet distance", "images seen"),
        tuple(rows),
        (
            Check("scatter of the GAN's loss, times that of diffusion's",
                  times_as_long(unrest["gan"], unrest["diffusion"]), least=1.0),
            Check("diffusion's seeds that failed", exactly(failed["diffusion"]), most=0),
        ),
        (
            f"{SEEDS} seeds of each were trained for {lab.short:g} s. The scatter is that of a step's loss "
            f"about its mean, over the last half. A seed has failed that ends {FAILED:g} times as far from the data as "
            f"the median of its kind: {failed['diffusion']} of diffusion's, {failed['gan']} of the GAN's.",
        ),
        shown=2,
        named=2,
    )  # fmt: skip


def fidelity(lab: Laboratory) -> Finding:
    count, real = lab.judged, lab.reference.features
    found, rows, samples = {}, [], []
    for kind, rival in lab.rivals.items():
        drawn = rival.draw(count)
        found[kind] = frechet_estimate(lab.extractor.features(drawn), real)
        rows.append((NAMES[kind], found[kind], rival.parameters, rival.images))
        samples.append((NAMES[kind], drawn[:SHOWN]))
    apart, others = floor_sets(lab.reference, count, lab.seed)
    rows.append(("real pictures", frechet_estimate(apart, others), 0, 0))
    return Finding(
        ("model", "Fréchet distance", "parameters", "images seen"),
        tuple(rows),
        tuple(
            Check(f"the {NAMES[kind]}'s distance beyond diffusion's", difference(found[kind], found["diffusion"]),
                  least=0.0)
            for kind in ("vae", "gan")
        ),
        (f"Each was trained for {lab.long:g} s, all of one size within 5%; {count:,} pictures of each.",),
        samples=tuple(samples),
    )  # fmt: skip


def diversity(lab: Laboratory) -> Finding:
    count, real = lab.judged, lab.reference.features
    found = {kind: precision_recall_density_coverage(lab.extractor.features(rival.draw(count)), real)
             for kind, rival in lab.rivals.items()}  # fmt: skip
    apart, others = floor_sets(lab.reference, count, lab.seed)
    rows = [(NAMES[kind], one["recall"], one["coverage"], one["precision"]) for kind, one in found.items()]
    floor = precision_recall_density_coverage(apart, others)
    rows.append(("real pictures", floor["recall"], floor["coverage"], floor["precision"]))
    return Finding(
        ("model", "recall", "coverage", "precision"),
        tuple(rows),
        tuple(
            Check(f"diffusion's {name} beyond the GAN's", difference(found["diffusion"][name], found["gan"][name]),
                  least=0.0)
            for name in ("recall", "coverage")
        ),
        (
            "Recall is the share of the data that lies where samples are, coverage the share with a sample next to it "
            f"(Kynkäänniemi et al. 2019; Naeem et al. 2020); {count:,} pictures of each of the same trainings.",
        ),
    )  # fmt: skip
