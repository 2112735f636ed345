"""The trainer: what a step is, what the budget and the average mean, and that resuming changes nothing."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from sfumato.data import draw_augmentation, open_dataset, order
from sfumato.data.columns import Columns
from sfumato.errors import SfumatoError
from sfumato.hub import load, new_model
from sfumato.hub.checkpoints import saved_in
from sfumato.training import (
    Judged,
    Noted,
    Preview,
    Processes,
    Progress,
    Saved,
    Trainer,
    TrainingConfig,
    model_for,
    resume_run,
    start_run,
    train,
    training_config,
)
from sfumato.training.averages import write_average
from sfumato.training.ema import ema_decay, update_ema
from sfumato.training.loop import NONFINITE_STEPS
from tiny import TINY, blobs, resumes_exactly

CPU = torch.device("cpu")
CONFIG = TrainingConfig("blobs", images=16 * 30, batch=16, previews=3)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    files, _ = trainer.state()
    return {f"{file}/{name}": value.clone() for file, tensors in files.items() for name, value in tensors.items()}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("uncertainty", [False, True])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_resumed_run_equals_uninterrupted_one_bit_for_bit(
    tmp_path: Path, precision: str, uncertainty: bool, optimizer: str
) -> None:
    given = {"precision": precision, "uncertainty": uncertainty, "optimizer": optimizer, "flip": uncertainty}
    config = replace(CONFIG, images=16 * 16, **given)
    model = replace(TINY, net=replace(TINY.net, dropout=0.1))
    resumes_exactly(tmp_path, blobs(), config, model, stop_at=7)
    snapshots = [sorted((tmp_path / name / "averages").iterdir()) for name in ("whole", "halves")]
    assert len(snapshots[0]) == 8
    assert [(p.name, p.read_bytes()) for p in snapshots[0]] == [(p.name, p.read_bytes()) for p in snapshots[1]]
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / name / "metrics.jsonl").open()]
        for name in ("whole", "halves")
    ]
    assert losses[0][-1] == losses[1][-1]


def test_a_run_is_a_function_of_its_config_and_leaves_global_random_state_alone() -> None:
    runs = []
    for _ in range(2):
        torch.manual_seed(5)
        trainer = Trainer(new_model(TINY, seed=3), blobs(), CONFIG)
        list(trainer.steps())
        runs.append(weights(trainer))
        assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(5)))
    assert_same(*runs)


def test_another_seed_is_another_run() -> None:
    losses = [next(Trainer(new_model(TINY), blobs(), replace(CONFIG, seed=seed)).steps()).loss for seed in (0, 1)]
    assert losses[0] != losses[1]


def test_training_lowers_the_loss() -> None:
    trainer = Trainer(new_model(TINY), blobs(), replace(CONFIG, images=16 * 150, learning_rate=3e-3))
    losses = [progress.loss for progress in trainer.steps()]
    assert sum(losses[-30:]) < 0.6 * sum(losses[:30])


def test_learning_rate_warms_up_and_decays_over_the_budget() -> None:
    rates = [p.learning_rate for p in Trainer(new_model(TINY), blobs(), replace(CONFIG, warmup=0.2, decay=0.5)).steps()]
    assert len(rates) == 30
    assert rates[0] < rates[3] < rates[6] == CONFIG.optimizer.learning_rate == rates[14]
    assert rates[16] > rates[20] > rates[29] > 0


def test_power_function_average_is_a_weighted_mean_with_power_weights() -> None:
    """After n steps, step i weighs as ∏(decays after i)·(1 − decay_i), which telescopes to weights summing to 1."""
    generator = torch.Generator().manual_seed(0)
    values = [torch.randn(4, generator=generator, dtype=torch.float64) for _ in range(50)]
    average = [torch.zeros(4, dtype=torch.float64)]
    for step, value in enumerate(values, start=1):
        update_ema(average, [value], ema_decay(step, 6.94))
    shares = []
    for i in range(1, 51):
        share = 1 - ema_decay(i, 6.94)
        for j in range(i + 1, 51):
            share *= ema_decay(j, 6.94)
        shares.append(share)
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares)
    torch.testing.assert_close(average[0], sum(s * v for s, v in zip(shares, values, strict=True)))


def poison(trainer: Trainer, steps: set[int]) -> None:
    """Make the loss of these steps not a number, as a corrupt batch or an overflow would."""
    trainer.model.denoiser.register_forward_hook(
        lambda module, arguments, x0_hat: x0_hat * float("nan") if trainer.step in steps else None
    )


def test_a_non_finite_step_is_skipped_counted_and_never_enters_the_average() -> None:
    trainer = Trainer(new_model(TINY), blobs(), CONFIG)
    poison(trainer, {4})
    for progress in trainer.steps():
        if progress.step == 3:
            before = copy.deepcopy(weights(trainer))
        if progress.step == 4:
            assert_same(before, weights(trainer))
    assert progress.skipped == 1 and progress.step == 30
    assert all(value.isfinite().all() for value in weights(trainer).values())


def test_repeated_non_finite_steps_end_the_run_with_advice() -> None:
    trainer = Trainer(new_model(TINY), blobs(), CONFIG)
    poison(trainer, set(range(5, 30)))
    with pytest.raises(SfumatoError, match=f"for {NONFINITE_STEPS} steps in a row, up to step 14.*lower learning rate"):
        list(trainer.steps())


def test_processes_tell_each_other_all_in_one_message_a_step() -> None:
    class Counted(Processes):
        """The main one of two, the other of which does the same."""

        said: ClassVar[list[str]] = []

        def sum(self, tensor: torch.Tensor) -> torch.Tensor:
            self.said.append("sum")
            return 2 * tensor

        def average(self, values: Sequence[float]) -> list[float]:
            self.said.append("average")
            return [values[0], values[1] / 2, *values[2:]]

    trainer = Trainer(new_model(TINY), blobs(), replace(CONFIG, images=16 * 5), Counted(count=2))
    assert len(list(trainer.steps())) == 5
    assert Counted.said == ["sum", *["average"] * 5]


def test_a_run_that_diverges_says_what_was_looked_at(tmp_path: Path) -> None:
    """Nothing is said of checkpoints but where there is one that was read and found whole."""
    wild = replace(CONFIG, learning_rate=1e30, images=16 * 60, held_out=0.2, previews=12)
    told: list[str] = []
    with pytest.raises(SfumatoError, match=r"10 steps in a row.*lower.*Nothing was saved that could generate"):
        for event in train(tmp_path / "wild", start_run(tmp_path / "wild", blobs(), wild, TINY, CPU)):
            if isinstance(event, Noted):
                told.append(event.text)
            if isinstance(event, Judged):
                assert event.verdict.word == "diverging"
    assert any("samples of the preview hold values that are not finite numbers" in text for text in told), told
    for line in (tmp_path / "wild" / "held_out.jsonl").open():
        json.loads(line, parse_constant=pytest.fail)  # no NaN, which isn't JSON

    saving = replace(CONFIG, save_minutes=1e-9, checkpoints=9)
    trainer = start_run(tmp_path / "late", blobs(), saving, TINY, CPU)
    poison(trainer, set(range(7, 30)))
    with pytest.raises(SfumatoError, match=r"checkpoint-00000006 is intact, and its weights are finite numbers"):
        list(train(tmp_path / "late", trainer))
    steps = [int(path.name.split("-")[1]) for path in saved_in(tmp_path / "late" / "checkpoints")]
    assert steps == [1, 2, 3, 4, 5, 6]  # none of steps that failed


@pytest.mark.parametrize(("rate", "said"), [(30.0, True), (6e-3, False)])
def test_a_loss_that_explodes_and_stays_finite_is_told(tmp_path: Path, rate: float, said: bool) -> None:
    config = replace(CONFIG, learning_rate=rate, optimizer="adamw", held_out=0.2, images=16 * 40)
    told, words = [], []
    for event in train(tmp_path / "run", start_run(tmp_path / "run", blobs(), config, TINY, CPU)):
        told += [event.text] if isinstance(event, Noted) else []
        words += [event.verdict.word] if isinstance(event, Judged) else []
    assert any("the loss is" in text and f"lower learning rate than {rate:g}" in text for text in told) == said, told
    assert ("diverging" in words) == said


def test_a_run_names_its_data_and_says_where_they_changed(tmp_path: Path) -> None:
    """As many pictures, of the same size and classes: noted with both hashes, and losses aren't compared across."""
    config = replace(CONFIG, held_out=0.2)
    stopping = start_run(tmp_path / "run", blobs(), config, TINY, CPU)
    for event in train(tmp_path / "run", stopping):
        if isinstance(event, Judged):
            stopping.stop()
    kept = training_config(tmp_path / "run")
    assert kept.data.fingerprint == blobs().fingerprint()
    again, _ = resume_run(tmp_path / "run", blobs(), kept, CPU)
    assert again.notes == []

    other = blobs()
    other.samples[5] = 255 - other.samples[5]
    again, _ = resume_run(tmp_path / "run", other, kept, CPU)
    (note,) = again.notes
    assert other.fingerprint()[:12] in note and kept.data.fingerprint[:12] in note
    events = list(train(tmp_path / "run", again))
    assert events[0] == Noted(note)
    assert [event.verdict.word for event in events if isinstance(event, Judged)] == ["early", "early"]
    assert training_config(tmp_path / "run").data.fingerprint == other.fingerprint()
    fewer, _ = resume_run(tmp_path / "run", blobs(57), kept, CPU)
    assert "there were 60 samples so far and there are 57 now" in fewer.notes[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"data": "digits"}, r"data \(digits\) is not that of the data set blobs"),
        ({"size": (9, 9)}, r"size \(\(9, 9\)\)"),
        ({"crop": 2}, r"crop \(2\)"),
        ({"columns": Columns(("age",))}, r"columns \(\('age',\)\)"),
    ],
)
def test_a_config_of_other_data_is_refused(tmp_path: Path, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(SfumatoError, match=words):
        start_run(tmp_path / "run", blobs(), replace(CONFIG, **wrong), TINY, CPU)
    assert not (tmp_path / "run").exists()


def test_events_files_and_previews_of_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    events = list(train(folder, start_run(folder, blobs(), CONFIG, TINY, CPU)))
    assert [e.step for e in events if isinstance(e, Progress)] == list(range(1, 31))
    assert [e.step for e in events if isinstance(e, Preview)] == [10, 20, 30]
    assert [e.step for e in events if isinstance(e, Saved)] == [30]
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").open()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert lines[-1]["images"] == 480 and lines[-1]["skipped"] == 0
    assert sorted(p.name for p in (folder / "previews").iterdir()) == [f"step-{n:08d}.png" for n in (10, 20, 30)]
    assert all((folder / "checkpoints" / "checkpoint-00000030" / f).exists() for f in ("ema.safetensors", "state.json"))


def test_another_width_is_made_after_training(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    tracked = Trainer(new_model(TINY), blobs(), replace(CONFIG, ema_widths=(0.08,)))
    list(tracked.steps())
    trainer = start_run(folder, blobs(), CONFIG, TINY, CPU)
    list(train(folder, trainer))
    for width, average in zip(CONFIG.optimizer.ema_widths, trainer.averages, strict=True):
        path, error = write_average(folder, CONFIG, width)
        assert error == 0
        assert_same(dict(load(path).denoiser.named_parameters()), dict(average.named_parameters()))
    (folder / "averages" / "step-00000004.safetensors").write_bytes(b"damaged")  # the others will do
    path, error = write_average(folder, CONFIG, 0.08)
    assert path.name == "width-0.08" and 0 < error < 0.05
    start, model = new_model(TINY, CONFIG.seed).denoiser, load(path)
    flat = [torch.cat([p.flatten() for p in d.parameters()]) for d in (start, tracked.average, model.denoiser)]
    assert (flat[2] - flat[1]).norm() < 0.02 * (flat[1] - flat[0]).norm()
    assert model.source.endswith("width-0.08") and model.sample([0], [1], steps=2).isfinite().all()


def test_an_exponential_average_is_kept_beside_those_of_any_width(tmp_path: Path) -> None:
    """Each is what it is alone; the exponential one generates, a resumed run goes on with all, and widths are made."""
    both = replace(CONFIG, ema_half_life=64.0, ema_beside=True)
    trainer, _ = resumes_exactly(tmp_path, blobs(), both, TINY, 13)
    lone = Trainer(new_model(TINY), blobs(), CONFIG), Trainer(new_model(TINY), blobs(), replace(both, ema_beside=False))
    wanted = [average for one in lone for average in [list(one.steps()), *one.averages][1:]]
    for ours, theirs in zip(trainer.averages, wanted, strict=True):
        assert_same(dict(ours.named_parameters()), dict(theirs.named_parameters()))
    assert_same(dict(load(tmp_path / "whole").denoiser.named_parameters()), dict(wanted[-1].named_parameters()))
    for width, average in zip(CONFIG.optimizer.ema_widths, wanted, strict=False):
        path, error = write_average(tmp_path / "whole", both, width)
        assert error == 0
        assert_same(dict(load(path).denoiser.named_parameters()), dict(average.named_parameters()))
    assert write_average(tmp_path / "whole", both, 0.08)[1] < 0.05


def test_snapshots_of_steps_that_were_lost_are_taken_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for event in train(folder, start_run(folder, blobs(), replace(CONFIG, save_minutes=1e-9), TINY, CPU)):
        if isinstance(event, Saved) and event.step == 12:
            break
    late = folder / "averages" / "step-00000015.safetensors"
    late.write_bytes(b"of a step that was not saved")
    half = late.with_name(f".{late.name}.01234567.part")
    half.write_bytes(b"of a process that was killed")
    trainer, _ = resume_run(folder, blobs(), CONFIG, CPU)
    assert trainer.step == 12 and not late.exists() and not half.exists()
    assert (folder / "averages" / "step-00000008.safetensors").exists()


def test_an_existing_run_is_never_overwritten(tmp_path: Path) -> None:
    start_run(tmp_path / "run", blobs(), CONFIG, TINY, CPU)
    with pytest.raises(SfumatoError, match="already holds a run; `resume` that"):
        start_run(tmp_path / "run", blobs(), CONFIG, TINY, CPU)


def test_checkpoints_whose_config_is_lost_are_not_trained_over(run_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(run_folder, tmp_path / "run")
    (tmp_path / "run" / "config.json").unlink()
    with pytest.raises(SfumatoError, match=r"checkpoints of a run whose config\.json is missing"):
        start_run(tmp_path / "run", blobs(), CONFIG, TINY, CPU)


def test_resuming_on_other_data_is_refused(tmp_path: Path) -> None:
    start_run(tmp_path / "run", blobs(), CONFIG, TINY, CPU)
    with pytest.raises(SfumatoError, match=r"classes are others \(new are hen and gone are cow\)"):
        resume_run(tmp_path / "run", replace(blobs(), classes=("cat", "dog", "hen")), CONFIG, CPU)


@pytest.mark.parametrize("wrong", [{"images": 0}, {"minutes": -1.0}, {"batch": 0}, {"learning_rate": -1e-3}])
def test_budgets_and_rates_must_be_positive(wrong: dict[str, float]) -> None:
    with pytest.raises(SfumatoError, match="must be above 0"):
        replace(CONFIG, **wrong)


def test_a_budget_is_required() -> None:
    with pytest.raises(SfumatoError, match=r"`images` or `minutes`"):
        TrainingConfig("blobs")


def test_describe_measures_the_data() -> None:
    model = model_for(blobs())
    x, _ = blobs().batch(torch.arange(60).numpy())
    assert model.shape == (1, 8, 8) and model.classes == ("cat", "dog", "cow")
    assert model.data_std == pytest.approx(float(x.std()), abs=1e-4)
    flat = replace(blobs(), samples=torch.full((4, 1, 8, 8), 7, dtype=torch.uint8).numpy())
    with pytest.raises(SfumatoError, match="nothing to learn"):
        model_for(flat)


@pytest.mark.parametrize("accumulate", [1, 3])
def test_pictures_are_shown_as_their_place_in_the_stream_says(accumulate: int) -> None:
    dataset = replace(blobs(), crop=2)
    config = replace(CONFIG, flip=True, accumulate=accumulate)
    parts = Trainer(new_model(model_for(dataset, "nano")), dataset, config).draw(4, 300)
    augmentation = draw_augmentation(config.seed, 300, config.batch, flip=True, crop=2)
    assert (
        augmentation.mirrored is not None
        and augmentation.corners is not None
        and 0 < augmentation.mirrored.sum() < config.batch
    )
    shown = torch.cat([part.x0 for part in parts])
    indices = order(len(dataset), config.seed, 300, config.batch)
    for x, index, turned, (top, left) in zip(shown, indices, augmentation.mirrored, augmentation.corners, strict=True):
        seen = dataset.samples[index][:, top : top + 6, left : left + 6]
        assert np.array_equal(((x + 1) * 127.5).round(), seen[..., ::-1] if turned else seen)


def test_points_are_not_mirrored() -> None:
    with pytest.raises(SfumatoError, match="are points, which can't be mirrored"):
        spirals = open_dataset("points:spirals")
        Trainer(new_model(model_for(spirals)), spirals, replace(CONFIG, flip=True))


def test_a_run_that_is_stopped_before_its_first_step_goes_on(tmp_path: Path) -> None:
    cpu = torch.device("cpu")
    trainer = start_run(tmp_path / "run", blobs(), CONFIG, TINY, cpu)
    trainer.stop()
    list(train(tmp_path / "run", trainer))
    again, damaged = resume_run(tmp_path / "run", blobs(), CONFIG, cpu)
    assert again.step == 0 and not damaged


def test_a_run_goes_on_with_its_classes_in_its_own_order(tmp_path: Path) -> None:
    """Versions have sorted classes that are numbers differently; what a label stands for is the run's."""
    data, config = blobs(), replace(CONFIG, images=16 * 4, previews=0)
    again = data.in_class_order(("cow", "dog", "cat"))
    ends = []
    for name, present in (("same", data), ("other", again)):
        trainer = start_run(tmp_path / name, data, replace(config, images=16 * 2), TINY, CPU)
        list(train(tmp_path / name, trainer))
        trainer, _ = resume_run(tmp_path / name, present, config, CPU)
        list(train(tmp_path / name, trainer))
        ends.append(weights(trainer))
    assert_same(*ends)


def test_weights_that_burst_in_the_last_step_are_told(tmp_path: Path) -> None:
    """No loss is taken after the last update, so that it says nothing of it."""
    for rate, told in ((1e30, 1), (1e-3, 0)):
        config = replace(CONFIG, images=16 * 2, previews=0, learning_rate=rate, optimizer="adamw")
        trainer = start_run(tmp_path / str(rate), blobs(), config, TINY, CPU)
        notes = [event.text for event in train(tmp_path / str(rate), trainer) if isinstance(event, Noted)]
        assert sum("the weights have grown to" in words for words in notes) == told


def test_a_run_that_has_spent_its_budget_stays_as_it_is(tmp_path: Path) -> None:
    list(train(tmp_path, start_run(tmp_path, blobs(), replace(CONFIG, images=16, previews=0), TINY, CPU)))
    before = (tmp_path / "config.json").read_bytes()
    resume_run(tmp_path, blobs(30), training_config(tmp_path), CPU)
    assert (tmp_path / "config.json").read_bytes() == before
