"""Plans: what a machine's speed and memory make of a run, and that a budget in minutes holds all that a run does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.hub import ModelConfig, SamplingConfig, new_model
from sfumato.nets import name_of, unet_config
from sfumato.training import (
    Judged,
    Measured,
    Plan,
    Preview,
    Progress,
    Saved,
    Trainer,
    TrainingConfig,
    plan_run,
    start_run,
    train,
)
from sfumato.training.budget import needed
from sfumato.training.estimates import too_few
from sfumato.training.looks import SHARE, look_seconds
from sfumato.training.planning import (
    BASE,
    DEARER,
    HELD_OUT,
    LOOKS,
    MEMORY,
    SMALLEST,
    STEPS,
    expected_steps,
    fit_batch,
    fit_looks,
    fit_memory,
    worth_compiling,
)
from sfumato.training.previews import preview_sampling
from sfumato.training.rates import Rate, measure_rate
from sfumato.training.resources import fastest_threads, using_threads
from sfumato.training.run import METRICS_SECONDS, training_config
from sfumato.training.saving import FIRST_SAVE, disk_bytes
from tiny import TINY, blobs

CPU = torch.device("cpu")
MINUTES = TrainingConfig("blobs", minutes=2.0)
rates = st.builds(
    Rate,
    step=st.floats(0, 2),
    image=st.floats(1e-5, 5),
    weights=st.integers(10**6, 10**9),
    activations=st.integers(10**4, 10**9),
    threads=st.just(1),
)


@given(rates, st.floats(0.1, 600), st.sampled_from([128, 64, 32, 16]))
def test_a_batch_is_made_smaller_for_the_sake_of_enough_steps_alone(rate: Rate, minutes: float, batch: int) -> None:
    config = TrainingConfig("blobs", minutes=minutes, batch=batch)
    fitted = fit_batch(config, rate)
    assert SMALLEST <= fitted <= batch and batch % fitted == 0
    if fitted < batch:
        assert expected_steps(replace(config, batch=2 * fitted), rate) < STEPS
    if fitted > SMALLEST and expected_steps(replace(config, batch=fitted), rate) < STEPS:
        assert 2 * rate.seconds(fitted // 2) >= DEARER * rate.seconds(fitted)


@given(rates, st.integers(2**28, 2**38), st.integers(1, 128))
def test_slices_fit_the_memory_that_is_free_and_are_no_more_than_that_takes(rate: Rate, free: int, batch: int) -> None:
    config = TrainingConfig("blobs", images=1, batch=batch)

    def need(slices: int) -> float:
        return BASE + rate.weights + -(-batch // slices) * rate.activations

    if need(batch) > MEMORY * free:
        with pytest.raises(SfumatoError, match="GiB are free; train a smaller network"):
            fit_memory(config, TINY, rate, free)
        return
    slices = fit_memory(config, TINY, rate, free)
    assert need(slices) <= MEMORY * free
    assert slices == 1 or need(slices - 1) > MEMORY * free


@given(st.floats(0.01, 100), st.floats(1e-5, 10), st.integers(0, 1000))
def test_looks_take_their_share_of_the_minutes_or_there_are_none(minutes: float, image: float, held: int) -> None:
    config = fit_looks(replace(MINUTES, minutes=minutes), TINY, held, image)
    cost = config.keeping.previews * look_seconds(config, TINY, held, image)
    assert cost <= SHARE * 60 * minutes
    if (config.keeping.previews, config.keeping.preview_calls, config.keeping.evaluated) != LOOKS[0]:
        assert LOOKS[0][0] * look_seconds(MINUTES, TINY, held, image) > SHARE * 60 * minutes


@pytest.mark.parametrize(
    "own", [SamplingConfig("ddpm", 1000), SamplingConfig("heun", 15), SamplingConfig("adaptive", tolerance=0.01)]
)
def test_previews_never_ask_the_network_more_often_than_they_may(own: SamplingConfig, tmp_path: Path) -> None:
    config = TrainingConfig("blobs", images=16 * 30, batch=16, previews=3)
    trainer = start_run(tmp_path / "run", blobs(), config, replace(TINY, sampling=own), CPU)
    calls = []
    trainer.average.register_forward_hook(lambda module, arguments, found: calls.append(1))
    previews = [event for event in train(tmp_path / "run", trainer) if isinstance(event, Preview)]
    assert len(previews) == 3 and 0 < len(calls) <= 3 * config.keeping.preview_calls
    assert preview_sampling(replace(own, sampler="ddim", steps=7), 20).steps == 7


def planned(monkeypatch: pytest.MonkeyPatch, images_a_second: float, minutes: float, side: int = 8) -> Plan:
    """A plan on a machine that trains the smallest network so fast, and each larger one three times slower."""

    def rate(model, dataset, config, device) -> Rate:  # type: ignore[no-untyped-def]
        size = sum(width for width in model.net.widths) / 96  # nano: 1
        return Rate(0.0, size / images_a_second, 10**6, 10**5, torch.get_num_threads())

    monkeypatch.setattr("sfumato.training.planning.measure_rate", rate)
    return plan_run(blobs(1000), TrainingConfig("blobs", minutes=minutes))


def test_a_plan_is_a_function_of_what_was_measured_and_a_faster_machine_never_gets_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = [planned(monkeypatch, speed, 2.0) for speed in (1, 10, 100, 1000, 10_000, 100_000)]
    assert plans[3] == replace(planned(monkeypatch, 1000, 2.0), seconds=plans[3].seconds)
    sizes = [sum(p.numel() for p in new_model(plan.model).denoiser.parameters()) for plan in plans]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    for one, other in pairwise(plans):
        assert one.config.batch <= other.config.batch and one.config.keeping.previews <= other.config.keeping.previews
        if one.model.net == other.model.net:
            assert one.images <= other.images
    assert [plan.enough for plan in plans] == sorted(plan.enough for plan in plans)
    assert not plans[0].enough and plans[-1].enough and plans[0].images < needed(8) <= plans[-1].images
    assert plans[0].config.data.held_out == HELD_OUT


@pytest.mark.parametrize(
    ("side", "dearer", "minutes", "samples", "net", "measured"),
    [
        (64, 1.2, 2.0, 10**4, "small", 3),  # each sees nearly as many images as the one before it
        (64, 3.0, 2.0, 10**4, "nano", 2),
        (32, 1.2, 2.0, 10**4, "nano", 1),  # where networks differ in all stages, the others aren't even measured
        (32, 3.0, 2000.0, 10**4, "small", 3),
        (32, 3.0, 2000.0, 999, "nano", 1),  # it sees few of them so often that a larger one would know them by heart
        (64, 1.2, 2.0, 100, "nano", 1),
        (64, 1.2, 2.0, 200, "small", 3),
        (128, 1.2, 0.1, 10**4, "nano", 1),  # measuring it took more than its share of the minutes
    ],
)
def test_a_larger_network_is_taken_where_it_sees_enough_or_nearly_as_much(
    side: int,
    dearer: float,
    minutes: float,
    samples: int,
    net: str,
    measured: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["nano", "tiny", "small", "medium"]
    clock, seen = Machine(monkeypatch, 0.0), []

    def rate(model, *_) -> Rate:  # type: ignore[no-untyped-def]
        seen.append(name_of(model.net, model.shape))
        clock.now += 1
        return Rate(0.0, 0.01 * dearer ** names.index(seen[-1]), 10**6, 10**5, torch.get_num_threads())

    monkeypatch.setattr("sfumato.training.planning.measure_rate", rate)
    pixels = np.broadcast_to(np.arange(side * side, dtype=np.uint8).reshape(side, side), (samples, 1, side, side))
    plan = plan_run(Dataset("alike", pixels), TrainingConfig("alike", minutes=minutes))
    assert name_of(plan.model.net, plan.model.shape) == net and seen == names[:measured]


@pytest.mark.parametrize(
    ("side", "image", "own", "share"),
    [
        (64, 0.02, {}, 0.5),  # 2 minutes hold 5,400 of the 8,000 images that such pictures take
        (64, 0.002, {}, 0.0),
        (32, 0.1, {}, 0.0),
        (64, 0.02, {"low_resolution": 0.25}, 0.25),
        (64, 0.02, {"minutes": None, "images": 100}, 0.0),
    ],
)
def test_a_first_phase_at_half_size_is_planned_where_large_pictures_have_too_little_time(
    side: int, image: float, own: dict[str, Any], share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfumato.training.planning.measure_rate", lambda *_: Rate(0.0, image, 1, 1, 1))
    data = Dataset("two", np.arange(2 * side * side, dtype=np.uint8).reshape(2, 1, side, side))
    config = replace(TrainingConfig("two", minutes=2.0), **own)
    plan = plan_run(data, config, "nano")
    assert plan.config.data.low_resolution == share
    for how in ({"fixed": ["low_resolution"]}, {"model": plan.model}):
        assert plan_run(data, config, **how).config.data.low_resolution == config.data.low_resolution  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "busy", "low_resolution", "compiled"),
    [(4, 1, 0, False), (5, 1, 0, True), (5, 4, 0, False), (20, 4, 0, True), (5, 1, 0.5, False), (10, 1, 0.5, True)],
)
def test_compilation_is_worth_longer_budgets_beside_other_programs_and_for_two_sizes(
    minutes: float, busy: float, low_resolution: float, compiled: bool
) -> None:
    config = TrainingConfig("blobs", minutes=minutes, precision="bf16", low_resolution=low_resolution)
    assert worth_compiling(config, Rate(0.0, 0.01, 1, 1, 1, busy), "cpu") == compiled


def test_what_is_given_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    given = replace(MINUTES, batch=24, held_out=0.3, precision="bf16")
    monkeypatch.setattr("sfumato.training.planning.measure_rate", lambda *_: Rate(0.1, 1.0, 1, 1, 1))
    plan = plan_run(blobs(), given, "tiny")
    assert (plan.config.batch, plan.config.data.held_out, plan.config.machine.precision) == (24, 0.3, "bf16")
    assert plan.model.net.widths == (64, 128)  # type: ignore[union-attr]
    plan = plan_run(blobs(), replace(MINUTES, batch=128), fixed=("batch", "held_out", "precision"), model=TINY)
    assert (plan.config.batch, plan.config.data.held_out, plan.config.machine.precision) == (128, 0.0, "fp32")
    assert plan.model == TINY


def test_too_few_steps_are_said_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    model = replace(TINY, shape=(1, 256, 256))
    plan = Plan(replace(MINUTES, batch=16), model, Rate(0, 0.3, 1, 1, 1), 1.0, needed(64) // 16 // 16 + 1)
    assert not plan.enough and plan.enough_at == 64
    said = too_few(plan, 60, fresh=True) or ""
    assert "too few for 256×256 pixels" in said and "`latent`" in said
    assert said.endswith("use `size` 64, more `minutes`, or a GPU.")


@pytest.mark.parametrize(
    ("size", "steps", "trained", "fresh", "words"),
    [
        (
            64,
            100,
            9000,
            True,
            ["each of 9,000 is seen 0.2 times", "`net` tiny, `size` 32, more `minutes`, `base` emoji"],
        ),
        (
            64,
            100,
            9000,
            False,
            ["each of 9,000 samples is seen 0.2 times: `size` 32, more `minutes` would show more of them."],
        ),
        (32, 1000, 90_000, True, ["each of 90,000 samples is seen 0.2 times: `net` tiny, more `minutes` would show"]),
        (32, 1000, 300, True, ["300 pictures are few to begin anew with: `base` emoji starts"]),
        (64, 1000, 300, True, ["`base` emoji with `size` 32 starts"]),
        (32, 1000, 300, False, []),
        (32, 1000, 3000, True, []),
    ],
)
def test_what_helps_suits_the_set_and_the_network(
    size: int, steps: int, trained: int, fresh: bool, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    model = ModelConfig((3, size, size), unet_config("small", (3, size, size)), data_std=0.5)
    said = too_few(Plan(replace(MINUTES, batch=16), model, Rate(0, 0.3, 1, 1, 1), 1.0, steps), trained, fresh)
    assert (said is None) == (words == [])
    for one in words:
        assert said is not None and one in said, said


def test_a_measured_rate_is_that_of_its_steps_and_holds_their_memory() -> None:
    config = TrainingConfig("blobs", minutes=1, batch=32)
    rate = measure_rate(TINY, blobs(), config, CPU)
    assert rate.image > 0 and rate.step >= 0 and rate.threads == torch.get_num_threads()
    assert rate.seconds(20, slices=2) == pytest.approx(2 * rate.step + 20 * rate.image)
    again = replace(measure_rate(TINY, blobs(), config, CPU), step=rate.step, image=rate.image, busy=rate.busy)
    assert again == rate and rate.busy >= 1
    weights = sum(p.numel() * p.element_size() for p in new_model(TINY).denoiser.parameters())
    assert rate.weights == weights * 5  # with gradients, a moment and two averages
    larger = measure_rate(replace(TINY, net=replace(TINY.net, blocks=2)), blobs(), config, CPU)
    assert larger.activations > rate.activations > 8 * 8 * 16 * 4 * 8


class Machine:
    """A clock that goes on as networks compute: so many seconds an image, threefold where it is trained."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, image: float) -> None:
        self.now, self.image, self.longest = 0.0, image, 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def watch(self, trainer: Trainer) -> None:
        for denoiser, times in ((trainer.model.denoiser, 3), (trainer.average, 1)):
            denoiser.register_forward_hook(
                lambda module, arguments, found, times=times: self.compute(len(found) * times)
            )

    def compute(self, images: int) -> None:
        self.now += images * self.image / 3


@pytest.mark.parametrize("held_out", [0.0, 0.3])
@pytest.mark.parametrize("steps", [1.5, 4.0, 25.0, 70.0])
def test_a_budget_in_minutes_holds_previews_evaluations_and_saving(
    steps: float, held_out: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, batch = 0.5, 16
    machine = Machine(monkeypatch, image)
    config = TrainingConfig("blobs", minutes=steps * batch * image / 60, batch=batch, held_out=held_out)
    trainer = start_run(tmp_path / "run", blobs(), fit_looks(config, TINY, 18, image), TINY, CPU)
    machine.watch(trainer)
    events = list(train(tmp_path / "run", trainer))
    budget, step = 60 * (config.minutes or 0), batch * image
    assert machine.now <= max(1.1 * budget, budget + step)
    assert trainer.step * step >= 0.7 * budget - step
    assert sum(isinstance(event, Saved) for event in events) >= 1
    looks = [event for event in events if isinstance(event, Preview)]
    assert len(looks) == len({look.step for look in looks}) == trainer.config.keeping.previews
    assert any(isinstance(event, Judged) for event in events) == bool(held_out and trainer.config.keeping.evaluated)
    assert training_config(tmp_path / "run") == trainer.config
    assert trainer.fraction == 1 and trainer.config.budget.spent(trainer.images, trainer.seconds) == 1
    first = next(event for event in events if isinstance(event, Progress))
    assert first.learning_rate > 0, "the first step learns, also where it is the only one"


def test_a_run_trains_however_long_its_planning_took(tmp_path: Path) -> None:
    config = TrainingConfig("blobs", minutes=0.01, batch=8, held_out=0.0, previews=0)
    trainer = start_run(tmp_path / "run", blobs(), config, TINY, CPU, spent=1000.0)
    steps = [event for event in train(tmp_path / "run", trainer) if isinstance(event, Progress)]
    assert steps and steps[0].learning_rate > 0


def test_slow_steps_are_told_by_time_and_the_first_checkpoint_comes_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, 0.5)
    config = TrainingConfig("blobs", minutes=40 * 16 * 0.5 / 60, batch=16, previews=0)
    trainer = start_run(tmp_path / "run", blobs(), config, TINY, CPU)
    machine.watch(trainer)
    events = list(train(tmp_path / "run", trainer))
    told = [event.values["seconds"] or 0 for event in events if isinstance(event, Measured)]
    assert max(later - before for before, later in pairwise([0, *told])) <= METRICS_SECONDS + 16 * 0.5
    saved = [16 * 0.5 * event.step for event in events if isinstance(event, Saved)]
    assert FIRST_SAVE < saved[0] <= FIRST_SAVE + 16 * 0.5 and 120 < saved[1] - saved[0] <= 120 + 16 * 0.5


@pytest.mark.parametrize(("minutes", "images", "snapshots"), [(4.0, None, 4), (None, 16 * 40, 8)])
def test_a_short_run_keeps_fewer_snapshots_and_what_it_takes_is_known_before(
    minutes: float | None, images: int | None, snapshots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, 0.5)
    config = TrainingConfig("blobs", minutes=minutes, images=images, batch=16, previews=0)
    trainer = start_run(tmp_path / "run", blobs(), config, TINY, CPU)
    machine.watch(trainer)
    expected = disk_bytes(trainer)
    list(train(tmp_path / "run", trainer))
    assert len(list((tmp_path / "run" / "averages").iterdir())) == snapshots
    kept = sum(path.stat().st_size for path in (tmp_path / "run").rglob("*.safetensors"))
    assert 0.9 * kept < expected < 1.1 * kept


def test_looks_that_turn_out_dearer_are_left_out_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, 0.5)
    config = TrainingConfig("blobs", minutes=40 * 16 * 0.5 / 60, batch=16, previews=8)  # as if nothing were fitted
    trainer = start_run(tmp_path / "run", blobs(), config, TINY, CPU)
    machine.watch(trainer)
    events = list(train(tmp_path / "run", trainer))
    assert machine.now <= 1.1 * 60 * (config.minutes or 0)
    drawn = sum(isinstance(event, Preview) for event in events)
    (said,) = [event.text for event in events if hasattr(event, "text")]
    assert said.startswith(f"{8 - drawn} of 8 previews were left out")


def test_threads_are_chosen_by_what_a_call_takes_and_left_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    with using_threads(2):

        def call(alone: float, together: float) -> Iterator[None]:
            nonlocal now
            while True:
                now += alone if torch.get_num_threads() == 1 else together
                yield

        for alone, together, chosen in ((1.0, 0.6, 2), (1.0, 30.0, 1), (0.95, 1.0, 2)):
            calls = call(alone, together)
            assert fastest_threads(lambda calls=calls: next(calls)) == chosen
            assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 1
    assert fastest_threads(lambda: None) == 1


def test_a_run_computes_with_the_threads_that_it_was_planned_for(tmp_path: Path) -> None:
    with using_threads(2):
        config = TrainingConfig("blobs", images=16 * 4, batch=16, threads=1)
        seen = set()
        for _ in train(tmp_path / "run", start_run(tmp_path / "run", blobs(), config, TINY, CPU)):
            seen.add(torch.get_num_threads())
        assert seen == {1} and torch.get_num_threads() == 2
