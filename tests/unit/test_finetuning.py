"""Fine-tuning: what a model keeps of the one that it starts from, and adapters beside weights that stay as they are."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from sfumato.data import Dataset, open_dataset
from sfumato.errors import SfumatoError
from sfumato.hub import Model, load, new_model
from sfumato.nets import MLPConfig, UNetConfig
from sfumato.training import Progress, Trainer, TrainingConfig, model_for, model_from, resume_run, start_run, train
from sfumato.training.averages import write_average
from sfumato.training.finetuning import Origin, moved_attention, start_path
from sfumato.training.lora import add_adapters, plain_weights, restore_trained, trained_weights
from tiny import TINY, blobs

CPU = torch.device("cpu")
CONFIG = TrainingConfig("blobs", images=16 * 12, batch=16, previews=0)
ATTENTIVE = replace(TINY, net=replace(TINY.net, attention=(1,)))


def grown(classes: int, attentive: bool = False, seed: int = 1) -> Model:
    """A model with weights such as training leaves: no zeros."""
    config = ATTENTIVE if attentive else TINY
    names = tuple(f"class {number}" for number in range(classes))
    model = new_model(replace(config, net=replace(config.net, classes=classes), classes=names), seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.denoiser.net.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    model.source, model.weights_hash = "grown", "0" * 64
    return model


def spots(*classes: str, side: int = 8, channels: int = 1) -> Dataset:
    """Pictures of the classes called so, in turn, or of none."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (30, channels, side, side)).astype(np.uint8)
    labels = np.arange(30, dtype=np.int64) % len(classes) if classes else None
    return Dataset("spots", images, labels, classes)


def rows(model: Model) -> Tensor:
    return model.denoiser.net.state_dict()["condition.label.weight"]


def answers(net: nn.Module, side: int = 8, label: int | None = None) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x, noise = torch.randn(3, 1, side, side, generator=generator), torch.randn(3, generator=generator)
    with torch.no_grad():
        out: Tensor = net.eval()(x, noise, None if label is None else torch.full((3,), label))
    return out


@pytest.mark.parametrize("old", [0, 3])
@pytest.mark.parametrize("new", [(), ("class 2", "new", "class 0", "newer")])
def test_without_a_class_it_answers_as_what_it_came_from(old: int, new: tuple[str, ...]) -> None:
    source = grown(old, attentive=True)
    model = model_from(source, spots(*new))
    here, there = answers(model.denoiser.net), answers(source.denoiser.net)
    if old and not new:  # the null class became part of a bias
        torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-5)
    else:
        assert torch.equal(here, there)


def test_classes_of_the_same_name_keep_their_answers_and_others_are_new() -> None:
    source = grown(3)
    model = model_from(source, spots("class 2", "new", "class 0"))
    assert torch.equal(rows(model)[[0, 2, 3]], rows(source)[[2, 0, 3]])
    for here, there in ((0, 2), (2, 0), (3, 3)):
        assert torch.equal(
            answers(model.denoiser.net, label=here), answers(source.denoiser.net, label=there)
        )  # fmt: skip
    fresh = rows(model)[1]
    assert not any(torch.equal(fresh, row) for row in rows(source)) and 0.5 < float(fresh.std()) < 2
    assert not torch.equal(fresh, rows(model_from(source, spots("class 2", "new", "class 0"), seed=1))[1])


def test_where_there_were_no_classes_each_begins_apart_and_none_as_before() -> None:
    source = grown(0)
    model = model_from(source, spots("cat", "dog"))
    before = answers(source.denoiser.net)
    assert torch.equal(answers(model.denoiser.net, label=2), before)  # the null class
    cat, dog = (answers(model.denoiser.net, label=label) for label in range(2))
    assert not torch.equal(cat, before) and not torch.equal(dog, before) and not torch.equal(cat, dog)
    assert 0.5 < float((rows(model)[0] - rows(model)[1]).std()) < 3 and not rows(model)[2].any()
    assert not torch.equal(rows(model)[0], rows(model_from(source, spots("cat", "dog"), seed=1))[0])


def test_what_gives_the_weights_their_meaning_is_kept() -> None:
    source = load("digits")
    data = open_dataset("digits", (12, 16))
    model = model_from(source, data)
    assert model.config == replace(source.config, shape=(1, 12, 16))
    assert (model.source, model.weights_hash) == ("digits", source.weights_hash)
    x, noise = torch.randn(2, 1, 12, 16, generator=torch.Generator().manual_seed(0)), torch.zeros(2)
    with torch.no_grad():
        assert torch.equal(model.denoiser.net(x, noise), source.denoiser.net(x, noise))
    told = moved_attention(source, data)
    assert told is not None and "4×4" in told and "6×8" in told
    assert moved_attention(source, open_dataset("digits")) is None
    assert next(model.denoiser.parameters()).requires_grad


def test_points_are_fine_tuned_too() -> None:
    moons = open_dataset("points:moons:200")
    source = new_model(model_for(moons))
    model = model_from(source, open_dataset("points:spirals:200"))
    assert isinstance(model.config.net, MLPConfig) and model.config.data_std == source.config.data_std


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (spots(channels=3), ["grown generates pictures of 1 channel ", "spots holds pictures of 3 channels"]),
        (open_dataset("points:moons:50"), ["points of 2 numbers", "without `base`"]),
        (spots(side=1), ["2×2"]),
    ],
)
def test_data_that_do_not_fit_are_refused(data: Dataset, words: list[str]) -> None:
    with pytest.raises(SfumatoError) as refused:
        model_from(grown(0), data)
    assert all(word in str(refused.value) for word in words), refused.value


def saved(folder: Path) -> dict[str, Tensor]:
    newest = max((folder / "checkpoints").glob("checkpoint-*"))
    files = sorted(newest.glob("*.safetensors"))
    return {f"{path.name}/{k}": v for path in files for k, v in safetensors.torch.load_file(path).items()}


@pytest.mark.parametrize("stop_at", [0, 5])
@pytest.mark.parametrize("lora", [None, 2])
def test_a_run_goes_on_bit_for_bit_without_what_it_came_from(
    tmp_path: Path, run_folder: Path, lora: int | None, stop_at: int
) -> None:
    shutil.copytree(run_folder, tmp_path / "source")
    config = replace(CONFIG, lora=lora)
    for name in ("whole", "halves"):
        trainer = start_run(tmp_path / name, blobs(), config, model_from(load(tmp_path / "source"), blobs()), CPU)
        if name == "whole" or stop_at:
            for event in train(tmp_path / name, trainer):
                if name == "halves" and isinstance(event, Progress) and event.step == stop_at:
                    trainer.stop()
    shutil.rmtree(tmp_path / "source")
    again, _ = resume_run(tmp_path / "halves", blobs(), trainer.config, CPU)
    assert again.step == stop_at
    list(train(tmp_path / "halves", again))
    whole, halves = saved(tmp_path / "whole"), saved(tmp_path / "halves")
    assert whole.keys() == halves.keys()
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
    if lora:
        one, other = (
            (tmp_path / name / "adapter/adapter_model.safetensors").read_bytes() for name in ("whole", "halves")
        )
        assert one == other


def test_a_run_knows_what_it_came_from_and_keeps_it(tmp_path: Path, run_folder: Path) -> None:
    source = load(run_folder)
    model = model_from(source, blobs())
    trainer = start_run(tmp_path / "tuned", blobs(), CONFIG, model, CPU)
    assert trainer.config.origin == Origin(source.source, source.weights_hash)
    before = plain_weights(load(start_path(tmp_path / "tuned")).denoiser.net)
    list(train(tmp_path / "tuned", trainer))
    weights = source.denoiser.net.state_dict()
    assert all(torch.equal(before[name], weights[name]) for name in weights)
    assert all(torch.equal(model.denoiser.net.state_dict()[name], weights[name]) for name in weights)
    assert not torch.equal(
        load(tmp_path / "tuned").denoiser.net.state_dict()["conv_in.weight"], weights["conv_in.weight"]
    )


@pytest.mark.parametrize("damage", ["missing", "altered"])
def test_without_the_start_a_run_that_needs_it_says_so(tmp_path: Path, run_folder: Path, damage: str) -> None:
    trainer = start_run(tmp_path / "tuned", blobs(), CONFIG, model_from(load(run_folder), blobs()), CPU)
    path = start_path(tmp_path / "tuned") / "ema.safetensors"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(SfumatoError, match="started from, is missing or damaged"):
        resume_run(tmp_path / "tuned", blobs(), trainer.config, CPU)


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    """A finished run of adapters of rank 2 with one class more."""
    folder = tmp_path_factory.mktemp("runs") / "adapted"
    data = blobs()
    data = replace(data, classes=("dog", "bird", "cat"))
    config = replace(CONFIG, lora=2, learning_rate=1e-2)
    list(train(folder, start_run(folder, data, config, model_from(load(run_folder), data), CPU)))
    return folder


@pytest.mark.parametrize("classes", [0, 3])
def test_fresh_adapters_change_nothing(classes: int) -> None:
    model = grown(classes, attentive=True)
    before, weights = answers(model.denoiser.net), model.denoiser.net.state_dict()
    add_adapters(model.denoiser.net, 3, seed=0)
    assert torch.equal(answers(model.denoiser.net), before)
    plain = plain_weights(model.denoiser.net)
    assert plain.keys() == weights.keys() and all(torch.equal(plain[name], weights[name]) for name in weights)
    grown(classes, attentive=True).denoiser.net.load_state_dict(plain)


def test_adapters_are_a_function_of_the_seed_and_leave_global_random_state_alone() -> None:
    made = []
    for seed in (0, 0, 1):
        torch.manual_seed(5)
        model = grown(3)
        add_adapters(model.denoiser.net, 3, seed)
        made.append(trained_weights(model.denoiser.net)["middle.conv1.lora_A.default.weight"])
        assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(5)))
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_moves_the_adapters_and_nothing_else(precision: str) -> None:
    model = grown(3, attentive=True)
    before = {name: value.clone() for name, value in model.denoiser.net.state_dict().items()}
    trainer = Trainer(model, blobs(), replace(CONFIG, lora=3, precision=precision))
    start = {name: value.clone() for name, value in trained_weights(model.denoiser.net).items()}
    list(trainer.steps())
    for net in (model.denoiser.net, trainer.average.net):
        after = {
            name.replace(".base_layer", "").replace(".original_module", ""): v for name, v in net.state_dict().items()
        }
        assert all(torch.equal(after[name], value) for name, value in before.items())
        moved = trained_weights(net)
        assert all(not torch.equal(moved[name], value) for name, value in start.items())


def test_weights_with_the_adapters_added_answer_as_both_do_together(adapted: Path) -> None:
    trainer, _ = resume_run(adapted, replace(blobs(), classes=("dog", "bird", "cat")), read(adapted), CPU)
    for net, weights in ((trainer.model.denoiser.net, "raw"), (trainer.average.net, "ema")):
        loaded = load(adapted, weights).denoiser.net
        for label in (None, 1):
            torch.testing.assert_close(answers(net, label=label), answers(loaded, label=label), rtol=1e-4, atol=1e-5)
        base = load(start_path(adapted)).denoiser.net
        assert not torch.allclose(answers(loaded), answers(base), atol=1e-3)


def read(folder: Path) -> TrainingConfig:
    from sfumato.training import training_config

    return training_config(folder)


def test_peft_alone_reads_the_adapter(adapted: Path) -> None:
    from peft import PeftModel

    about = json.loads((adapted / "adapter/adapter_config.json").read_text())
    assert about["r"] == 2 and about["base_model_name_or_path"] == start_path(adapted).as_posix()
    base = load(about["base_model_name_or_path"]).denoiser.net
    both = PeftModel.from_pretrained(base, adapted / "adapter")
    for label in (None, 0, 1):
        expected = answers(load(adapted).denoiser.net, label=label)
        torch.testing.assert_close(answers(both, label=label), expected, rtol=1e-4, atol=1e-5)
    sizes = [(adapted / name).stat().st_size for name in ("adapter/adapter_model.safetensors",)]
    assert sizes[0] < 0.5 * max(p.stat().st_size for p in adapted.rglob("ema.safetensors"))


def test_other_widths_of_the_average_are_made_from_adapters_too(adapted: Path) -> None:
    folder, _ = write_average(adapted, read(adapted), 0.08)
    assert load(folder).sample(range(2), [1, 1], steps=2).isfinite().all()


@pytest.mark.parametrize("rank", [0, -1, 16, 1000])
def test_a_rank_that_saves_nothing_is_refused(rank: int) -> None:
    with pytest.raises(SfumatoError, match=r"between 1 and 15 here.*16"):
        add_adapters(grown(0).denoiser.net, rank, seed=0)


def test_adapters_need_a_model() -> None:
    with pytest.raises(SfumatoError, match="none is given as `base`"):
        start_run(Path("nowhere"), blobs(), replace(CONFIG, lora=2), TINY, CPU)


def test_adapters_of_another_network_are_refused() -> None:
    one, other = grown(0), new_model(replace(TINY, net=UNetConfig(1, widths=(32, 32)), classes=()))
    for model in (one, other):
        add_adapters(model.denoiser.net, 2, seed=0)
    with pytest.raises(SfumatoError, match=r"config\.json"):
        restore_trained(one.denoiser.net, trained_weights(other.denoiser.net))
