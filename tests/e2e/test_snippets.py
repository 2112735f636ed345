"""What README and manual show runs: Python as it stands, commands as the command line reads them."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from test_stories import FAST, lay_out

import sfumato
from manual import BLOCK, PAGES, ROOT, blocks
from sfumato.cli import app
from sfumato.training import start_run, train
from tiny import TINY, blobs

COMMANDS = [name for name in app if not name.startswith("-")]
ELSEWHERE = {"stories.md", "walk.md", "serving.md"}  # test_stories.py, test_walk.py and test_serve_*.py run these


# By test_diffusers_alone.py, test_distilling.py and test_trained_for_diffusers.py
ELSEWHERE_RUN = re.compile(r"trust_remote_code|distill\(|DiTPipeline")

# Commands


def shell_lines(block: str) -> Iterator[list[str]]:
    """The commands of a block, each by its words: comments left out, pipes apart, lines that go on joined."""
    text = ""
    for line in block.splitlines():
        text += line
        if line.endswith("\\"):
            text = text[:-1]
            continue
        try:
            words = shlex.split(text, comments=True)
        except ValueError:  # a quotation that goes on
            text += "\n"
            continue
        text, command = "", []
        for word in words:
            if word in ("|", "&&"):
                yield command
                command = []
            else:
                command.append(word)
        if command:
            yield command


def check_sfumato(words: list[str]) -> None:
    """Raises where there is no such command, an option is unknown, or a value isn't one."""
    assert words[0] in COMMANDS or words == ["--version"], words
    app.parse_args(words, exit_on_error=False, print_error=False)


def check_launched(words: list[str], launcher: Any) -> None:
    given = launcher.parse_args(words)
    assert given.module and given.training_script == "sfumato"
    check_sfumato(given.training_script_args)


def check_torchrun(words: list[str]) -> None:
    from torch.distributed.run import get_args_parser

    check_launched(words, get_args_parser())


def check_accelerate(words: list[str]) -> None:
    launch = pytest.importorskip("accelerate.commands.launch")
    check_launched(words[1:], launch.launch_command_parser())


def check_pip(words: list[str]) -> None:
    extras = re.findall(r"sfumato\[(.*?)\]|whl\[(.*?)\]", " ".join(words))
    known = re.search(r"\[project.optional-dependencies\](.*?)\n\[", PROJECT, re.DOTALL)[1]  # type: ignore[index]
    for name in ",".join(map("".join, extras)).split(","):
        assert not name or re.search(rf"^{name} = ", known, re.MULTILINE), name


def check_make(words: list[str]) -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()  # type: ignore[index]
    assert words[0] in targets


def check_python(words: list[str]) -> None:
    projects = ROOT / "src/sfumato/templates"  # what `sfumato new` writes has programs of its own
    assert words[0] in ("-m", "-c") or (ROOT / words[0]).exists() or [*projects.rglob(words[0])], words


def check_paths(words: list[str]) -> None:
    assert (ROOT / words[-1]).exists(), words


def unchecked(words: list[str]) -> None:
    pass


PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CHECKS: dict[str, Callable[[list[str]], None]] = {
    "sfumato": check_sfumato,
    "torchrun": check_torchrun,
    "accelerate": check_accelerate,
    "pip": check_pip,
    "make": check_make,
    "python": check_python,
    "python3": check_python,
    "sbatch": check_paths,
    "kubectl": check_paths,
    # other people's programs
    **dict.fromkeys(("cd", "curl", "rm", "unzip", "fidelity", "pytest", "serve"), unchecked),
}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_commands_are_read_as_they_stand(page: str) -> None:
    for block in blocks(page, "", "bash", "sh"):
        for words in shell_lines(block):
            while re.match(r"[A-Z_]+=", words[0]):
                words = words[1:]
            CHECKS[Path(words[0]).name](words[1:])
    for inline in re.findall(r"(?<!`)`(?:\w+\.py )?(sfumato [a-z][^`]*)`(?!`)", BLOCK.sub("", PAGES[page])):
        words = shlex.split(inline)
        assert words[1] in COMMANDS, inline
        if words[2:] and "…" not in inline:  # some name a command alone
            check_sfumato(words[1:])


@pytest.mark.parametrize("page", sorted(PAGES))
def test_programs_that_figures_name_are_there(page: str) -> None:
    for name in re.findall(r"(?:benchmarks|tests|docs)/[\w/-]+\.(?:py|slurm|yaml)", PAGES[page]):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", sorted(PAGES))
def test_json_is_json(page: str) -> None:
    for block in blocks(page, "json"):
        assert json.loads(block.replace("…", "0"))


# Python


SMALLER = {  # what takes long on a page, and what the test takes in its place
    "README.md": {"minutes=1": f'images=64, net="nano", {FAST}'},
    "start.md": {"minutes=1": f'images=64, net="nano", {FAST}'},
    "fine-tuning.md": {"minutes=10": f"images=64, {FAST}"},
    "few-steps.md": {
        r"steps=\[4, 6, 8\]": "steps=2, iterations=2",
        r"sample\(steps=4\)": "sample(range(1), steps=4)",
    },
    "latent.md": {
        "size=128": "size=32",
        "minutes=.0": f"images=32, {FAST}",
        "runs/photos": "runs/latent",
    },
    "guidance.md": {r'open_dataset\("digits"\)\)': 'open_dataset("digits"), steps=2)'},
    "evaluation.md": {"count=200": 'count=40, features="pixels"'},
    "prompts.md": {r"\.sample\(prompts": ".sample(range(1), steps=3, prompts"},
    "own-sampler.md": {
        'labels="3", sampler': 'seeds=[0], labels="3", sampler',
        r"steps=50": "steps=5",
        r"torch.randn\(200": "torch.randn(50",
        r"heun, 1000\)": "heun, 300)",
        r"seeds=\[0\], seeds=\[0\]": "seeds=[0]",
    },
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages speak of: pictures, a run of them, pipelines of diffusers."""
    from diffusers import DDPMScheduler

    from pipelines import ddim_folder, stable_diffusion

    folder = tmp_path_factory.mktemp("pages")
    lay_out(folder)
    data = blobs()
    list(train(folder / "runs/photos", start_run(folder / "runs/photos", data, CONFIG, TINY, torch.device("cpu"))))
    stable_diffusion(folder / "stable-diffusion", DDPMScheduler(steps_offset=1, clip_sample=False))
    ddim_folder(folder / "runs/photos/diffusers")
    return folder


CONFIG = sfumato.TrainingConfig("blobs", images=64, batch=16, previews=0)


def comes_true(page: str, here: SimpleNamespace, printed: str) -> bool:
    """Whether what the page says of its snippets is so; of a page that says no more, that they ran."""
    match page:
        case "README.md" | "start.md":
            return tuple(here.images.shape) == (16, 1, 8, 8)
        case "own-sampler.md":
            (e20, h20), (e40, h40), (e80, h80) = (here.errors[steps] for steps in (20, 40, 80))
            first, second = max(e40 / e20, e80 / e40), max(h40 / h20, h80 / h40)
            return 0.4 < first < 0.6 and 0.2 < second < 0.35 and "10 19" in printed
        case "request.md":
            written = json.loads(blocks(page, "json")[0])
            own = json.loads(here.request.json())
            return written.keys() == own.keys() and written["sampling"].keys() <= own["sampling"].keys()
        case "model-folder.md":
            return here.model.config.shape == (1, 8, 8)
        case "concepts.md":
            return float(here.level.logsnr) == pytest.approx(0.5754, abs=1e-3)
    return True


@pytest.mark.parametrize("page", sorted(page for page in PAGES if blocks(page, "python") and page not in ELSEWHERE))
def test_python_runs_as_it_stands(page: str, workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shutil.copytree(workplace, tmp_path / "here"))
    here: dict[str, Any] = {"sfumato": sfumato, "null": None}
    out = io.StringIO()
    with redirect_stdout(out):
        for code in blocks(page, "python"):
            for long, short in SMALLER.get(page, {}).items():
                code = re.sub(long, short, code)
            compiled = compile(code, page, "exec")
            if not ELSEWHERE_RUN.search(code):
                exec(compiled, here)
    assert comes_true(page, SimpleNamespace(**here), out.getvalue())
