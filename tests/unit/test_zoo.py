"""The models that ship: they load by name, draw what was asked for, and say where they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch

import sfumato
from sfumato.data import KINDS, open_dataset
from sfumato.data.captions import first_texts
from sfumato.errors import SfumatoError
from sfumato.evaluation import judge
from sfumato.evaluation.emoji import colour_of, regions, subject
from sfumato.hub import Keyframes
from sfumato.hub.loading import load_codec
from sfumato.hub.zoo import ZOO, load_zoo, save_zoo, ships, zoo_names
from tiny import Command


def test_all_that_are_promised_ship() -> None:
    assert zoo_names() == [
        "avatars", "avatars-student", "digits", "digits-student", "emoji", "emoji-student", "moving-avatars", "points",
    ]  # fmt: skip


@pytest.mark.parametrize("name", zoo_names())
def test_each_is_small_and_has_a_card(name: str) -> None:
    files = {p.name for p in (ZOO / name).iterdir()}
    own = files - {"tokenizer.json", "tuned.json", "codec.safetensors"}
    assert own == {"README.md", "config.json", "model.safetensors"}
    model = load_zoo(name)
    assert ("tokenizer.json" in files) == (model.tokenizer is not None)
    with safetensors.safe_open(ZOO / name / "model.safetensors", "pt") as file:
        base = (file.metadata() or {}).get("base")
    same = bool(base) and model.codec is not None and model.codec.config == load_codec(base).config
    assert ("codec.safetensors" in files) == (model.codec is not None and not same)
    assert model.tuned_steps == [one.steps for one in model.tuned], "to the weights that ship"
    command = "students" if model.config.student else name
    assert f"benchmarks/zoo.py {command}" in (ZOO / name / "README.md").read_text()
    assert sum(p.stat().st_size for p in ZOO.rglob("*.*")) < 40e6


def test_the_digits_are_read_as_asked() -> None:
    labels = [i % 10 for i in range(200)]
    samples = sfumato.load("digits").sample(range(200), labels, batch=200)
    assert judge(samples, torch.tensor(labels), open_dataset("digits")).read_as_asked >= 0.97


@pytest.mark.parametrize(("steps", "least"), [(2, 0.98), (1, 0.97)])
def test_their_student_s_digits_are_read_as_asked_in_two_calls_and_in_one(steps: int, least: float) -> None:
    labels, student = [i % 10 for i in range(200)], sfumato.load("digits-student")
    assert student.config.student and student.config.sampling.steps == 2
    samples = student.sample(range(200), labels, steps=steps, batch=200)
    assert judge(samples, torch.tensor(labels), open_dataset("digits")).read_as_asked >= least


def test_what_a_model_adds_to_one_that_ships_is_kept_in_four_bits_nearly_as_it_is(tmp_path: Path) -> None:
    """A tenth or so of what is added is lost, wherever a row's largest number lies, and a third of the file stays."""
    base, student = load_zoo("points"), load_zoo("points")
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in student.denoiser.net.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    sizes = [
        (save_zoo(f"student-{bits}", student, tmp_path, base="points", bits=bits) / "model.safetensors").stat().st_size
        for bits in (8, 4)
    ]
    assert sizes[1] < 0.7 * sizes[0]
    again = sfumato.load(tmp_path / "student-4")
    apart = zip(*(one.denoiser.net.parameters() for one in (base, student, again)), strict=True)
    assert max(float((found - own).norm() / (own - was).norm()) for was, own, found in apart) < 0.15


def test_the_emojis_student_keeps_tone_and_role_in_two_calls() -> None:
    """In 24 of the held-out captions; benchmarks/few_steps.py asks for all."""
    held, data, model = open_dataset("emoji:held-out"), open_dataset("emoji"), sfumato.load("emoji-student")
    captions = first_texts(held.captions or (), range(0, 93, 4))
    known, pixels = regions(data), data.batch(np.arange(len(data)))[0].flatten(1)
    drawn = model.sample(range(len(captions)), prompts=captions)
    assert model.config.student and model.config.sampling.steps == 2 and model.weights_hash
    read = [known[subject(one)].read(picture) for picture, one in zip(drawn, captions, strict=True)]
    assert sum(one == colour_of(caption) for one, caption in zip(read, captions, strict=True)) >= 0.9 * len(captions)
    near = torch.cdist(drawn.flatten(1), pixels).topk(10, largest=False).indices.tolist()
    of = [subject(one) for one in first_texts(data.captions or (), range(len(data)))]
    right = [subject(one) in {of[row] for row in rows} for rows, one in zip(near, captions, strict=True)]
    assert sum(right) >= 0.9 * len(captions)


def test_the_avatars_student_keeps_colours_in_two_calls_and_in_one() -> None:
    """Of six held-out drawings; benchmarks/few_steps.py asks for more, and for their parts."""
    pytest.importorskip("dicebear")
    from sfumato.data.avatars import COLOUR, colour_word, numbered
    from sfumato.evaluation.avatars import read_options

    avatars, model = list(numbered("sprouts", 6, held=True)), sfumato.load("avatars-student")
    assert model.config.student and model.config.sampling.steps == 2
    for steps in (2, 1):
        drawn = model.sample(range(6), prompts=[one.caption for one in avatars], steps=steps)
        right = []
        for picture, one in zip(drawn, avatars, strict=True):
            pixels = ((picture.clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
            colours = [name for name in one.options if name.endswith(COLOUR)]
            read = read_options("sprouts", one, pixels, colours)
            right += [colour_word(value) == colour_word(one.options[name]) for name, value in read.items() if value]
        assert sum(right) >= 0.9 * len(right) and len(right) >= 12


def test_one_that_adds_to_another_has_its_autoencoder(tmp_path: Path) -> None:
    """Which is kept once, and is its own where it isn't the same."""
    own, base = load_zoo("moving-avatars"), load_zoo("avatars")
    assert own.codec is not None and base.codec is not None
    assert own.codec.config == load_codec("moving-avatars").config
    assert own.codec.config.latents == base.codec.config.latents
    folder = save_zoo("own", base, tmp_path, base="avatars", bits=4)
    assert not (folder / "codec.safetensors").exists() and load_codec(folder).config == base.codec.config
    with torch.no_grad():
        next(base.codec.net.parameters()).add_(1)
    assert (save_zoo("own", base, tmp_path, base="avatars", bits=4) / "codec.safetensors").exists()


def test_a_run_that_starts_from_one_that_adds_to_another_can_be_opened_and_resumed(tmp_path: Path) -> None:
    """It holds the whole autoencoder, and its config says so."""
    how = {"images": 2, "batch": 1, "previews": 0, "held_out": 0.0, "stills": 1.0, "compile": False}
    data = "moving-avatars:sprouts:2"
    run = sfumato.Run.start(tmp_path / "run", data, base="moving-avatars", frames=2, size=128, **how)
    for _ in run.train():
        run.stop()
    again = sfumato.Run.open(tmp_path / "run")
    again.resume()
    list(again.train())
    own, base = again.model().codec, load_codec("moving-avatars")
    assert own is not None and own.config.latents == base.config.latents
    assert all(map(torch.equal, own.net.state_dict().values(), base.net.state_dict().values()))


def test_the_points_lie_on_the_set_that_was_asked_for() -> None:
    model, count = sfumato.load("points"), 200
    assert sum(p.stat().st_size for p in (ZOO / "points").iterdir()) < 0.3e6
    data = open_dataset("points:plane:20000")
    x, labels = data.batch(torch.arange(len(data)))
    assert labels is not None
    drawn = model.sample(range(count * 7), [label for label in range(7) for _ in range(count)], batch=1400)
    for label, own in enumerate(drawn.split(count)):
        real = x[labels == label]
        nearest = torch.cdist(own, real).amin(1)
        usual = torch.cdist(real[:count], real[count:]).amin(1)
        assert nearest.median() < 3 * usual.median(), model.config.classes[label]


def test_a_run_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ships("digits") and not ships("cats")
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits/config.json").write_text("{}")
    assert not ships("digits")


def test_an_unknown_name_lists_them() -> None:
    with pytest.raises(SfumatoError, match="digits"):
        load_zoo("digit")


def test_the_command_line_draws_and_tells_how_to_again(sfumato: Command, tmp_path: Path) -> None:
    told = sfumato("sample", "digits", "--class", 3, "-n", 2)
    assert told.returncode == 0, told.stderr
    again = sfumato("info", tmp_path / "sfumato-digits/samples/3-seed-0001.png")
    assert "sfumato sample digits --class 3" in again.stdout.replace("\n", " ")
    assert sfumato("sample", "digits", "--first", "teleport", "-n", 2).returncode == 0
    told = sfumato("sample", "points", "--class", "moons", "-n", 500)
    assert told.returncode == 0 and (tmp_path / "sfumato-points/samples/points.npy").exists(), told.stderr
    told = sfumato("info", "points")
    assert told.returncode == 0 and "moons" in told.stdout and "ships" in told.stdout, told.stderr


def test_the_avatars_move_as_asked_and_go_on_from_a_frame_that_is_given() -> None:
    """Two of the held-out drawings; benchmarks/moving_avatars.py asks for all."""
    pytest.importorskip("dicebear")
    from sfumato.data.avatars import numbered
    from sfumato.data.moving_avatars import draw_avatar, moving_avatar
    from sfumato.evaluation.moving_avatars import read_action

    model = sfumato.load("moving-avatars")
    avatars = [moving_avatar("sprouts", one) for one in numbered("sprouts", 7, True)]
    hops, spins = avatars[3], avatars[6]
    first = KINDS["clips"].decoded(draw_avatar(spins, 1, 128, 128))[0]
    clips = torch.cat([
        model.sample([3], prompts=hops.captions[0], steps=10),
        model.sample([6], prompts=spins.captions[0], steps=10, edit=Keyframes({0: first})),
    ])  # fmt: skip
    assert clips.shape == (2, 16, 3, 128, 128) and torch.equal(clips[1, 0], first)
    pixels = ((clips.clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
    for one, clip in zip((hops, spins), pixels, strict=True):
        assert read_action(one, clip) == one.action
