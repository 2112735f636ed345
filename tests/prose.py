"""The sentences of the lesson's English, and those among them that say a number or compare."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).parents[1] / "web"
ENGLISH = WEB / "src" / "english"
CHAPTERS = ("idea", "forward", "reverse", "network", "training", "sampling", "steering", "world")
# Besides the one on diffusion, each a chapter.
LESSONS = ("numbers", "gan", "flow", "evaluation", "vae", "pixels", "video", "latent", "few")
EVERY = (*CHAPTERS, *LESSONS)
SILENT = {"id", "kind", "code", "mended", "key", "title", "short", "heading", "tex", "c"}  # what is no sentence
STRING = re.compile(r"(?:(\w+): )?'((?:[^'\\\n]|\\.)*)'")
NAMES = re.compile(
    r"\]\([^)\s]+\)|`[^`]*`|chapters? \d|DALL·E 2|Version 3|Diffusion 3|\bT5\b|C2PA|BY-SA 4\.0|\(2M\)|x̂₀"
    r"|[Oo]ne way or another"
)  # links' targets, code and names
WORDS = (
    "two|three|four|five|six|seven|eight|nine|ten|thirteen|sixteen|twenty|forty|fifty|hundreds?|thousands?|millions?"
    "|billions?|half|twice|doubles?|doubled|halved|tenths?|quarters?"
)
NUMBER = re.compile(rf"\d[\d.,]*\d%?|\d%?|\b(?:{WORDS})\b", re.IGNORECASE)
COMPARED = re.compile(
    r"\b(?:more|less|fewer|most|least|than|better|best|worse|worst|further|\w+er than"
    r"|(?:small|larg|great|near|high|low|harsh|clear|clean|nois|free|soft|short|long|few|quick|slow|strong|weak|earl|likel)"
    r"(?:er|est|ier|iest))\b",
    re.IGNORECASE,
)


def text_file(chapter: str) -> Path:
    """Where a chapter's sentences are."""
    return WEB / "src" / "lessons" / chapter / "text.ts" if chapter in LESSONS else ENGLISH / f"{chapter}.ts"


def quiz_file(chapter: str) -> Path:
    """Where a chapter's questions are."""
    lesson = WEB / "src" / "lessons" / chapter / "questions.ts"
    return lesson if chapter in LESSONS else ENGLISH / "quiz" / f"{chapter}.ts"


OPTIONS = re.compile(r"^    (?:options|others): \[\n.*?^    \]", re.DOTALL | re.MULTILINE)
OPTION = re.compile(r"\{\s*text: '(?:[^'\\\n]|\\.)*',([^}]*)\}")


def sentences(path: Path) -> list[str]:
    """What a chapter or its questions say, by sentences and without markup; the labels of scenes left out."""
    source = path.read_text(encoding="utf-8")
    start = source.find("export const reasons" if path.stem == "world" else "export const text")
    return said(source[max(0, start) :])


def said(source: str) -> list[str]:
    found = []
    for line in source.splitlines():
        if line.lstrip().startswith(("panel:", "import ", "columns:")) or "String.raw" in line:
            continue
        for key, text in STRING.findall(line):
            if key not in SILENT and " " in text:
                plain = re.sub(r"\[\[(?:[^\]|]+\|)?([^\]]+)\]\]", r"\1", text)
                found += re.split(r"(?<=[.?!:;])\s+", re.sub(r"\*|\]\([^)\s]+\)|\[", "", plain))
    return found


def claims(path: Path) -> list[str]:
    """Of these, the sentences that hold a number or a comparison."""
    return [sentence for sentence in sentences(path) if _claims(sentence)]


def _claims(sentence: str) -> bool:
    plain = NAMES.sub("", sentence)
    return bool(NUMBER.search(plain) or COMPARED.search(plain))


def asked(chapter: str) -> dict[str, list[str]]:
    """By question, the sentences that hold a number or a comparison; a wrong answer says what is not so."""
    source = quiz_file(chapter).read_text(encoding="utf-8")
    source = OPTIONS.sub(lambda options: OPTION.sub(_unless_wrong, options[0]), source)
    parts = re.split(r"^    id: '([^']+)',", source, flags=re.MULTILINE)[1:]
    return {
        name: [one for one in said(text) if _claims(one)] for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def _unless_wrong(option: re.Match[str]) -> str:
    return option[0] if "right: true" in option[0] else option[1]
