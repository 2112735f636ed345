"""What callers give from Python: done as it is meant, or refused in one sentence; never guessed, never a bare error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.arguments import as_labels, as_seeds, as_texts
from sfumato.data import open_dataset
from sfumato.diffusion import SCHEDULES, FiniteSet, NetDenoiser, Parameterization, log_likelihood
from sfumato.errors import SfumatoError
from sfumato.hub import Model, ModelConfig, SamplingConfig, load, new_model
from sfumato.nets import MLPConfig
from sfumato.sampling import Edit, ImageNoise, Step, classifier_free, composed, grid, invert, sample, stepper
from sfumato.sampling.editing import outpaint
from sfumato.sampling.program import run, trace
from tiny import TINY

POINTS = FiniteSet(torch.tensor([[0.5, 0.0], [-0.5, 0.3]]), std=0.2)

LEVELS = grid("karras", SCHEDULES["edm"](), 3)


@pytest.fixture(scope="module")
def model() -> Model:
    """Untrained, with weights that answer more than zero."""
    made = new_model(TINY)
    with torch.no_grad():
        for weight in made.denoiser.net.parameters():
            weight.add_(0.02)
    return made


def as_drawn(model: Model, **given: Any) -> torch.Tensor:
    return model.sample(**{"seeds": [5, 7], "labels": [1, 2], "steps": 2, **given})


@pytest.mark.parametrize(
    "given",
    [
        {"seeds": np.array([5, 7])},
        {"seeds": torch.tensor([5, 7])},
        {"seeds": (np.uint64(5), np.int8(7))},
        {"labels": np.array([1, 2], np.uint8)},
        {"labels": torch.tensor([1, 2])},
        {"labels": (np.int64(1), 2)},
        {"labels": ["dog", "cow"]},
        {"labels": ["dog", 2]},
        {"steps": np.int64(2), "guidance": np.float32(1)},
        {"batch": np.int32(1)},
    ],
)
def test_whole_numbers_of_any_kind_are_what_they_say(model: Model, given: dict[str, Any]) -> None:
    torch.testing.assert_close(as_drawn(model, **given), as_drawn(model), rtol=0, atol=1e-5)


def test_one_label_is_for_all_and_none_says_nothing(model: Model) -> None:
    assert torch.equal(as_drawn(model, labels=1), as_drawn(model, labels=[1, 1]))
    assert torch.equal(as_drawn(model, labels=[None, None]), as_drawn(model, labels=None))
    mixed = as_drawn(model, labels=[None, 2])
    torch.testing.assert_close(mixed[0], as_drawn(model, labels=None)[0])
    torch.testing.assert_close(mixed[1], as_drawn(model)[1])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": [1, 3]}, "a label is from 0 to 2, got 3"),
        ({"labels": [1, 99]}, "a label is from 0 to 2, got 99"),
        ({"labels": [1, -1]}, "a label is from 0 to 2, got -1"),
        ({"labels": [1, 2, 0]}, "2 seeds need as many labels, got 3"),
        ({"labels": [1]}, "2 seeds need as many labels, got 1"),
        ({"labels": [1, 2.0]}, r"a label is a whole number, not 2.0 \(float\)"),
        ({"labels": [1, True]}, "a label is a whole number, not True"),
        ({"labels": np.array([0.0, 1.0])}, "a label is a whole number"),
        ({"labels": "horse"}, "unknown class 'horse'.*choices are cat, dog, cow"),
        ({"labels": ["cat", "horse"]}, "unknown class 'horse'"),
        ({"labels": {1, 2}}, "labels are a list"),
        ({"prompts": {"a", "b"}}, "prompts are a list"),
        ({"labels": [[1, 2]]}, "a label is a whole number"),
        ({"labels": np.array([[1], [2]])}, "labels are a list"),
        ({"seeds": 2}, r"seeds are a list such as \[7\] or range\(16\), not 2"),
        ({"seeds": "5,7"}, "seeds are a list"),
        ({"seeds": []}, "there are no seeds"),
        ({"seeds": range(0)}, "there are no seeds"),
        ({"seeds": [5, -7]}, "a seed is a whole number from 0"),
        ({"seeds": range(-1, 1)}, "a seed is a whole number from 0"),
        ({"seeds": [5, 2**64]}, "a seed is a whole number from 0"),
        ({"seeds": [5, 7.5]}, "a seed is a whole number .* got 7.5"),
        ({"seeds": [True, False]}, "a seed is a whole number, not True"),
        ({"steps": 2.5}, "whole number, not 2.5"),
        ({"steps": "2"}, "whole number, not '2'"),
        ({"steps": True}, "whole number, not True"),
        ({"steps": 10**9}, "got 1000000000"),
        ({"batch": 0}, "batch is at least 1"),
        ({"batch": 1.5}, "batch is a whole number"),
        ({"guidance": float("nan")}, "guidance must be a finite number"),
        ({"guidance": "3"}, "guidance must be a finite number"),
        ({"sampler": "ddim", "eta": 2}, "eta must be between 0"),
        ({"interval": 3}, "an interval is two numbers"),
        ({"interval": (5, 1)}, "an interval is two numbers"),
        ({"interval": "0-5"}, "an interval is two numbers"),
        ({"threshold": "no"}, r"unknown threshold 'no'(\.|: did you mean 'none'\?) The choices"),
        ({"step": 3}, "unknown argument 'step': did you mean 'steps'"),
        ({"prompts": "a cat"}, "trained without captions"),
        ({"conditions": {"age": 3}}, "trained without 'age'"),
    ],
)
def test_what_can_t_be_meant_is_refused_in_one_sentence(model: Model, given: dict[str, Any], message: str) -> None:
    with pytest.raises(SfumatoError, match=message):
        as_drawn(model, **given)


def test_a_model_without_classes_takes_no_labels() -> None:
    plain = new_model(replace(TINY, net=replace(TINY.net, classes=0), classes=()))
    with pytest.raises(SfumatoError, match="trained without classes; leave `labels` out"):
        plain.sample([1], [0], steps=1)


def test_what_names_nothing_is_refused_in_one_sentence(model: Model) -> None:
    with pytest.raises(SfumatoError, match="a model is named by its path or by its name"):
        load(5)  # type: ignore[arg-type]
    with pytest.raises(SfumatoError, match="a data set is named by a text"):
        open_dataset(5)  # type: ignore[arg-type]
    with pytest.raises(SfumatoError, match=r"`edit` is a sfumato.Edit"):
        as_drawn(model, edit=5)
    with pytest.raises(SfumatoError, match=r"`sampling` is a sfumato.SamplingConfig"):
        as_drawn(model, sampling="ddim")


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3),
    st.lists(st.one_of(st.integers(-3, 5), st.floats(), st.none(), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.integers(0, 9).map(np.int16), st.floats().map(np.float32), st.builds(object),
    st.lists(st.integers(0, 5), max_size=4).map(np.array), st.lists(st.floats(), max_size=4).map(torch.tensor),
    st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=2), min_size=1, max_size=3).map(np.array),
    st.builds(range, st.integers(-3, 5)),
)  # fmt: skip


@given(ANYTHING)
def test_any_value_is_understood_whole_or_refused(value: Any) -> None:
    """What comes back holds exactly what was given, one for each image; what doesn't is a SfumatoError."""

    def tried(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except SfumatoError as error:
            assert str(error).endswith(".") and "\n" not in str(error)
            return None

    if (seeds := tried(lambda: as_seeds(value))) is not None:
        assert list(seeds) == [int(one) for one in value] and all(0 <= one < 2**64 for one in seeds)
    if (labels := tried(lambda: as_labels(value, 3, ("a", "b")))) is not None:
        assert len(labels) == 3 and all(one is None or one in (0, 1) for one in labels)
    if (texts := tried(lambda: as_texts("prompts", value, 3))) is not None:
        assert texts == ([value] * 3 if isinstance(value, str) else list(value))
    for name in (
        "steps",
        "guidance",
        "eta",
        "tolerance",
        "interval",
        "threshold",
        "rule",
        "first",
        "sampler",
        "grid",
    ):
        made = tried(lambda name=name: replace(SamplingConfig(), **{name: value}))
        assert made is None or type(getattr(made, name)) in (int, float, bool, str, tuple, type(None))


def test_a_single_prompt_is_said_of_all_and_isn_t_read_letter_by_letter() -> None:
    assert as_texts("prompts", "a cat", 3) == ["a cat"] * 3
    for wrong, message in ((["a", "b"], "3 seeds need as many prompts, got 2"), (["a", 1, "b"], "prompts are texts")):
        with pytest.raises(SfumatoError, match=message):
            as_texts("prompts", wrong, 3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_weights_of_another_precision_draw_the_same_to_rounding(model: Model, dtype: torch.dtype) -> None:
    other = new_model(TINY)
    other.denoiser.net.load_state_dict(model.denoiser.net.state_dict())
    other.denoiser.to(dtype)
    drawn = as_drawn(other)
    assert drawn.dtype == torch.float32
    torch.testing.assert_close(drawn, as_drawn(model), rtol=0, atol=1e-5 if dtype == torch.float64 else 0.1)


def spoilt(steps: Any) -> torch.Tensor:
    """The last picture of a stream whose every tensor is overwritten as soon as it is read."""
    kept = torch.empty(0)
    for step in steps:
        tensors = [step.x, step.x0_hat] if isinstance(step, Step) else [step]
        kept = tensors[0].clone()
        for tensor in tensors:
            if tensor is not None:
                tensor.fill_(1e3)
    return kept


@pytest.mark.parametrize("name", ["ddim", "dpm++2m", "unipc3", "heun", "pndm", "lms", "dpm++2m-sde", "adaptive"])
def test_writing_into_a_step_leaves_the_walk_as_it_is(name: str) -> None:
    levels, by = grid("karras", SCHEDULES["edm"](), 6), stepper(name)
    walk = lambda: sample(POINTS, levels, by, ImageNoise([1, 2], (2,)))  # noqa: E731
    *_, last = walk()
    assert torch.equal(spoilt(walk()), last.x)


def test_writing_into_what_an_inversion_or_a_program_yields_leaves_it_as_it_is() -> None:
    levels, x0 = grid("karras", SCHEDULES["edm"](), 6), torch.tensor([[0.4, 0.1]])
    *_, last = invert(POINTS, levels, stepper("ddim"), x0)
    assert torch.equal(spoilt(invert(POINTS, levels, stepper("ddim"), x0)), last.x)
    assert torch.equal(x0, torch.tensor([[0.4, 0.1]]))
    program = trace(stepper("dpm++2m"), levels)
    *_, end = run(program, POINTS, ImageNoise([1], (2,)))
    assert torch.equal(spoilt(run(program, POINTS, ImageNoise([1], (2,)))), end)


def test_a_picture_to_begin_with_is_not_written_into(model: Model) -> None:
    picture = torch.zeros(1, 8, 8)
    spoilt(model.stream([1], [0], edit=Edit(picture, strength=0.0)))
    assert not picture.any()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Edit(torch.zeros(1, 8, 8, dtype=torch.uint8)),
        lambda: Edit(np.zeros((1, 8, 8))),
        lambda: Edit(torch.full((1, 8, 8), torch.nan)),
        lambda: Edit(torch.zeros(8, 8)),
        lambda: Edit(torch.zeros(1, 8, 8), strength=2),
        lambda: Edit(torch.zeros(1, 8, 8), mask=torch.ones(1, 8, 8)),
        lambda: outpaint(torch.zeros(1, 8, 8), [1, 2, 3]),
        lambda: outpaint(torch.zeros(1, 8, 8), [1, 2, 3, -1]),
        lambda: grid("karras", SCHEDULES["edm"](), 2.5),
        lambda: stepper("ddim", steps=2.5),
        lambda: stepper("ddim", eta="1"),
        lambda: classifier_free(float("nan"), None),
        lambda: classifier_free(2.0, None, (3.0, 1.0)),
        lambda: composed([(float("inf"), None)], None),
        lambda: list(invert(POINTS, LEVELS, stepper("ddim"), torch.zeros(1, 2), rounds=1.5)),
        lambda: list(invert(POINTS, LEVELS, stepper("ddim"), torch.tensor([[1, 2]]))),
        lambda: log_likelihood(POINTS, torch.zeros(1, 2), divergence="exact", steps=2.5),
        lambda: log_likelihood(POINTS, torch.full((1, 2), torch.inf), divergence="exact"),
        lambda: ModelConfig((2,), MLPConfig(3)),
        lambda: ModelConfig((2,), MLPConfig(2, classes=2), ("a",)),
        lambda: ModelConfig((2,), MLPConfig(2), data_std=float("nan")),
        lambda: MLPConfig(2, blocks=10_000_000),
        lambda: MLPConfig(2, width=2.5),
    ],
)  # fmt: skip
def test_other_ways_in_refuse_what_makes_no_sense(wrong: Callable[[], Any]) -> None:
    with pytest.raises(SfumatoError):
        wrong()


def test_a_denoiser_of_float64_weights_answers_in_the_picture_s_precision() -> None:
    net = torch.nn.Linear(2, 2).double()
    denoiser = NetDenoiser(Numbered(net), Parameterization("edm", 0.5))
    levels = grid("karras", SCHEDULES["edm"](), 2)
    assert denoiser(torch.zeros(3, 2), levels[0], {"age": torch.ones(3)}).dtype == torch.float32


class Numbered(torch.nn.Module):
    """A network that is told a number."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor, c_noise: torch.Tensor, age: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.inner(x) + age[:, None] * c_noise[:, None]
        assert out.dtype == torch.float64
        return out
