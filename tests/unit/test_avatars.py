"""Avatars: drawings by number, with captions that say what they are drawn of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.data import open_dataset
from sfumato.errors import SfumatoError

pytest.importorskip("dicebear")

from sfumato.data.avatars import attribution, avatar, choices, colour_word, held_out, spelt, styles
from sfumato.data.svg import render
from sfumato.evaluation.avatars import read_options


def test_a_drawing_is_its_number_and_its_options() -> None:
    one, again, other = (avatar("critters", seed) for seed in (5, 5, 6))
    assert one == again != other
    assert one.parts["eyes"] in choices("critters", "eyes")
    chosen = avatar("critters", 5, {"eyesVariant": ["wink"], "bodyColor": ["#7dd3fc"]})
    assert chosen.parts["eyes"] == "wink" and chosen.colours["body"] == "#7dd3fc"
    assert {**one.parts, "eyes": "wink"} == chosen.parts
    assert "wink eyes" in chosen.caption and "light blue" in chosen.caption.split(" body")[0]


def test_a_set_is_endless_and_says_whose_it_is(tmp_path: Path) -> None:
    few = open_dataset("avatars:critters:6", (32, 24), cache=tmp_path)
    more = open_dataset("avatars:critters:9", (32, 24), cache=tmp_path)
    held = open_dataset("avatars:critters:9", (32, 24), cache=tmp_path)
    rows = np.arange(6)
    assert few.shape == (3, 32, 24) and len(more) == 9
    assert np.array_equal(few.stored(rows), more.stored(rows)) and np.array_equal(held.stored(rows), more.stored(rows))
    assert few.captions is not None and all(len(texts) == 2 for texts in few.captions)
    assert all(set(some.split(", ")) <= set(whole.split(", ")) for whole, some in few.captions)
    assert any("CC0" in note and "DiceBear" in note for note in few.notes)


def test_held_out_drawings_combine_what_no_other_does() -> None:
    drawn = [avatar("critters", number) for number in range(150)]
    out = [one for one in drawn if held_out("critters", one)]
    assert 2 < len(out) < 30
    pairs = {(one.parts["eyes"], one.parts["mouth"]) for one in drawn if not held_out("critters", one)}
    assert all((one.parts["eyes"], one.parts["mouth"]) not in pairs for one in out)


def test_what_a_picture_shows_is_read_back() -> None:
    asked = avatar("cutouts", 3)
    picture = render(asked.svg, 48, 48)
    assert read_options("cutouts", asked, picture) == asked.options
    other = avatar("cutouts", 3, {"eyesVariant": ["pair"]})
    assert read_options("cutouts", asked, render(other.svg, 48, 48), ("eyes",)) == {"eyes": "pair"}


def test_words_are_plain() -> None:
    assert (spelt("earsDroop"), spelt("variant04"), spelt("glasses2")) == ("ears droop", "variant 4", "glasses 2")
    assert [colour_word(one) for one in ("#000000", "#ffffff", "#808080")] == ["black", "white", "grey"]
    assert [colour_word(one) for one in ("#ff0000", "#1d4ed8", "#86efac")] == ["red", "blue", "light green"]
    assert all(word not in styles() for word in ("bottts", "avataaars"))
    assert "Lisa Wischofsky" in attribution("lorelei") and "CC0" in attribution("lorelei")


@pytest.mark.parametrize("spec", ["avatars:nobody", "avatars:", "avatars:critters:0", "avatars:critters:many"])
def test_what_is_no_set_of_avatars_is_refused(spec: str) -> None:
    with pytest.raises(SfumatoError):
        open_dataset(spec)
