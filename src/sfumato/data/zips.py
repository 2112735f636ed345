"""The files in a ZIP file, whichever program wrote it. Nothing is unpacked onto the disk."""

from __future__ import annotations

import math
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

from sfumato.data.archive import Members
from sfumato.data.file_kinds import Parts
from sfumato.data.limits import FILE, limit, too_large
from sfumato.data.listing import Listing, Version
from sfumato.data.signatures import signature
from sfumato.errors import SfumatoError

METHODS = {  # APPNOTE 4.4.5: how members may be compressed, beyond what Python reads
    1: "Shrink", 6: "Implode", 9: "Deflate64", 10: "IBM TERSE", 18: "IBM TERSE", 19: "LZ77", 20: "Zstandard",
    93: "Zstandard", 94: "MP3", 95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd", 99: "AES",
}  # fmt: skip
READ = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
UTF8 = 0x800  # the flag that says that a name is in UTF-8
UNIX, UNICODE_PATH = 3, 0x7075  # the system that wrote a member; the extra field of Info-ZIP that has its name in UTF-8
GUESSES = {  # encodings of names that don't say theirs, in the order in which they are preferred
    "cp437": "MS-DOS", "cp932": "Japanese Windows", "gbk": "Chinese Windows", "cp949": "Korean Windows",
    "cp850": "Western European MS-DOS", "cp866": "Cyrillic MS-DOS",
}  # fmt: skip


def list_zip(path: Path) -> Listing:
    """The files in a ZIP file. Raises SfumatoError where it can't be read, or takes a password."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise SfumatoError(f"{path} is no ZIP file, or a damaged one ({_trouble(path, error)}).") from error
    written = [member for member in archive.infolist() if not member.is_dir()]
    names, encoding = _names(written)
    members: Members[zipfile.ZipInfo] = Members(path)
    for member, name in zip(written, names, strict=True):
        if member.flag_bits & 1:
            how = "encrypted with AES" if member.compress_type == 99 else "protected by a password"
            raise SfumatoError(f"{path} is {how}; unpack it, and give the folder.")
        if member.compress_type not in READ:
            method = METHODS.get(member.compress_type, f"method {member.compress_type}")
            members.leave_out(name, f"compressed with {method}, which can't be read: unpack the ZIP file")
        elif member.create_system == UNIX and stat.S_ISLNK(member.external_attr >> 16) and member.file_size < 4096:
            members.link(name, archive.read(member).decode("utf-8", "surrogateescape"))
        else:
            local = name if member.create_system == UNIX else name.replace("\\", "/")
            members.add(local, member, name)
    members.resolve()

    def read(parts: Parts) -> BytesIO:
        member = members.files[parts]
        if member.file_size > limit(FILE):
            raise ValueError(too_large(FILE))
        try:
            return BytesIO(archive.read(member))
        except Exception as error:  # zlib, zipfile and lzma each have their own
            raise ValueError("damaged in the archive") from error

    versions: dict[Parts, Version] = {parts: (m.file_size, m.CRC) for parts, m in sorted(members.files.items())}
    notes = [f"names in {path.name} don't say their encoding, and are read as {encoding}."] if encoding else []
    return Listing(path, versions, read, members.left_out, notes)


def _trouble(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PK\x07\x08":
        return "a part of one that was split: join the parts first"
    return (
        "it breaks off: its table of contents is missing" if head == b"PK\x03\x04" else (signature(path) or str(error))
    )


def _names(members: Sequence[zipfile.ZipInfo]) -> tuple[list[str], str]:
    """What the members are called; and in which encoding, where it had to be guessed from all of them."""
    names = [member.filename for member in members]
    raws: dict[int, bytes] = {}
    for number, member in enumerate(members):
        if member.flag_bits & UTF8 or member.orig_filename.isascii():
            continue
        raw = member.orig_filename.encode("cp437")
        try:  # macOS and many a program on Linux write UTF-8 without saying so
            names[number] = (_unicode_path(member.extra) or raw).decode()
        except UnicodeDecodeError:
            raws[number] = raw
    if not raws:
        return names, ""
    strange = {encoding: _strangeness(raws.values(), encoding) for encoding in GUESSES}
    encoding = min(GUESSES, key=lambda one: strange[one])
    for number, raw in raws.items():
        names[number] = raw.decode(encoding)
    return names, f"{encoding} ({GUESSES[encoding]})"


def _unicode_path(extra: bytes) -> bytes:
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == UNICODE_PATH:
            return extra[9 : 4 + size]  # after a version and a checksum
        extra = extra[4 + size :]
    return b""


def _strangeness(raws: Iterable[bytes], encoding: str) -> float:
    """How often neighbouring characters, read so, are such as nobody writes side by side in a name."""
    strange = 0.0
    for raw in raws:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            return math.inf
        for character, after in zip(text, [*text[1:], " "], strict=True):
            strange += 2 * (not character.isascii() and not _common(character))
            foreign = not (character.isascii() and after.isascii())
            if foreign and character.isalpha() and after.isalpha():
                mixed = _latin(character) != _latin(after)
                strange += mixed or (_latin(character) and (character.islower() and after.isupper()))
                strange += 0.5 * (_latin(character) and not character.isascii() and not after.isascii())
    return strange


def _latin(character: str) -> bool:
    return character < "\u0250"


def _common(character: str) -> bool:
    """Whether a character is a letter or mark as names hold them, and not one of a half or a whole width."""
    letter = unicodedata.category(character)[0] in "LMN" and not "\uff00" <= character <= "\uffef"
    return letter or character in "、。・々〜ー「」（）"
