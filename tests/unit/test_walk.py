"""What `export` writes is the format that docs/walk.md describes: the reader that stands there draws alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sfumato.data import to_uint8
from sfumato.data.tokens import learn_tokenizer
from sfumato.errors import SfumatoError
from sfumato.hub import Model, ModelConfig, new_model
from sfumato.hub.config import SamplingConfig
from sfumato.hub.onnx import export_onnx, walk
from sfumato.nets import ConditionConfig, MLPConfig, TextConfig, UNetConfig
from sfumato.sampling import GRIDS, SAMPLERS, ImageNoise
from sfumato.strict import parse
from tiny import TINY

DOCS = (Path(__file__).parents[2] / "docs" / "walk.md").read_text(encoding="utf-8")
CODE = "".join(re.findall(r"```python\n(.*?)```", DOCS, re.S))
READER: dict[str, Any] = {}
exec(compile(CODE, "docs/walk.md", "exec"), READER)

AGE = ConditionConfig("age", "number", mean=(30.0,), std=(10.0,))
WAYS = ConditionConfig("ways", "vector", 2, (0.0, 1.0), (1.0, 2.0))
GREY = ConditionConfig("grey", "image", 1, computed=True)


def untrained(config: ModelConfig) -> Model:
    """A model whose every weight says something."""
    model = new_model(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.denoiser.net.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=generator))
    model.denoiser.eval()
    return model


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Model, Path]]:
    """A model of classes, prompts and conditions of each kind, exported."""
    captions = ["a red wall", "a blue wall", "a dog"]
    tokenizer = learn_tokenizer(captions)
    net = UNetConfig(
        1, 3, widths=(16, 16), attention=(1,), text=TextConfig(tokenizer.get_vocab_size(), 8, width=16),
        conditions=(AGE, WAYS, GREY),
    )  # fmt: skip
    model = untrained(ModelConfig((1, 8, 8), net, ("cat", "dog", "cow")))
    model.tokenizer, model.weights_hash = tokenizer, "0" * 64
    folder = tmp_path_factory.mktemp("walk")
    export_onnx(model, folder, SamplingConfig("dpm++2m-sde", 3, guidance=2.0))
    yield model, folder


def test_the_reader_of_the_docs_draws_what_we_draw(drawn: tuple[Model, Path]) -> None:
    assert "sfumato" not in CODE and "torch" not in CODE
    model, folder = drawn
    told = {
        "age": torch.tensor([20.0, torch.nan]),
        "ways": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        "grey": torch.linspace(-1, 1, 128).reshape(2, 1, 8, 8),
    }
    noise, prompts, seen = ImageNoise([3, 4], (1, 8, 8)), ["a red wall", "a dog"], []
    encoded = [Tokenizer.from_file(str(folder / "tokenizer.json")).encode(prompt).ids for prompt in prompts]
    text = np.array([(ids + 8 * [0])[:8] for ids in encoded])
    given = {name: value.numpy() for name, value in told.items()}
    theirs = READER["draw"](folder, 2, [1, 2], text, given, lambda shape: noise(), seen.append)
    ours = model.sample([3, 4], [1, 2], prompts=prompts, conditions=told, sampler="dpm++2m-sde", steps=3, guidance=2.0)
    torch.testing.assert_close(torch.from_numpy(theirs), ours, rtol=0, atol=1e-4)
    assert len(seen) == 3 and seen[-1] is theirs
    assert np.array_equal(READER["to_bytes"](ours.numpy()), to_uint8(ours))
    noise = ImageNoise([5], (1, 8, 8))
    untold = READER["draw"](folder, 1, noise=lambda shape: noise())
    ours = model.sample([5], sampler="dpm++2m-sde", steps=3)
    torch.testing.assert_close(torch.from_numpy(untold), ours, rtol=0, atol=1e-4)


def test_points_are_drawn_too(tmp_path: Path) -> None:
    model = untrained(ModelConfig((2,), MLPConfig(2, width=16, blocks=1)))
    export_onnx(model, tmp_path, SamplingConfig("heun", 2, grid="logsnr"))
    noise = ImageNoise([1, 2, 3], (2,))
    theirs = READER["draw"](tmp_path, 3, noise=lambda shape: noise())
    ours = model.sample([1, 2, 3], sampler="heun", steps=2, grid="logsnr")
    torch.testing.assert_close(torch.from_numpy(theirs), ours, rtol=1e-4, atol=1e-4)  # points are of any size


def test_answers_are_clipped_after_guidance_too(
    drawn: tuple[Model, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, folder = drawn
    monkeypatch.setattr("sfumato.hub.onnx.network_onnx", lambda model: (folder / "network.onnx").read_bytes())
    how = {
        "sampler": "ddpm",
        "steps": 3,
        "guidance": 30.0,
        "threshold": "static",
        "schedule": {"kind": "linear", "steps": 500},
    }
    export_onnx(model, tmp_path, SamplingConfig(**how))  # type: ignore[arg-type]
    noise = ImageNoise([3, 4], (1, 8, 8))
    theirs = READER["draw"](tmp_path, 2, [1, 2], noise=lambda shape: noise())
    ours = model.sample([3, 4], [1, 2], **how)  # type: ignore[arg-type]
    torch.testing.assert_close(torch.from_numpy(theirs), ours, rtol=0, atol=1e-4)
    assert not torch.allclose(ours, model.sample([3, 4], [1, 2], **how | {"threshold": "none"}), atol=0.1)  # type: ignore[arg-type]
    assert json.loads((tmp_path / "walk.json").read_text())["format"] == 2


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in names_in(inner)}
    return {name for inner in value for name in names_in(inner)} if isinstance(value, list) else set()


def test_every_name_in_the_file_and_every_input_is_in_the_docs(drawn: tuple[Model, Path]) -> None:
    import onnxruntime

    content = json.loads((drawn[1] / "walk.json").read_text(encoding="utf-8"))
    inputs = {one.name for one in onnxruntime.InferenceSession(drawn[1] / "network.onnx").get_inputs()}
    assert inputs == {"x", "c_noise", "label", "text", "age", "ways", "grey"}
    for name in names_in(content) | inputs - {"age", "ways", "grey"}:
        assert f"`{name}`" in DOCS or f'"{name}"' in DOCS, name


@settings(max_examples=40)
@given(
    st.sampled_from([name for name in SAMPLERS if name != "adaptive"]), st.sampled_from(sorted(GRIDS)),
    st.sampled_from(["edm", "linear", "flow", "cosine", "sigmoid"]), st.integers(4, 7), st.floats(0, 20),
)  # fmt: skip
def test_a_walk_is_json_by_its_standard_and_uses_what_is_known_only(
    sampler: str, grid: str, schedule: str, steps: int, guidance: float
) -> None:
    sampling = SamplingConfig(sampler, steps, grid, schedule, guidance)
    made = walk(sampling, untrained_parameterization)
    content = parse(json.dumps(made, allow_nan=False))
    for number, line in enumerate(content["lines"], start=1):
        assert all(register < number for register, _ in line.get("ask") or line.get("arrive") or [])
    assert content["calls"] == sum("ask" in line for line in content["lines"]) and "arrive" in content["lines"][-1]


untrained_parameterization = new_model(TINY).denoiser.parameterization


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        (SamplingConfig("adaptive"), "decides as it goes"),
        (SamplingConfig(guidance=2.0, rule="projected"), "only plain guidance"),
        (SamplingConfig(interval=(0.2, 5.0)), "only plain guidance"),
        (SamplingConfig(threshold="dynamic"), "only plain guidance"),
        (SamplingConfig(first="analytical"), "begins with the network"),
        (SamplingConfig("ipndm4", 2), "needs at least 4 steps"),
    ],
)
def test_what_a_walk_can_t_say_is_refused_before_anything_is_written(
    tmp_path: Path, sampling: SamplingConfig, message: str
) -> None:
    with pytest.raises(SfumatoError, match=message):
        export_onnx(new_model(TINY), tmp_path / "out", sampling)
    assert not (tmp_path / "out").exists()


def test_guidance_of_what_is_told_nothing_is_refused(tmp_path: Path) -> None:
    plain = new_model(replace(TINY, net=replace(TINY.net, classes=0), classes=()))
    with pytest.raises(SfumatoError, match="takes no condition that guidance could push to"):
        export_onnx(plain, tmp_path / "out", SamplingConfig(guidance=2.0))
    assert not (tmp_path / "out").exists()


def test_the_reader_of_the_docs_draws_the_clips_that_we_draw(tmp_path: Path) -> None:
    net = UNetConfig(1, 2, widths=(16, 16), temporal=True)
    model = untrained(ModelConfig((3, 1, 8, 8), net, ("cat", "dog"), kind="clips"))
    model.weights_hash = "0" * 64
    with pytest.raises(SfumatoError, match="in windows"):
        export_onnx(model, tmp_path, SamplingConfig("dpm++2m", 3, frames=9))
    export_onnx(model, tmp_path, SamplingConfig("dpm++2m", 3, guidance=2.0))
    noise = ImageNoise([3, 4], (3, 1, 8, 8))
    theirs = READER["draw"](tmp_path, 2, [0, 1], noise=lambda shape: noise())
    ours = model.sample([3, 4], [0, 1], sampler="dpm++2m", steps=3, guidance=2.0)
    torch.testing.assert_close(torch.from_numpy(theirs), ours, rtol=0, atol=1e-4)
