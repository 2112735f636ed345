"""`sfumato eval` as a user runs it, and the page that it writes in a real browser."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save

from lesson import node, without_browser
from sfumato.hub import load
from tiny import Command


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
    assert len(record["curve"]) == 7 and len(record["levels"]) == 7
    assert all(point["low"] <= point["sliced_wasserstein"] <= point["high"] for point in record["curve"])

    card_is_read_by_the_hub(folder, record)
    assert not re.search(r'(?:src|href)="(?!data:)', (folder / "report.html").read_text())  # nothing from elsewhere
    if not without_browser():
        page_shows_everything(folder / "report.html", tmp_path)

    other = sfumato("eval", "runs/some", "-n", 30, "--steps", 2, "--no-curve", "--json", "--out", "other",
                    "--features", "classifier")  # fmt: skip
    assert other.returncode == 0 and json.loads(other.stdout)["conditions"]["count"] == 30
    refused = sfumato("eval", "runs/some", "--against", "other/record.json", "--from-record")
    assert refused.returncode == 2 and "count (40 and 30)" in refused.stderr, refused.stderr


def test_a_model_that_reads_prompts_is_measured_by_captions_it_never_saw(sfumato: Command, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "walls").mkdir()
    lines = []
    for number in range(60):
        name, colour = (("red", (200, 40, 40)), ("blue", (40, 40, 200)))[number % 2]
        pixels = np.clip(np.array(colour) + rng.integers(-40, 40, (8, 8, 3)), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "walls" / f"{number}.png")
        lines.append(json.dumps({"file_name": f"{number}.png", "text": f"a {name} <wall>"}))
    (tmp_path / "walls" / "metadata.jsonl").write_text("\n".join(lines))
    trained = sfumato("train", "walls", "--net", "nano", "--images", 32, "--batch", 16, "--name", "walls")
    assert trained.returncode == 0, trained.stderr
    result = sfumato(
        "eval", "runs/walls", "-n", 14, "--steps", 2, "--guidance", 2, "--features", "pixels", "--no-curve"
    )
    assert result.returncode == 0, result.stderr
    assert "captions of 12 of" in " ".join(result.stdout.split())  # a fifth of 60 stands for what is held out
    folder = tmp_path / "runs" / "walls" / "evaluation"
    record = json.loads((folder / "record.json").read_text())
    assert record["source"]["captions"].startswith("of 12 of") and record["source"]["sampler"]["guidance"] == 2
    assert "--guidance 2" in record["source"]["command"]
    assert 'pipeline_tag: "text-to-image"' in (folder / "README.md").read_text()
    page = (folder / "report.html").read_text()
    assert page.count("<figcaption>a red &lt;wall&gt;") + page.count("<figcaption>a blue &lt;wall&gt;") == 12
    assert not re.search(r'(?:src|href)="(?!data:)', page)


def test_points_are_measured_too(sfumato: Command, tmp_path: Path) -> None:
    trained = sfumato("train", "points:moons:300", "--images", 640, "--batch", 64, "--name", "moons")
    assert trained.returncode == 0, trained.stderr
    result = sfumato("eval", "runs/moons", "-n", 40, "--sampler", "unipc3", "--steps", 3, "--bits")
    assert result.returncode == 0, result.stderr
    assert "Bits per dimension" in result.stdout and "by coordinates" in " ".join(result.stdout.split())
    folder = tmp_path / "runs" / "moons" / "evaluation"
    assert {p.name for p in folder.iterdir()} == {
        "record.json", "README.md", "samples.png", "denoising.webp", "report.html",
    }  # fmt: skip
    assert "image" not in (folder / "README.md").read_text()


def test_what_can_not_be_measured_is_one_sentence_and_nothing_is_written(sfumato: Command, tmp_path: Path) -> None:
    """A network that broke, pictures that were lost, or changed, or others, and scores of another set."""
    rng = np.random.default_rng(0)
    grey = tmp_path / "grey"

    def pictures(side: int) -> None:
        shutil.rmtree(grey, ignore_errors=True)
        grey.mkdir()
        for number in range(60):
            Image.fromarray(rng.integers(0, 255, (side, side)).astype(np.uint8)).save(grey / f"{number}.png")

    def refused(*arguments: object) -> str:
        result = sfumato("eval", "runs/grey", "-n", 12, "--steps", 2, "--no-curve", *arguments)
        assert result.returncode == 2 and "Traceback" not in result.stderr, result.stderr + result.stdout
        return " ".join(result.stderr.split())

    pictures(8)
    trained = sfumato("train", "grey", "--images", 32, "--batch", 16, "--net", "nano", "--name", "grey")
    assert trained.returncode == 0, trained.stderr
    colour = sfumato("eval", "runs/grey", "-n", 12, "--steps", 2, "--no-curve", "--features", "efficientnet-lite0")
    assert colour.returncode == 0, colour.stderr  # greyscale is shown to it as colours that are equal
    assert "12 samples are fewer than 1,280 features" in " ".join(colour.stdout.split())
    record = tmp_path / "record.json"
    (tmp_path / "runs" / "grey" / "evaluation" / "record.json").replace(record)
    assert "grey as equal colours" in json.loads(record.read_text())["conditions"]["resize"]

    broken = load(tmp_path / "runs" / "grey").denoiser.net.state_dict()
    newest = sorted((tmp_path / "runs" / "grey" / "checkpoints").iterdir())[-1]
    state = json.loads((newest / "state.json").read_text())
    whole = (newest / "ema.safetensors").read_bytes(), (newest / "state.json").read_bytes()
    content = save({name: torch.full_like(value, torch.nan).contiguous() for name, value in broken.items()})
    (newest / "ema.safetensors").write_bytes(content)
    state["files"]["ema.safetensors"] = hashlib.sha256(content).hexdigest()
    (newest / "state.json").write_text(json.dumps(state))
    assert "are not finite (in " in refused("--features", "pixels")
    (newest / "ema.safetensors").write_bytes(whole[0])
    (newest / "state.json").write_bytes(whole[1])

    pictures(8)  # others, of the same size
    words = refused("--features", "efficientnet-lite0", "--against", record)
    assert "another reference hash (" in words and "features" not in words
    pictures(16)
    assert "its samples are 1 × 16 × 16, and were 1 × 8 × 8" in refused("--features", "pixels")
    shutil.rmtree(grey)
    grey.mkdir()
    assert "grey" in refused("--features", "pixels")
    assert not (tmp_path / "runs" / "grey" / "evaluation" / "record.json").exists()


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
    shown = node("shown.mjs", str(probe))
    assert shown["title"] == "true,true,true;3", shown  # grid, animation, pairs; classes, curve, loss
    assert "data-error" not in shown["content"] and not shown["problems"]


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
