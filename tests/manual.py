"""The pages of the manual and the README, and the blocks of code on them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, *marks: str) -> list[str]:
    """The blocks of a page that are marked so, without the indentation of a list."""
    found = BLOCK.findall(PAGES[page])
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, mark, code in found if mark in marks]
