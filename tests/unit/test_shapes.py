"""Scenes of shapes, and the checker that reads them back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.data import open_dataset
from sfumato.data.shapes import COLOURS, HELD_OUT, SHAPES, SIZES, Scene, Thing, draw, scene
from sfumato.errors import SfumatoError
from sfumato.evaluation.shapes import Score, lies, read, score


def picture(one: Scene) -> torch.Tensor:
    return torch.from_numpy(draw(one)).float() / 127.5 - 1


numbers = st.integers(0, 10**7)


@settings(max_examples=300, deadline=None)
@given(numbers, st.booleans())
def test_the_checker_reads_every_scene_as_it_was_drawn(number: int, held_out: bool) -> None:
    one = scene(number, held_out)
    seen = read(picture(one))
    assert sorted(thing.words for thing in seen) == sorted(thing.words for thing in one.things)
    for thing in one.things:
        (match,) = (other for other in seen if other.words == thing.words)
        assert abs(match.x - thing.x) < 0.2 and abs(match.y - thing.y) < 0.2
    count = len(one.things)
    assert score(picture(one), one) == Score(count, count, len(one.relations), len(one.relations), 0)


@settings(max_examples=100, deadline=None)
@given(numbers)
def test_things_lie_inside_apart_and_as_the_caption_says(number: int) -> None:
    one = scene(number)
    for thing in one.things:
        radius = SIZES[thing.size]
        assert radius < thing.x < 32 - radius and radius < thing.y < 32 - radius
    assert all(lies(one.things[a], relation, one.things[b]) for a, relation, b in one.relations)
    assert len({thing.colour for thing in one.things}) == len(one.things)
    for thing in one.things:
        assert thing.words in one.caption


@settings(max_examples=60, deadline=None)
@given(numbers)
def test_a_little_noise_and_blur_dont_confuse_the_checker(number: int) -> None:
    one = scene(number)
    noise = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(number))
    result = score((picture(one) + 0.05 * noise).clamp(-1, 1), one)
    assert (result.right, result.related) == (result.things, result.relations)
    kernel = torch.tensor([0.1, 0.8, 0.1])
    padded = F.pad(picture(one)[:, None], (1, 1, 1, 1), value=1.0)
    blurred = F.conv2d(padded, (kernel[:, None] * kernel)[None, None])[:, 0]
    assert score(blurred, one).right == len(one.things)


def test_what_is_wrong_counts_as_wrong() -> None:
    red, blue = Thing("large", "red", "circle", 9.0, 16.0), Thing("small", "blue", "square", 24.0, 16.0)
    one = Scene((red, blue), ((0, "left of", 1),))
    assert one.caption == "a large red circle left of a small blue square"
    swapped = Scene((replace(red, x=24.0), replace(blue, x=8.0)), ())
    assert score(picture(swapped), one) == Score(2, 2, 0, 1, 0)
    other_shape = Scene((replace(red, shape="square"), blue), ())
    assert score(picture(other_shape), one) == Score(1, 2, 1, 1, 0)
    other_size = Scene((replace(red, size="small"), blue), ())
    assert score(picture(other_size), one) == Score(1, 2, 1, 1, 0)
    alone = Scene((red,), ())
    assert score(picture(alone), one) == Score(1, 2, 0, 1, 0)
    more = Scene((red, blue, Thing("small", "green", "square", 24.0, 27.0)), ())
    assert score(picture(more), one) == Score(2, 2, 1, 1, 1)


def test_noise_and_nothing_show_no_thing_with_a_name() -> None:
    assert read(torch.ones(3, 32, 32)) == []
    noise = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    assert all(thing.shape == "other" for thing in read(noise))
    assert [thing.shape for thing in read(-torch.ones(3, 32, 32))] == ["other"]


def test_a_scene_is_its_number_and_held_out_combinations_are_never_trained_on() -> None:
    assert scene(7) == scene(7) != scene(8)
    trained = {(thing.colour, thing.shape) for number in range(3000) for thing in scene(number).things}
    assert trained == {(colour, shape) for colour in COLOURS for shape in SHAPES} - HELD_OUT
    for number in range(300):
        odd = [thing for thing in scene(number, held_out=True).things if (thing.colour, thing.shape) in HELD_OUT]
        assert len(odd) == 1
    counts = np.bincount([len(scene(number).things) for number in range(2000)], minlength=4) / 2000
    assert np.abs(counts - [0, 0.25, 0.5, 0.25]).max() < 0.04


def test_the_data_set_is_its_scenes(tmp_path: Path) -> None:
    data = open_dataset("shapes:40", cache=tmp_path)
    assert data.shape == (3, 32, 32) and len(data) == 40
    for number in (0, 39):
        assert np.array_equal(data.samples[number], draw(scene(number)))
        assert data.captions is not None and data.captions[number] == (scene(number).caption,)
    assert np.array_equal(open_dataset("shapes:50", cache=tmp_path).samples[:40], data.samples)
    assert open_dataset("shapes:10", (16, 24), cache=tmp_path).shape == (3, 16, 24)


@pytest.mark.parametrize("spec", ["shapes:", "shapes:many", "shapes:1", "shapes:99999999999"])
def test_specs_that_cant_be_are_one_sentence(spec: str, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="shapes"):
        open_dataset(spec, cache=tmp_path)
