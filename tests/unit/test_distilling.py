"""A student of a trained model: a run as any other, whose model walks in a few steps."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import sfumato
from sfumato.cli.distill import distill as command
from sfumato.cli.ema import ema as average
from sfumato.data import picture
from sfumato.diffusion import Consistency, Ends, Level, Objective
from sfumato.distilling import ONWARD, called
from sfumato.errors import SfumatoError
from sfumato.evaluation.features import open_extractor
from sfumato.evaluation.measure import open_reference
from sfumato.evaluation.page import curve_table, write_evaluation
from sfumato.evaluation.record import read_record
from sfumato.evaluation.report import write_training_report
from sfumato.evaluation.tuning import tune
from sfumato.hub import Model, load, new_model
from sfumato.hub.onnx import walk
from sfumato.hub.resolving import resolve
from sfumato.hub.zoo import ZOO
from sfumato.nets.conditions import guidance_range, told_guidance
from sfumato.runs import Run
from sfumato.sampling import ImageNoise
from sfumato.training import Trainer, TrainingConfig, model_for, start_run, train, training_config
from sfumato.training.config import ObjectiveConfig
from sfumato.training.finetuning import Origin
from sfumato.training.students import weights_told
from tiny import TINY, blobs, resumes_exactly

CPU = torch.device("cpu")
CONFIG = TrainingConfig("blobs", images=16 * 6, batch=16, previews=0, consistency=True)
QUICK: Mapping[str, Any] = {"images": 64, "batch": 16, "previews": 1, "data": blobs()}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps, which nothing below changes."""
    place = tmp_path_factory.mktemp("runs") / "blobs"
    config = TrainingConfig("blobs", images=600, batch=20, previews=0, held_out=0.1)
    list(train(place, start_run(place, blobs(), config, TINY, CPU)))
    return place


@pytest.fixture(scope="module")
def student(teacher: Path) -> Path:
    run = sfumato.distill(teacher, steps=2, guidance=1.5, **QUICK)
    assert run.folder == teacher.with_name("blobs-student") and not list(run.folder.glob("checkpoints/step-*"))
    list(run.train())
    return run.folder


def weights(model: Model) -> list[Tensor]:
    return [*model.denoiser.parameters()]


def test_a_student_starts_as_its_teacher_and_is_shown_what_that_was_shown(teacher: Path, student: Path) -> None:
    start, taught, config = load(student / "checkpoints" / "start"), load(teacher), training_config(student)
    assert all(torch.equal(*pair) for pair in zip(weights(start), weights(taught), strict=True))
    assert config.data.held_out == training_config(teacher).data.held_out == 0.1
    assert config.origin is not None and config.origin.weights == taught.weights_hash
    assert config.objective.consistency and config.objective.guidance == 1.5
    assert not (student / "held_out.jsonl").exists(), "by a loss of means a student would seem to grow worse"
    assert any((student / "previews").iterdir())


def test_previews_show_teacher_and_student_from_the_same_seeds(teacher: Path, student: Path) -> None:
    model, settings = load(teacher), {"seeds": range(6), "labels": [0, 1, 2, 0, 1, 2]}
    shown = np.asarray(Image.open(student / "previews" / "teacher.png").convert("L"), int)
    drawn = picture(model.sample(**settings, guidance=1.5), settings["labels"], columns=3)  # type: ignore[arg-type]
    assert abs(shown - np.asarray(drawn.convert("L"), int)).max() <= 1
    (last,) = (student / "previews").glob("step-*.png")
    assert Image.open(last).size == Image.open(student / "previews" / "teacher.png").size
    page = write_training_report(student, load(student), "blobs", "", ()).read_text()
    assert page.index("its teacher</figcaption>") < page.index("<figcaption>step 4</figcaption>")


def test_a_student_is_generated_in_its_steps_and_in_others(student: Path) -> None:
    model = load(student)
    assert model.config.student and model.config.sampling.steps == 2 and model.config.sampling.guidance == 1
    assert model.config.classes == TINY.classes
    two = model.sample([1, 2], "cow")
    assert torch.equal(two, model.sample([1, 2], "cow", steps=2)) and two.shape == (2, 1, 8, 8)
    one = model.sample([1, 2], "cow", steps=1)
    assert not torch.equal(one, two) and bool(one.isfinite().all())
    torch.testing.assert_close(model.sample([2], "cow"), two[1:])  # a picture is one of its seed
    torch.testing.assert_close(one, answered(model, [1, 2], "cow"))
    assert resolve(model.request([3], ["dog"]), model).notes == ()


def answered(model: Model, seeds: list[int], label: str) -> Tensor:
    """What the network answers to noise alone."""
    noise, level = ImageNoise(seeds, model.config.shape)(), model.config.sampling.schedule(1.0)
    with torch.no_grad():
        start = noise * float((level.alpha**2 + level.sigma**2).sqrt())
        return model.denoiser(start, level, model.condition(len(seeds), label))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 1}, "made for 2 steps; in 1 it is rougher"),
        ({"steps": 20}, "in 20 its teacher does better"),
        ({"sampler": "dpm++2m", "steps": 10}, "dpm++2m goes astray"),
        ({"guidance": 3.0}, "has learnt guidance in, at one weight"),
    ],
)
def test_what_to_expect_of_a_student_elsewhere_is_said(student: Path, settings: Any, said: str) -> None:
    model = load(student)
    assert said in " ".join(resolve(model.request([1], "cow", **settings), model).notes)


def test_another_model_is_not_to_be_walked_as_a_student(teacher: Path) -> None:
    model = load(teacher)
    (note,) = resolve(model.request([1], "cow", sampler="LCMScheduler", steps=4), model).notes
    assert "blurs" in note


def test_what_starts_from_a_student_learns_means_again_and_is_sampled_so(student: Path, tmp_path: Path) -> None:
    given = {"images": 32, "batch": 16, "previews": 0, "model.sampling.guidance": 1.5}
    run = Run.start(tmp_path / "again", blobs(), student, **given)
    list(run.train())
    sampling = run.model().config.sampling
    assert (sampling.sampler, sampling.steps, sampling.guidance) == ("dpm++2m", 20, 1.5)
    assert run.trainer is not None and type(run.trainer.objective) is Objective


def test_a_student_is_measured_beside_its_teacher_by_the_same_seeds(student: Path, tmp_path: Path) -> None:
    measured = {"data": blobs(), "count": 24, "features": "pixels", "steps": 1}
    found = sfumato.evaluate(student, curve=[2, 1], **measured)
    own, beside = found.record.curve, found.record.teacher_curve
    assert [point["steps"] for point in own] == [1, 2] and [point["calls"] for point in own] == [1, 2]
    assert [(point["steps"], point["calls"]) for point in beside][-1] == (2, 4), "guidance asks twice a step"
    assert all(point["low"] <= point["sliced_wasserstein"] <= point["high"] for point in (*own, *beside))
    assert all(0 <= point["recall_low"] <= point["recall_high"] <= 1 for point in (*own, *beside))
    assert "guidance 1.5" in " ".join(found.record.notes)
    heads, rows = curve_table(found.record)
    assert heads[:3] == ["steps", "by", "calls"] and rows[-1][:3] == ["2", "teacher", "4"]
    reference = open_reference(blobs(), open_extractor("pixels", blobs()))
    page = next(path for path in write_evaluation(tmp_path, found, reference) if path.name == "report.html").read_text()
    assert "its teacher" in page and ">teacher</td>" in page
    assert read_record(tmp_path / "record.json").teacher_curve == beside


def test_a_student_whose_teacher_was_trained_on_since_is_measured_alone(
    teacher: Path, student: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "student"
    shutil.copytree(student, copied)
    config = json.loads((copied / "config.json").read_text())
    config["training"]["origin"] = {"path": str(teacher), "weights": "0" * 64}
    (copied / "config.json").write_text(json.dumps(config))
    found = sfumato.evaluate(copied, blobs(), count=24, features="pixels", curve=[1], steps=1)
    assert len(found.record.curve) == 1 and found.record.teacher_curve == ()
    assert curve_table(found.record)[0][:2] == ["steps", "calls"]


def test_a_model_folder_that_is_no_run_is_tuned_to_data_that_are_given(tmp_path: Path) -> None:
    shutil.copytree(ZOO / "emoji", tmp_path / "mine")
    with pytest.raises(SfumatoError, match="is no run, whose data would say what to walk to; give `data`"):
        tune(tmp_path / "mine", 4)


def test_a_student_is_neither_tuned_nor_distilled_again(student: Path, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="tune its teacher"):
        tune(student, 4)
    with pytest.raises(SfumatoError, match="distil its teacher"):
        sfumato.distill(student, tmp_path / "again", **QUICK)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 9}, "1 to 8 steps, got 9"),
        ({"steps": 0}, "1 to 8 steps, got 0"),
        ({"closeness": 1.0}, "above 1"),
        ({"guidance": -1.0}, "from 0"),
        ({"guidance": (4.0, 1.0)}, "the smaller first, not 4 and 1"),
        ({"guidance": (1.0, math.inf)}, "a finite number from 0"),
        ({"guidance": (1.0, 4.0), "lora": 2}, "leave a range of `guidance` or `lora` out"),
        ({"uncertainty": True}, "leave one of them out"),
        ({"walked": 4}, "two ways to train a student"),
        ({"method": "walks", "walked": -1}, "walked"),
        ({"drifting": True}, "two ways to train a student"),
        ({"method": "drift"}, "did you mean 'drifting'"),
        ({"method": "drifting", "guidance": 2.0}, "by drifting nothing is guided"),
        ({"data": "nowhere-at-all"}, "nowhere-at-all"),
    ],
)
def test_what_no_student_can_be_is_said_before_any_work(
    teacher: Path, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(SfumatoError, match=said):
        sfumato.distill(teacher, tmp_path / "student", **{**QUICK, **given})
    assert not (tmp_path / "student").exists()


def test_eps_says_nothing_at_pure_noise_and_guidance_needs_a_model() -> None:
    with pytest.raises(SfumatoError, match="parameterization is edm"):
        Trainer(new_model(replace(TINY, parameterization="eps")), blobs(), CONFIG)
    with pytest.raises(SfumatoError, match="say which by `base`"):
        Run.start("nowhere", blobs(), images=64, consistency=True, guidance=2.0)

    with pytest.raises(SfumatoError, match="with `consistency` or `walked` alone"):
        Trainer(new_model(TINY), blobs(), replace(CONFIG, objective=ObjectiveConfig(guidance=2.0)))


def test_guidance_is_learnt_where_there_is_a_condition_alone() -> None:
    """What it adds is that of the weights before the first step, however far the student has gone."""
    model = new_model(TINY)
    before = [weight.clone() for weight in weights(model)]
    trainer = Trainer(model, blobs(), replace(CONFIG, objective=replace(CONFIG.objective, guidance=3.0)))
    objective = trainer.objective
    assert isinstance(objective, Consistency) and objective.guided is not None
    with torch.no_grad():
        for weight in weights(model):
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    x, level, teacher = torch.randn(4, 1, 8, 8), Level.of(1.0, torch.ones(4)), new_model(TINY)
    with torch.no_grad():
        for weight, old in zip(weights(teacher), before, strict=True):
            weight.copy_(old)
        label = torch.tensor([0, 1, 3, 3])
        added = objective.guided(x, level, {"label": label})
        conditional, without = (teacher.denoiser.eval()(x, level, {"label": given}) for given in (label, label * 0 + 3))
    torch.testing.assert_close(added, 2 * (conditional - without), rtol=1e-4, atol=1e-6)
    assert float(added[2:].abs().max()) < 1e-6


def test_of_a_range_of_guidance_a_student_is_told_the_weight_that_it_is_sampled_with(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sfumato.distill(teacher, tmp_path / "student", guidance=(1, 4), **{**QUICK, "images": 160, "previews": 0})
    start, taught = load(run.folder / "checkpoints" / "start"), load(teacher)
    for weight in (1.0, 2.5, 4.0):  # what it is told adds nothing at first
        given = {"label": torch.tensor([0, 1])}
        x, level = torch.randn(2, 1, 8, 8), Level.of(1.0, torch.ones(2))
        told = start.denoiser(x, level, {**given, "guidance": torch.full((2,), weight)})
        assert torch.equal(told, taught.denoiser(x, level, given))
    list(run.train())
    model = load(run.folder)
    assert guidance_range(model.config.conditions) == (1, 4) and model.config.sampling.guidance == 1
    calls = []
    asked = type(model.denoiser).forward
    monkeypatch.setattr(type(model.denoiser), "forward", lambda self, *a: calls.append(a[2]) or asked(self, *a))
    drawn = {weight: model.sample([1, 2], "cow", guidance=weight) for weight in (1.0, 2.5, 4.0)}
    assert len(calls) == 3 * 2, "one call a step, whatever the weight"
    assert calls[2]["guidance"].tolist() == [2.5, 2.5] and not torch.equal(drawn[1.0], drawn[4.0])
    assert torch.equal(model.sample([1, 2], "cow"), drawn[1.0])
    assert not resolve(model.request([1], "cow", guidance=3.0), model).notes
    assert bool(model.sample([1]).isfinite().all()), "and without a class nothing is told"
    told = walk(replace(model.config.sampling, guidance=3.0), model.denoiser.parameterization, told=True)
    assert told["calls"] == 2 and told["sampling"]["guidance"] == 3
    for bad, said in (
        ({"guidance": 4.5}, "learnt guidance from 1 to 4, not 4.5"),
        ({"guidance": 2, "rule": "projected"}, "learnt plain guidance"),
        ({"guidance": 2, "interval": (0.1, 3.0)}, "learnt plain guidance"),
    ):
        with pytest.raises(SfumatoError, match=said):
            model.sample([1], "cow", **bad)


def test_the_weights_that_a_student_is_told_are_drawn_from_the_range_and_some_are_not(tmp_path: Path) -> None:
    config = replace(CONFIG, images=64, batch=400, objective=replace(CONFIG.objective, guidance=(1.0, 4.0)))
    net = replace(TINY.net, conditions=(told_guidance(1.0, 4.0),))
    model = new_model(replace(TINY, net=net, sampling=replace(TINY.sampling, guidance=1.5)))
    trainer = Trainer(model, blobs(), config)
    told = torch.cat([part.cond["guidance"] for part in trainer._draw(3, 0)])
    known = told[~told.isnan()]
    assert 0.03 < float(told.isnan().float().mean()) < 0.2 and len(known) > 300
    assert float(known.min()) >= 1 and float(known.max()) <= 4 and abs(float(known.mean()) - 2.5) < 0.2
    cond = {"guidance": torch.tensor([math.nan, 3.0])}
    weights = weights_told(model, config.objective, cond, torch.zeros(2, 1, 8, 8)).flatten()
    assert weights.tolist() == [1.5, 3.0], "without one it is that of its sampling"
    resumes_exactly(tmp_path, blobs(), replace(config, batch=16), model, stop_at=3)


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_a_stopped_student_goes_on_bit_for_bit(tmp_path: Path, guidance: float) -> None:
    """With guidance too, for which it needs its teacher as that was."""
    model = new_model(TINY)
    model.source, model.weights_hash = "somewhere", "0" * 64
    with torch.no_grad():
        for weight in weights(model):
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    objective = replace(CONFIG.objective, guidance=guidance)
    config = replace(CONFIG, objective=objective, origin=Origin(model.source, model.weights_hash))
    resumes_exactly(tmp_path, blobs(), config, model, stop_at=3)


def test_by_drifting_a_student_learns_from_the_data_alone(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sfumato.distill(teacher, tmp_path / "student", method="drifting", **{**QUICK, "batch": 32})
    list(run.train())
    model, objective = run.model(), run.config.objective
    assert objective.drifting and not objective.consistency and model.config.student
    assert str(model.config.sampling.schedule) == str(objective.schedule), "it walks where it is trained"
    before = load(teacher).sample([1], "cow", sampler="ddim", steps=1)
    assert not torch.allclose(model.sample([1], "cow", steps=1), before, atol=1e-3), "it has moved"
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {"images": 64, "batch": 32, "settings": ["previews=0"]}
    command(Path("points"), method="drifting", steps=1, **given)
    assert load("runs/points-student").config.sampling.steps == 1
    assert " sample runs/points-student" in " ".join(capsys.readouterr().out.split())


def test_a_student_drifts_on_from_what_it_learnt(teacher: Path, student: Path, tmp_path: Path) -> None:
    run = sfumato.distill(student, tmp_path / "on", method="drifting", **{**QUICK, "batch": 32})
    before, start = load(student), load(run.folder / "checkpoints" / "start")
    assert all(torch.equal(*pair) for pair in zip(weights(start), weights(before), strict=True))
    assert run.config.optimizer.learning_rate == ONWARD
    list(run.train())
    model = run.model()
    assert model.config.student and str(model.config.sampling.schedule) == str(before.config.sampling.schedule)
    assert not torch.equal(weights(model)[0], weights(before)[0])
    average(run.folder, start=0.25)
    found_between = load(run.folder / "averages" / "width-0.1-start-0.25")
    for one, now, was in zip(weights(found_between), weights(model), weights(before), strict=True):
        torch.testing.assert_close(one, 0.75 * now + 0.25 * was)
    with pytest.raises(SfumatoError, match="began from no other model"):
        average(teacher, start=0.5)
    with pytest.raises(SfumatoError, match="from 0 to below 1, got 1"):
        average(run.folder, start=1.0)
    with pytest.raises(SfumatoError, match="say of which --width"):
        average(run.folder)
    found = sfumato.evaluate(run.folder, blobs(), count=24, features="pixels", curve=[2], steps=1).record
    assert [point["calls"] for point in found.teacher_curve] == [4], "beside the teacher, under its guidance of 1.5"
    assert called("photos") == "photos-student" and called("photos-student") == "photos-student-drifted"
    told = new_model(replace(before.config, net=replace(TINY.net, conditions=(told_guidance(1.0, 4.0),))))
    with pytest.raises(SfumatoError, match="is told the weight of guidance"):
        sfumato.distill(told, tmp_path / "told", method="drifting", **QUICK)


def test_by_walks_a_student_learns_where_its_teachers_walks_end(teacher: Path, tmp_path: Path) -> None:
    """At the levels that its own walk visits: from noise, as the teacher walks from the same seeds."""
    run = sfumato.distill(teacher, tmp_path / "student", method="walks", guidance=2.0, walked=5, **QUICK)
    assert run.trainer is not None
    objective, model = run.trainer.objective, load(teacher)
    assert isinstance(objective, Ends) and objective.end is not None and (objective.steps, objective.walked) == (2, 5)
    noise, level = ImageNoise([1, 2], (1, 8, 8))(), objective.schedule(torch.tensor(1.0))
    end = objective.end(noise, level, {"label": torch.tensor([0, 2])}, 5)
    how: dict[str, Any] = {"sampler": "dpm++2m", "grid": "trailing", "schedule": "flow", "steps": 5, "guidance": 2.0}
    torch.testing.assert_close(end, model.sample([1, 2], [0, 2], **how), rtol=1e-4, atol=1e-5)
    list(run.train())
    student = run.model()
    assert student.config.student and str(student.config.sampling.schedule) == str(run.config.objective.schedule)
    given: dict[str, Any] = {"labels": [0, 1, 2, 0], "steps": 1}
    apart = [
        (one.sample(range(4), **given) - model.sample(range(4), labels=given["labels"], **how)).square().mean()
        for one in (student, load(run.folder / "checkpoints" / "start"))
    ]
    assert apart[0] < apart[1], "and comes nearer to it"


@pytest.mark.parametrize("guidance", [1.0, (1.0, 3.0)])
def test_a_student_by_walks_goes_on_bit_for_bit(tmp_path: Path, guidance: Any) -> None:
    net = TINY.net if guidance == 1 else replace(TINY.net, conditions=(told_guidance(1.0, 3.0),))
    model = new_model(replace(TINY, net=net, sampling=replace(TINY.sampling, steps=2)))
    model.source, model.weights_hash = "somewhere", "0" * 64
    objective = ObjectiveConfig(walked=2, schedule="flow", guidance=guidance)
    config = replace(CONFIG, objective=objective, origin=Origin(model.source, model.weights_hash))
    resumes_exactly(tmp_path, blobs(), config, model, stop_at=3)


def test_a_student_that_drifts_goes_on_bit_for_bit(tmp_path: Path) -> None:
    model = new_model(replace(TINY, sampling=replace(TINY.sampling, steps=2)))
    objective = ObjectiveConfig(drifting=True, schedule="flow")
    resumes_exactly(tmp_path, blobs(), replace(CONFIG, objective=objective), model, stop_at=3)


def test_of_prompts_there_are_too_few_of_each_to_drift() -> None:
    data = replace(blobs(), captions=["a cat", "a dog", "a cow"] * (len(blobs()) // 3))
    with pytest.raises(SfumatoError, match="learn by consistency, or from walks"):
        config = replace(CONFIG, objective=ObjectiveConfig(drifting=True))
        Trainer(new_model(model_for(data, "nano")), data, config)


def test_of_adapters_the_start_stays_and_the_sum_walks(teacher: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    run = sfumato.distill(teacher, tmp_path / "student", lora=2, guidance=1.5, **QUICK)
    list(run.train())
    model = run.model()
    assert model.config.student and bool(model.sample([1], "cow").isfinite().all())
    assert (tmp_path / "student" / "adapter").is_dir()


def test_of_a_teacher_in_latents_that_reads_prompts_it_is_a_student_in_latents_that_does(tmp_path: Path) -> None:
    words = ["a cat", "a dog", "a cow"]
    data = replace(blobs(), captions=[words[number % 3] for number in range(len(blobs()))])
    given: dict[str, Any] = {"images": 64, "batch": 16, "previews": 1}
    eyes: dict[str, Any] = {"latent": True, "factor": 2, "perceptual": 0.0, "critic_from": 0.9}
    run = Run.start(tmp_path / "latent", data, net="nano", **eyes, **given)
    list(run.train())
    student = sfumato.distill(tmp_path / "latent", steps=2, guidance=2.0, data=data, **given)
    list(student.train())
    teacher, model = load(tmp_path / "latent"), student.model()
    assert model.codec is not None and teacher.codec is not None
    assert model.codec.config == teacher.codec.config and model.config.shape == teacher.config.shape
    one, other = (model.sample([1], prompts=prompt) for prompt in ("a cat", "a cow"))
    assert one.shape == (1, 1, 8, 8) and bool(one.isfinite().all()) and not torch.equal(one, other)
    assert (student.folder / "previews" / "teacher.png").exists()


def test_slices_and_the_whole_batch_learn_the_same(teacher: Path) -> None:
    steps = []
    for slices in (1, 4):
        trainer = Trainer(new_model(TINY), blobs(), replace(CONFIG, machine=replace(CONFIG.machine, accumulate=slices)))
        steps.append([progress.loss for progress in islice(trainer.steps(), 3)])
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-4)


def test_the_command_keeps_the_student_beside_its_teacher(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {"images": 64, "batch": 32, "settings": ["previews=0"]}
    for _ in range(2):
        command(Path("points"), **given)
    out = " ".join(capsys.readouterr().out.split())
    assert "runs/points-student-2" in out and "sfumato sample runs/points-student" in out
    model, config = load("runs/points-student"), training_config(tmp_path / "runs" / "points-student")
    assert model.config.student and model.config.sampling.steps == 2
    assert (config.data.source, config.objective.guidance) == ("points:plane", 1.0)
    others: dict[str, Any] = {
        "minutes": 0.02,
        "learning_rate": 1e-3,
        "seed": 3,
        "data": "points:moons",
        "guidance": "2",
    }
    command(Path("points"), **given, **others, steps=1, name="one", out=Path("kept"))
    config = training_config(tmp_path / "kept" / "one")
    assert load("kept/one").config.sampling.steps == 1 and config.data.source == "points:moons"
    assert (config.minutes, config.optimizer.learning_rate, config.seed) == (0.02, 1e-3, 3)
    assert config.objective.guidance == 2
    for text in ("much", "1-2-3"):
        with pytest.raises(SfumatoError, match=f"a range of them such as 1-4, not '{text}'"):
            command(Path("points"), **given, guidance=text)
    with pytest.raises(SfumatoError, match="can't be told 'guidance'; give one weight"):
        command(Path("points"), **given, guidance="1-4", name="told")
