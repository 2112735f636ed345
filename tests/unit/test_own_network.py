"""A network of the user's own, with nothing but a forward pass: trained, resumed, sampled, exported, evaluated."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.evaluation import measure, open_extractor, open_reference
from sfumato.hub import load, new_model
from sfumato.hub.config import config_json, read_config
from sfumato.hub.onnx import export_onnx
from sfumato.nets import ConditionConfig, OwnConfig, UNet, UNetConfig, build, own_config
from sfumato.nets.protocol import adaptable_layers, matrix_weights, memory_format_of, parts_of, takes
from sfumato.training import Progress, TrainingConfig, model_for, model_from, resume_run, start_run, train
from sfumato.training.loop import Diverged
from sfumato.training.saving import Noted
from tiny import blobs

CPU = torch.device("cpu")


class Plain(nn.Module):
    """No base class, no methods but `forward`."""

    def __init__(self, width: int = 16, classes: int = 3) -> None:
        super().__init__()
        self.width = width
        self.first = nn.Conv2d(1, width, 3, padding=1)
        self.level = nn.Linear(1, width)
        self.label = nn.Embedding(classes + 1, width)
        self.inner = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x: Tensor, c_noise: Tensor, **cond: Tensor) -> Tensor:
        embedding = self.level(c_noise[:, None])
        if "label" in cond:
            embedding = embedding + self.label(cond["label"])
        out: Tensor = self.last(self.inner((self.first(x) + embedding[:, :, None, None]).relu()).relu())
        return out


class Unconditional(nn.Module):
    """Takes no label, and calls its arguments otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.only = nn.Linear(64, 64)

    def forward(self, sample: Tensor, level: Tensor) -> Tensor:
        out: Tensor = self.only(sample.flatten(1)).view_as(sample) * level[:, None, None, None]
        return out


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`whole` was trained at one go; `halves` was stopped after three of six steps and resumed."""
    folder, data = tmp_path_factory.mktemp("own"), blobs()
    torch.manual_seed(0)
    net = Plain()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    config = TrainingConfig("blobs", images=6 * 16, batch=16, previews=1, preview_calls=2)
    model = model_for(data, net)
    list(train(folder / "whole", start_run(folder / "whole", data, config, new_model(model), CPU)))
    trainer = start_run(folder / "halves", data, config, new_model(model), CPU)
    for event in train(folder / "halves", trainer):
        if isinstance(event, Progress) and event.step == 3:
            trainer.stop()
    again, _ = resume_run(folder / "halves", data, config, CPU, net=Plain())
    assert again.step == 3
    list(train(folder / "halves", again))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())  # a model has its own copy
    return folder


def test_a_resumed_run_ends_with_the_same_bits(runs: Path) -> None:
    one, other = (load(runs / name, net=Plain()).denoiser.net.state_dict() for name in ("whole", "halves"))
    start = load(runs / "whole" / "checkpoints" / "start", net=Plain()).denoiser.net.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert all(not torch.equal(one[name], start[name]) for name in one)


def test_its_folder_names_it_and_loads_no_code(runs: Path) -> None:
    content = json.loads((runs / "whole" / "config.json").read_bytes())["model"]["net"]
    assert content["target"] == f"{__name__}:Plain" and content["arguments"] == {"width": 16}
    assert content["kind"] == "own" and content["classes"] == 3 and "net" not in content
    with pytest.raises(SfumatoError, match=r"code is never loaded .* load\(folder, net=Plain\(width=16\)\)"):
        load(runs / "whole")
    with pytest.raises(SfumatoError, match=r"is a .*:Plain, and the one that is given is a .*:Unconditional"):
        load(runs / "whole", net=Unconditional())
    with pytest.raises(SfumatoError, match=r"don't fit the network .* first.weight is 16 × 1 × 3 × 3 there and 8 ×"):
        load(runs / "whole", net=Plain(8))


def test_a_network_of_the_package_takes_none_from_outside(run_folder: Path) -> None:
    with pytest.raises(SfumatoError, match="is one of the package's; leave `net` out"):
        load(run_folder, net=Plain())


def test_it_samples_each_picture_as_alone(runs: Path) -> None:
    model = load(runs / "whole", net=Plain())
    together = model.sample([1, 2, 3], [0, 1, 2], steps=4, guidance=2.0)
    alone = torch.cat(
        [model.sample([seed], [label], steps=4, guidance=2.0) for seed, label in ((1, 0), (2, 1), (3, 2))]
    )
    assert together.shape == (3, 1, 8, 8) and torch.allclose(together, alone, atol=1e-5)
    assert not torch.equal(together[:1], model.sample([1], [1], steps=4, guidance=2.0))


def test_it_is_exported_as_onnx(runs: Path, tmp_path: Path) -> None:
    model = load(runs / "whole", net=Plain())
    export_onnx(model, tmp_path)
    graph = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    x, level, label = torch.randn(5, 1, 8, 8), torch.linspace(-1, 1, 5), torch.arange(5) % 4
    (answer,) = graph.run(None, {"x": x.numpy(), "c_noise": level.numpy(), "label": label.numpy()})
    with torch.no_grad():
        expected = model.denoiser.net(x, level, label=label)
    assert np.allclose(answer, expected.numpy(), atol=1e-5)


def test_it_is_evaluated(runs: Path) -> None:
    model, data = load(runs / "whole", net=Plain()), blobs()
    reference = open_reference(data, open_extractor("pixels", data))
    samples = model.sample(range(60), [seed % 3 for seed in range(60)], steps=2)
    real, labels = data.batch(reference.train)
    drawn, perfect = measure(samples, None, reference, repeats=0), measure(real, labels, reference, repeats=0)
    assert drawn.scores["kernel"].value > 10 * abs(perfect.scores["kernel"].value)


def test_it_is_tuned_on_other_data_of_the_same_classes(runs: Path) -> None:
    source, data = load(runs / "whole", net=Plain()), blobs(30)
    tuned, weights = model_from(source, data), source.denoiser.net.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in tuned.denoiser.net.state_dict().items())
    assert tuned.denoiser.net is not source.denoiser.net
    with pytest.raises(SfumatoError, match="doesn't say how it embeds them; give it a method `parts`"):
        model_from(source, replace(data, classes=("cat", "dog", "ox")))


class Tied(Plain):
    """Two layers of the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Conv2d(self.width, self.width, 3, padding=1)
        self.again.weight = self.inner.weight


def test_tied_weights_are_saved_and_stay_tied(tmp_path: Path) -> None:
    data, config = blobs(), TrainingConfig("blobs", images=32, batch=16, previews=0, optimizer="muon")
    list(train(tmp_path, start_run(tmp_path, data, config, model_for(data, Tied()), CPU)))
    net = load(tmp_path, net=Tied()).denoiser.net
    assert net.again.weight is net.inner.weight
    assert torch.equal(*(net.state_dict()[f"{one}.weight"] for one in ("again", "inner")))
    trainer, _ = resume_run(tmp_path, data, config, CPU, net=Tied())
    assert trainer.step == 2


class Answers(Unconditional):
    """Answers as it is told to."""

    def __init__(self, answer: Callable[[Tensor], object] = lambda out: out) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, sample: Tensor, level: Tensor) -> object:  # type: ignore[override]
        return self.answer(super().forward(sample, level))


class NoNullClass(Plain):
    """Knows the classes, and not that there may be none."""

    def __init__(self) -> None:
        super().__init__(classes=2)


MISFITS: list[tuple[Callable[[], nn.Module], str]] = [
    (nn.Identity, "the network Identity has no weights; give one that can learn"),
    (
        lambda: Unconditional().requires_grad_(False),
        "has all weights frozen; let some have requires_grad",
    ),
    (lambda: Answers(lambda out: (out,)), "return a tensor of floats like x, here 2 × 1 × 8 × 8, and returns tuple"),
    (lambda: Answers(lambda out: out[:, :, :4]), "here 2 × 1 × 8 × 8, and returns 2 × 1 × 4 × 8 of torch.float32"),
    (lambda: Answers(lambda out: out.long()), "a tensor of floats like x, .* returns 2 × 1 × 8 × 8 of torch.int64"),
    (NoNullClass, r"with x of 2 × 1 × 8 × 8 and c_noise of 2 and label of 2 \(labels are 0 to 3, .*: IndexError: "),
    (lambda: nn.Linear(8, 8), r"Linear fails when it is called as net\(x, c_noise, \*\*conditions\) .*: TypeError: "),
]


@pytest.mark.parametrize("make, words", MISFITS)
def test_one_that_can_t_be_trained_is_refused_in_a_sentence(make: Callable[[], nn.Module], words: str) -> None:
    with pytest.raises(SfumatoError, match=words) as error:
        model_for(blobs(), make())
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_being_tried_out_leaves_no_trace() -> None:
    net = nn.Sequential(nn.BatchNorm2d(1))
    answers = Answers()
    answers.norm, before = net, torch.random.get_rng_state()
    model_for(blobs(), answers)
    assert answers.training and net.training and net[0].num_batches_tracked == 0
    assert torch.equal(torch.random.get_rng_state(), before)


def test_float64_is_trained_under_bf16(tmp_path: Path) -> None:
    data, config = blobs(), TrainingConfig("blobs", images=32, batch=16, previews=0, precision="bf16")
    events = list(train(tmp_path, start_run(tmp_path, data, config, model_for(data, Plain().double()), CPU)))
    losses = [event.loss for event in events if isinstance(event, Progress)]
    assert len(losses) == 2 and all(map(math.isfinite, losses))


def test_a_short_run_that_never_moved_has_diverged(tmp_path: Path) -> None:
    data, config = blobs(), TrainingConfig("blobs", images=48, batch=16, previews=0)
    trainer = start_run(tmp_path, data, config, model_for(data, Answers(lambda out: out * math.nan)), CPU)
    with pytest.raises(Diverged, match="not a finite number for 3 steps in a row, up to step 3"):
        list(train(tmp_path, trainer))


def test_conditions_that_its_forward_doesn_t_take_are_left_out(tmp_path: Path) -> None:
    data, config = blobs(), TrainingConfig("blobs", images=32, batch=16, previews=0)
    model = model_for(data, Unconditional())
    assert model.classes == () and model.net.classes == 0
    said = [
        event.text
        for event in train(tmp_path, start_run(tmp_path, data, config, model, CPU))
        if isinstance(event, Noted)
    ]
    assert any("no argument called `label`" in text for text in said)
    trainer, _ = resume_run(tmp_path, data, config, CPU, net=Unconditional())
    assert trainer.step == 2
    assert load(tmp_path, net=Unconditional()).sample([1, 2], steps=2).shape == (2, 1, 8, 8)
    assert takes(Plain(), "anything") and not takes(Unconditional(), "label")
    named = replace(data, captions=tuple((name,) for name in ["a wall"] * len(data)))
    trainer = start_run(tmp_path / "named", named, config, model_for(named, Unconditional()), CPU)
    assert any("no argument called `text`" in text for text in trainer.notes)
    with pytest.raises(SfumatoError, match="Unconditional takes no argument called `edges`"):
        model_for(data, Unconditional(), conditions=[ConditionConfig("edges", "image", 1)])


def test_what_it_doesn_t_say_has_a_default() -> None:
    net = Plain()
    assert list(parts_of(net).ends) == [net.first, net.last]
    assert [id(weight) for weight in matrix_weights(net)] == [id(net.level.weight), id(net.inner.weight)]
    assert list(adaptable_layers(net)) == ["level", "inner"]
    assert memory_format_of(net) == torch.contiguous_format
    assert memory_format_of(UNet(UNetConfig(1))) == torch.channels_last


def test_blocks_are_the_outermost_members_of_lists() -> None:
    inner, outer = nn.Linear(2, 2), nn.Sequential(nn.ModuleList([nn.Linear(3, 3)]))
    net = nn.Sequential(nn.Linear(1, 1), nn.ModuleList([nn.ModuleList([inner]), outer]), nn.Linear(1, 1))
    assert list(parts_of(net).blocks) == [outer, inner]


def test_a_config_of_a_file_brings_no_network(tmp_path: Path) -> None:
    model = model_for(blobs(), Plain())
    (tmp_path / "config.json").write_bytes(config_json(model=model))
    read = read_config(tmp_path / "config.json")
    assert read == model and read.net.net is None
    with pytest.raises(SfumatoError, match="one of your own"):
        build(read.net)
    content = json.loads((tmp_path / "config.json").read_bytes())
    content["model"]["net"]["net"] = "os:system"
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(SfumatoError, match=r"a network is an nn\.Module, not str"):
        read_config(tmp_path / "config.json")


def test_only_a_module_is_a_network() -> None:
    with pytest.raises(SfumatoError, match=r"a network is an nn\.Module"):
        OwnConfig("m:C", net=lambda x: x)
    config = own_config(Plain(8))
    assert (config.arguments, config.classes) == ({"width": 8}, 0)
