"""docs/stories.md runs as it stands, with small data and budgets, and what it says comes true."""

from __future__ import annotations

import ast
import importlib
import io
import itertools
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import sfumato
from peers import k_diffusion_sampling, module
from sfumato.data.decode import read_picture
from sfumato.training.lora import ADAPTER

PAGE = (Path(__file__).parents[2] / "docs" / "stories.md").read_text(encoding="utf-8")
OURS, THEIRS = "python", "py"  # how the blocks are marked
FAST = 'batch=16, precision="fp32", compile=False, previews=0'
SMALLER = {  # what takes long on the page, and what the test takes in its place
    r"minutes=30": f'images=64, net="nano", {FAST}',
    r"minutes=60": "images=96",
    r"minutes=10": f"images=32, {FAST}",
    r"images=102_400_000": f'images=32, net="nano", {FAST}',
    r"count=1000": 'count=40, steps=2, curve=False, features="pixels"',
    r"\.sample\(prompts=": ".sample(range(1), steps=3, prompts=",
    r"run\.model\(\)\.sample\(range\(4\)\)": "run.model().sample(range(1), steps=3)",
}
REPLACED = {"a paper's recipe": 0, "fine-tune": 1, "lora": 2}  # lines of the others' training, in their other stories


def stories() -> dict[str, dict[str, list[str]]]:
    """The blocks of each story by their mark."""
    found: dict[str, dict[str, list[str]]] = {}
    for section in PAGE.split("\n## ")[1:]:
        blocks: dict[str, list[str]] = {OURS: [], THEIRS: []}
        for mark, code in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL):
            blocks[mark].append(code)
        found[section.partition("\n")[0]] = blocks
    return found


class OwnNet(nn.Module):
    """A network that knows nothing of this package."""

    def __init__(self) -> None:
        super().__init__()
        self.level, self.label = nn.Linear(1, 8), nn.Embedding(3, 8)
        self.first, self.last = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, x: Tensor, c_noise: Tensor, label: Tensor) -> Tensor:
        embedding = self.level(c_noise[:, None]) + self.label(label)
        out: Tensor = self.last((self.first(x) + embedding[:, :, None, None]).relu())
        return out


def lay_out(folder: Path) -> dict[str, Any]:
    """What the stories find: folders of pictures, a picture with a mask, arrays and a network."""
    rng = np.random.default_rng(0)
    for place, name, number in itertools.product(("photos", "mine"), ("cat", "dog"), range(24)):
        (folder / place / name).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 90, (16, 16, 3), np.uint8) + (120 if name == "cat" else 0)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / place / name / f"{number}.png")
    Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(folder / "photo.png")
    mask = np.zeros((16, 16), np.uint8)
    mask[4:12, 4:12] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    labels = np.arange(40) % 2
    images = (rng.random((40, 1, 8, 8)) * 0.4 + 0.6 * labels[:, None, None, None]).astype(np.float32)
    return {"sfumato": sfumato, "itertools": itertools, "images": images, "labels": labels, "OwnNet": OwnNet}


def is_true(story: str, here: dict[str, Any], printed: str) -> bool:
    """Whether the story came to what it promises."""
    digits = sfumato.load("digits")
    match story:
        case "Generate by class name":
            return torch.equal(here["pictures"], digits.sample(range(16), [3] * 16))
        case "Generate by prompt":
            return bool(here["pictures"].shape == (1, 3, 32, 32))
        case "Watch the walk":
            whole = digits.sample(labels="3")
            last = here["step"]
            shown = len(printed.splitlines()) == last.total + 1 == last.index + 1
            return shown and torch.equal(last.x, whole)
        case "Train on a folder":
            return here["run"].model().config.classes == ("cat", "dog") and "Saved" in printed
        case "Resume":
            return "images=96" in printed and "images=64" not in printed
        case "A paper's recipe":
            model = here["run"].model().config
            return model.parameterization == "eps" and model.sampling.sampler == "ddpm" and len(here["pictures"]) == 1
        case "Fine-tune":
            return "runs/photos" in here["run"].config.origin.path
        case "LoRA":
            return Path("runs/adapted", ADAPTER, "adapter_model.safetensors").exists()
        case "Guide on an interval":
            plain = digits.sample(labels="3")
            return here["pictures"].shape == plain.shape and not torch.allclose(here["pictures"], plain, atol=1e-3)
        case "Your own sampler":
            return torch.allclose(here["pictures"], digits.sample(labels="3", sampler="euler", steps=20), atol=1e-4)
        case "Two conditions: AND, NOT":
            return not torch.allclose(here["both"], here["without"], atol=1e-2)
        case "Inpaint":
            photo, inside = read_picture(Path("photo.png"), 3, (16, 16))[0], torch.zeros(16, 16, dtype=torch.bool)
            inside[4:12, 4:12] = True
            filled = here["filled"]
            kept = all(torch.equal(one[:, ~inside], photo[:, ~inside]) for one in filled)
            return kept and not torch.equal(filled[0][:, inside], filled[1][:, inside])
        case "Invert and redraw":
            first = digits.sample(range(4), labels="3")
            again = digits.sample(start=here["noise"], labels="3", sampler="ddim", grid="karras", steps=20)
            return torch.allclose(again, first, atol=0.02) and not torch.allclose(here["redrawn"], first, atol=0.1)
        case "Evaluate":
            return str(here["found"].verdict) in printed and len(here["found"].scores) >= 3
        case "Your own network, your own arrays":
            return bool(here["pictures"].shape == (2, 1, 8, 8) and here["pictures"].isfinite().all())
    raise AssertionError(story)


def test_every_story_runs_as_it_stands_and_comes_true(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("stories")
    monkeypatch.chdir(folder)
    here = lay_out(folder)
    for story, blocks in stories().items():
        (code,) = blocks[OURS]
        for long, short in SMALLER.items():
            code = re.sub(long, short, code)
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile(code, story, "exec"), here)
        assert is_true(story, here, out.getvalue()), story


def k_diffusion_package() -> Any:
    """The part of it that the stories use; the whole imports what only its training needs."""
    return module("k_diffusion", sampling=k_diffusion_sampling())


def lines(code: str) -> int:
    """How many lines do something: no imports, no blank ones, no comments alone."""
    return sum(
        bool(line.strip()) and not line.strip().startswith(("#", "import ", "from ")) for line in code.splitlines()
    )


def test_the_table_counts_the_lines_of_each_story() -> None:
    written = re.findall(r"^\| \[(.*?)\]\(#.*?\) \| (\d+) \| (\d+), ", PAGE, re.MULTILINE)
    found = [
        (name.lower(), sum(map(lines, blocks[OURS])), sum(map(lines, blocks[THEIRS])))
        for name, blocks in stories().items()
    ]
    assert len(written) == 15
    ours = {name.lower(): int(count) for name, count, _ in written}
    assert ours == {name: own for name, own, _ in found}
    training = next(count for name, _, count in found if name == "train on a folder")
    beside = {name: training - replaced for name, replaced in REPLACED.items()}  # the lines that they share with that
    theirs = {name.lower(): int(count) for name, _, count in written}
    assert theirs == {name: count + beside.get(name, 0) for name, _, count in found}


@pytest.mark.parametrize("story", stories())
def test_what_others_are_said_to_have_is_there(story: str) -> None:
    for code in stories()[story][THEIRS]:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in (
                "diffusers", "azula", "k_diffusion", "peft", "accelerate", "torchmetrics",
            ):  # fmt: skip
                module = k_diffusion_package() if node.module == "k_diffusion" else importlib.import_module(node.module)
                assert all(hasattr(module, one.name) for one in node.names), story
