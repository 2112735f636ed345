"""A model with a tuned walk: how it then samples, what pictures and exports carry, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from sfumato.cli.tune import tune as command
from sfumato.diffusion import Cosine
from sfumato.errors import SfumatoError
from sfumato.evaluation import tuning
from sfumato.evaluation.tuning import Found, tune
from sfumato.hub import Model, SamplingConfig, load
from sfumato.hub.onnx import walk as walk_data
from sfumato.hub.record import By, facts
from sfumato.hub.request import read_request
from sfumato.hub.resolving import resolve
from sfumato.hub.tuned import TUNED, read_tuned, write_tuned
from sfumato.lesson.grids import grids_of
from sfumato.sampling import Edit, ImageNoise
from sfumato.sampling.program import Arrive, Ask, Program, run
from sfumato.sampling.tuned import Tuned
from sfumato.training import TrainingConfig, start_run, train
from tiny import TINY, blobs


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TAUGHT": 24, "HELD_OUT": 24, "WHOLE": 8, "ITERATIONS": 6, "BATCH": 8}.items():
        monkeypatch.setattr(tuning, name, value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps, which nothing below changes."""
    place = tmp_path_factory.mktemp("runs") / "blobs"
    trainer = start_run(place, blobs(), TrainingConfig("blobs", images=600, batch=20), TINY, torch.device("cpu"))
    list(train(place, trainer))
    return place


@pytest.fixture
def tuned(folder: Path) -> Iterator[tuple[Path, SamplingConfig]]:
    """The run, and a walk of it in 4 steps that nobody has learnt."""
    model = load(folder)
    levels = ((1.0, 80.0), (1.0, 2.0), (1.0, 0.6), (1.0, 0.2), (1.0, 0.0))
    added = tuple(tuple(0.01 * (k - j) for j in range(k + 2)) for k in range(4))
    walk = replace(model.config.sampling, sampler="ipndm3", steps=4, tuned=Tuned(model.weights_hash, levels, added))
    yield folder, walk
    (folder / TUNED).unlink(missing_ok=True)


def test_tuned_again_from_the_start_gives_the_same_bits(folder: Path) -> None:
    """Whatever is tuned beside it: so a tuning that was killed is begun anew and nothing is lost."""
    first, second = (tune(load(folder), steps, iterations=2) for steps in ([2, 3], [3]))
    assert first[1] == second[0]
    assert first[0].tuned.tuned is not None and first[0].tuned.tuned.steps == 2


@pytest.mark.parametrize("better", [True, False])
def test_a_call_in_python_tunes_and_keeps_what_is_better(
    folder: Path, better: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the run where it is named, and in the model where that is given; of a number of steps the one for those."""
    monkeypatch.setattr(Found, "better", property(lambda self: better))
    model, done = load(folder), list[tuple[str, int, int]]()
    (found,) = tune(model, 3, iterations=2, progress=lambda *step: done.append(step))
    tune(model, [2, 3], iterations=1)
    assert model.tuned_steps == ([2, 3] if better else []) and len(model.tuned) == 2 * better
    assert not (folder / TUNED).exists() and done[-1] == ("3 steps", 2, 2)
    assert tune(next((folder / "checkpoints").iterdir()), 3, iterations=2) == (found,)
    assert read_tuned(folder) == load(folder).tuned == ((found.tuned,) if better else ())
    (folder / TUNED).unlink(missing_ok=True)
    with pytest.raises(SfumatoError, match="ships with the package"):
        tune("digits", 4)


def test_a_tuned_walk_is_how_the_model_walks_in_so_many_steps(tuned: tuple[Path, SamplingConfig]) -> None:
    folder, walk = tuned
    plain = load(folder).sample([1, 2], [0, 1], steps=4)
    write_tuned(folder, [walk])
    model = load(folder)
    assert model.tuned == read_tuned(folder) == (walk,)
    assert model.settle(True, steps=4) == walk and model.tuned_steps == [4]
    ours = model.sample([1, 2], [0, 1], steps=4)
    assert torch.equal(ours, model.sample([1, 2], [0, 1], walk)) and not torch.equal(ours, plain)
    for given in ({"sampler": "dpm++2m"}, {"grid": model.config.sampling.grid}):
        assert torch.equal(model.sample([1, 2], [0, 1], steps=4, **given), plain), "who says how walks so"
    assert model.settle(True, steps=5).tuned is None is model.settle(True, steps=4, guidance=2.0).tuned
    (note,) = resolve(model.request([1], [0], steps=4), model).notes
    assert "tuned" in note
    half = model.sample([1], [0], steps=4, edit=Edit(torch.zeros(1, 8, 8), 0.5))
    assert half.isfinite().all(), "a picture to begin with is walked from plainly"
    with pytest.raises(SfumatoError, match="begins with noise"):
        model.sample([1], [0], walk, edit=Edit(torch.zeros(1, 8, 8), 0.5))


def test_pictures_and_exports_carry_it(tuned: tuple[Path, SamplingConfig]) -> None:
    folder, walk = tuned
    write_tuned(folder, [walk])
    model = load(folder)
    request = model.request([3], [1], steps=4)
    about = facts(By(model), request)
    assert read_request(about["request"]) == request and request.sampling == walk
    assert "tuned" in about and not {"grid", "schedule"} & about.keys()
    assert "--steps 4" in about["command"] and "--sampler" not in about["command"] and "--grid" not in about["command"]
    data = walk_data(walk, model.denoiser.parameterization)
    assert data["calls"] == 4
    lines = [
        Ask(tuple(map(tuple, line["ask"])), line["alpha"], line["sigma"])
        if "ask" in line
        else Arrive(tuple(map(tuple, line["arrive"])))
        for line in data["lines"]
    ]
    noise = ImageNoise([3], model.config.shape)
    with torch.no_grad():
        *_, end = run(Program(data["scale"], tuple(lines)), model.denoiser, noise, model.condition(1, [1]))
    torch.testing.assert_close(end, model.sample([3], [1], steps=4), rtol=0, atol=1e-4)


def test_the_walk_of_other_weights_is_not_taken(tuned: tuple[Path, SamplingConfig]) -> None:
    folder, walk = tuned
    write_tuned(folder, [walk])
    other = load(folder, "raw")
    assert other.settle(True, steps=4).tuned is None
    notes = resolve(other.request([1], [0], steps=4), other).notes
    assert any("other weights" in note and "tune again" in note for note in notes)
    with pytest.raises(SfumatoError, match="tuned to other weights"):
        other.sample([1], [0], walk)
    assert walk.tuned is not None
    own = replace(walk, tuned=replace(walk.tuned, weights=other.weights_hash))
    write_tuned(folder, [own])
    assert read_tuned(folder) == (own,), "one walk for the same settings"
    shorter = Tuned(walk.tuned.weights, walk.tuned.levels[:-2] + walk.tuned.levels[-1:])
    other_steps = replace(walk, sampler="ddim", steps=3, tuned=shorter)
    write_tuned(folder, [other_steps])
    assert read_tuned(folder) == (other_steps, own), "and one for each other number of steps"
    for content, said in (("{", r"tuned\.json can't be read"), ('{"walks": [{"sampler": "ddim"}]}', "isn't tuned")):
        (folder / TUNED).write_text(content)
        with pytest.raises(SfumatoError, match=said):
            load(folder)


@pytest.mark.parametrize("better", [True, False])
def test_held_out_seeds_decide_what_the_command_keeps(
    folder: Path, better: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice gives the same file; where nothing ends nearer, none is written."""
    monkeypatch.setattr(Found, "better", property(lambda self: better))
    monkeypatch.setattr("sfumato.cli.tune.tuning", partial(tuning.tuning, iterations=2))
    contents = []
    for _ in range(2):
        command(folder, steps="2")
        out = capsys.readouterr().out
        assert ("kept" if better else "Nothing was changed.") in out
        contents.append((folder / TUNED).read_bytes() if (folder / TUNED).exists() else None)
    assert contents[0] == contents[1] and (contents[0] is not None) == better
    (folder / TUNED).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["digits"], "ships with the package"),
        (["RUN", "steps", "40"], "at least 2 steps and at most 20"),
        (["RUN", "steps", "4,1"], "at least 2 steps and at most 20"),
        (["RUN", "steps", "none"], "such as 20"),
    ],
)
def test_what_can_t_be_tuned_is_said_before_any_work(folder: Path, words: list[str], said: str) -> None:
    words = [str(folder) if word == "RUN" else word for word in words]
    with pytest.raises(SfumatoError, match=said):
        command(Path(words[0]), **dict([words[1:]] if words[1:] else []))
    assert not (folder / TUNED).exists()


def test_what_contradicts_a_tuned_walk_is_refused(folder: Path) -> None:
    walk = Tuned("", ((1.0, 9.0), (1.0, 1.0), (1.0, 0.0)))
    SamplingConfig("ddim", 2, tuned=walk)
    with pytest.raises(SfumatoError, match="tuned in 2 steps"):
        SamplingConfig("ddim", 3, tuned=walk)
    for row in ("heun", "ddpm"):
        with pytest.raises(SfumatoError, match="leave `tuned` out"):
            SamplingConfig(row, 2, tuned=walk)
    model = load(folder)
    first = Model(replace(model.config, sampling=SamplingConfig(first="teleport")), model.denoiser)
    with pytest.raises(SfumatoError, match="'teleport'"):
        tune(first, 4)
    for steps, said in (([], "`steps` is empty"), (40, "2 to 20 steps, got 40; its teacher takes 40")):
        with pytest.raises(SfumatoError, match=said):
            tune(model, steps)


def test_the_lesson_shows_the_digits_own_walk_and_the_tuned_one_which_leaves_the_noise_sooner() -> None:
    model = load("digits")
    found = grids_of(model, ((-1.0, 1), (1.0, 1)), 0.1)
    assert sorted(found) == ["4", "6", "8"]
    for steps, walks in found.items():
        for times in walks.values():
            assert len(times) == int(steps) + 1 and times[-1] == 0 and times == sorted(times, reverse=True)
        assert all(tuned < own for own, tuned in zip(walks["own"][:-1], walks["tuned"][:-1], strict=True))
        assert sum(t < 0.2 for t in walks["tuned"]) > sum(t < 0.2 for t in walks["own"])
    ratio = model.settle(True, steps=4).tuned.grid.ratio[1]  # type: ignore[union-attr]
    here = Cosine()(torch.tensor(found["4"]["tuned"][1])).ratio
    assert float(here / ratio) == pytest.approx(1.01**0.5 / model.config.data_std, rel=1e-3), "as deep in noise"
