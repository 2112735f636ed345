"""Every random stream is a function of its purpose and its numbers, all bits of which count; no two streams meet."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import sfumato
from sfumato.data import Dataset
from sfumato.errors import SfumatoError
from sfumato.hub import new_model
from sfumato.sampling import ImageNoise
from sfumato.seeds import (
    PURPOSES,
    WORDS,
    Purpose,
    derived_seed,
    numpy_generator,
    seed_of,
    seeded,
    state_words,
    torch_generator,
)
from sfumato.training import TrainingConfig, model_for, start_run
from tiny import TINY

numbers = st.lists(st.integers(0, 2**64 - 1), max_size=3)
streams = st.tuples(st.sampled_from(PURPOSES), numbers)


def drawn(purpose: Purpose, *numbers: int) -> list[int]:
    return torch.randint(2**20, (16,), generator=torch_generator(purpose, *numbers)).tolist()


@given(streams)
def test_the_generator_is_the_one_that_numpy_would_seed(stream: tuple[Purpose, list[int]]) -> None:
    purpose, which = stream
    root = seed_of(purpose, *which)
    assert np.array_equal(state_words(root), root.generate_state(WORDS))
    peer = np.random.MT19937()
    state = peer.state
    state["state"] = {"key": root.generate_state(WORDS), "pos": WORDS}
    state["state"]["key"][0] |= 2**31
    peer.state = state
    assert drawn(purpose, *which) == (peer.random_raw(16) % 2**20).tolist()


@given(streams, streams)
def test_two_streams_never_meet(one: tuple[Purpose, list[int]], other: tuple[Purpose, list[int]]) -> None:
    same = one == other
    assert (drawn(one[0], *one[1]) == drawn(other[0], *other[1])) is same
    assert (numpy_generator(one[0], *one[1]).random() == numpy_generator(other[0], *other[1]).random()) is same
    assert (derived_seed(one[0], *one[1]) == derived_seed(other[0], *other[1])) is same


def test_neighbouring_numbers_of_other_widths_are_other_streams() -> None:
    """SeedSequence alone takes () for (0,), and (1, 2) for (1 + 2·2³²,)."""
    each = [(), (0,), (0, 0), (1,), (1, 0), (1, 2), (1 + 2 * 2**32,), (1 + 2 * 2**32, 0), (2**32,), (0, 1), (0, 0, 1)]
    assert len({tuple(drawn("image", *which)) for which in each}) == len(each)
    assert len({tuple(drawn(purpose)) for purpose in PURPOSES}) == len(PURPOSES)  # type: ignore[arg-type]


@given(st.integers(0, 2**64 - 1))
def test_all_bits_of_a_seed_count(seed: int) -> None:
    others = {tuple(drawn("image", seed ^ (1 << bit))) for bit in range(64)}
    assert len(others | {tuple(drawn("image", seed))}) == 65


def test_seeds_a_power_of_two_apart_are_other_pictures() -> None:
    noise = ImageNoise([5, 5 + 2**32, 5 + 2**63, np.int64(5)], (3, 4))()
    assert len({tuple(row.flatten().tolist()) for row in noise[:3]}) == 3
    assert torch.equal(noise[0], noise[3])


@pytest.mark.parametrize("seed", [-1, 2**64, 2.5, "5", None])
def test_what_is_no_seed_is_refused(seed: int) -> None:
    with pytest.raises(SfumatoError, match="a seed is a whole number from 0 to 18446744073709551615"):
        ImageNoise([seed], (2,))


def test_global_generators_are_left_where_they_were() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with seeded("dropout", 1, 2, 0):
        first = torch.rand(4)
    with seeded("dropout", 1, 2, 1):
        assert not torch.equal(first, torch.rand(4))
    assert torch.equal(torch.get_rng_state(), before)


FIXED = {  # data that belong to no seed, and stay what they are
    "seeds.py",
    "data/points.py",
    "data/order.py",
    "lesson/computed.py",
}


def test_nothing_else_builds_a_seed() -> None:
    package = Path(sfumato.__file__).parent
    builders = re.compile(r"manual_seed\(|default_rng\(|SeedSequence\(|np\.random\.seed|seed *<<")
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        # not what a lesson shows or a template begins, which are their readers' own
        if not {"code", "templates"} & {*path.relative_to(package).parts[:2]}
        and builders.search(path.read_text("utf-8"))
    }
    assert found <= FIXED


def picture_set(count: int = 40) -> Dataset:
    """Pictures with classes and captions."""
    rng = np.random.default_rng(0)
    samples = rng.integers(0, 256, (count, 1, 8, 8), np.uint8)
    captions = tuple(f"a {word}" for word in ("cat", "dog") * (count // 2))
    return Dataset("pictures", samples, np.arange(count) % 2, ("cat", "dog"), captions=captions)


def drawn_at(tmp_path: Path, seed: int, step: int = 1, name: str = "", **settings: object) -> dict[str, Tensor]:
    """All that is random in one training step of a run of this seed."""
    data = picture_set()
    config = TrainingConfig(data.name, images=64, batch=32, seed=seed, condition_dropout=0.5, **settings)  # type: ignore[arg-type]
    trainer = start_run(tmp_path / f"{seed}-{name}", data, config, model_for(data, "nano"))
    (part,) = trainer.draw(step, 32 * (step - 1))
    weights = torch.cat([weight.detach().flatten() for weight in trainer.model.denoiser.parameters()])
    dropped = part.cond["label"] == 2
    return {
        "noise": part.drawn.eps, "levels": part.drawn.level.sigma, "order and augmentation": part.x0,
        "weights": weights,
        "dropped labels": dropped, "captions": part.cond["text"],
    }  # fmt: skip


def test_another_seed_changes_every_stream_of_training(tmp_path: Path) -> None:
    one = drawn_at(tmp_path, 0)
    for seed in (1, 7, 2**32, 2**63):
        other = drawn_at(tmp_path, seed)
        for name, value in one.items():
            assert not torch.equal(value, other[name]), (seed, name)


def test_another_step_changes_what_belongs_to_a_step(tmp_path: Path) -> None:
    one, other = drawn_at(tmp_path, 0), drawn_at(tmp_path, 0, step=2, name="later")
    changed = {name for name, value in one.items() if not torch.equal(value, other[name])}
    assert changed == set(one) - {"weights"}


def test_what_else_is_random_leaves_a_stream_as_it_is(tmp_path: Path) -> None:
    """Mirrored pictures, or another share of dropped conditions, meet the same noise at the same levels."""
    one, other = drawn_at(tmp_path, 3), drawn_at(tmp_path, 3, name="flipped", flip=True)
    assert {name for name, value in one.items() if not torch.equal(value, other[name])} == {"order and augmentation"}


def test_noise_of_one_seed_is_another_in_each_kind_of_stream() -> None:
    every = [ImageNoise([1], (4,), purpose=purpose)() for purpose in ("image", "enlarged image")]  # type: ignore[arg-type]
    assert not torch.equal(*every)
    stages = [ImageNoise([1], (4,), purpose="noise on what is enlarged", numbers=[stage])() for stage in (1, 2)]
    assert not torch.equal(*stages)


def test_dropout_follows_seed_and_step() -> None:
    def masked(seed: int, step: int) -> Tensor:
        with seeded("dropout", seed, step, 0):
            return torch.nn.functional.dropout(torch.ones(64), 0.5)

    assert torch.equal(masked(0, 1), masked(0, 1))
    assert len({tuple(masked(seed, step).tolist()) for seed in (0, 1, 2**32) for step in (1, 2)}) == 6


def test_pictures_of_seeds_beyond_32_bits_differ() -> None:
    one, other = new_model(TINY).sample([5, 5 + 2**32], [0, 0], sampler="ddim", steps=2)
    assert not torch.equal(one, other)
