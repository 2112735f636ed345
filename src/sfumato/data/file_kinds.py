"""What a file is, by its name: a picture, what tells of pictures, an archive of them, or nothing to train on."""

from __future__ import annotations

from typing import Literal

from sfumato.data.decode import SUFFIXES

Parts = tuple[str, ...]
Kind = Literal["picture", "text", "metadata", "zip", "tar", "parquet", "unnamed", "unread"]

TEXTS = (".txt", ".caption", ".cls", ".json")  # beside a picture of the same name: its captions, its class
METADATA = ("metadata.jsonl", "metadata.csv", "metadata.json", "metadata.parquet")  # the first that tells of one wins
ARCHIVES: dict[str, Literal["zip", "tar", "parquet"]] = {
    ".zip": "zip", ".parquet": "parquet", ".tar": "tar", ".tgz": "tar", ".tbz": "tar", ".tbz2": "tar", ".txz": "tar",
    ".tar.gz": "tar", ".tar.bz2": "tar", ".tar.xz": "tar",
}  # fmt: skip
VIDEOS = "videos"
UNREAD = {  # what is counted by suffix, under one heading
    "pictures of kinds that can't be read": (
        ".heic", ".heif", ".hif", ".svg", ".svgz", ".psd", ".psb", ".xcf", ".kra", ".ai", ".eps", ".pdf", ".exr",
        ".hdr", ".jxl", ".jxr", ".dds", ".ico", ".fits", ".dcm",
        ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2", ".raf", ".pef",
        ".srw", ".x3f", ".3fr", ".iiq", ".rwl", ".raw", ".dcr", ".kdc", ".mrw",
    ),
    VIDEOS: (
        ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".mts", ".m2ts", ".3gp",
        ".ogv",
    ),
    "archives of kinds that can't be read": (
        ".rar", ".7z", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".z01", ".iso", ".dmg", ".cbz", ".cbr", ".arrow",
        ".feather", ".h5", ".hdf5", ".npz", ".npy", ".lmdb", ".mdb", ".tfrecord", ".tfrecords",
    ),
}  # fmt: skip
OWNERS = {suffix: heading for heading, suffixes in UNREAD.items() for suffix in suffixes}
SYSTEM = {  # names of folders and files, in lower case, that programs leave among pictures
    "__macosx": "macOS", ".ds_store": "macOS", ".appledouble": "macOS", ".spotlight-v100": "macOS", "icon\r": "macOS",
    ".fseventsd": "macOS", ".trashes": "macOS",
    "thumbs.db": "Windows", "ehthumbs.db": "Windows", "desktop.ini": "Windows", "$recycle.bin": "Windows",
    "system volume information": "Windows", "albumartsmall.jpg": "Windows",
    "@eadir": "Synology", "#recycle": "Synology", "#snapshot": "Synology", "@tmp": "Synology",
    ".@__thumb": "QNAP", "@recycle": "QNAP", "@recently-snapshot": "QNAP",
    "lost+found": "Linux", ".thumbnails": "Linux", ".trash-1000": "Linux", ".xvpics": "Linux",
    ".ipynb_checkpoints": "Jupyter", "__pycache__": "Python", ".git": "Git", ".picasaoriginals": "Picasa",
    "_vti_cnf": "FrontPage", "node_modules": "npm",
}  # fmt: skip
SYSTEM_SUFFIXES = {".lrdata": "Lightroom", ".lrcat-data": "Lightroom", ".photoslibrary": "Photos"}
STARTS = (  # what a picture's file begins with, for those whose name has no suffix
    b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"P5\n", b"P6\n", b"\0\0\0\x0cjP  ",
)  # fmt: skip
NO_PICTURE = "neither picture nor caption"  # reasons why files are left out: of anything at all
HIDDEN = "hidden"


def stem_and_suffix(name: str) -> tuple[str, str]:
    """A file's name up to its last dot, and from there on; as in pathlib, but ten times as fast."""
    stem, dot, last = name.rpartition(".")
    return (stem, dot + last) if stem.strip(".") and last else (name, "")


def kind_of(name: str) -> Kind | None:
    """What a file of this name is, None for what is nothing to us."""
    lower = name.lower()
    if lower in METADATA:
        return "metadata"
    stem, last = stem_and_suffix(lower)
    if last in SUFFIXES:
        return "picture"
    if last in TEXTS:
        return "text"
    if archive := ARCHIVES.get(stem_and_suffix(stem)[1] + last, ARCHIVES.get(last)):
        return archive
    if last in OWNERS:
        return "unread"
    return None if last else "unnamed"


def passed_over(parts: Parts, first: int = 0) -> tuple[str, Parts] | None:
    """Why a file is no data whatever it holds, and which folder on its way, or it itself, says so by its name.

    Folders before the `first` aren't looked at.
    """
    for number, part in enumerate(parts[first:], start=first + 1):
        lower = part.lower()
        owner = SYSTEM.get(lower) or SYSTEM_SUFFIXES.get(stem_and_suffix(lower)[1])
        if owner or part.startswith("."):
            return f"of {owner}" if owner else HIDDEN, parts[:number]
    return None


def begins_a_picture(head: bytes) -> bool:
    """Whether a file that begins so is a picture of a kind that is read."""
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    return head.startswith(STARTS) or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"))
