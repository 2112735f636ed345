"""A copycat is found, and someone who has learnt is not accused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from sfumato.data import around, hold_out, open_dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation.memorisation import _chance, audit, memorised, near_duplicates, nearest, verdict


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor, Tensor]:
    """Pixels of digits to train on, of held-out ones, and of others that stand for a model that has learnt."""
    dataset = open_dataset("digits")
    held = hold_out(len(dataset), 0.4)
    train = around(held, np.arange(len(dataset) - len(held)))
    pixels = [dataset.batch(rows)[0].flatten(1) for rows in (train, held[::2], held[1::2])]
    return pixels[0], pixels[1], pixels[2]


def test_a_copycat_is_flagged_and_a_held_out_set_is_not(digits: tuple[Tensor, Tensor, Tensor]) -> None:
    train, held_out, fresh = digits
    copycat = audit("pixels", train[:300], train, held_out)
    assert copycat.memorised and copycat.flagged == 300 and copycat.p_value < 1e-12
    assert verdict([copycat]).startswith("memorised: 300 of 300 samples")
    honest = audit("pixels", fresh, train, held_out)
    assert not honest.memorised
    assert verdict([honest]).startswith("no sign of copying")


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_model_that_copies_now_and_then_is_flagged(digits: tuple[Tensor, Tensor, Tensor], share: float) -> None:
    train, held_out, fresh = digits
    copies = int(share * len(fresh))
    noise = 0.02 * torch.randn(copies, train.shape[1], generator=torch.Generator().manual_seed(0))
    found = audit("pixels", torch.cat([train[:copies] + noise, fresh[copies:]]), train, held_out)
    assert found.memorised and found.flagged >= copies


def test_the_false_alarms_are_as_rare_as_promised() -> None:
    """Samples from the data's own law are flagged with less than the level of the test."""
    generator = torch.Generator().manual_seed(0)
    alarms = 0
    for _ in range(200):
        train, held_out, samples = (torch.randn(n, 3, generator=generator) for n in (150, 60, 100))
        alarms += audit("points", samples, train, held_out).memorised
    assert alarms <= 6  # 2 expected of a test at 1%


def test_two_spaces_share_the_level_of_one(digits: tuple[Tensor, Tensor, Tensor]) -> None:
    train, held_out, fresh = digits
    one = replace(audit("pixels", fresh, train, held_out), flagged=100, expected=9.0, p_value=0.007)
    other = replace(one, space="features", p_value=0.5)
    assert memorised([one]) and not memorised([one, other]) and verdict([one, other]).startswith("no sign")


def test_the_chance_is_that_of_shuffled_cards() -> None:
    generator = torch.Generator().manual_seed(0)
    count, held, order, flagged = 12, 8, 2, 5
    hits = 0
    for _ in range(4000):
        places = torch.randperm(count + held, generator=generator)
        hits += int((places[held:] < places[:held].sort().values[order - 1]).sum()) >= flagged
    assert _chance(flagged, order, count, held) == pytest.approx(hits / 4000, abs=0.02)
    assert _chance(0, order, count, held) == 1.0


def test_ratios_do_not_depend_on_scale_or_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    samples, train = torch.randn(20, 4, generator=generator), torch.randn(90, 4, generator=generator)
    found, scaled = nearest(samples, train), nearest(7 * samples, 7 * train)
    torch.testing.assert_close(found.ratio, scaled.ratio)
    monkeypatch.setattr("sfumato.evaluation.memorisation.MAX_DISTANCES", 100)
    assert torch.equal(nearest(samples, train).index, found.index)


def test_near_duplicates_are_the_pairs_that_were_put_there() -> None:
    train = torch.randn(200, 10, generator=torch.Generator().manual_seed(0))
    assert len(near_duplicates(train).pairs) == 0
    train[150], train[77] = train[3], train[20] + 1e-4
    assert near_duplicates(train).pairs.tolist() == [[3, 150], [20, 77]]
    assert len(near_duplicates(train[:20].repeat(4, 1)).pairs) >= 20  # most of the set


def test_too_little_to_compare_with_is_one_sentence() -> None:
    with pytest.raises(SfumatoError, match="needs 8 held-out samples"):
        audit("pixels", torch.zeros(5, 2), torch.zeros(50, 2), torch.zeros(3, 2))
    with pytest.raises(SfumatoError, match="3 training samples or more"):
        nearest(torch.zeros(5, 2), torch.zeros(50, 3))
