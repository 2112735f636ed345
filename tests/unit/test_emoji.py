"""The emoji: what is there, what it is called, and what is never trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.data import open_dataset
from sfumato.data.emoji import TONES, held_out, role_and_tones, words
from sfumato.errors import SfumatoError


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


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
    training = {caption.partition("\n")[0] for caption in open_dataset("emoji", cache=cache).captions or ()}
    held = {caption.partition("\n")[0] for caption in open_dataset("emoji:held-out", cache=cache).captions or ()}
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
