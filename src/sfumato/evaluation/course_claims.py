"""What the lessons on autoencoders, autoregressive models and evaluation say in numbers, measured on one's own data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import mean

import torch
from torch import Tensor

from sfumato.baselines.any_order import (
    LEVELS,
    UNKNOWN,
    AnyOrderNet,
    draw_pixels,
    pixel_bits,
    to_levels,
    train_any_order,
)
from sfumato.baselines.plane_vae import train_plane_vae
from sfumato.baselines.vae import divergence
from sfumato.errors import SfumatoError
from sfumato.evaluation.finding import Check, Finding, exactly, mean_of, means_apart, normal, standard_error
from sfumato.evaluation.frechet import frechet_distance, frechet_estimate, frechet_infinity
from sfumato.evaluation.intervals import Estimate
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.laboratory import QUICK, Laboratory
from sfumato.evaluation.memorisation import audit

BETAS = (0.1, 1.0, 10.0)
SEEDS = 3
MAX_NUMBERS = 1024  # of a picture, for networks of plain layers
LONG, SHORT = (2500, 5000), (200, 300)  # steps of the autoencoder and of the autoregressive model
CODED, DRAWN = 20, 1000
WHOLE = 1 << 16  # what a coder cuts into parts for a pixel's shades
CUTS = (1, 2, 4)  # parts of the judged pictures
SPLITS = 8
COMPONENTS = 20
FEATURES = f"The features are {COMPONENTS} principal components."


def _small(lab: Laboratory) -> tuple[Tensor, Tensor]:
    """Pictures to train on and held-out ones, `(count, numbers)`."""
    dataset = lab.reference.dataset
    if math.prod(dataset.shape) > MAX_NUMBERS:
        raise SfumatoError(f"the small networks take pictures of {MAX_NUMBERS:,} numbers at most, such as digits.")
    train, held = (dataset.batch(rows[:2000])[0].flatten(1) for rows in (lab.reference.train, lab.reference.held_out))
    return train, held


def _steps(lab: Laboratory) -> tuple[int, int]:
    return LONG if lab.effort.short > QUICK.short else SHORT


def code_bits(lab: Laboratory) -> Finding:
    train, held = _small(lab)
    bits: dict[float, list[float]] = {beta: [] for beta in BETAS}
    errors: dict[float, list[float]] = {beta: [] for beta in BETAS}
    for beta in BETAS:
        for seed in range(SEEDS):
            net = train_plane_vae(train, beta, seed, _steps(lab)[0])
            middle, log_variance = net.encode(held)
            bits[beta].append(float(divergence(middle, log_variance).mean()) / math.log(2))
            errors[beta].append(float((net.decoder(middle) - held).square().mean().sqrt()))
    pairs = list(pairwise(BETAS))
    return Finding(
        ("β", "bits of a code", "error of the round trip"),
        tuple((f"{beta:g}", mean_of(bits[beta]), mean_of(errors[beta])) for beta in BETAS),
        (
            *(Check(f"bits, β {a:g} above {b:g}", means_apart(bits[a], bits[b]), least=0.0) for a, b in pairs),
            Check(
                f"error of the round trip, β {BETAS[-1]:g} above {BETAS[0]:g}",
                means_apart(errors[BETAS[-1]], errors[BETAS[0]]),
                least=0.0,
            ),
        ),
        (f"Autoencoders of plain layers with a code of two numbers, {SEEDS} trainings each, on {len(held)} pictures "
         "that were held out.",),
        shown=(1,),
        unit="bits",
    )  # fmt: skip


def exact_bits(lab: Laboratory) -> Finding:
    train, held = (to_levels(x) for x in _small(lab))
    net = train_any_order(train, lab.seed, _steps(lab)[1])
    numbers = train.shape[1]
    order = torch.randperm(numbers, generator=lab.generator()).tolist()
    coded = held[:CODED]
    said = pixel_bits(net, coded, order).sum(1)
    spent, wrong = [], 0
    for picture in coded:
        word = encode(net, picture, order)
        spent.append(float(len(word)))
        wrong += int((decode(net, word, order) != picture).sum())
    over = torch.tensor(spent) - said
    uniform = torch.rand(DRAWN, numbers, generator=lab.generator())
    ways = {together: draw_pixels(net, uniform, order, together) for together in (1, numbers)}
    real = lab.reference.dataset
    features = {way: lab.extractor.features(_pictures(drawn, real.shape)) for way, drawn in ways.items()}
    distances = {way: frechet_estimate(found, lab.reference.features) for way, found in features.items()}
    one, many = distances[1], distances[numbers]
    return Finding(
        ("pixels a call", "calls", "Fréchet distance"),
        tuple((way, numbers // way, distance) for way, distance in distances.items()),
        (
            Check("bits that a coder spends on a picture, above what the model says", _mean(over), 0.0, 3.0),
            Check("pixels that come back wrong", exactly(wrong), most=0.0),
            Check(
                "Fréchet distance of all pixels in one call, above that of one a call",
                normal(many.value - one.value, math.hypot(standard_error(many), standard_error(one))),
                least=0.0,
            ),
        ),
        (
            f"{CODED} held-out pictures in {LEVELS} shades, coded by its chances: {mean(spent):.1f} bits each by "
            f"the coder, {float(said.mean()):.1f} by the model, {2 * numbers} plain.",
        ),
        shown=(2,),
        unit="squared units of the features",
    )


def _mean(x: Tensor) -> Estimate:
    return normal(float(x.mean()), float(x.std()) / math.sqrt(len(x)))


def _pictures(drawn: Tensor, shape: Sequence[int]) -> Tensor:
    pictures: Tensor = (drawn.float() / (LEVELS - 1) * 2 - 1).unflatten(1, tuple(shape))
    return pictures


def _parts(net: AnyOrderNet, known: Tensor, place: int) -> list[int]:
    """Where each shade's part of WHOLE begins, and WHOLE at the end; every part is at least 1 wide."""
    chances = net(known[None])[0, place].double().softmax(0)
    widths = (chances * (WHOLE - LEVELS)).floor().long() + 1
    widths[chances.argmax()] += WHOLE - int(widths.sum())
    return [0, *widths.cumsum(0).tolist()]


@torch.no_grad()
def encode(net: AnyOrderNet, picture: Tensor, order: Sequence[int]) -> str:
    """The picture as bits, by arithmetic coding (Rissanen & Langdon 1979): an interval that shrinks with each pixel."""
    low, width, scale = 0, 1, 0  # the interval [low, low + width)/2^scale
    known = torch.full_like(picture, UNKNOWN)
    for place in order:
        ends, shade = _parts(net, known, place), int(picture[place])
        low, width = low * WHOLE + width * ends[shade], width * (ends[shade + 1] - ends[shade])
        scale += 16
        known[place] = shade
    bits = scale - (width.bit_length() - 1) + 1  # so few that some number of so many bits has its own part inside
    word = -(-low // (1 << (scale - bits)))
    return f"{word:0{bits}b}"


@torch.no_grad()
def decode(net: AnyOrderNet, word: str, order: Sequence[int]) -> Tensor:
    """The picture that `encode` made `word` of."""
    place_in, low, width, scale = int(word, 2), 0, 1, 0
    known = torch.full((len(order),), UNKNOWN)
    for place in order:
        ends = _parts(net, known, place)
        low, scale = low * WHOLE, scale + 16
        at = place_in << (scale - len(word)) if scale >= len(word) else place_in >> (len(word) - scale)
        shade = max(k for k in range(LEVELS) if low + width * ends[k] <= at)
        low, width = low + width * ends[shade], width * (ends[shade + 1] - ends[shade])
        known[place] = shade
    return known


def _components(lab: Laboratory) -> Tensor:
    """The first COMPONENTS principal components of all real pictures, as the lesson on evaluation has them."""
    reference = lab.reference
    if math.prod(reference.dataset.shape) <= MAX_NUMBERS:
        rows = (reference.train, reference.held_out)
        x = torch.cat([reference.dataset.batch(some)[0].flatten(1) for some in rows]).double()
    else:
        x = lab.real.double()
    if len(x) < 16 * COMPONENTS:
        raise SfumatoError(f"{len(x)} real pictures are too few to cut into parts; {16 * COMPONENTS} would do.")
    centred = x - x.mean(0)
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    found: Tensor = centred @ vectors[:, -COMPONENTS:]
    return found


def frechet_bias(lab: Laboratory) -> Finding:
    generator, real = lab.generator(), _components(lab)
    found: dict[int, list[float]] = {parts: [] for parts in CUTS}
    endless, kernels = [], []
    for _ in range(SPLITS):
        one, others = real[torch.randperm(len(real), generator=generator)].tensor_split(2)
        for parts in CUTS:
            found[parts].append(mean(frechet_distance(part, others) for part in one.tensor_split(parts)))
        endless.append(frechet_infinity(one, others).value)
        kernels.append(mean(kernel_distance(part, others).value for part in one.tensor_split(CUTS[-1])))
    count = len(real) // 2
    ratio, rest = (
        [few / whole for few, whole in zip(values, found[1], strict=True)] for values in (found[CUTS[-1]], endless)
    )
    return Finding(
        ("real pictures", "Fréchet distance from as many others", "kernel distance"),
        (
            *((f"{count // parts:,}", _spread(values), _spread(kernels) if parts == CUTS[-1] else None)
              for parts, values in found.items()),
            ("endlessly many", _spread(endless), None),
        ),
        (
            Check("distance of a quarter of the pictures, times that of all", _spread(ratio), least=1.5),
            Check("what is left for endlessly many, as a share of it", _spread(rest), -0.5, 0.5),
        ),
        (f"{SPLITS} random halves of the real pictures, one judged by the other: a perfect model. {FEATURES}",),
        shown=(1,),
        unit="squared units of the features",
    )  # fmt: skip


def _spread(values: Sequence[float]) -> Estimate:
    """As it varies from split to split: these share their pictures, so that their mean is hardly surer."""
    x = torch.tensor(values, dtype=torch.float64)
    return normal(float(x.mean()), float(x.std()))


def copies(lab: Laboratory) -> Finding:
    generator, real = lab.generator(), _components(lab)
    distances: dict[str, list[float]] = {"copies of training pictures": [], "new real pictures": []}
    taken: dict[str, list[float]] = {name: [] for name in distances}
    for _ in range(SPLITS):
        shuffled, half = real[torch.randperm(len(real), generator=generator)], len(real) // 2
        known, new, held = shuffled.tensor_split([half, half * 3 // 2])
        again = known[torch.randperm(half, generator=generator)[: len(new)]]
        for name, judged in zip(distances, (again, new), strict=True):
            distances[name].append(frechet_distance(judged, known))
            taken[name].append(audit("features", judged, known, held).flagged / len(judged))
    copied, fresh = distances.values()
    return Finding(
        ("judged", "Fréchet distance", "taken for copies"),
        tuple((name, _spread(distances[name]), _spread(taken[name])) for name in distances),
        (
            Check(
                "Fréchet distance of copies, as a share of that of new real pictures",
                _spread([a / b for a, b in zip(copied, fresh, strict=True)]),
                most=1.0,
            ),
            Check(
                "share that neighbours give away, of copies above that of new pictures",
                _spread([a - b for a, b in zip(*taken.values(), strict=True)]),
                least=0.5,
            ),
        ),
        (f"Judged by one half of the real pictures, {len(real) // 4:,} each, in {SPLITS} random splits. {FEATURES}",),
        shown=(1,),
        unit="squared units of the features",
    )


COURSE: dict[str, tuple[str, Callable[[Laboratory], Finding]]] = {
    "code-bits": (
        "The larger β is in a VAE, the fewer bits its code holds, and the worse its pictures come back.",
        code_bits,
    ),
    "exact-bits": (
        "A coder spends the bits that an autoregressive model says; all pixels in one call are drawn worse.",
        exact_bits,
    ),
    "frechet-bias": (
        "The Fréchet distance of fewer pictures is larger, though they are as good.",
        frechet_bias,
    ),
    "copies": (
        "Copies of training pictures have a smaller Fréchet distance than new real ones; neighbours give them away.",
        copies,
    ),
}
"""Name → the claim, and what measures it."""
