"""Diffusion in latents: what is cached of them, a run from its start to its pictures, and edits."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from sfumato import AutoencoderRun, Edit, Run, evaluate, load
from sfumato.arguments import SfumatoError
from sfumato.cli.options import pick_edit
from sfumato.cli.runs import runs
from sfumato.cli.watch import watch
from sfumato.data import Dataset, draw_augmentation
from sfumato.data.controls import edges
from sfumato.data.latents import Encoding, open_latents
from sfumato.data.order import Augmentation
from sfumato.files import run_lock
from sfumato.hub.control_branch import with_control_branch
from sfumato.hub.latent_edits import feathered, latent_mask
from sfumato.hub.onnx import export_onnx
from sfumato.hub.record import compared
from sfumato.hub.resolving import resolve
from sfumato.hub.zoo import load_zoo, save_zoo
from sfumato.sampling import SAMPLERS
from sfumato.sampling.editing import outpaint
from sfumato.training import Noted, Progress
from sfumato.training.autoencoder_plan import autoencoder_settings, settings_left

SETTINGS = {"batch": 8, "held_out": 0.2, "precision": "fp32", "evaluated": 4, "previews": 1, "threads": 1}


def dots(count: int = 40) -> Dataset:
    """Two classes of 18×14 pictures in colour, with captions: a bright dot on the left, or on the right."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    pictures = rng.integers(0, 40, (count, 3, 18, 14), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[:, 5:11, 1 + 7 * label : 6 + 7 * label] += np.array([180, 90, 20], np.uint8)[:, None, None]
    captions = [f"a dot on the {('left', 'right')[label]}" for label in labels]
    return Dataset("dots", pictures, labels, ("left", "right"), captions=captions)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of latents, trained for a moment, with its autoencoder beside it."""
    place = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SFUMATO_CACHE", str(place / "cache"))
        autoencoder = AutoencoderRun.start(place / "eyes", dots(), "nano", 4, 3, images=160, perceptual=0.0, **SETTINGS)
        list(autoencoder.train())
        started = Run.start(place / "dots", dots(), net="nano", autoencoder=place / "eyes", images=160, **SETTINGS)
        list(started.train())
    return place / "dots"


def test_a_model_and_its_autoencoder_are_one_run_that_shares_the_budget_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    given = {"net": "nano", "latent": True, "channels": 3, "images": 24, "perceptual": 0.0, **SETTINGS}
    for wrong, words in (
        ({"base": "digits", "net": "auto"}, "leave `base` and `autoencoder` out"),
        ({"latent": False}, "give `latent` too"),
        ({"latent": "yes"}, "True or False, not 'yes'"),
        ({"crop": 3}, "a multiple of 2, not 3"),
        ({"crop": 2}, r"config's crop \(2\) is not that of the data set dots"),
        ({"columns": {"numbers": ["age"]}}, r"config's columns \(\('age',\)\) is not that of the data set dots"),
        ({"control": "edgs"}, "edgs"),
        ({"low_resolution": 0.5}, "latents have no half size"),
        ({"model.parameterization": "epsilon"}, "epsilon"),
        ({"recipe": "v-zero-snr", "model.parameterization": "eps"}, "ends in pure noise, of which eps says nothing"),
        ({"text_encoder": str(tmp_path)}, "has no weights as safetensors"),
        ({"images": None, "minutes": 1e-6}, "leaves too little to train it; give more `minutes`"),
        ({"objective.wait": 1}, "wait"),
        ({"net": "dit-tiny", "model.net.patch": 65}, "patch"),
        ({"autoencoder": "avatars"}, "leave `base` and `autoencoder` out"),
    ):
        with pytest.raises(SfumatoError, match=words):
            Run.start(tmp_path / "run", dots(), **{**given, **wrong})
    assert not (tmp_path / "run").exists()
    run = Run.start(tmp_path / "run", dots(), **given)
    for event in run.train():
        if isinstance(event, Progress):  # within the autoencoder's part, which is left and gone on with
            run.stop()
    assert run.trainer is None and not (tmp_path / "run/config.json").exists()
    again = Run.start(tmp_path / "run", dots(), **given)
    steps = [event.images for event in again.train() if isinstance(event, Progress)]
    assert steps == [16, 24, 8, 16, 24] and again.model().config.codec is not None
    with pytest.raises(SfumatoError, match="holds an autoencoder of dots, and not of digits"):
        (tmp_path / "other").mkdir()
        (tmp_path / "run/autoencoder").rename(tmp_path / "other/autoencoder")
        Run.start(tmp_path / "other", "digits", size=16, **given)


def test_a_misspelt_column_is_found_before_an_autoencoder_is_trained(tmp_path: Path, pictures: Path) -> None:
    (pictures / "metadata.jsonl").write_text("\n".join(
        json.dumps({"file_name": path.relative_to(pictures).as_posix(), "age": number})
        for number, path in enumerate(sorted(pictures.rglob("*.png")))
    ))  # fmt: skip
    given = {"latent": True, "size": 16, "images": 16, "perceptual": 0.0, **SETTINGS}
    with pytest.raises(SfumatoError, match="agee"):
        Run.start(tmp_path / "run", pictures, columns={"numbers": ["agee"]}, **given)
    assert not (tmp_path / "run").exists()
    run = Run.start(tmp_path / "run", pictures, columns={"numbers": ["age"]}, **given)
    assert run.autoencoder is not None and run.autoencoder.trainer is not None


def test_settings_of_an_autoencoder_are_for_a_run_that_trains_one(tmp_path: Path) -> None:
    for name in ("perceptual", "reconstruction.latent_noise"):
        with pytest.raises(SfumatoError, match=r"`reconstruction\.\w+` is of an autoencoder, .*give `latent` too"):
            Run.start(tmp_path / "run", dots(), images=16, **{name: 0.5})
    assert not (tmp_path / "run").exists()


def test_what_has_but_an_autoencoder_yet_says_so_where_a_model_is_asked_for(tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", dots(), latent=True, images=16, perceptual=0.0, **SETTINGS)
    for event in run.train():
        if isinstance(event, Progress):
            run.stop()
    with pytest.raises(SfumatoError, match=r"no model yet, .* `sfumato train --resume \S+` says how to go on"):
        load(tmp_path / "run")
    with run_lock(tmp_path / "run/autoencoder"), pytest.raises(SfumatoError, match="it trains now"):
        load(tmp_path / "run")
    for wrong in ({"factor": 8}, {"channels": 5}):
        with pytest.raises(SfumatoError, match=r"whose `(factor|channels)` is \d, and not \d"):
            Run.start(tmp_path / "run", dots(), latent=True, images=16, perceptual=0.0, **wrong, **SETTINGS)


def test_an_autoencoder_is_gone_on_with_for_the_new_minutes_and_begins_anew_where_nothing_was_saved(
    tmp_path: Path,
) -> None:
    given = {"net": "nano", "latent": True, "minutes": 100, "perceptual": 0.0, **SETTINGS}
    Run.start(tmp_path / "run", dots(), channels=3, **given)
    run = Run.start(tmp_path / "run", dots(), channels=2, **given)
    assert run.autoencoder is not None and run.autoencoder.trainer is not None
    assert run.autoencoder.trainer.codec.net.latent == 2
    for event in run.train():
        if isinstance(event, Progress):
            run.stop()
    for more in ({"minutes": 50}, {}):  # without, what it has
        again = Run.start(
            tmp_path / "run", dots(), **{name: given[name] for name in given if name != "minutes"}, **more
        )
        assert again.autoencoder is not None and again.autoencoder.trainer is not None
        assert again.autoencoder.trainer.config.minutes == 15.0


def test_what_the_autoencoder_takes_of_the_minutes_is_not_left_for_the_model() -> None:
    given = {"minutes": 10.0, "data.size": (18, 14), "data.crop": 0, "reconstruction.perceptual": 0.0, "seed": 3}
    assert "data.crop" not in autoencoder_settings(given) and len(autoencoder_settings(given)) == 4
    assert settings_left(given, 3.5) == {"minutes": 6.5, "data.crop": 0, "seed": 3}
    with pytest.raises(SfumatoError, match=r"took 12 minutes, which leaves none of 10 for the model"):
        settings_left(given, 12.0)


def test_latents_are_encoded_once_with_their_mirror_images(tmp_path: Path) -> None:
    data, calls = dots(), []

    def encode(x: Tensor) -> Tensor:
        calls.append(len(x))
        return x[:, :, ::6, ::7].cumsum(-1)  # whose mirror image is another

    encoding = Encoding(encode, (3, 3, 2), "first")
    latents = open_latents(data, encoding, flip=True, cache=tmp_path)
    assert (latents.kind, latents.shape, len(latents)) == ("latents", (3, 3, 2), 40)
    assert latents.captions == data.captions and latents.classes == data.classes
    rows, flipped = np.array([3, 39, 0]), np.array([True, False, True])
    x, labels = data.batch(rows)
    z, again = latents.batch(rows, Augmentation(flipped))
    assert torch.equal(labels, again)
    wanted = torch.where(torch.from_numpy(flipped)[:, None, None, None], encode(x.flip(-1)), encode(x))
    assert torch.equal(z, wanted.half().float())
    before = len(calls)
    assert torch.equal(open_latents(data, encoding, flip=True, cache=tmp_path).batch(rows)[0], latents.batch(rows)[0])
    assert len(calls) == before
    for other, one in ((data, "second"), (dots(39), "first")):  # another codec, other data
        found = open_latents(other, Encoding(encode, (3, 3, 2), one), flip=True, cache=tmp_path)
        assert len(calls) > before and found.fingerprint() != latents.fingerprint()
        before = len(calls)
    (tmp_path / next(tmp_path.glob("*.f16")).name).write_bytes(b"")
    assert len(list(tmp_path.glob("*.part"))) == 0


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=20, deadline=None)
def test_parts_of_latents_are_those_of_the_parts_of_their_pictures(seed: int, flip: bool) -> None:
    whole = dots(12)
    data = replace(whole, samples=np.pad(whole.samples, ((0, 0), (0, 0), (0, 4), (0, 4)), "wrap"), crop=4)

    def encode(x: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(x, 2)

    with TemporaryDirectory() as cache:
        latents = open_latents(data, Encoding(encode, (3, 9, 7), "mean", 2), flip, Path(cache))
        assert latents.shape == (3, 9, 7) and latents.crop == 2 and latents.seen.crop == 4
        rows = np.random.default_rng(seed).integers(12, size=6)
        shown = draw_augmentation(seed, 0, 6, flip, latents.crop)
        z, x = latents.batch(rows, shown)[0], data.batch(rows, latents.seen_as(shown))[0]
        assert torch.equal(z, encode(x).half().float())
        if flip and shown.mirrored is not None and shown.mirrored.any():
            assert not torch.equal(z, latents.batch(rows, Augmentation(None, shown.corners))[0])
        with pytest.raises(SfumatoError, match="multiple of 3, not 4"):
            open_latents(data, Encoding(encode, (3, 6, 5), "mean", 3), cache=Path(cache))


def test_images_steer_latents(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    few = {**SETTINGS, "images": 16, "flip": True}
    image = edges(dots().batch(np.array([3]))[0])[0]
    whole = Run.start(tmp_path / "whole", dots(), net="nano", autoencoder=run, control=("edges", "small"), **few)
    list(whole.train())
    model = whole.model()
    assert [model.config.shape_of(one) for one in model.config.conditions] == [(1, 18, 14), (4, 18, 14)]
    with_it, without = (model.sample([0], "left", conditions=c, steps=2) for c in ({"edges": image}, {}))
    assert with_it.shape == (1, 3, 18, 14) and not torch.equal(with_it, without)
    branch = Run.start(tmp_path / "branch", dots(), run, control="edges", **few)
    list(branch.train())
    steered, below = branch.model(), load(run)
    asked = {"edges": image, "strength": 0.0}
    plain = below.sample([0, 1], "left", steps=2)
    assert torch.equal(steered.sample([0, 1], "left", conditions=asked, steps=2), plain)
    assert not torch.equal(steered.sample([0, 1], "left", conditions={"edges": image}, steps=2), plain)
    again = with_control_branch(below, tmp_path / "branch" / "branch")
    assert torch.equal(again.sample([0, 1], "left", conditions=asked, steps=2), plain)


def test_parts_of_pictures_are_trained_on_in_latents(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    save_folder(tmp_path / "pictures")
    sized = {**SETTINGS, "images": 16, "size": (18, 14), "autoencoder": run, "net": "nano"}
    started = Run.start(tmp_path / "run", tmp_path / "pictures", crop=8, control="edges", flip=True, **sized)
    list(started.train())
    assert started.trainer is not None and started.trainer.dataset.crop == 2
    assert started.model().sample([0], steps=2).shape == (1, 3, 18, 14)
    with pytest.raises(SfumatoError, match="`crop` is a multiple of 4, not 6"):
        Run.start(tmp_path / "other", tmp_path / "pictures", crop=6, **sized)
    both = {**sized, "autoencoder": None, "latent": True, "factor": 2, "perceptual": 0.0}
    with pytest.raises(SfumatoError, match="`crop` is a multiple of 2, not 3"):  # before the autoencoder is trained
        Run.start(tmp_path / "both", tmp_path / "pictures", crop=3, **both)


def save_folder(folder: Path) -> None:
    folder.mkdir()
    for number, picture in enumerate(dots().samples):
        Image.fromarray(picture.transpose(1, 2, 0)).resize((40, 48)).save(folder / f"{number}.png")


def test_a_model_of_latents_generates_pictures(run: Path) -> None:
    model = load(run)
    noise = Run.open(run).config.objective.noise
    assert noise.mean == pytest.approx(-1.2 + math.log(2), abs=1e-4)  # as far above the spread, which is twice as large
    assert model.config.data_std == 1
    assert model.config.kind == "latents" and model.config.seen == ("pictures", (3, 18, 14))
    pictures = model.sample(labels="left", seeds=[1, 2], steps=4, guidance=2, prompts="a dot")
    assert pictures.shape == (2, 3, 18, 14) and bool(pictures.isfinite().all())
    alone = model.sample(labels="left", seeds=[2], steps=4, guidance=2, prompts="a dot")
    torch.testing.assert_close(alone[0], pictures[1], rtol=1e-4, atol=1e-4)
    assert {path.name for path in run.iterdir()} >= {"codec.safetensors", "config.json", "tokenizer.json", "previews"}
    cells = compared(model.request([1], "left"), ["ddim", "heun"], (2, 4)).cells()
    assert [resolve(one, model).samples().shape for one in cells] == [(1, 3, 18, 14)] * 4
    latents = model.invert(pictures, labels="left", prompts="a dot", steps=6)
    assert latents.shape == (2, *model.config.shape)


def test_every_sampler_generates_pictures_from_latents(run: Path) -> None:
    model = load(run)
    for name, sampler in SAMPLERS.items():
        steps = max(2, sampler.needs)
        pictures = model.sample(labels="left", seeds=[1], sampler=name, steps=steps)
        assert pictures.shape == (1, 3, 18, 14) and bool(pictures.isfinite().all()), name


def test_known_pixels_come_back_bit_for_bit(run: Path) -> None:
    model, picture = load(run), dots().batch(np.array([3]))[0][0]
    mask = torch.zeros(1, 18, 14, dtype=torch.bool)
    mask[:, 6:9, 3:13] = True  # in no step with latent pixels
    filled = model.inpaint(picture, mask, labels="right", steps=4)
    known = ~mask.expand_as(picture)
    assert torch.equal(filled[0][known], picture[known]) and not torch.equal(filled[0], picture)
    request = model.request([0], "right", edit=Edit(picture, mask=mask))
    assert "finer than the 4×4 pixels" in " ".join(resolve(request, model).notes)
    assert latent_mask(mask, 4).int().tolist() == [[[0] * 4, [1] * 4, [1] * 4, [0] * 4, [0] * 4]]


def test_a_feathered_seam_moves_what_is_near_known_pixels_alone() -> None:
    picture, mask = torch.full((1, 9, 12), 0.5), torch.zeros(1, 9, 12, dtype=torch.bool)
    mask[..., 6:] = True
    found = feathered(torch.zeros(2, 1, 9, 12), Edit(picture, mask=mask, feather=3))
    assert torch.allclose(found[..., :6], torch.tensor(0.5))  # off alike everywhere, and moved so where all is known
    edge = found[0, 0, 4, 6:]
    assert bool((edge.diff() <= 0).all()) and edge[0] > 0.35 and not bool(edge[3:].any())
    assert torch.equal(feathered(torch.zeros(2, 1, 9, 12), Edit(picture, mask=mask)), torch.zeros(2, 1, 9, 12))


def test_a_seam_is_feathered_where_that_is_asked_for(run: Path, tmp_path: Path) -> None:
    model, image, mask = load(run), tmp_path / "picture.png", tmp_path / "mask.png"
    Image.fromarray(dots().samples[3].transpose(1, 2, 0)).save(image)
    Image.fromarray(np.pad(np.full((18, 7), 255, np.uint8), ((0, 0), (7, 0)))).save(mask)
    asked = pick_edit(image, None, mask, False, 3)
    assert asked is not None and asked.feather == 3
    feathered_one, plain = (model.sample([0], "left", steps=2, edit=replace(asked, feather=f)) for f in (3, 0))
    by_name = model.inpaint(image, mask, feather=3, seeds=[0], labels="left", steps=2)
    assert torch.equal(by_name, feathered_one) and torch.equal(feathered_one[..., :7], plain[..., :7])
    assert torch.equal(feathered_one[..., 11:], plain[..., 11:]) and not torch.equal(feathered_one, plain)
    with pytest.raises(SfumatoError, match="--feather is of the seam"):
        pick_edit(image, None, None, False, 3)
    with pytest.raises(SfumatoError, match="no seam to `feather`"):
        load("digits").inpaint(torch.zeros(1, 8, 8), torch.ones(1, 8, 8, dtype=torch.bool), feather=2)


def test_a_picture_is_continued_beyond_its_borders(run: Path) -> None:
    model, picture = load(run), dots().batch(np.array([3]))[0][0]
    canvas, mask = outpaint(picture, (5, 2, 0, 3))
    larger = model.sample([0], "right", edit=Edit(canvas, mask=mask), steps=4)
    assert larger.shape == (1, 3, 21, 21) and torch.equal(larger[0, :, :18, 5:19], picture)


def test_a_picture_is_varied_and_enlarged(run: Path) -> None:
    model, picture = load(run), dots().batch(np.array([3]))[0][0]
    codec = model.codec
    assert codec is not None
    kept = model.edit(picture, strength=0, labels="right")
    torch.testing.assert_close(kept[0], codec.decode(codec.encode(picture[None]))[0], rtol=1e-4, atol=1e-4)
    small = torch.nn.functional.avg_pool2d(picture, 2)
    large = model.sample([0], "right", edit=Edit(small, upscale=True), steps=4)
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(large[0], 2), small, rtol=1e-5, atol=1e-5)


def test_a_model_of_latents_ships_with_its_codec(run: Path, tmp_path: Path) -> None:
    model = load(run)
    again = load_zoo(save_zoo("small", model, tmp_path).name, place=tmp_path)
    z = torch.randn(2, *model.config.shape)
    assert model.codec is not None and again.codec is not None
    assert torch.equal(again.codec.decode(z), model.codec.decode(z))
    assert again.sample([0], "left", steps=2).shape == (1, 3, 18, 14)


def test_a_codec_leaves_as_graphs(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.hub.onnx.network_onnx", lambda model: b"")  # as ever, and it takes its time
    onnxruntime = pytest.importorskip("onnxruntime")
    model, x = load(run), dots().batch(np.arange(3))[0]
    codec = model.codec
    assert codec is not None
    names = {path.name for path in export_onnx(model, tmp_path)}
    assert names == {"network.onnx", "walk.json", "encoder.onnx", "decoder.onnx", "tokenizer.json"}
    latents = onnxruntime.InferenceSession(tmp_path / "encoder.onnx").run(None, {"picture": x.numpy()})[0]
    torch.testing.assert_close(torch.from_numpy(latents), codec.encode(x), rtol=1e-3, atol=1e-4)
    pictures = onnxruntime.InferenceSession(tmp_path / "decoder.onnx").run(None, {"latents": latents})[0]
    torch.testing.assert_close(torch.from_numpy(pictures), codec.decode(codec.encode(x)), rtol=1e-3, atol=1e-4)


def test_decoded_pictures_are_what_is_measured(run: Path) -> None:
    found = evaluate(load(run), dots(80), count=20, features="pixels", curve=False, steps=2)
    assert found.samples.shape == (20, 3, 18, 14) and found.record.levels
    assert any("held-out pictures come back from the autoencoder" in text for text in found.record.notes)
    (copies,) = found.audits  # of decoded pictures, beside real ones
    assert copies.space == "pixels" and copies.samples.distance.shape == (20,)
    through, real = (getattr(found.scores["kernel"], name) for name in ("reconstructed", "floor"))
    assert through is not None and through > real  # it was trained for a moment
    with pytest.raises(SfumatoError, match="likelihood"):
        evaluate(load(run), dots(80), count=20, features="pixels", curve=False, bits=True, steps=2)


def test_a_run_in_latents_is_fine_tuned_and_goes_on(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    tuned = Run.start(tmp_path / "tuned", dots(), run, images=80, **SETTINGS)
    list(tuned.train())
    assert load(tmp_path / "tuned").sample([0], "left", steps=2).shape == (1, 3, 18, 14)
    pytest.importorskip("peft")
    adapted = Run.start(tmp_path / "adapted", dots(), run, lora=2, images=16, **SETTINGS)
    list(adapted.train())
    assert load(tmp_path / "adapted").sample([0], "left", steps=2).shape == (1, 3, 18, 14)
    assert (tmp_path / "adapted" / "adapter").is_dir()
    whole = Run.start(tmp_path / "whole", dots(), net="nano", autoencoder=run, images=80, **SETTINGS)
    list(whole.train())
    halves = Run.start(tmp_path / "halves", dots(), net="nano", autoencoder=run, images=80, **SETTINGS)
    for event in halves.train():
        if isinstance(event, Progress) and event.step == 4:
            halves.stop()
    list(Run.open(tmp_path / "halves").resume(dots()))
    names = [path.name for path in sorted((tmp_path / "whole" / "checkpoints").glob("*/*.safetensors"))]
    assert names
    both = [load(tmp_path / name).denoiser.net.state_dict() for name in ("whole", "halves")]
    assert all(torch.equal(both[0][name], both[1][name]) for name in both[0])


def test_what_latents_cannot_do_is_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))
    grey = Dataset("grey", dots().samples[:, :1])
    large = Dataset("large", dots().samples.repeat(2, axis=2))
    points = Dataset("points", np.zeros((40, 2), np.float32))
    for data, words in ((grey, "channels"), (large, "another size"), (points, "points")):
        with pytest.raises(SfumatoError, match=words):
            Run.start(tmp_path / "run", data, autoencoder=run, images=80)
    with pytest.raises(SfumatoError, match="no latents"):
        AutoencoderRun.start(tmp_path / "run", points, images=80)
    with pytest.raises(SfumatoError, match="smaller than the 16×16"):
        AutoencoderRun.start(tmp_path / "run", dots(), factor=16, images=80)
    with pytest.raises(SfumatoError, match="without an autoencoder"):
        Run.start(tmp_path / "run", dots(), autoencoder="digits", images=80)
    with pytest.raises(SfumatoError, match="leave `autoencoder` out"):
        Run.start(tmp_path / "run", dots(), run, autoencoder=run, images=80)
    with pytest.raises(SfumatoError, match="generates nothing"):
        load(run.parent / "eyes")
    with pytest.raises(SfumatoError, match="threshold"):
        load(run).sample([0], "left", threshold="dynamic")
    other = tmp_path / "other"
    shutil.copytree(run, other)
    codec = other / "codec.safetensors"
    codec.write_bytes(codec.read_bytes()[:-1] + b"\0")
    with pytest.raises(SfumatoError, match="another codec"):
        load(other)


def test_runs_in_latents_and_their_autoencoders_are_listed_and_watched(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(run.parent)
    listed = "".join(capsys.readouterr().out.split())
    assert listed.count("3×18×14") == 2 and "3×5×4" not in listed
    watch(run.parent / "eyes", once=True)
    watched = " ".join(capsys.readouterr().out.split())
    assert "held-out pictures come back with" in watched and "dB of pictures that were held out" in watched


def test_a_run_says_that_the_perceptual_network_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("autoencoder_run", "autoencoder_plan"):
        monkeypatch.setattr(f"sfumato.training.{place}.has_perceptual", lambda: False)
    run = AutoencoderRun.start(tmp_path / "run", dots(), "nano", 4, images=8, **{**SETTINGS, "previews": 0})
    said = [event.text for event in run.train() if isinstance(event, Noted)]
    assert any("pip install 'sfumato[features]'" in text for text in said)
    assert run.finished and run.psnr() is not None


def test_of_several_processes_each_knows_how_far_its_autoencoder_is(tmp_path: Path) -> None:
    run = AutoencoderRun.start(tmp_path / "run", dots(), "nano", 4, images=8, **{**SETTINGS, "previews": 0})
    (tmp_path / "run" / "config.json").unlink()  # one of them writes it, and the others don't wait for that
    assert not run.finished
