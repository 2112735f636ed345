"""What files beside a picture say of it: `x.txt` and `x.caption` its caption, `x.cls` its class, `x.json` either."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from unicodedata import normalize

from sfumato.data.captions import Texts, captions_in, json_object, texts_of
from sfumato.data.decode import SUFFIXES
from sfumato.data.file_kinds import NO_PICTURE, Parts, stem_and_suffix
from sfumato.data.layout import count_pictures, names
from sfumato.data.limits import TEXT, limit, too_large
from sfumato.data.listing import Listing
from sfumato.data.text_files import decode_text
from sfumato.readable import readable

LABELS = ("label", "labels", "fine_label", "class", "cls")  # what a class is called in metadata, shards and tables
SILENT = "without a caption or a class"
PART = "part of the sample of another picture"

T = TypeVar("T")


@dataclass
class Said:
    """The captions and the classes of pictures by the suffix of the file that says so; and how many files were read."""

    captions: dict[Parts, dict[str, Texts]] = field(default_factory=lambda: defaultdict(dict))
    labels: dict[Parts, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    read: int = 0


def read_companions(listing: Listing, pictures: Collection[Parts], texts: Collection[Parts]) -> Said:
    """What `texts` say of the `pictures` they are beside; those that say nothing are left out of `listing`.

    Raises SfumatoError for text in an encoding that can't be told.
    """
    said = Said()
    if not texts:
        return said
    owners = owners_among(pictures)
    for parts in sorted(texts, key=lambda parts: len(parts[-1])):  # of v1.txt and v1.2.txt, the latter is v1.2.png's
        owned = owners(parts)
        if not owned:
            listing.leave_out(parts, NO_PICTURE)
            continue
        if listing.files[parts][0] > limit(TEXT):
            listing.leave_out(parts, too_large(TEXT))
            continue
        suffix = stem_and_suffix(parts[-1])[1].lower()
        try:
            content = listing.content(parts)
        except ValueError as error:
            listing.leave_out(parts, str(error))
            continue
        label, own = _labelled(suffix, decode_text(content, readable("/".join(parts))))
        if label is None and own is None:
            listing.leave_out(parts, SILENT)
            continue
        said.read += 1
        for picture in owned:
            if own is not None:
                said.captions[picture][suffix] = own
            if label is not None:
                said.labels[picture][suffix] = label
    return said


def settled(
    given: Mapping[Parts, Mapping[str, T]], order: Sequence[str], what: str, notes: list[str]
) -> dict[Parts, T]:
    """Of what several sources say of a picture, that of the first in `order`; a note says where another disagrees."""
    found: dict[Parts, T] = {}
    differing: dict[tuple[str, str], list[Parts]] = defaultdict(list)
    for parts, by_source in given.items():
        first, *others = sorted((source for source in by_source if by_source[source]), key=order.index) or [""]
        if first:
            found[parts] = by_source[first]
        for other in others:
            if by_source[other] != by_source[first]:
                differing[first, other].append(parts)
    for (first, other), pictures in differing.items():
        notes.append(
            f"{first} and {other} disagree on the {what} of {count_pictures(len(pictures))}, and {first} is used: "
            f"{names(pictures)}."
        )
    return found


def _labelled(suffix: str, text: str) -> tuple[str | None, Texts | None]:
    """The class and the captions that a file tells."""
    if suffix == ".cls":
        return readable(text.strip()) or None, None
    if suffix != ".json":
        return None, texts_of([text])
    fields = json_object(text.encode())
    return label_in(fields), captions_in(fields)


def label_in(fields: Mapping[str, object]) -> str | None:
    """The class among a picture's fields."""
    found = (fields.get(name) for name in LABELS)
    label = next((one for one in found if isinstance(one, str | int) and not isinstance(one, bool)), None)
    return None if label is None else readable(str(label).strip()) or None


def parts_of_samples(pictures: Collection[Parts]) -> list[Parts]:
    """Pictures such as x.seg.png beside x.jpg: in shards, they belong to that picture and are no samples."""
    stems = {(*parts[:-1], stem_and_suffix(parts[-1])[0]) for parts in pictures}
    found = []
    for parts in pictures:
        stem, _, word = stem_and_suffix(parts[-1])[0].rpartition(".")
        if stem and word.isalpha() and f".{word.lower()}" not in SUFFIXES and (*parts[:-1], stem) in stems:
            found.append(parts)
    return found


def owners_among(pictures: Collection[Parts]) -> Callable[[Parts], list[Parts]]:
    """Which pictures a file is beside: those of its name but for the suffix, or before it (x.png.txt).

    Else those of shards, whose names are the same up to the first dot; else those whose name differs in case alone, or
    in how accents are written.
    """
    exact: dict[Parts, list[Parts]] = defaultdict(list)
    dotted: dict[Parts, list[Parts]] = defaultdict(list)
    for parts in pictures:
        *folder, name = parts
        stem = stem_and_suffix(name)[0]
        exact[*folder, stem].append(parts)
        if name != stem:
            exact[*folder, name].append(parts)
        if "." in stem:
            dotted[*folder, stem.split(".")[0]].append(parts)
    alike: dict[Parts, list[Parts]] = {}

    def owners(text: Parts) -> list[Parts]:
        key = (*text[:-1], stem_and_suffix(text[-1])[0])
        if found := exact.get(key) or dotted.get(key):
            return found
        if not alike:
            for own, those in exact.items():
                alike.setdefault(folded(own), []).extend(those)
        return alike.get(folded(key), [])

    return owners


def folded(parts: Parts) -> Parts:
    """Names as systems compare them that tell neither case nor how accents are written."""
    return tuple(normalize("NFC", part).casefold() for part in parts)
