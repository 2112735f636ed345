"""Numbers, vectors and images that a network is told by name: from the data, into training, and out of a model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sfumato.data import Dataset, open_dataset
from sfumato.data.columns import Columns
from sfumato.errors import SfumatoError
from sfumato.hub import load, new_model
from sfumato.hub.onnx import network_onnx
from sfumato.nets import ConditionConfig, TextConfig, UNet, UNetConfig
from sfumato.training import (
    Trainer,
    TrainingConfig,
    conditions_of,
    model_for,
    model_from,
)
from tiny import TINY, blobs, resumes_exactly

CPU = torch.device("cpu")
AGE = ConditionConfig("age", "number", mean=(30.0,), std=(10.0,))
STYLE = ConditionConfig("style", "vector", 3, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
DEPTH = ConditionConfig("depth", "image", 1)
ALL = (AGE, STYLE, DEPTH)
TOLD = {"age": torch.tensor([41.0]), "style": torch.tensor([[1.0, -1.0, 0.5]]), "depth": torch.full((1, 1, 8, 8), 0.3)}


def wake(net: torch.nn.Module) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return net.eval()


def everything(patch: int = 1) -> UNetConfig:
    """A network that is told a class, a prompt, a number, a vector and an image."""
    text = TextConfig(50, 8, width=32)
    return UNetConfig(
        1, classes=2, widths=(16, 16), attention=(1,), text=text, patch=patch, positional_encoding=True, conditions=ALL
    )


def with_columns(count: int = 60) -> Dataset:
    """Blobs with an age, some of them unknown, a style and a picture of where the spot is."""
    pictures = blobs(count)
    age = np.linspace(10, 50, count, dtype=np.float32)[:, None]
    age[::5] = np.nan
    style = np.stack([np.sin(np.arange(count) + k) for k in range(3)], 1).astype(np.float32)
    assert pictures.samples.dtype == np.uint8
    depth = (255 * (pictures.samples > 128)).astype(np.uint8)
    return replace(pictures, values={"age": age, "style": style}, images={"depth": depth})


COLUMNS = Columns(("age",), ("style",), ("depth",))


@pytest.mark.parametrize("patch", [1, 2])
@pytest.mark.parametrize("name", [one.name for one in ALL])
def test_each_condition_reaches_the_picture_and_untold_is_the_network_without_it(name: str, patch: int) -> None:
    net = wake(UNet(everything(patch)))
    x, noise = torch.ones(1, 1, 8, 8), torch.zeros(1)
    nothing = net(x, noise)
    assert torch.equal(net(x, noise, **{name: torch.full_like(TOLD[name], math.nan)}), nothing)
    others = {other: value for other, value in TOLD.items() if other != name}
    rest = net(x, noise, **others)
    assert not torch.allclose(net(x, noise, **TOLD), rest, atol=1e-4)
    assert torch.equal(net(x, noise, **others, **{name: torch.full_like(TOLD[name], math.nan)}), rest)
    assert not torch.allclose(net(x, noise, **{name: 0.5 * TOLD[name]}), net(x, noise, **{name: TOLD[name]}), atol=1e-4)

    without = replace(everything(patch), conditions=tuple(one for one in ALL if one.name != name))
    smaller = UNet(without).eval()
    kept = {key.replace("numbers.1.", "numbers.0.") if name == "age" else key: value
            for key, value in net.state_dict().items()
            if not (name == "age" and "numbers.0." in key) and not (name == "style" and "numbers.1." in key)
            and not (name == "depth" and key.startswith("images."))}  # fmt: skip
    smaller.load_state_dict(kept)
    assert torch.equal(smaller(x, noise, **others), rest)


def test_a_fresh_condition_changes_nothing_and_weights_are_those_without_it() -> None:
    torch.manual_seed(0)
    told = UNet(everything())
    torch.manual_seed(0)
    plain = UNet(replace(everything(), conditions=()))
    assert all(torch.equal(value, told.state_dict()[name]) for name, value in plain.state_dict().items())
    assert set(UNet(UNetConfig(1, classes=2, widths=(16, 16))).state_dict()) == {
        name for name in plain.state_dict() if not name.startswith(("text.", "condition.prompt", "middle.attention"))
        and ".attention." not in name
    }  # fmt: skip
    wake(plain)
    told.load_state_dict({**told.state_dict(), **plain.state_dict()})
    x, noise = torch.ones(1, 1, 8, 8), torch.zeros(1)
    assert torch.equal(told(x, noise, **TOLD), plain(x, noise))


def test_samples_are_told_apart_and_a_pixel_may_be_unknown() -> None:
    net = wake(UNet(everything()))
    x, noise = torch.ones(2, 1, 8, 8), torch.zeros(2)
    age = torch.tensor([41.0, math.nan])
    image = TOLD["depth"].repeat(2, 1, 1, 1)
    image[1, :, 2:5, 2:5] = math.nan
    both = net(x, noise, age=age, depth=image)
    alone = [net(x[:1], noise[:1], age=age[i : i + 1], depth=image[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(both, torch.cat(alone), rtol=0, atol=1e-5)
    zeroed = torch.where(image.isnan(), 0.0, image)
    assert not torch.allclose(net(x, noise, depth=zeroed)[1], net(x, noise, depth=image)[1], atol=1e-4)


def test_names_that_mean_something_else_and_names_twice_are_refused() -> None:
    with pytest.raises(SfumatoError, match="can't be called 'text'"):
        ConditionConfig("text", "number")
    with pytest.raises(SfumatoError, match="two conditions are called 'age'"):
        UNet(UNetConfig(1, conditions=(AGE, replace(STYLE, name="age"))))
    with pytest.raises(TypeError, match="no condition called weight"):
        UNet(UNetConfig(1, conditions=ALL))(torch.zeros(1, 1, 8, 8), torch.zeros(1), weight=torch.zeros(1))


def test_a_resumed_run_with_conditions_equals_an_uninterrupted_one_and_draws_what_is_told(tmp_path: Path) -> None:
    data = with_columns()
    conditions = conditions_of(data, COLUMNS, ["edges", "small"])
    model = model_for(data, "nano", conditions=conditions)
    config = TrainingConfig("blobs", columns=COLUMNS, held_out=0.2, images=16 * 12, batch=16, previews=2, flip=True)
    resumes_exactly(tmp_path, data, config, model, stop_at=5)

    drawn = load(tmp_path / "whole")
    wake(drawn.denoiser.net)
    assert drawn.config.conditions == conditions
    unconditional = drawn.sample([1, 2], steps=3)
    told = {"age": [20.0, 40.0], "style": [1.0, 0, 0], "depth": torch.zeros(1, 8, 8), "edges": torch.ones(1, 8, 8)}
    told["small"] = torch.zeros(2, 8, 8)
    for some in [{name: value} for name, value in told.items()] + [told]:
        conditional = drawn.sample([1, 2], conditions=some, steps=3)
        assert not torch.equal(conditional, unconditional), some.keys()
        assert torch.equal(drawn.sample([1, 2], conditions=some, steps=3, guidance=0.0), unconditional)
        assert torch.equal(drawn.sample([1, 2], conditions=some, steps=3, guidance=1.0), conditional)
        assert not torch.equal(drawn.sample([1, 2], conditions=some, steps=3, guidance=2.0), conditional)
    one_by_one = drawn.sample([1, 2], conditions=told, steps=3, batch=1)
    torch.testing.assert_close(one_by_one, drawn.sample([1, 2], conditions=told, steps=3), rtol=0, atol=2e-5)


def draws(data: Dataset, conditions: Iterable[ConditionConfig], step: int, seed: int = 0) -> dict[str, Tensor]:
    model = new_model(model_for(data, "nano", conditions=tuple(conditions)))
    config = TrainingConfig("blobs", images=10**6, batch=2000, condition_dropout=0.3, seed=seed, flip=True)
    (part,) = Trainer(model, data, config).draw(step, 0)
    return part.cond | {"x0": part.x0}


def test_conditions_are_hidden_one_by_one_as_often_as_asked_by_seed_and_step_alone() -> None:
    full = replace(with_columns(), values={k: np.nan_to_num(v) for k, v in with_columns().values.items()})
    conditions = conditions_of(full, COLUMNS, ["grey"])
    first, again, later = draws(full, conditions, 3), draws(full, conditions, 3), draws(full, conditions, 4)
    x0, label = first.pop("x0"), first.pop("label")
    hidden = {name: value.reshape(len(value), -1).isnan().all(1) for name, value in first.items()}
    hidden["label"] = label == 3
    for name, value in first.items():
        assert torch.equal(value.nan_to_num(9e9), again[name].nan_to_num(9e9)), name
        assert not torch.equal(value.nan_to_num(9e9), later[name].nan_to_num(9e9)), name
    for name, of in hidden.items():
        assert 0.26 < of.float().mean() < 0.34, name
        for other, beside in hidden.items():
            assert other == name or 0.06 < (of & beside).float().mean() < 0.12, (name, other)
    shown = ~hidden["depth"]
    assert torch.equal((x0 > 0)[shown], (first["depth"] > 0)[shown]), "what comes with a picture is mirrored too"
    shown = ~hidden["grey"]
    assert torch.equal(x0[shown], first["grey"][shown])


def test_a_model_without_conditions_is_trained_on_the_same_noise_as_before() -> None:
    data = with_columns()
    plain = Trainer(new_model(TINY), data, TrainingConfig("blobs", images=100, batch=16)).draw(1, 0)[0]
    told = new_model(replace(TINY, net=replace(TINY.net, conditions=ALL)))  # type: ignore[arg-type]
    more = Trainer(told, data, TrainingConfig("blobs", images=100, batch=16)).draw(1, 0)[0]
    assert torch.equal(plain.drawn.eps, more.drawn.eps)
    assert torch.equal(plain.drawn.level.sigma, more.drawn.level.sigma)
    assert torch.equal(plain.cond["label"], more.cond["label"])


def test_a_fine_tuned_model_answers_as_before_until_it_has_learnt_what_is_new(tmp_path: Path) -> None:
    data = with_columns()
    source = new_model(replace(TINY, net=replace(TINY.net, conditions=(AGE,))))  # type: ignore[arg-type]
    wake(source.denoiser.net)
    tuned = model_from(source, data, conditions=conditions_of(data, COLUMNS))
    assert [one.name for one in tuned.config.conditions] == ["age", "style", "depth"]
    assert tuned.config.conditions[0] == AGE, "its scale is what the weights learnt"
    x, noise = torch.ones(1, 1, 8, 8), torch.zeros(1)
    before = source.denoiser.net(x, noise, age=TOLD["age"])
    assert torch.equal(tuned.denoiser.net(x, noise, **TOLD), before)
    with pytest.raises(SfumatoError, match="knows 'age' as a number, and here it is 3 numbers"):
        model_from(source, data, conditions=[replace(STYLE, name="age")])


def folder(root: Path, lines: list[dict[str, object]], pictures: int = 6) -> Path:
    rng = np.random.default_rng(0)
    for number in range(pictures):
        for place in ("drawn", "depth"):
            (root / place).mkdir(parents=True, exist_ok=True)
            grey = rng.integers(0, 255, (16, 16))
            pixels = np.stack([grey] * 3, -1) if place == "depth" else rng.integers(0, 255, (16, 16, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(root / place / f"{number}.png")
    (root / "metadata.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return root


def lines() -> list[dict[str, object]]:
    return [
        {"file_name": f"drawn/{i}.png", "age": 10 + i, "style": [i, -i, 0.5], "conditioning_image": f"depth/{i}.png"}
        for i in range(6)
    ]


def test_columns_of_metadata_come_with_their_pictures(tmp_path: Path) -> None:
    said = lines()
    said[2]["age"] = None
    said[4].pop("style")
    del said[5]["conditioning_image"]
    root = folder(tmp_path / "set", said)
    (root / "depth" / "5.png").unlink()
    asked = Columns(("age",), ("style",), ("conditioning_image",))
    data = open_dataset(str(root), cache=tmp_path / "cache", columns=asked)
    again = open_dataset(str(root), cache=tmp_path / "cache", columns=asked)
    assert len(data) == len(again) == 5 and not data.classes, "pictures to draw from are none to draw"
    assert any("1 picture without conditioning_image left out: drawn/5.png" in note for note in data.notes)
    rows = np.arange(5)
    for name in ("age", "style", "conditioning_image"):
        first, second = data.column(name, rows), again.column(name, rows)
        assert first is not None and second is not None
        assert torch.equal(first.nan_to_num(9e9), second.nan_to_num(9e9))
    age, style, image = (data.column(name, rows) for name in ("age", "style", "conditioning_image"))
    assert age is not None and style is not None and image is not None
    assert age[:, 0].nan_to_num(-1).tolist() == [10, 11, -1, 13, 14]
    assert style[3].tolist() == [3, -3, 0.5] and style[4].isnan().all()
    assert image.shape == (5, 1, 16, 16), "grey pictures are of one channel"
    with Image.open(root / "depth" / "3.png") as file:
        assert torch.equal(image[3, 0], torch.from_numpy(np.asarray(file)[..., 0] / np.float32(127.5) - 1))
    plain = open_dataset(str(root), cache=tmp_path / "cache")
    assert len(plain) == 6 and not plain.values and not plain.images, "columns are read where they are asked for"


def test_a_picture_that_another_is_drawn_from_may_be_drawn_as_well(tmp_path: Path) -> None:
    said: list[dict[str, object]] = [
        {"file_name": f"drawn/{i}.png", "reference": f"drawn/{(i + 1) % 6}.png"} for i in range(6)
    ]
    root = folder(tmp_path / "set", said)
    data = open_dataset(str(root), cache=tmp_path / "cache", columns=Columns((), (), ("reference",)))
    rows = np.arange(len(data))
    reference = data.column("reference", rows)
    assert reference is not None and len(data) == 6
    assert torch.equal(reference, data.batch(rows)[0].roll(-1, 0)), "a reference is any picture of the folder"


@pytest.mark.parametrize(
    ("columns", "change", "message"),
    [
        (Columns(("size",)), {}, "no column 'size' is in the metadata; there are age, style, conditioning_image"),
        (Columns(("age",)), {"age": "old"}, "the column 'age' needs numbers, and line 1 of metadata.jsonl has 'old'"),
        (Columns(("age",)), {"age": math.nan}, "needs numbers, and line 1 of metadata.jsonl has nan"),
        (Columns(("age",)), {"age": True}, "needs numbers, and line 1 of metadata.jsonl has True"),
        (Columns((), ("style",)), {"style": [1, 2]}, "needs lists of one length, and has 2 and 3 numbers a list"),
        (Columns((), ("style",)), {"style": [1, None, 2]}, "'style' needs numbers, and line 1"),
        (Columns((), ("age",)), {}, "the column 'age' needs lists of numbers, and line 1 of metadata.jsonl has 10"),
        (Columns((), (), ("age",)), {}, "'age' names pictures, and line 1 of metadata.jsonl has 10, which is none"),
    ],
)  # fmt: skip
def test_a_column_that_is_none_is_told(
    columns: Columns, change: dict[str, object], message: str, tmp_path: Path
) -> None:
    said = lines()
    said[0] |= change
    with pytest.raises(SfumatoError) as error:
        open_dataset(str(folder(tmp_path / "set", said)), cache=tmp_path / "cache", columns=columns)
    assert message in str(error.value)


def test_what_a_model_cant_be_told_is_said() -> None:
    model = new_model(replace(TINY, net=replace(TINY.net, conditions=ALL)))  # type: ignore[arg-type]
    for told, message in (
        ({"weight": 3.0}, "unknown condition 'weight'"),
        ({"style": [1.0, 2.0]}, "the condition 'style' is 3 numbers, and what was given is of 2"),
        ({"depth": torch.zeros(1, 9, 8)}, "is an image of 1 × 8 × 8, and what was given is of 1 × 9 × 8"),
        ({"age": math.inf}, "the condition 'age' takes finite numbers"),
    ):
        with pytest.raises(SfumatoError) as error:
            model.sample([0], conditions=told, steps=2)
        assert message in str(error.value)
    with pytest.raises(SfumatoError, match="was trained without 'age'; leave it out"):
        new_model(TINY).sample([0], conditions={"age": 3.0}, steps=2)
    with pytest.raises(SfumatoError, match="digits comes without metadata, so there is no column 'age'"):
        open_dataset("digits", columns=Columns(("age",)))


def test_an_exported_network_takes_its_conditions_by_name(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = new_model(replace(TINY, net=replace(TINY.net, conditions=ALL)))  # type: ignore[arg-type]
    wake(model.denoiser.net)
    graph = onnxruntime.InferenceSession(network_onnx(model))
    assert [one.name for one in graph.get_inputs()] == ["x", "c_noise", "label", "age", "style", "depth"]
    for count in (1, 3):
        told = {name: value.repeat(count, *[1] * (value.ndim - 1)) for name, value in TOLD.items()}
        told["age"][0] = math.nan
        told["depth"][:, :, 2:4] = math.nan
        x, noise = torch.ones(count, 1, 8, 8), torch.zeros(count)
        label = torch.zeros(count, dtype=torch.long)
        want = model.denoiser.net(x, noise, label, **told)
        given = {"x": x, "c_noise": noise, "label": label, **told}
        (got,) = graph.run(None, {name: value.numpy() for name, value in given.items()})
        torch.testing.assert_close(torch.from_numpy(got), want, rtol=0, atol=1e-4)
