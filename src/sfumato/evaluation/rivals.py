"""The claims that a GAN and a VAE are needed for, trained on the spot: stability, fidelity, diversity."""

from __future__ import annotations

import math
import statistics

from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.evaluation.finding import Cell, Check, Finding, difference, exactly, times_as_long
from sfumato.evaluation.frechet import frechet_distance, frechet_estimate
from sfumato.evaluation.laboratory import TOGETHER, Laboratory, train_baseline_run
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.measure import floor_sets

NAMES = {"diffusion": "diffusion", "vae": "VAE", "gan": "GAN"}
SEEDS, FAILED, SHOWN = 5, 2.0, 40


def stability(lab: Laboratory) -> Finding:
    _check_pictures(lab)
    names, count = {"diffusion": "diffusion", "gan": "GAN"}, 300
    real = lab.reference.features
    rows: list[tuple[Cell, ...]] = []
    loss_variation: dict[str, list[float]] = {}
    failed = {}
    for kind, name in names.items():
        ends, scatter = [], []
        for seed in range(SEEDS):
            rival = train_baseline_run(lab, kind, lab.short, lab.seed + seed)
            end = None if rival.diverged else frechet_distance(lab.extractor.features(rival.generate(count)), real)
            ends.append(end)
            scatter.append(rival.loss_variation)
            rows.append((name, f"seed {lab.seed + seed}", rival.loss_variation, end, rival.images))
        loss_variation[kind] = [one for one in scatter if one is not None]
        usual = statistics.median(math.inf if end is None else end for end in ends)
        failed[kind] = sum(end is None or end > FAILED * usual for end in ends)
    notes = [
        f"{SEEDS} seeds of each were trained for {lab.short:g} s. The scatter is that of the loss of {TOGETHER} "
        "pictures about its mean, over the last half, as a share of that mean.",
        f"A seed has failed that diverges, or ends {FAILED:g} times as far from the data as the median of its kind: "
        f"{failed['diffusion']} of diffusion's, {failed['gan']} of the GAN's.",
        "A GAN's loss is a contest, which stays near a draw however good the pictures: it may scatter little and tell "
        "nothing, while diffusion's falls as it learns.",
    ]
    checks: tuple[Check, ...] = ()
    if min(map(len, loss_variation.values())) > 2:
        checks = (
            Check("scatter of the GAN's loss, times that of diffusion's",
                  times_as_long(loss_variation["gan"], loss_variation["diffusion"]), least=1.0),
            Check("diffusion's seeds that failed", exactly(failed["diffusion"]), most=0),
        )  # fmt: skip
    else:
        notes.append("Too few trainings took enough steps for a scatter, so nothing is decided.")
    columns = ("model", "seed", "scatter of the loss", "Fréchet distance", "images seen")
    return Finding(columns, tuple(rows), checks, tuple(notes), (2,), "share of its mean", named=2)


def fidelity(lab: Laboratory) -> Finding:
    _check_pictures(lab)
    count, real = lab.judged, lab.reference.features
    found, samples = {}, []
    rows: list[tuple[Cell, ...]] = []
    for kind, rival in lab.rivals.items():
        generated = rival.generate(count)
        found[kind] = frechet_estimate(lab.extractor.features(generated), real)
        rows.append((NAMES[kind], found[kind], rival.parameters, rival.images))
        samples.append((NAMES[kind], generated[:SHOWN]))
    apart, others = floor_sets(lab.reference, count, lab.seed)
    rows.append(("real pictures", frechet_estimate(apart, others), None, None))
    return Finding(
        ("model", "Fréchet distance", "parameters", "images seen"),
        tuple(rows),
        tuple(
            Check(f"the {NAMES[kind]}'s distance beyond diffusion's", difference(found[kind], found["diffusion"]),
                  least=0.0)
            for kind in ("vae", "gan")
        ),
        (f"Each was trained for {lab.long:g} s, all of one size within 5%; {count:,} pictures of each, and "
         f"{len(apart):,} real ones. "
         "The intervals are for other pictures of these trainings, not for other trainings.",),
        samples=tuple(samples),
        unit="squared units of the features",
    )  # fmt: skip


def diversity(lab: Laboratory) -> Finding:
    _check_pictures(lab)
    count, real = lab.judged, lab.reference.features
    found = {kind: precision_recall_density_coverage(lab.extractor.features(rival.generate(count)), real)
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
            f"(Kynkäänniemi et al. 2019; Naeem et al. 2020); {count:,} pictures of each of the same trainings, "
            f"and {len(apart):,} real ones.",
        ),
        shown=(1, 2),
        unit="share of the data",
    )  # fmt: skip


def _check_pictures(lab: Laboratory) -> None:
    if not KINDS[lab.reference.dataset.kind].features:
        raise SfumatoError("the GAN and the VAE that diffusion is compared with generate pictures alone.")
