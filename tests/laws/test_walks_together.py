"""Many walks at once are each the walk that it is alone; and none of them reads a value, so none waits for a device."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from sfumato.diffusion import SCHEDULES, Condition, Denoiser, Level, NetDenoiser, Parameterization
from sfumato.errors import SfumatoError
from sfumato.sampling import (
    GRIDS,
    SAMPLERS,
    ImageNoise,
    Rule,
    Step,
    advance,
    autoguided,
    clamped,
    classified,
    classifier_free,
    composed,
    drive,
    grid,
    guide,
    inversion,
    last,
    plain,
    plus_plus,
    projected,
    stepper,
    thresholded,
    walk,
)
from sfumato.sampling.calls import Call, Guided, ask
from sfumato.sampling.editing import begin_from, inpainted, reduced, restored
from sfumato.sampling.inverse import downscaled, posterior_sampled, pseudo_inverse_guided

CLASSES, SHAPE = 3, (2, 4, 4)
NULL = {"label": torch.tensor([CLASSES])}
GENERATOR = torch.Generator().manual_seed(0)
MEANS = torch.randn(CLASSES + 1, *SHAPE, dtype=torch.float64, generator=GENERATOR)
STDS = 0.3 + 0.4 * torch.rand(CLASSES + 1, *SHAPE, dtype=torch.float64, generator=GENERATOR)
PICTURE = torch.rand(SHAPE, generator=GENERATOR) * 2 - 1
MASK = torch.arange(16).reshape(1, 4, 4) % 3 > 0


def exact(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
    """E[x0 | x] of Gaussian data, a Gaussian a class."""
    label = (cond or NULL)["label"]
    alpha, sigma = (value.reshape(-1, 1, 1, 1) for value in (level.alpha, level.sigma))
    mean, variance = MEANS[label], STDS[label] ** 2
    gain = alpha * variance / (alpha**2 * variance + sigma**2)
    return (mean + gain * (x.double() - alpha * mean)).to(x.dtype)


class Net(nn.Module):
    """Two convolutions that mix pixels, channels, the noise level and the class."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.first = nn.Parameter(torch.randn(8, 2, 3, 3, generator=generator) / 18**0.5)
        self.second = nn.Parameter(torch.randn(2, 8, 3, 3, generator=generator) / 72**0.5)
        self.classes = nn.Parameter(torch.randn(CLASSES + 1, 8, generator=generator))

    def forward(self, x: Tensor, noise: Tensor, label: Tensor | None = None) -> Tensor:
        known = self.classes[torch.full((len(x),), CLASSES, device=x.device) if label is None else label]
        hidden = nn.functional.conv2d(x, self.first, padding=1) + (noise[:, None] + known)[:, :, None, None]
        return nn.functional.conv2d(torch.tanh(hidden), self.second, padding=1)


NETWORK = NetDenoiser(Net(), Parameterization("edm", 0.5))


def log_probability(x: Tensor, level: Level, cond: Condition | None) -> Tensor:
    return -(x - 0.5).square().flatten(1).sum(1)


# name → what makes the rule, of how many rows, on which grid, towards which labels
Made = Callable[[int, Level, Condition], Rule]
RULES: dict[str, Made] = {
    "plain": lambda rows, levels, cond: plain,
    "scale 0": lambda rows, levels, cond: classifier_free(0.0, null(rows)),
    "scale 1": lambda rows, levels, cond: classifier_free(1.0, null(rows)),
    "classifier-free": lambda rows, levels, cond: classifier_free(2.5, null(rows)),
    "on an interval": lambda rows, levels, cond: classifier_free(3.0, null(rows), (0.3, 5.0)),
    "projected": lambda rows, levels, cond: projected(3.0, null(rows)),
    "cfg++": lambda rows, levels, cond: plus_plus(0.6, null(rows), levels),
    "thresholded": lambda rows, levels, cond: thresholded(classifier_free(4.0, null(rows))),
    "clamped": lambda rows, levels, cond: clamped(classifier_free(1.5, null(rows))),
    "composed": lambda rows, levels, cond: composed([(1.0, cond), (-0.5, null(rows, 1))], null(rows)),
    "autoguided": lambda rows, levels, cond: autoguided(lambda x, level, cond: 0.9 * x / (1 + level.ratio), 1.3),
    "classified": lambda rows, levels, cond: classified(log_probability, 0.1),
    "inpainted": lambda rows, levels, cond: inpainted(PICTURE, MASK, classifier_free(2.0, null(rows))),
    "posterior": lambda rows, levels, cond: posterior_sampled(downscaled(2), downscaled(2)(PICTURE)),
    "pseudo-inverse": lambda rows, levels, cond: pseudo_inverse_guided(downscaled(2), downscaled(2)(PICTURE), 0.5),
}


def null(rows: int, label: int = CLASSES) -> Condition:
    return {"label": torch.full((rows,), label)}


@dataclass(frozen=True)
class Asked:
    """One request: what it takes to make its walk, as often as wanted."""

    sampler: str
    steps: int
    grid: str
    path: str
    rule: str
    seeds: tuple[int, ...]
    labels: tuple[int, ...] | None
    strength: float

    def walk(self) -> Guided:
        rows, noise = len(self.seeds), ImageNoise(self.seeds, SHAPE)
        levels = grid(self.grid, SCHEDULES[self.path](), self.steps)
        cond = None if self.labels is None else {"label": torch.tensor(self.labels)}
        rule = RULES[self.rule](rows, levels, cond or null(rows))
        levels, start = begin_from(PICTURE.expand(rows, *SHAPE), levels, self.strength, noise)
        finish = partial(restored, picture=PICTURE, mask=MASK) if self.rule == "inpainted" else None
        return guide(walk(stepper(self.sampler, steps=self.steps), levels, noise, start, finish), rule, cond)


def requests(count: int, seed: int) -> list[Asked]:
    """Random ones; between them every sampler and every rule is there."""
    chance, names, rules = random.Random(seed), list(SAMPLERS), list(RULES)
    made = []
    for index in range(count):
        sampler, rows = names[index % len(names)], chance.randint(1, 3)
        labels = tuple(chance.choices(range(CLASSES), k=rows)) if chance.random() < 0.8 else None
        steps = chance.randint(SAMPLERS[sampler].needs, 8 if sampler == "adaptive" else 50)
        path, own = chance.choice(["edm", "cosine", "flow"]), tuple(chance.sample(range(1000), rows))
        strength = chance.choice([1.0, 1.0, 0.3, 0.8])
        rule = rules[index % len(rules)]
        made.append(Asked(sampler, steps, chance.choice(list(GRIDS)), path, rule, own, labels, strength))
    return made


def alone(asked: Asked, denoiser: Denoiser) -> list[Step]:
    return list(drive(asked.walk(), denoiser))


def together(all_asked: list[Asked], denoiser: Denoiser, max_rows: int | None, seed: int) -> dict[int, list[Step]]:
    """The steps of each; a few begin, and the others come while those are on their way."""
    chance, late = random.Random(seed), dict(enumerate(all_asked))
    arrived: dict[int, list[Step]] = {key: [] for key in late}
    walks: dict[int, Guided] = {}

    def come(count: int) -> None:
        for key in chance.sample(sorted(late), min(count, len(late))):
            walks[key] = late.pop(key).walk()

    come(5)
    while walks:
        for key, step in advance(walks, denoiser, NULL, max_rows):
            assert isinstance(step, Step), step
            arrived[key].append(step)
            come(chance.randint(0, 1))
        come(1)
    return arrived


REQUESTS = requests(64, seed=0)


@pytest.fixture(scope="module")
def exact_alone() -> list[list[Step]]:
    return [alone(asked, exact) for asked in REQUESTS]


@pytest.mark.parametrize(("max_rows", "seed"), [(None, 1), (16, 2), (5, 3)])
def test_each_of_64_walks_together_is_the_walk_alone_bit_for_bit(
    max_rows: int | None, seed: int, exact_alone: list[list[Step]]
) -> None:
    arrived = together(REQUESTS, exact, max_rows, seed)
    for key, expected in enumerate(exact_alone):
        assert [(s.index, s.total, s.calls) for s in arrived[key]] == [(s.index, s.total, s.calls) for s in expected]
        for mine, other in zip(arrived[key], expected, strict=True):
            assert torch.equal(mine.x, other.x), REQUESTS[key]
            assert mine.x0_hat is other.x0_hat is None or torch.equal(mine.x0_hat, other.x0_hat), REQUESTS[key]


def test_each_of_64_walks_together_is_the_walk_alone_on_a_network() -> None:
    arrived = together(REQUESTS, NETWORK, max_rows=24, seed=4)
    for key, asked in enumerate(REQUESTS):
        torch.testing.assert_close(
            arrived[key][-1].x, alone(asked, NETWORK)[-1].x, rtol=1e-5, atol=1e-5, msg=str(asked)
        )


class Counting:
    """The exact denoiser, noting how many rows each call has."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(self, x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        self.rows.append(len(x))
        return exact(x, level, cond)


def guided_walks(count: int, steps: int = 6) -> dict[int, Guided]:
    asked = [Asked("ddim", steps, "karras", "edm", "classifier-free", (i, i + 100), (1, 2), 1.0) for i in range(count)]
    return {key: each.walk() for key, each in enumerate(asked)}


def test_guided_walks_of_one_age_are_one_call_a_step() -> None:
    counting = Counting()
    steps = list(advance(guided_walks(8), counting))
    assert counting.rows == [8 * 2 * 2] * 6
    assert len(steps) == 8 * 7


@pytest.mark.parametrize("max_rows", [1, 3, 4, 10, 31])
def test_no_call_has_more_rows_than_allowed_and_none_is_left_out(max_rows: int) -> None:
    counting = Counting()
    ends = {key: step.x for key, step in advance(guided_walks(8), counting, max_rows=max_rows)}
    assert max(counting.rows) <= max_rows and sum(counting.rows) == 8 * 2 * 2 * 6
    for key, own in guided_walks(8).items():
        assert torch.equal(ends[key], last(drive(own, exact)).x)


def test_who_has_waited_longest_is_next() -> None:
    """No walk is two steps ahead of another that began with it, however few fit into a call."""
    at = dict.fromkeys(range(8), 0)
    for key, step in advance(guided_walks(8), exact, max_rows=6):
        at[key] = step.index
        assert max(at.values()) - min(at.values()) <= 1


def test_a_walk_that_is_taken_out_arrives_no_more_and_changes_no_other() -> None:
    walks, seen = guided_walks(4), []
    ends = {}
    for key, step in advance(walks, exact):
        seen.append((key, step.index))
        ends[key] = step.x
        if (key, step.index) == (0, 3):
            del walks[2]
    assert max(index for key, index in seen if key == 2) <= 3 and not walks
    for key in (0, 1, 3):
        assert torch.equal(ends[key], last(drive(guided_walks(4)[key], exact)).x)


def test_a_walk_that_fails_says_so_and_changes_no_other() -> None:
    def failing() -> Iterator[Call | Step]:
        yield Call(torch.zeros(1, *SHAPE), Level.of(1.0, 1.0))
        raise SfumatoError("that was too far.")

    walks = guided_walks(3) | {3: guide(failing())}
    ends = dict(advance(walks, exact))
    assert isinstance(ends[3], SfumatoError) and not walks
    assert all(torch.equal(ends[key].x, last(drive(own, exact)).x) for key, own in guided_walks(3).items())
    with pytest.raises(SfumatoError, match="too far"):
        last(drive(guide(failing()), exact))


def test_a_walk_whose_rows_the_network_fails_on_fails_alone() -> None:
    def failing(x: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        if cond is None:
            raise RuntimeError("a row without its label")
        return exact(x, level, cond)

    unlabelled = Asked("ddim", 6, "karras", "edm", "plain", (5,), None, 1.0).walk()
    ends = dict(advance(guided_walks(3) | {3: unlabelled}, failing))
    assert isinstance(ends[3], RuntimeError)
    assert all(torch.equal(ends[key].x, last(drive(own, exact)).x) for key, own in guided_walks(3).items())


def test_what_some_are_given_and_others_lack_is_none_of_it() -> None:
    x = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(5))
    seen: list[Condition | None] = []

    def denoiser(at: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        seen.append(cond)
        return exact(at, level, cond)

    calls = [Call(x[:2], Level.of(1.0, 2.0), {"label": torch.tensor([0, 1])}), Call(x[2:], Level.of(0.5, 0.1))]
    first, second = ask(denoiser, calls, NULL)
    assert [each["label"].tolist() for each in seen] == [[0, 1, CLASSES]]
    assert torch.equal(first, exact(*calls[0][:3])) and torch.equal(second, exact(*calls[1][:3]))
    seen.clear()
    assert torch.equal(ask(denoiser, calls)[1], second) and len(seen) == 2, "without a null they are asked apart"


@pytest.mark.parametrize("pair", [({"size": torch.ones(2)}, {}), ({"size": torch.ones(1)}, {"size": torch.ones(2)})])
def test_what_cant_be_joined_is_asked_apart(pair: tuple[Condition, Condition]) -> None:
    x, rows = torch.zeros(2, *SHAPE), []

    def denoiser(at: Tensor, level: Level, cond: Condition | None = None) -> Tensor:
        rows.append((len(at), cond))
        return at

    ask(denoiser, [Call(x, Level.of(1.0, 1.0), cond) for cond in pair])
    assert rows == [(2, pair[0]), (2, pair[1])]


# --- A walk of one's own ------------------------------------------------------------------------------------------


def test_a_generator_function_is_a_walk() -> None:
    def euler(x, levels, noise):  # type: ignore[no-untyped-def]
        for here, there in pairwise(levels):
            x0 = yield x, here
            x = there.alpha * x0 + there.sigma * here.eps(x, x0)
        return x

    levels = grid("karras", SCHEDULES["edm"](), 7)
    ours = list(drive(guide(walk(euler, levels, ImageNoise([1, 2], SHAPE))), exact))
    theirs = list(drive(guide(walk(stepper("ddim"), levels, ImageNoise([1, 2], SHAPE))), exact))
    assert [(s.index, s.calls) for s in ours] == [(s.index, s.calls) for s in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.x, other.x, rtol=1e-5, atol=1e-5)


def test_a_walk_of_ones_own_that_returns_nothing_is_told_so() -> None:
    def forgetful(x, levels, noise):  # type: ignore[no-untyped-def]
        yield x, levels[0]

    with pytest.raises(SfumatoError, match="return x"):
        last(drive(guide(walk(forgetful, grid("karras", SCHEDULES["edm"](), 2), ImageNoise([1], SHAPE))), exact))


def yields(make):  # type: ignore[no-untyped-def]
    def walk(x, levels, noise):  # type: ignore[no-untyped-def]
        yield make(x, levels)
        return x

    return walk


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (yields(lambda x, levels: x), "a Level, such as grid.0., not Tensor"),
        (yields(lambda x, levels: (x, 0.5)), "not a level that is of float"),
        (yields(lambda x, levels: (x, levels[0].sigma)), "not a level that is of Tensor"),
        (yields(lambda x, levels: (x, levels)), r"not a level of the shape \(3,\)"),
        (yields(lambda x, levels: (x[:1], levels[0])), r"of the start's shape \(2, .* not x of \(1, "),
        (yields(lambda x, levels: (x[:, :, :1], levels[0])), "not x of "),
        (yields(lambda x, levels: (None, levels[0])), "not x of NoneType"),
        (lambda x, levels, noise: x, "is a generator function of .* not a function that returns Tensor"),
        (lambda model, x, sigmas: x.new_ones(len(sigmas)), "is a generator function of .* can't be called so"),
        (lambda x: x, "is a generator function of .* can't be called so"),
    ],
)
def test_a_walk_of_ones_own_that_asks_nothing_sensible_is_told_what_to_yield(own: Any, message: str) -> None:
    levels = grid("karras", SCHEDULES["edm"](), 2)
    with pytest.raises(SfumatoError, match=message):
        last(drive(guide(walk(own, levels, ImageNoise([1, 2], SHAPE))), exact))


# --- No value is read ---------------------------------------------------------------------------------------------

# What decides by what it sees, and therefore must read it:
READERS = {
    "adaptive": "the length of its next step follows from the error of this one",
    "pseudo-inverse": "conjugate gradients end when the equation is solved, which is most often after one round",
}
NOWHERE = NetDenoiser(Net().to("meta"), NETWORK.parameterization)


def on_meta(cond: Condition | None) -> Condition | None:
    return cond and {name: value.to("meta") for name, value in cond.items()}


def nowhere(sampler: str, rule: Rule, finish: Callable[[Tensor], Tensor] | None = None) -> Step:
    """The end of a walk on the meta device, where there are shapes and no values."""
    levels, noise = grid("trailing", SCHEDULES["cosine"](), 6), ImageNoise([1, 2], SHAPE, "meta")
    with torch.device("meta"):
        cond = {"label": torch.zeros(2, dtype=torch.int64)}
    return last(drive(guide(walk(stepper(sampler, steps=6), levels, noise, finish=finish), rule, cond), NOWHERE))


@pytest.mark.parametrize("name", SAMPLERS)
def test_no_sampler_reads_a_value(name: str) -> None:
    rule = classifier_free(2.0, on_meta(null(2)))
    if name in READERS:
        with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
            nowhere(name, rule)
        return
    end = nowhere(name, rule)
    assert end.x.device.type == "meta" and end.x.shape == (2, *SHAPE) and end.index == 6


@pytest.mark.parametrize("name", RULES)
def test_no_rule_reads_a_value(name: str) -> None:
    levels = grid("trailing", SCHEDULES["cosine"](), 6)
    with torch.device("meta"):  # what the table makes on the way
        rule = RULES[name](2, levels, on_meta(null(2)) or {})
    if name in READERS:
        with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
            nowhere("dpm++2m", rule)
        return
    assert nowhere("dpm++2m", rule).x.device.type == "meta"


def test_no_finish_reads_a_value() -> None:
    for finish in (
        partial(restored, picture=PICTURE.to("meta"), mask=MASK),
        partial(reduced, small=downscaled(2)(PICTURE).to("meta"), factor=2),
    ):
        assert nowhere("ddim", plain, finish).x.shape == (2, *SHAPE)


@pytest.mark.parametrize("name", ["ddim", "heun", "dpm++3s"])
def test_inversion_reads_a_value_only_to_know_whether_it_is_within_its_tolerance(name: str) -> None:
    levels, x0 = grid("karras", SCHEDULES["edm"](), 5), torch.empty(2, *SHAPE, device="meta")
    up = inversion(levels, stepper(name), x0, tolerance=None, rounds=3)
    assert last(drive(guide(up), NOWHERE)).x.device.type == "meta"
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        last(drive(guide(inversion(levels, stepper(name), x0)), NOWHERE))


class Copies(TorchDispatchMode):
    """Notes what is copied from the CPU to another device, and whether it is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[bool] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._to_copy.default and args[0].device.type == "cpu" != out.device.type:
            self.waited.append(not (kwargs or {}).get("non_blocking"))
        return out


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name not in READERS])
def test_no_copy_to_the_device_is_waited_for(sampler: str) -> None:
    rule = classifier_free(2.0, on_meta(null(2)))
    with Copies() as copies:
        nowhere(sampler, rule)
    assert copies.waited and not any(copies.waited)


@pytest.mark.parametrize("rule", [inpainted(PICTURE, MASK), posterior_sampled(downscaled(2), downscaled(2)(PICTURE))])
def test_nor_is_what_is_known_of_a_picture(rule: Rule) -> None:
    with Copies() as copies:
        nowhere("dpm++2m", rule, partial(restored, picture=PICTURE, mask=MASK))
    assert copies.waited and not any(copies.waited)


def test_the_levels_of_many_rows_are_one_copy_a_call() -> None:
    x, level = torch.zeros(5, *SHAPE, device="meta"), Level.of(torch.ones(5), torch.arange(5.0))
    with Copies() as copies:
        NOWHERE(x, level)
    assert copies.waited == [False]


def test_walks_together_on_the_meta_device() -> None:
    levels = {
        name: grid("karras", SCHEDULES["edm"](), steps) for name, steps in (("ddim", 4), ("unipc3", 7), ("heun", 5))
    }
    walks = {name: guide(walk(stepper(name), own, ImageNoise([1], SHAPE, "meta"))) for name, own in levels.items()}
    ends = dict(advance(walks, NOWHERE))
    assert {name: step.x.device.type for name, step in ends.items()} == dict.fromkeys(levels, "meta")
