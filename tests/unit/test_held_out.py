"""Samples that training never sees: which they are, what they are measured for, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.data import around, hold_out, order
from sfumato.data.order import MAX_HELD_OUT, MIN_HELD_OUT
from sfumato.errors import SfumatoError
from sfumato.hub import new_model
from sfumato.training import (
    Evaluation,
    Judged,
    Trainer,
    TrainingConfig,
    judge_run,
    read_evaluations,
    resume_run,
    start_run,
    train,
    training_config,
)
from sfumato.training.held_out import evaluate
from tiny import TINY, blobs

CPU = torch.device("cpu")
CONFIG = TrainingConfig("blobs", images=16 * 30, batch=16, previews=3, held_out=0.2)


@given(st.integers(1, 5000), st.floats(0, 0.5))
def test_every_sample_is_either_held_out_or_trained_on(count: int, share: float) -> None:
    held = hold_out(count, share)
    assert len(held) == 0 or MIN_HELD_OUT <= len(held) <= min(MAX_HELD_OUT, count * share)
    rest = around(held, np.arange(count - len(held)))
    assert sorted([*held, *rest]) == list(range(count))
    assert np.all(np.diff(held) > 0) and np.all(np.diff(rest) > 0)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.floats(0, 0.5), st.randoms(use_true_random=False))
def test_of_each_class_as_much_is_held_out_and_never_its_only_sample(
    sizes: list[int], share: float, random: Random
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    random.shuffle(labels)
    held = hold_out(len(labels), share, labels)
    assert np.array_equal(held, hold_out(len(labels), share, labels.copy()))
    assert np.all(np.diff(held) > 0)
    own = np.bincount(labels[held], minlength=len(sizes))
    shared = sum(size for size in sizes if size > 1)
    assert len(held) in (0, int(shared * share)) and (len(held) or int(shared * share) < MIN_HELD_OUT)
    for size, number in zip(sizes, own, strict=True):
        assert number == 0 or (number < size and abs(number - size * len(held) / shared) < 1)


def test_classes_of_one_picture_are_all_learnt_and_offered() -> None:
    labels = np.arange(160)
    assert len(hold_out(160, 0.05)) == 8, "blind to classes, eight would be lost"
    assert len(hold_out(160, 0.05, labels)) == 0
    twice = np.repeat(labels, 2)
    held = hold_out(320, 0.05, twice)
    assert len(held) == 16 and len(set(twice[np.setdiff1d(np.arange(320), held)])) == 160


def test_a_run_of_before_keeps_what_it_held_out(tmp_path: Path) -> None:
    trainer = start_run(tmp_path / "run", blobs(), CONFIG, TINY, CPU)
    list(train(tmp_path / "run", trainer))
    labels = blobs().labels
    assert (
        np.array_equal(trainer.held, hold_out(60, 0.2, labels)) and training_config(tmp_path / "run") == trainer.config
    )
    path = tmp_path / "run" / "config.json"
    content = json.loads(path.read_text())
    assert content["training"]["data"]["split"] == "within classes"
    names = ("images", "minutes", "batch")
    content["training"] = {"data": "blobs", "held_out": 0.2, "previews": 3} | {n: content["training"][n] for n in names}
    path.write_text(json.dumps(content))
    for more in (16, 32):  # and says so from then on
        config = replace(training_config(tmp_path / "run"), images=16 * 30 + more)
        again, _ = resume_run(tmp_path / "run", blobs(), config, CPU)
        assert np.array_equal(again.held, hold_out(60, 0.2)) and not np.array_equal(again.held, trainer.held)
    assert json.loads(path.read_text())["training"]["data"]["split"] == "over all"


def test_classes_that_a_run_of_before_held_out_whole_are_named() -> None:
    lost = hold_out(160, 0.05)
    pictures = replace(blobs(160), labels=np.arange(160), classes=tuple(f"one {i}" for i in range(160)))
    model = replace(TINY, classes=pictures.classes, net=replace(TINY.net, classes=160))
    before = Trainer(new_model(model), pictures, replace(CONFIG, held_out=0.05, split="over all"))
    assert before.notes[0].startswith("nothing is learnt of ") and all(f"one {i}" in before.notes[0] for i in lost)
    assert Trainer(new_model(model), pictures, replace(CONFIG, held_out=0.05)).notes == []


def test_a_large_set_holds_out_a_thousand_and_a_tiny_one_nothing() -> None:
    assert len(hold_out(1_000_000, 0.05)) == MAX_HELD_OUT
    assert len(hold_out(100, 0.05)) == 0


def test_training_never_sees_what_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:

    trainer = Trainer(new_model(TINY), blobs(), CONFIG)
    seen: set[int] = set()
    asked = trainer.dataset.batch
    object.__setattr__(trainer.dataset, "batch", lambda rows, *how: seen.update(rows.tolist()) or asked(rows, *how))
    for _ in trainer.steps():
        pass
    assert len(trainer.held) == 12
    assert seen == set(range(60)) - set(trainer.held.tolist())


def test_measuring_repeats_and_changes_nothing_of_the_run(tmp_path: Path) -> None:
    judged = start_run(tmp_path / "judged", blobs(), CONFIG, TINY, CPU)
    events = list(train(tmp_path / "judged", judged))
    once = evaluate(judged)
    assert once == evaluate(judged) == read_evaluations(tmp_path / "judged")[-1]
    assert once == [event for event in events if isinstance(event, Judged)][-1].evaluation
    assert once is not None and np.shape(once.held_out) == np.shape(once.trained) == (4, 12)
    assert sorted(once.sigmas) == list(once.sigmas)

    unjudged = Trainer(start_run(tmp_path / "other", blobs(), CONFIG, TINY, CPU).model, blobs(), CONFIG)
    for _ in unjudged.steps():
        pass
    for one, other in zip(judged.average.parameters(), unjudged.average.parameters(), strict=True):
        assert torch.equal(one, other)


def test_resumed_run_has_the_same_evaluations(tmp_path: Path) -> None:
    list(train(tmp_path / "whole", start_run(tmp_path / "whole", blobs(), CONFIG, TINY, CPU)))
    halves = start_run(tmp_path / "halves", blobs(), CONFIG, TINY, CPU)
    for event in train(tmp_path / "halves", halves):
        if isinstance(event, Judged):
            halves.stop()
    with (tmp_path / "halves" / "held_out.jsonl").open("a") as file:  # of steps that a killed run had not saved
        file.write(json.dumps({"step": 29, "images": 1}) + "\n")
    again, _ = resume_run(tmp_path / "halves", blobs(), CONFIG, CPU)
    list(train(tmp_path / "halves", again))
    assert len(read_evaluations(tmp_path / "whole")) == 3
    assert read_evaluations(tmp_path / "whole") == read_evaluations(tmp_path / "halves")


def test_two_processes_measure_what_one_does() -> None:
    from sfumato.training.processes import Processes

    class Half(Processes):
        """Adds up what two ranks hand in, one after the other."""

        parts: ClassVar[list[torch.Tensor]] = []

        def sum(self, tensor: torch.Tensor) -> torch.Tensor:
            self.parts.append(tensor)
            return torch.stack(self.parts).sum(0)

    trainer = Trainer(new_model(TINY), blobs(), CONFIG)
    whole = evaluate(trainer)
    for rank in (0, 1):
        trainer.processes = Half(count=2, rank=rank)
        shared = evaluate(trainer)
    assert whole is not None and shared is not None
    np.testing.assert_allclose(shared.held_out, whole.held_out, rtol=1e-4)
    np.testing.assert_allclose(shared.trained, whole.trained, rtol=1e-4)


def test_without_enough_samples_nothing_is_measured() -> None:

    assert evaluate(Trainer(new_model(TINY), blobs(), replace(CONFIG, held_out=0.1))) is None


def made_up(held: list[float], trained: list[float], noise: float = 0.002) -> list[Evaluation]:
    """Evaluations whose losses fall or rise as told, each sample with a difficulty of its own and some noise."""
    rng = np.random.default_rng(0)
    difficulty = rng.lognormal(0, 0.5, (2, 4, 64))
    found = []
    for step, factors in enumerate(zip(held, trained, strict=True), start=1):
        losses = difficulty * np.array(factors)[:, None, None] * rng.lognormal(0, noise, (2, 4, 64))
        both = [tuple(tuple(map(float, row)) for row in kind) for kind in losses]
        found.append(Evaluation(step * 100, step * 1600, (0.1, 0.2, 0.5, 1.0), *both))
    return found


@pytest.mark.parametrize(
    ("held", "trained", "word", "says"),
    [
        ([1.0, 0.9], [1.0, 0.9], "early", "too early"),
        ([1.0, 0.8, 0.7, 0.65], [1.0, 0.8, 0.7, 0.65], "improving", "improving: held-out loss -18.8%"),
        ([1.0, 0.8, 0.8, 0.8], [1.0, 0.8, 0.8, 0.8], "flat", "flat"),
        ([1.0, 0.8, 0.8, 0.8], [1.0, 0.8, 0.7, 0.6], "memorising", "memorising"),
        ([1.0, 0.7, 0.8, 1.1], [1.0, 0.7, 0.6, 0.5], "memorising", "best at step 200"),
        ([1.0, 0.8, 0.7, 0.65], [1.0, 0.7, 0.55, 0.45], "improving", "begins to memorise"),
    ],
)
def test_the_verdict_is_what_the_losses_say(held: list[float], trained: list[float], word: str, says: str) -> None:
    verdict = judge_run(made_up(held, trained))
    assert verdict.word == word
    assert says in verdict.sentence


@pytest.mark.parametrize(("share", "least"), [(1.0, 1600 * 4 + 1), (0.2, 60), (1.0, 1600 * 4), (0.2, 0)])
def test_nothing_is_said_before_an_epoch_and_a_hundred_steps(share: float, least: int) -> None:
    learning = [
        replace(one, step=int(one.step * share), least=least) for one in made_up([1.0, 0.8, 0.8, 0.8], [1.0] * 4)
    ]
    last = learning[-1]
    early = last.step < 100 or last.images < least
    assert (judge_run(learning).word == "early") == early
    assert ("More time" in judge_run(learning).sentence) == (last.images < least)
    worse = replace(last, held_out=tuple(tuple(1e3 * loss for loss in row) for row in last.held_out))
    assert judge_run([*learning[:-1], worse]).word == "diverging"  # which is said at any time


def test_what_noise_explains_is_not_said() -> None:
    verdict = judge_run(made_up([1.0, 0.8, 0.8, 0.79], [1.0, 0.8, 0.8, 0.77], noise=0.5))
    assert verdict.word == "flat"


def test_a_network_that_learns_few_pictures_by_heart_is_found_out(tmp_path: Path) -> None:
    words = {}
    for count in (40, 600):
        config = TrainingConfig("blobs", images=6_000, batch=32, held_out=0.5, previews=6, decay=0.0)
        run = start_run(tmp_path / str(count), blobs(count), config, TINY, CPU)
        words[count] = [one.verdict.word for one in train(tmp_path / str(count), run) if isinstance(one, Judged)][-1]
    assert words == {40: "memorising", 600: "improving"}


def test_a_share_that_cannot_be_is_refused() -> None:
    with pytest.raises(SfumatoError, match=r"between 0 and 0\.5, got 0\.7"):
        replace(CONFIG, held_out=0.7)


def test_order_without_held_out_samples_is_what_it_was() -> None:
    places = order(60, 3, 100, 500)
    assert np.array_equal(around(hold_out(60, 0.0), places), places)
