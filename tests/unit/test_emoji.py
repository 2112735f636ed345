"""The emoji: what is there, what it is called, what is never trained on, and what is read in a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato.data import Dataset, open_dataset
from sfumato.data.emoji import TONES, held_out, role_and_tones, words
from sfumato.errors import SfumatoError
from sfumato.evaluation.emoji import Region, colour_of, regions, subject


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        (":red_heart:", "red heart"),
        (":woman_astronaut_medium-dark_skin_tone:", "woman astronaut, medium-dark skin tone"),
        (":woman_dark_skin_tone_bald:", "woman bald, dark skin tone"),
        (
            ":men_holding_hands_light_skin_tone_medium_skin_tone:",
            "men holding hands, light skin tone, medium skin tone",
        ),
        (":Côte_d’Ivoire:", "cote d'ivoire"),
    ],
)
def test_names_are_plain_words(name: str, plain: str) -> None:
    assert words(name) == plain


def test_training_and_held_out_make_up_the_whole_and_share_nothing(cache: Path) -> None:
    training, held, everything = (open_dataset(spec, cache=cache) for spec in ("emoji", "emoji:held-out", "emoji:all"))
    assert everything.shape == (3, 32, 32) and len(everything) >= 3953
    assert sorted([*(training.captions or ()), *(held.captions or ())]) == sorted(everything.captions or ())
    assert not set(training.captions or ()) & set(held.captions or ())
    assert 80 <= len(held) <= 200
    assert any("CC BY-SA 4.0" in told for told in training.notes)
    assert (everything.samples[:, :, 0, 0] == 255).mean() > 0.9, "drawn on white"


def test_every_part_of_a_held_out_combination_is_known_from_others(cache: Path) -> None:
    training = {names[0] for names in open_dataset("emoji", cache=cache).captions or ()}
    held = {names[0] for names in open_dataset("emoji:held-out", cache=cache).captions or ()}
    roles = {role_and_tones(caption)[0] for caption in training}
    toned = [role_and_tones(caption) for caption in held if "skin tone" in caption]
    assert {tone for _, (tone,) in toned} == set(TONES)
    assert all(role in roles for role, _ in toned)
    for caption in held - {caption for caption in held if "skin tone" in caption}:
        colour, thing = caption.split()
        assert any(other.startswith(colour) for other in training)
        assert any(other.endswith(thing) for other in training)


def test_held_out_takes_one_tone_of_every_fourth_role() -> None:
    captions = [
        f"{role}, {tone} skin tone" for role in ("artist", "cook", "judge", "pilot", "singer") for tone in TONES
    ]
    assert {captions[number] for number in held_out(captions)} == {
        "artist, light skin tone", "singer, medium-light skin tone",
    }  # fmt: skip


def test_unknown_parts_suggest(cache: Path) -> None:
    with pytest.raises(SfumatoError, match="did you mean 'held-out'"):
        open_dataset("emoji:heldout", cache=cache)


@pytest.mark.parametrize(
    ("caption", "what", "colour"),
    [
        ("woman cook, dark skin tone", "woman cook", "dark"),
        ("red heart", "heart", "red"),
        ("men holding hands, light skin tone, dark skin tone", "men holding hands", None),
        ("pizza", "pizza", None),
        ("red apple", "red apple", None),
        ("broken heart", "broken heart", None),
    ],
)
def test_captions_say_what_and_in_which_colour(caption: str, what: str, colour: str | None) -> None:
    assert (subject(caption), colour_of(caption)) == (what, colour)


@pytest.fixture(scope="module")
def parts(cache: Path) -> tuple[dict[str, Region], Dataset]:
    """Where training drawings show skin and colour, and the held-out ones."""
    return regions(open_dataset("emoji", cache=cache)), open_dataset("emoji:held-out", cache=cache)


def test_held_out_drawings_are_read_right(parts: tuple[dict[str, Region], Dataset]) -> None:
    known, held = parts
    pictures = held.batch(np.arange(len(held)))[0]
    captions = [names[0] for names in held.captions or ()]
    for shift, least in ((0, 0.98), (1, 0.95)):
        read = [known[subject(c)].read(torch.roll(x, shift, 2)) for x, c in zip(pictures, captions, strict=True)]
        right = [one == colour_of(caption) for one, caption in zip(read, captions, strict=True)]
        assert np.mean(right) >= least


def test_nothing_drawn_is_nothing_read(parts: tuple[dict[str, Region], Dataset]) -> None:
    known, _ = parts
    for blank in (torch.ones(3, 32, 32), -torch.ones(3, 32, 32)):
        assert known["woman cook"].read(blank) is None
    assert known["heart"].read(torch.ones(3, 32, 32)) == "white"
