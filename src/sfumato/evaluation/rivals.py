"""The claims that a GAN and a VAE are needed for, trained on the spot: stability, fidelity, diversity."""

from __future__ import annotations

import math
import statistics

from sfumato.data import KINDS
from sfumato.errors import SfumatoError
from sfumato.evaluation.finding import (
    Cell,
    Check,
    Finding,
    less,
    mean_of,
    means_apart,
    shares_apart,
    standard_error,
)
from sfumato.evaluation.frechet import frechet_distance
from sfumato.evaluation.intervals import estimate
from sfumato.evaluation.laboratory import RATES, SEARCH, TOGETHER, Laboratory, train_baseline_run, train_drifting
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.scores import explained
from sfumato.hub import Model

NAMES = {"diffusion": "diffusion", "vae": "VAE", "gan": "GAN"}
SHARES = ("recall", "coverage", "precision")
SEEDS, FAILED, SHOWN = 5, 2.0, 40


def stability(lab: Laboratory) -> Finding:
    _check_pictures(lab)
    count, real = min(300, lab.judged), lab.reference.features
    rows: list[tuple[Cell, ...]] = []
    failed = {}
    for kind in ("diffusion", "gan"):
        ends = []
        for seed in range(lab.seed, lab.seed + SEEDS):
            rival = train_baseline_run(lab, kind, lab.effort.short, seed, lab.best_rate(kind))
            end = None if rival.diverged else frechet_distance(lab.extractor.features(rival.generate(count)), real)
            ends.append(math.inf if end is None else end)
            rows.append((NAMES[kind], f"seed {seed}", end, rival.loss_variation, rival.images))
        usual = statistics.median(ends)
        failed[kind] = sum(end == math.inf or end > FAILED * usual for end in ends)
    return Finding(
        ("model", "seed", "Fréchet distance", "scatter of the loss", "images seen"),
        tuple(rows),
        (
            Check("share of the GAN's seeds that failed, beyond that of diffusion's",
                  shares_apart(failed["gan"], failed["diffusion"], SEEDS), least=0.0),
        ),
        (
            f"{SEEDS} seeds of each were trained for {lab.effort.short:g} s. A seed has failed that diverges, or ends "
            f"{FAILED:g} times as far from the data as the median of its kind: {failed['diffusion']} of diffusion's, "
            f"{failed['gan']} of the GAN's. Failed seeds alone decide: where none fails, nothing is decided.",
            f"The scatter is that of the loss of {TOGETHER} pictures about its mean, over the last half, as a share of "
            "that mean. It doesn't decide: a GAN's loss is a contest, which stays near a draw however good the "
            "pictures, and may scatter little and tell nothing, while diffusion's falls as it learns.",
            explained("frechet"),
        ),
        (2,),
        "squared units of the features",
        named=2,
    )  # fmt: skip


def fidelity(lab: Laboratory) -> Finding:
    _check_pictures(lab)
    real, (usual, margin) = lab.reference.features, lab.halves
    ends: dict[str, list[float]] = {}
    rows: list[tuple[Cell, ...]] = []
    for kind, trained in lab.rivals.items():
        ends[kind] = [frechet_distance(features, real) for features in lab.judged_features[kind]]
        tried = lab.best_rate(kind)
        rows.append((NAMES[kind], mean_of(ends[kind]), trained[0].parameters, trained[0].images, tried))
    rows.append(("halves of the real pictures", estimate(usual, margin), None, None, None))
    return Finding(
        ("model", "Fréchet distance", "parameters", "images seen", "learning rate, times its own"),
        tuple(rows),
        tuple(
            Check(f"the {NAMES[kind]}'s distance beyond diffusion's", means_apart(ends[kind], ends["diffusion"]),
                  least=margin)
            for kind in ("vae", "gan")
        ),
        (
            explained("frechet"),
            _trained(lab),
            f"Nearer means: by more than {margin:.2g}, the standard deviation of the distance between random halves of "
            "the real pictures, which no training has any part in.",
        ),
        samples=tuple((NAMES[kind], trained[0].generate(SHOWN)) for kind, trained in lab.rivals.items()),
        unit="squared units of the features",
    )  # fmt: skip


def diversity(lab: Laboratory) -> Finding:
    _check_pictures(lab)
    real, usual = lab.shares
    found: dict[str, dict[str, list[float]]] = {}
    for kind, trained in lab.judged_features.items():
        each = [precision_recall_density_coverage(features, real, repeats=0) for features in trained]
        found[kind] = {name: [one[name].value for one in each] for name in SHARES}
    rows: list[tuple[Cell, ...]] = [
        (NAMES[kind], *(mean_of(values[name]) for name in SHARES)) for kind, values in found.items()
    ]
    rows.append(("real pictures", *(usual[name] for name in SHARES)))
    checks = []
    for name in ("recall", "coverage"):
        middle, margin = usual[name].value, standard_error(usual[name])
        ours, theirs = (mean_of(found[kind][name]) for kind in ("diffusion", "gan"))
        checks += [
            Check(f"diffusion's {name} less that of real pictures", less(ours, middle), least=-margin),
            Check(f"the GAN's {name} less that of real pictures", less(theirs, middle), most=-margin),
        ]
    return Finding(
        ("model", *SHARES),
        tuple(rows),
        tuple(checks),
        (
            explained(*SHARES),
            f"{_trained(lab)} “All of the data” means: no less than as many real pictures cover, but for one "
            "standard deviation of what random sets of them do; below that a part is left out.",
            "Precision doesn't decide, for it says nothing of what is left out: a model that draws the middle of each "
            "class alone has the best. A VAE's picture is the mean of all that its code could stand for, and so is a "
            "likely one, while others, as real, never come; that is seen in its recall.",
        ),
        shown=(1, 2, 3),
        unit="share, of the data or of the samples",
    )


def drifting(lab: Laboratory) -> Finding:
    """One call, learnt from the data alone: beside a GAN's one call, and diffusion's walks of 20 steps, 4 and 1."""
    _check_pictures(lab)
    real, (_, margin) = lab.reference.features, lab.halves
    seeds = range(lab.seed, lab.seed + lab.effort.trainings)
    trained = [train_drifting(lab, seed) for seed in seeds]
    failed = [one for one in trained if one.diverged]
    if failed:
        raise SfumatoError(f"{len(failed)} of {len(trained)} trainings by drifting diverged, so nothing is compared.")
    ways = {"drifting, 1 call": [lab.extractor.features(one.generate(lab.judged)) for one in trained]}
    ways["GAN, 1 call"] = lab.judged_features["gan"]
    for steps, sampler in ((1, "ddim"), (4, "dpm++2m")):
        ways[f"diffusion, {steps} call{'s' * (steps > 1)}"] = [
            lab.extractor.features(
                one.model.sample(range(lab.judged), lab.labels(lab.judged), batch=250, sampler=sampler, steps=steps)
            )
            for one in lab.rivals["diffusion"]
            if isinstance(one.model, Model)
        ]
    own = lab.rivals["diffusion"][0].model
    assert isinstance(own, Model)
    ways[f"diffusion, {own.config.sampling.steps} calls"] = lab.judged_features["diffusion"]
    rows: list[tuple[Cell, ...]] = []
    ends = {name: [frechet_distance(one, real) for one in each] for name, each in ways.items()}
    for name, each in ways.items():
        recalls = [precision_recall_density_coverage(one, real, repeats=0)["recall"].value for one in each]
        rows.append((name, mean_of(ends[name]), mean_of(recalls)))
    ours = ends["drifting, 1 call"]
    return Finding(
        ("model", "Fréchet distance", "recall"),
        tuple(rows),
        (
            Check("distance in one call less the GAN's", means_apart(ours, ends["GAN, 1 call"]), most=margin),
            Check("distance in one call less that of diffusion's 4", means_apart(ours, ends["diffusion, 4 calls"]),
                  most=margin),
        ),
        (
            explained("frechet", "recall"),
            _trained(lab) + " By drifting a network of diffusion's size learns, on as many pictures as diffusion sees, "
            "at a rate that isn't searched for: no other network takes part, and no step of any walk.",
            f"As near means: farther by no more than {margin:.2g}, the standard deviation of the distance between "
            "random halves of the real pictures.",
        ),
        samples=(("drifting", trained[0].generate(SHOWN)),),
        unit="squared units of the features",
    )  # fmt: skip


def _trained(lab: Laboratory) -> str:
    rates, effort = ", ".join(f"{rate:g}" for rate in RATES), lab.effort
    return (
        f"{effort.trainings} trainings of each kind, of other seeds and {effort.long:g} s of the processor each, all "
        f"of one size within 5%; {lab.judged:,} pictures of each. The learning rate is the best of {rates} times the "
        f"kind's own, each tried for {SEARCH * effort.long:.3g} s with a seed that isn't counted. ± is for other "
        "trainings."
    )


def _check_pictures(lab: Laboratory) -> None:
    if not KINDS[lab.reference.dataset.kind].features:
        raise SfumatoError("the GAN and the VAE that diffusion is compared with generate pictures alone.")
    if lab.judged <= (size := lab.reference.features.shape[1]):
        raise SfumatoError(f"{lab.judged} pictures are too few for {size} features; take features of fewer numbers.")
