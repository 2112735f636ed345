"""`sfumato eval` as a user runs it, and the page that it writes in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lesson import BROWSERS
from tiny import Command

BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)


@pytest.fixture
def run(sfumato: Command, pictures: Path, tmp_path: Path) -> Path:
    """A run of a few steps on 60 small colour pictures of two classes."""
    for path in list(pictures.glob("*/*.png")):
        for copy in range(4):
            shutil.copy(path, path.with_name(f"{path.stem}-{copy}.png"))
    result = sfumato("train", "pictures", "--name", "some", "--images", 64, "--batch", 16, "--net", "tiny")
    assert result.returncode == 0, result.stderr
    return tmp_path / "runs" / "some"


def test_a_run_is_measured_recorded_and_ranked(sfumato: Command, run: Path) -> None:
    options = ("-n", 80, "--steps", 2, "--no-curve", "--features", "classifier")
    result = sfumato("eval", "runs/some", *options)
    assert result.returncode == 0, result.stderr
    for words in ("will take", "Kernel distance (KID)", "95% interval", "floor", "report.html"):
        assert words in result.stdout, result.stdout
    assert "48 samples are fewer than 64 features" in " ".join(result.stdout.split())
    folder = run / "evaluation"
    assert {p.name for p in folder.iterdir()} == {
        "record.json", "README.md", "samples.png", "pairs.png", "denoising.webp", "report.html",
    }  # fmt: skip
    record = json.loads((folder / "record.json").read_text())
    assert record["conditions"]["count"] == 80 and record["source"]["sampler"]["steps"] == 2
    assert record["audit"]["near_duplicates"]["pairs"] > 0
    page = (folder / "report.html").read_text()
    assert not re.search(r'(?:src|href)="(?!data:)', page)  # nothing comes from elsewhere

    again = sfumato("eval", "runs/some", *options, "--json", "--out", "again")
    assert json.loads(again.stdout)["scores"] == record["scores"]

    other = sfumato("eval", "runs/some", *options[2:], "-n", 60, "--against", "runs/some")
    assert other.returncode == 2 and "count (60 and 80)" in other.stderr


def test_the_card_is_one_that_the_hub_reads(sfumato: Command, run: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    assert sfumato("eval", "runs/some", "-n", 20, "--steps", 2, "--no-curve", "--features", "pixels").returncode == 0
    card = hub.ModelCard.load(run / "evaluation" / "README.md")
    results = {result.metric_type: result for result in card.data.eval_results}
    assert results["kernel"].metric_value == pytest.approx(
        json.loads((run / "evaluation" / "record.json").read_text())["scores"]["kernel"]["value"], abs=1e-6
    )
    assert results["kernel"].dataset_name == "pictures"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runs/none"], "there is no folder"),
        (["digits", "-n", 3], "too few to measure"),
        (["digits", "--seeds", "1,5,9"], "one range"),
        (["digits", "--features", "inception"], "unknown features"),
        (["digits", "--against", "nowhere.json"], "there is no record"),
    ],
)
def test_wrong_input_is_one_sentence(sfumato: Command, arguments: list[object], words: str) -> None:
    result = sfumato("eval", *arguments)
    assert result.returncode == 2 and words in result.stderr and result.stderr.count("\n") == 1, result.stderr


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_the_page_opens_without_an_error_and_shows_every_figure(sfumato: Command, run: Path, tmp_path: Path) -> None:
    assert sfumato("eval", "runs/some", "-n", 20, "--steps", 2, "--features", "pixels").returncode == 0
    page = run / "evaluation" / "report.html"
    probe = tmp_path / "probe.html"
    script = (
        "<script>addEventListener('load', () => document.title = [...document.images]"
        ".map(i => i.complete && i.naturalWidth > 0).join() + ';' + document.querySelectorAll('svg').length)</script>"
    )
    probe.write_text(page.read_text().replace("</body>", script + "</body>"))
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000", "--dump-dom", probe.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", shown.stdout)
    assert title and re.fullmatch(r"true,true,true;\d", title[1]), shown.stdout[:400]
