"""Pictures in a ZIP file or in tar files, WebDataset's shards among them. Nothing is ever unpacked onto the disk."""

from __future__ import annotations

import tarfile
import zipfile
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath

from sfumato.data.captions import Texts, captions_in, json_object, texts_of
from sfumato.data.columns import NONE, Columns, read_metadata
from sfumato.data.decode import SUFFIXES
from sfumato.data.layout import METADATA, Entry, Found, Parts, Source, arrange, readable
from sfumato.errors import SfumatoError

LARGEST = 256_000_000  # bytes of one picture's file, once unpacked
TEXTS = {".cls", ".json", ".txt"}  # beside a picture of the same name, what says its class or caption in a shard
LARGEST_TEXT = 1_000_000


def zip_source(path: Path, columns: Columns = NONE) -> Source:
    """The pictures in a ZIP file, by the rules of a folder, with the `columns` of their metadata.

    Raises SfumatoError where it can't be read.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise SfumatoError(f"{path} is no ZIP file, or a damaged one ({error}).") from error

    def unpacked(member: zipfile.ZipInfo) -> bytes:
        if member.file_size > LARGEST:
            raise ValueError("too large to open safely")
        try:
            return archive.read(member)
        except Exception as error:  # zlib, zipfile and lzma each have their own
            raise ValueError("damaged in the archive") from error

    found: Found = {}
    others: Counter[str] = Counter()
    members: dict[Parts, zipfile.ZipInfo] = {}
    texts: list[tuple[Parts, bytes]] = []
    lost = []
    for member in archive.infolist():
        if member.is_dir() or not (parts := _parts(member.filename)):
            continue
        if member.flag_bits & 1:
            raise SfumatoError(f"{path} is protected by a password; unpack it, and give the folder.")
        if (suffix := PurePosixPath(member.filename).suffix.lower()) in SUFFIXES:
            found[parts] = (member.file_size, member.CRC)
            members[parts] = member
        else:
            others[suffix or "no suffix"] += 1
            if parts[-1] == METADATA:
                try:
                    texts.append((parts[:-1], unpacked(member)))
                except ValueError as error:
                    lost.append(f"{'/'.join(parts)} passed over ({error}).")

    def read(entry: Entry) -> BytesIO:
        return BytesIO(unpacked(members[entry.parts]))

    told = read_metadata(texts, found, columns)
    sizes = tuple(told.sizes.items())
    drawn = {parts: size for parts, size in sorted(found.items()) if parts not in told.apart}
    entries, notes = arrange(path, drawn, others, told.captions)
    entries = told.attached(entries, found, columns)
    return Source(path, entries, [*notes, *lost, *told.notes], read, (), sizes, columns.images)


def tar_source(path: Path, shards: Sequence[Path], columns: Columns = NONE) -> Source:
    """The pictures in uncompressed tar files, in order: `path` is what to call them.

    In WebDataset's layout a picture's class is in a file of the same name that ends in .cls, or under "label" or "cls"
    in one that ends in .json; its caption in one that ends in .txt, or under "text" or "caption" in the .json. Without
    classes of these, the folders in a tar file that is alone are the classes, by the rules of a folder. Raises
    SfumatoError where a file can't be read.
    """
    found: Found = {}
    others: Counter[str] = Counter()
    places: dict[Parts, tuple[Path, int]] = {}
    labels: dict[Parts, str] = {}  # by the name that a sample's files share, as the next
    captions: dict[Parts, Texts] = {}
    texts: list[tuple[Parts, bytes]] = []
    cut = []
    for shard in shards:
        inside: Parts = () if len(shards) == 1 else (shard.name,)
        changed = shard.stat().st_mtime_ns
        try:
            with tarfile.open(shard, "r:") as archive:
                for member in archive:
                    if not member.isfile() or not (parts := _parts(member.name)):
                        continue
                    parts = (*inside, *parts)
                    suffix = PurePosixPath(member.name).suffix.lower()
                    if suffix in SUFFIXES:
                        found[parts] = (member.size, changed)
                        places[parts] = (shard, member.offset_data)
                        continue
                    others[suffix or "no suffix"] += 1
                    largest = LARGEST if parts[-1] == METADATA else LARGEST_TEXT if suffix in TEXTS else -1
                    if member.size > largest or not (file := archive.extractfile(member)):
                        continue
                    if parts[-1] == METADATA:
                        texts.append((parts[:-1], file.read()))
                        continue
                    label, said = _told(suffix, file.read())
                    if label is not None:
                        labels[_key(parts)] = label
                    if said is not None:
                        captions[_key(parts)] = said
        except tarfile.ReadError as error:
            if not any(place[0] == shard for place in places.values()):
                raise SfumatoError(
                    f"{shard} is no tar file that can be read ({error}); a compressed one has to be unpacked first."
                ) from error
            cut.append(f"{shard.name} breaks off; what comes before that is used.")

    def read(entry: Entry) -> BytesIO:
        if entry.size > LARGEST:
            raise ValueError("too large to open safely")
        shard, offset = places[entry.parts]
        with shard.open("rb") as file:
            file.seek(offset)
            return BytesIO(file.read(entry.size))

    told = read_metadata(texts, found, columns)
    sizes = tuple(told.sizes.items())
    captions = {parts: captions[_key(parts)] for parts in found if _key(parts) in captions} | told.captions
    drawn = {parts: at for parts, at in found.items() if parts not in told.apart}
    cut += told.notes
    told.notes.clear()
    if not found or (not labels and len(shards) == 1):
        entries, notes = arrange(path, dict(sorted(drawn.items())), others, captions)
        entries = told.attached(entries, found, columns)
        return Source(path, entries, [*notes, *cut, *told.notes], read, (), sizes, columns.images)
    if not labels:
        entries = [Entry(p, None, *at, captions.get(p, ())) for p, at in drawn.items()]
        entries = told.attached(entries, found, columns)
        return Source(path, entries, [*cut, *told.notes], read, (), sizes, columns.images)
    entries = [Entry(p, labels[_key(p)], *at, captions.get(p, ())) for p, at in drawn.items() if _key(p) in labels]
    without = len(drawn) - len(entries)
    entries = told.attached(entries, found, columns)
    cut += told.notes
    if without:
        cut.append(f"{without:,} without a class left out.")
    known = {entry.label for entry in entries if entry.label is not None}
    order = tuple(sorted(known, key=int)) if all(label.isdigit() for label in known) else ()
    return Source(path, entries, cut, read, order, sizes, columns.images)


def _parts(name: str) -> Parts:
    """A member's path, or nothing for what systems leave behind."""
    parts = tuple(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "."))
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return () if hidden else parts


def _key(parts: Parts) -> Parts:
    """What the files of one sample share: the name up to its first dot."""
    return (*parts[:-1], parts[-1].split(".")[0])


def _told(suffix: str, content: bytes) -> tuple[str | None, Texts | None]:
    """The class and the captions that a file beside a picture tells."""
    text = content.decode("utf-8", "replace").strip()
    if suffix == ".txt":
        return None, texts_of([text])
    if suffix == ".cls":
        return readable(text) or None, None
    fields = json_object(content)
    label = fields.get("label", fields.get("cls"))
    return readable(str(label)) or None if isinstance(label, str | int) else None, captions_in(fields)
