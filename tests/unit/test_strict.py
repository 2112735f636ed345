"""Files from elsewhere: what this version doesn't know, or what would hang or lie, is refused with its place named."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

import sfumato
from sfumato.errors import SfumatoError
from sfumato.evaluation.record import read_record
from sfumato.hub import ModelConfig, load
from sfumato.hub.config import SamplingConfig, config_json, read_config
from sfumato.hub.control_branch import write_control_branch
from sfumato.hub.zoo import ZOO, zoo_names
from sfumato.nets import ConditionConfig
from sfumato.strict import fit, parse
from sfumato.training import TrainingConfig, read_evaluations, training_config
from tiny import TINY

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def run(run_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    return folder


def changed(run: Path, change: Change) -> Path:
    """`run` with its config.json changed."""
    content = json.loads((run / "config.json").read_bytes())
    change(content)
    (run / "config.json").write_text(json.dumps(content))
    return run


def test_what_is_written_is_read_again_and_names_its_version(run: Path) -> None:
    content = parse((run / "config.json").read_bytes())
    assert content["sfumato"] == sfumato.__version__
    assert read_config(run / "config.json") == TINY
    assert (
        config_json(model=read_config(run / "config.json"), training=training_config(run))
        == (run / "config.json").read_bytes()
    )


def test_configs_of_before_versions_were_written_still_load(run: Path) -> None:
    before = load(run).sample([1], [0], steps=2)
    old = changed(
        run, lambda c: [c.pop("sfumato"), c["model"]["sampling"].pop("interval"), c["training"]["data"].pop("crop")]
    )
    assert torch.equal(load(old).sample([1], [0], steps=2), before)
    assert training_config(old).data.crop == 0
    for name in zoo_names():
        assert isinstance(read_config(ZOO / name / "config.json"), ModelConfig)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["model"]["sampling"].update(step=3),
            "at model.sampling has 'step', .*did you mean 'steps'",
        ),
        (lambda c: c["model"]["net"].update(block=3), "at model.net has 'block', .*did you mean 'blocks'"),
        (lambda c: c.update(modle={}), "has 'modle', .*did you mean 'model'"),
        (lambda c: c["model"].update(zzz=1), "has 'zzz', which sfumato .* doesn't know; correct it, or take it out"),
        (
            lambda c: [c.update(sfumato="9.1.0"), c["model"].update(frames={})],
            "has 'frames', which sfumato .* doesn't know; sfumato 9.1.0 wrote it: install that version",
        ),
        (lambda c: c["model"]["net"].update(kind="mamba"), "does not fit at 'model.net"),
        (lambda c: c["model"]["net"].update(blocks=10_000_000), "UNet.blocks is from 1 to 128, got 10000000"),
        (lambda c: c["model"]["net"].update(widths=64), "widths.: a list belongs there, such as"),
        (lambda c: c["model"]["net"].update(widths=[16] * 1000), "1 to 16 widths, got 1000"),
        (lambda c: c["model"]["net"].update(widths=[30_000] * 4), "don't fit the network in config.json"),
        (lambda c: c["model"]["net"].update(widths=[16] * 16, blocks=100), "at most 128 blocks a side, got 1600"),
        (lambda c: c["model"]["net"].update(widths=[10**12]), "UNet.widths is from 1"),
        (lambda c: c["model"]["net"].update(channels=3), "the network takes pictures with channels: 3"),
        (lambda c: c["model"].update(shape=[1, 8]), "let them agree"),
        (lambda c: c["model"].update(classes=["cat"]), "knows 3 classes and 1 are named"),
        (lambda c: c["model"].update(data_std=0), "data_std is a finite number between"),
        (lambda c: c["model"].update(data_std="0.5"), "does not fit at 'model.data_std'"),
        (lambda c: c["model"]["sampling"].update(steps=20.5), "does not fit at 'model.sampling.steps'"),
        (lambda c: c["model"]["sampling"].update(steps=10**9), "got 1000000000"),
        (lambda c: c["model"]["sampling"].update(guidance=-1), "guidance must be a finite number from 0"),
        (lambda c: c["model"]["sampling"].update(sampler="dpm++9"), "unknown sampler 'dpm\\+\\+9'"),
        (lambda c: c["model"]["sampling"].update(grid="karas"), "did you mean 'karras'"),
        (lambda c: c.pop("model"), "has no section 'model'"),
    ],
)
def test_a_config_that_isn_t_understood_whole_is_refused(run: Path, change: Change, message: str) -> None:
    with pytest.raises(SfumatoError, match=message) as caught:
        load(changed(run, change))
    assert "config.json" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t["optimizer"].update(learningrate=1e-3), "did you mean 'learning_rate'"),
        (lambda t: t["data"].update(flip="yes"), "does not fit at 'training.data.flip'"),
        (lambda t: t.update(batch=0), "batch must be above 0"),
        (lambda t: t["data"]["columns"].update(number=[]), "at training.data.columns has 'number'"),
    ],
)
def test_the_training_section_too(run: Path, change: Change, message: str) -> None:
    with pytest.raises(SfumatoError, match=message):
        training_config(changed(run, lambda c: change(c["training"])))


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, '{"model": NaN}', '{"model": 1e999}', '{"model": {}, "model": {}}', "", "[]", "\0"]
)
def test_what_is_no_json_is_one_sentence(run: Path, text: str) -> None:
    (run / "config.json").write_text(text)
    with pytest.raises(SfumatoError, match=r"config.json (is not valid JSON|has no section)"):
        load(run)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_draw_nothing(run: Path, value: float) -> None:
    (checkpoint,) = (path for path in (run / "checkpoints").iterdir() if path.name != "start")
    tensors = safetensors.torch.load_file(checkpoint / "ema.safetensors")
    tensors["conv_in.weight"].view(-1)[3] = value
    data = safetensors.torch.save(tensors)
    (checkpoint / "ema.safetensors").write_bytes(data)
    state = json.loads((checkpoint / "state.json").read_bytes())
    state["files"]["ema.safetensors"] = hashlib.sha256(data).hexdigest()
    (checkpoint / "state.json").write_text(json.dumps(state))
    with pytest.raises(SfumatoError, match=r"not finite \(in conv_in.weight\)"):
        load(run)


def test_a_state_nested_too_deep_is_a_damaged_checkpoint(run: Path) -> None:
    (checkpoint,) = (path for path in (run / "checkpoints").iterdir() if path.name != "start")
    (checkpoint / "state.json").write_text('{"files": ' + "[" * 100_000)
    with pytest.raises(SfumatoError, match="1 damaged checkpoints"):
        load(run)


def test_held_out_lines_that_don_t_fit_are_passed_over(run: Path) -> None:
    good = {"step": 1, "images": 2, "sigmas": [0.5, 1.0], "held_out": [[1.0], [2.0]], "trained": [[1.0], [2.0]]}
    lines = [good, {**good, "trained": [[1.0]]}, {**good, "step": "1"}, {**good, "new": 1}, [], "[" * 100_000]
    (run / "held_out.jsonl").write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines))
    (found,) = read_evaluations(run)
    assert (found.step, found.sigmas, found.held_out) == (1, (0.5, 1.0), ((1.0,), (2.0,)))


def test_what_is_no_record_of_an_evaluation_is_named(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    for text in ("[" * 100_000, "{", "3"):
        path.write_text(text)
        with pytest.raises(SfumatoError, match=r"record.json"):
            read_record(path)


def test_a_branch_with_more_than_is_known_is_refused(tmp_path: Path) -> None:
    write_control_branch(tmp_path, {}, ConditionConfig("edges", "image", 1, computed=True), "digits")
    content = json.loads((tmp_path / "config.json").read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({**content, "scale": 2}))
    with pytest.raises(SfumatoError, match="has 'scale', which sfumato"):
        sfumato.with_control_branch(load("digits"), tmp_path)


CONFIGS = (SamplingConfig(), TINY, TrainingConfig("digits", images=10), TrainingConfig("x", minutes=1.0, size=(8, 8)))


@given(st.sampled_from(CONFIGS), st.data())
def test_one_name_more_anywhere_is_found_and_named(config: Any, data: st.DataObject) -> None:
    content = json.loads(json.dumps(asdict(config)))
    assert fit(type(config), content, "it") == config
    inside = [content, *(value for value in content.values() if isinstance(value, dict))]
    name = data.draw(st.text(min_size=1, max_size=8).filter(lambda text: all(text not in one for one in inside)))
    data.draw(st.sampled_from(inside))[name] = data.draw(st.none() | st.integers() | st.lists(st.booleans()))
    with pytest.raises(SfumatoError) as caught:
        fit(type(config), content, "it")
    assert repr(name)[1:-1] in repr(str(caught.value))
