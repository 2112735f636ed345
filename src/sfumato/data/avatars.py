"""Avatars that DiceBear draws, with captions made from what they are drawn of: endless, and exact.

`avatars:critters` are drawings 0 to 9,999 of the style, `avatars:critters:50000` more, and `avatars:critters:held-out`
some whose combination of two options is in no other (see `held_out`). Which styles there are, and whose, `STYLES` and
the notes of a set say.
"""

from __future__ import annotations

import colorsys
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from sfumato.data.cache import cache_folder, open_stored, read_description, write_pictures
from sfumato.data.dataset import Dataset, Progress
from sfumato.data.svg import render
from sfumato.errors import SfumatoError, unknown
from sfumato.seeds import numpy_generator

VERSION = 2  # raise it when the rendering or the captions change
SIDE = 64  # pixels, where no size is asked for
DEFAULT_COUNT, DEFAULT_HELD_OUT_COUNT, MAX_AVATARS = 10_000, 1000, 10_000_000
UNFREE = ("avataaars", "avataaars-neutral", "bottts", "bottts-neutral")  # without a standard licence
COLOUR = " colour"  # after the names of colours among options
STILL = ("animation",)  # parts that a picture doesn't show
ONE_IN = 16  # combinations of two options is held out
HUES = (  # up to each hue in degrees
    (15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "turquoise"), (248, "blue"), (290, "purple"),
    (345, "pink"), (360, "red"),
)  # fmt: skip


@dataclass(frozen=True)
class Avatar:
    """One drawing: its seed, what each part is and each colour's value, by name, and the SVG."""

    seed: str
    parts: Mapping[str, str]
    colours: Mapping[str, str]
    svg: str

    @property
    def options(self) -> dict[str, str]:
        """Parts and colours, these as "body colour"."""
        return {**self.parts, **{f"{name}{COLOUR}": value for name, value in self.colours.items()}}

    @property
    def caption(self) -> str:
        """What it shows, in words: "pink body bell, ears droop top, …, blue background"."""
        words = []
        for part, variant in self.parts.items():
            colour = f"{colour_word(self.colours[part])} " if part in self.colours else ""
            words.append(f"{colour}{spelt(variant).removesuffix(f' {spelt(part)}')} {spelt(part)}")
        rest = [name for name in self.colours if name not in self.parts]
        return ", ".join([*words, *(f"{colour_word(self.colours[name])} {spelt(name)}" for name in rest)])

    @property
    def captions(self) -> tuple[str, str]:
        """The caption, and some of what it says, as a prompt does; a function of the seed."""
        said = self.caption.split(", ")
        generator = numpy_generator("made samples", zlib.crc32(self.seed.encode()))
        some = sorted(generator.permutation(len(said))[: generator.integers(1, len(said) + 1)])
        return self.caption, ", ".join(said[place] for place in some)


def styles() -> list[str]:
    """The styles that can be drawn: those with a standard licence. Raises SfumatoError where they aren't installed."""
    names = (path.name.removesuffix(".json") for path in files(_package()).iterdir() if path.name.endswith(".json"))
    return sorted(name for name in names if name not in UNFREE)


def open_avatars(
    spec: str,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """`avatars:STYLE`, `avatars:STYLE:COUNT` or `avatars:STYLE:held-out`: drawings `(count, 3, 64, 64)` with captions.

    They are a function of the style and their number alone. Raises SfumatoError for what is no style or no count, and
    where the packages aren't installed.
    """
    style, what = parsed(spec)
    height, width = size or (SIDE, SIDE)
    folder = cache or cache_folder()
    held, count = what == "held-out", DEFAULT_HELD_OUT_COUNT if what == "held-out" else int(what)
    key = f"avatars-{VERSION}-{version('dicebear-styles')}-{style}-{what}-{height}x{width}"
    stored = read_description(folder, key)
    if stored is None:
        with write_pictures(folder, key, (height, width), count) as writer:
            for number, one in enumerate(numbered(style, count, held)):
                writer.add(render(one.svg, height, width), grey=False, captions=one.captions)
                if progress is not None:
                    progress(number + 1, count)
            writer.describe((), (), [attribution(style)])
        stored = writer.stored
    return open_stored(folder, key, stored, spec)


def avatar(style: str, seed: int | str, options: Mapping[str, Any] | None = None) -> Avatar:
    """Drawing `seed` of the `style`; `options` of DiceBear's are as they are given, whatever the seed."""
    from dicebear import Avatar as Drawn

    found = Drawn(_style(style), {**(options or {}), "seed": str(seed)}).to_json()
    chosen = found["options"]
    definition = _definition(style)
    parts = {
        name: chosen[f"{name}Variant"]
        for name, one in definition["components"].items()
        if name not in STILL and len(one.get("variants", ())) > 1 and chosen.get(f"{name}Variant")
    }
    colours = {
        name: chosen[f"{name}Color"][0]
        for name, one in definition["colors"].items()
        if len(one["values"]) > 1 and chosen.get(f"{name}Color")
    }
    return Avatar(str(seed), parts, colours, found["svg"])


def redrawn(style: str, one: Avatar, values: Mapping[str, str], **more: Any) -> Avatar:
    """The same drawing with other `values` of the options that they name, and `more` of DiceBear's options."""
    chosen: dict[str, list[str]] = {f"{part}Variant": [variant] for part, variant in one.parts.items()}
    chosen |= {f"{own}Color": [colour] for own, colour in one.colours.items()}
    missing = [part for part in _definition(style)["components"] if part not in one.parts and part not in STILL]
    absent = {f"{part}Probability": 0 for part in missing if part not in values and _sometimes(style, part)}
    others = {
        f"{name.removesuffix(COLOUR)}{'Color' if name.endswith(COLOUR) else 'Variant'}": [value]
        for name, value in values.items()
    }
    return avatar(style, one.seed, {**chosen, **absent, **others, **more})


def held_out(style: str, one: Avatar) -> bool:
    """Whether the combination of the two parts, or part and colour, with most variants is one that is left out."""
    pair = _pair(style)
    chosen = [one.options.get(name) for name in pair]
    if None in chosen:
        return False
    first, second = (choices(style, name).index(value) for name, value in zip(pair, chosen, strict=True) if value)
    return (first + second) % ONE_IN == 0


def attribution(style: str) -> str:
    """Whose drawings these are, and under which licence, in a sentence."""
    meta = _definition(style).get("meta", {})
    licence, creator = (meta.get(what, {}).get("name", "") for what in ("license", "creator"))
    return f"The avatars are the style {style} by {creator or 'DiceBear'}, {licence}, drawn by DiceBear (dicebear.com)."


def spelt(name: str) -> str:
    """ "earsDroop" → "ears droop", "variant04" → "variant 4"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)", " ", name).lower()
    return re.sub(r"\b0+(?=\d)", "", words)


def colour_word(value: str) -> str:
    """What a colour such as #fca5a5 is called."""
    red, green, blue = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < 0.12 or max(red, green, blue) - min(red, green, blue) < 0.08:
        return "black" if lightness < 0.2 else "white" if lightness > 0.85 else "grey"
    word = next(word for most, word in HUES if 360 * hue <= most)
    if word == "orange" and lightness < 0.5 and saturation < 0.75:
        word = "brown"
    return f"{'dark ' if lightness < 0.35 else 'light ' if lightness > 0.7 else ''}{word}"


def parsed(spec: str, usual: int = DEFAULT_COUNT) -> tuple[str, str]:
    """The style, and how many, by default as many as are `usual`, or "held-out"."""
    kind, _, rest = spec.partition(":")
    style, _, what = rest.partition(":")
    if style not in styles():
        raise unknown("style of avatars", style, styles())
    if what in ("", "held-out"):
        return style, what or str(usual)
    if not re.fullmatch(r"\d{1,8}", what) or not 1 <= int(what) <= MAX_AVATARS:
        raise SfumatoError(f"{kind}:{style} takes 1 to {MAX_AVATARS:,} drawings, or held-out, not '{what}'.")
    return style, str(int(what))


def numbered(style: str, count: int, held: bool) -> Iterator[Avatar]:
    """The first `count` drawings that are, or aren't, held out."""
    number = found = 0
    while found < count:
        one = avatar(style, number)
        number += 1
        if held_out(style, one) == held:
            found += 1
            yield one


@cache
def _pair(style: str) -> tuple[str, str]:
    """The two options of a style with most choices, of which each drawing has one."""
    definition = _definition(style)
    always = [
        name
        for name, one in definition["components"].items()
        if name not in STILL and one.get("probability") is None and len(one.get("variants", ())) > 1
    ]
    names = [*always, *(f"{name}{COLOUR}" for name, one in definition["colors"].items() if len(one["values"]) > 1)]
    if len(names) < 2:
        raise SfumatoError(f"the style {style} has no two options to combine; take another style.")
    first, second = sorted(names, key=lambda name: -len(choices(style, name)))[:2]
    return first, second


def choices(style: str, name: str) -> Sequence[str]:
    """The values that the option `name` of a drawing may have."""
    if name.endswith(COLOUR):
        return list(_definition(style)["colors"][name.removesuffix(COLOUR)]["values"])
    return list(_definition(style)["components"][name]["variants"])


def _sometimes(style: str, part: str) -> bool:
    """Whether some drawings are without the part."""
    return _definition(style)["components"][part].get("probability") is not None


@cache
def _definition(style: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files(_package()).joinpath(f"{style}.json").read_text("utf-8"))
    return found


@cache
def _style(style: str) -> Any:
    from dicebear import Style

    return Style(_definition(style))


def _package() -> str:
    try:
        import dicebear  # noqa: F401
        import dicebear_styles  # noqa: F401
        import resvg_py  # noqa: F401
    except ImportError as error:
        raise SfumatoError("the avatars come from packages of their own: pip install 'sfumato[avatars]'.") from error
    return "dicebear_styles"
