"""`sfumato eval` as a user runs it, and the page that it writes in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lesson import BROWSERS
from tiny import Command

BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)


def test_a_run_is_measured_recorded_and_ranked(sfumato: Command, pictures: Path, tmp_path: Path) -> None:
    """60 small colour pictures of two classes, each five times; a model that has hardly begun to learn."""
    for path in list(pictures.glob("*/*.png")):
        for copy in range(4):
            shutil.copy(path, path.with_name(f"{path.stem}-{copy}.png"))
    trained = sfumato("train", "pictures", "--name", "some", "--images", 32, "--batch", 16, "--net", "tiny")
    assert trained.returncode == 0, trained.stderr
    result = sfumato("eval", "runs/some", "-n", 40, "--steps", 2, "--features", "classifier")
    assert result.returncode == 0, result.stderr
    for words in ("will take", "Kernel distance (KID)", "95% interval", "floor", "report.html"):
        assert words in result.stdout, result.stdout
    assert "40 samples are fewer than 64 features" in " ".join(result.stdout.split())
    folder = tmp_path / "runs" / "some" / "evaluation"
    assert {p.name for p in folder.iterdir()} == {
        "record.json", "README.md", "samples.png", "pairs.png", "denoising.webp", "report.html",
    }  # fmt: skip
    record = json.loads((folder / "record.json").read_text())
    assert record["conditions"]["count"] == 40 and record["source"]["sampler"]["steps"] == 2
    assert record["audit"]["near_duplicates"]["pairs"] >= 10
    assert len(record["curve"]) == 7

    card_is_read_by_the_hub(folder, record)
    assert not re.search(r'(?:src|href)="(?!data:)', (folder / "report.html").read_text())  # nothing from elsewhere
    if BROWSER:
        page_shows_everything(folder / "report.html", tmp_path)

    other = sfumato("eval", "runs/some", "-n", 30, "--steps", 2, "--no-curve", "--json", "--out", "other",
                    "--features", "classifier")  # fmt: skip
    assert other.returncode == 0 and json.loads(other.stdout)["conditions"]["count"] == 30
    refused = sfumato("eval", "runs/some", "--against", "other/record.json", "--from-record")
    assert refused.returncode == 2 and "count (40 and 30)" in refused.stderr, refused.stderr


def card_is_read_by_the_hub(folder: Path, record: dict[str, Any]) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard.load(folder / "README.md")
    results = {result.metric_type: result for result in card.data.eval_results}
    assert results["kernel"].metric_value == pytest.approx(record["scores"]["kernel"]["value"], abs=1e-6)
    assert results["kernel"].dataset_name == record["conditions"]["reference"]


def page_shows_everything(page: Path, folder: Path) -> None:
    probe = folder / "probe.html"
    script = (
        "<script>addEventListener('error', e => document.body.dataset.error = e.message, true);"
        "addEventListener('load', () => document.title = [...document.images]"
        ".map(i => i.complete && i.naturalWidth > 0).join() + ';' + document.querySelectorAll('svg').length)</script>"
    )
    probe.write_text(page.read_text().replace("</body>", script + "</body>"))
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=4000", "--dump-dom", probe.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", shown.stdout)
    assert title and title[1] == "true,true,true;2", shown.stdout[:400]  # grid, animation, pairs; classes, curve
    assert "data-error" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runs/none"], "there is no folder"),
        (["digits", "-n", 3], "too few to measure"),
        (["digits", "--features", "inception"], "unknown features"),
        (["digits", "--against", "nowhere.json"], "there is no record"),
    ],
)
def test_wrong_input_is_one_sentence(sfumato: Command, arguments: list[object], words: str) -> None:
    result = sfumato("eval", *arguments)
    assert result.returncode == 2 and words in result.stderr and result.stderr.count("\n") == 1, result.stderr
