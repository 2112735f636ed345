"""A lesson on paper: whole figures, no heading left alone at the foot of a page, and answers at the end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from pypdfium2 import raw

from lesson import missing, run_node
from sfumato.lesson.server import SITE

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.usefixtures("when_changed")]

POINTS = 72 / 25.4  # a millimetre
MARGIN = 18 * POINTS - 1
LINE = 10  # points, at least
PAGES = (4, 12)
MAX_BYTES = 1_500_000  # of a chapter, so that the book of seventeen can be sent by mail


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[pdfium.PdfDocument, int]:
    out: Path = tmp_path_factory.mktemp("handouts")
    print(run_node("handouts.mjs", str(SITE), str(out), "training"))
    told = json.loads((out / "about.json").read_text())
    assert (out / "training.pdf").stat().st_size == told["training"]["bytes"] < MAX_BYTES
    return pdfium.PdfDocument(out / "training.pdf"), told["training"]["pages"]


def test_a_handout_has_its_pages_figures_and_answers(printed: tuple[pdfium.PdfDocument, int]) -> None:
    pdf, pages = printed
    assert len(pdf) == pages and PAGES[0] <= pages <= PAGES[1]
    text = "\n".join(page.get_textpage().get_text_range() for page in pdf)
    figures = [int(number) for number in re.findall(r"Figure (\d+)\.", text)]
    assert figures == list(range(1, len(figures) + 1)) and len(figures) >= 3
    headings = [entry.get_title() for entry in pdf.get_toc()]
    assert headings[-2:] == ["Questions", "Answers"]
    feet = [re.findall(r"Sfumato · Training\s+(\d+)", page.get_textpage().get_text_range()) for page in pdf]
    assert feet == [[str(number)] for number in range(1, pages + 1)]


def test_no_heading_is_the_last_line_of_its_page(printed: tuple[pdfium.PdfDocument, int]) -> None:
    pdf, _ = printed
    assert len(list(pdf.get_toc())) > 5
    for entry in pdf.get_toc():
        place = entry.get_dest()
        page = pdf[place.get_index()]
        top = place.get_view()[1][1]
        words = page.get_textpage()
        tops = {round(words.get_rect(i)[3]) for i in range(words.count_rects())}
        below = sorted(y for y in tops if MARGIN < y < top - 2.5 * LINE)
        assert len(below) >= 2, f"“{entry.get_title()}” has {len(below)} lines below it on page {place.get_index() + 1}"


def test_no_figure_is_cut(printed: tuple[pdfium.PdfDocument, int]) -> None:
    pdf, _ = printed
    pictures = 0
    for number, page in enumerate(pdf, 1):
        width, height = page.get_size()
        for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_TEXT], max_depth=15):
            left, bottom, right, top = thing.get_bounds()
            inside = left >= MARGIN and right <= width - MARGIN and top <= height - MARGIN
            assert inside, f"page {number}: something reaches to {(left, bottom, right, top)}"
            if thing.type == raw.FPDF_PAGEOBJ_IMAGE:
                pictures += 1
                assert bottom >= MARGIN, f"page {number}: a picture ends below the page"
    assert pictures > 5


def test_a_curve_to_be_drawn_is_below_its_question(printed: tuple[pdfium.PdfDocument, int]) -> None:
    pdf, _ = printed
    pages = [page.get_textpage().get_text_range() for page in pdf]
    sheets = ("error of the guessed noise", r"t = 0.05\s+0.2\s"), ("error on held-out pictures", r"16k\s+32k")
    for up, across in sheets:
        asked, answered = [text for text in pages if re.search(across, text)]
        assert "Draw the curve." in asked and up in asked and up in answered
