"""From a folder of captioned pictures to a picture of a prompt, as a user does it, and what goes wrong on the way."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer

from sfumato.data import open_dataset, read_about
from sfumato.data.tokens import tokenize
from sfumato.evaluation.features import open_extractor
from sfumato.evaluation.prompts import write_prompts_page
from sfumato.hub import load
from sfumato.sampling import ImageNoise
from tiny import Command


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained for a moment on captions alone, and what was printed."""
    place = tmp_path_factory.mktemp("captioned")
    rng = np.random.default_rng(0)
    (place / "pictures").mkdir()
    lines = []
    for number in range(12):
        name, colour = (("red", (200, 40, 40)), ("blue", (40, 40, 200)))[number % 2]
        pixels = np.clip(np.array(colour) + rng.integers(-40, 40, (16, 16, 3)), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(place / "pictures" / f"{number}.png")
        lines.append(json.dumps({"file_name": f"{number}.png", "text": f"a {name} wall"}))
    (place / "pictures" / "metadata.jsonl").write_text("\n".join(lines))
    return place


@pytest.fixture
def trained(run: Path, tmp_path: Path, sfumato: Command) -> Path:
    if not (run / "runs").exists():
        told = sfumato(
            "train", run / "pictures", "--name", "walls", "--net", "nano", "--images", 320, "--batch", 16,
            "--precision", "fp32", "--out", run / "runs",
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
    return run / "runs" / "walls"


def test_a_prompt_is_drawn_and_drawn_again_from_what_the_picture_says(
    trained: Path, tmp_path: Path, sfumato: Command
) -> None:
    told = sfumato("sample", trained, "a red wall", "--guidance", 2, "--steps", 4, "--seeds", "3,4", "--out", "drawn")
    assert told.returncode == 0 and told.stderr == "", told.stderr
    first = tmp_path / "drawn" / "a-red-wall-seed-0003.png"
    about = read_about(first)
    assert about["prompt"] == "a red wall" and about["guidance"] == "2"
    again = sfumato(*shlex.split(about["command"])[1:], "--out", "again")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / first.name).read_bytes() == first.read_bytes()
    assert "reads" in sfumato("info", trained).stdout
    assert "prompt" in sfumato("info", first).stdout


def test_the_page_of_prompts_stands_alone_and_shows_what_is_nearest(run: Path, trained: Path, tmp_path: Path) -> None:
    model, dataset = load(trained), open_dataset(str(run / "pictures"), cache=tmp_path)
    sections = {"Trained on": ["a red wall"], "Never": ["a <b>green</b> wall", "壁"]}
    write_prompts_page(tmp_path / "page.html", model, dataset, open_extractor("pixels", dataset), sections, each=2)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2 * 3 and "http" not in page and 'src="/' not in page
    assert "a &lt;b&gt;green&lt;/b&gt; wall" in page and "壁" in page
    assert page.count("a red wall") + page.count("a blue wall") > 4, "the nearest are named"


def test_an_importer_draws_the_prompt_too(trained: Path, tmp_path: Path, sfumato: Command) -> None:
    told = sfumato("export", trained, "--out", "out", "--steps", 4, "--guidance", 2)
    assert told.returncode == 0 and "tokenizer.json" in told.stdout, told.stderr
    graph = onnxruntime.InferenceSession(tmp_path / "out" / "network.onnx")
    walk = json.loads((tmp_path / "out" / "walk.json").read_text())
    tokenizer = Tokenizer.from_file(str(tmp_path / "out" / walk["prompt"]["tokenizer"]))
    model = load(trained)
    prompts = ["a red wall", "a blue wall"]
    text = tokenize(tokenizer, prompts, walk["prompt"]["tokens"]).numpy()
    noise = ImageNoise([1, 2], model.config.shape)
    registers = [noise().numpy() * walk["scale"]]
    for line in walk["lines"]:
        terms = line.get("ask") or line["arrive"]
        at = sum(np.float32(c) * registers[int(i)] for i, c in terms)
        if "ask" in line:
            told_of = np.zeros_like(text) if line.get("null") else text
            inputs = {"x": (line["c_in"] * at).astype(np.float32), "c_noise": np.full(2, line["c_noise"], np.float32)}
            answer = graph.run(None, {**inputs, "text": told_of})[0]
            registers.append(line["c_skip"] * at + line["c_out"] * answer)
        else:
            registers.append(at)
    ours = model.sample([1, 2], prompts=prompts, steps=4, guidance=2.0)
    torch.testing.assert_close(torch.from_numpy(registers[-1]), ours, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "the prompt is empty"),
        (["   "], "the prompt is empty"),
        (["a red wall", "--class", "red"], "trained without classes; leave --class out; say it in words"),
        (["a red wall", "--guidance", "nan"], "guidance must be a finite number"),
        (["a red wall", "--guidance", "-2"], "guidance must be a finite number from 0"),
        (["a red wall", "--negative", " "], "the negative prompt is empty"),
        (["a red \udcff wall"], "no characters of UTF-8"),
        (["--guidance", "2"], "nothing to guide: say what to generate"),
    ],
)
def test_wrong_input_is_one_sentence(
    trained: Path, tmp_path: Path, sfumato: Command, arguments: list[str], message: str
) -> None:
    told = sfumato("sample", trained, *arguments, "--out", "drawn")
    assert told.returncode == 2 and message in " ".join(told.stderr.split()), told.stderr
    assert "Traceback" not in told.stderr and not (tmp_path / "drawn").exists()


def test_what_the_model_cant_see_of_a_prompt_is_said_and_the_rest_is_drawn(
    trained: Path, tmp_path: Path, sfumato: Command
) -> None:
    told = sfumato("sample", trained, "red 壁 " + "wall " * 2000, "-n", 1, "--steps", 2, "--out", "drawn")
    assert told.returncode == 0, told.stderr
    said = " ".join((told.stdout + told.stderr).split())
    assert "never saw “壁”" in said and "reads 8 tokens" in said
    (drawn,) = (path for path in (tmp_path / "drawn").iterdir() if path.name != "grid.png")
    assert len(drawn.name) < 100


def test_a_model_without_words_says_what_it_has(run_folder: Path, sfumato: Command) -> None:
    told = sfumato("sample", run_folder, "a cat")
    assert told.returncode == 2 and "leave the prompt 'a cat' out; choose with --class" in " ".join(told.stderr.split())


def test_a_lost_tokenizer_is_named(trained: Path, tmp_path: Path, sfumato: Command) -> None:
    shutil.copytree(trained, tmp_path / "copy")
    (tmp_path / "copy" / "tokenizer.json").write_text("{")
    told = sfumato("sample", "copy", "a red wall")
    assert told.returncode == 2 and "tokenizer.json is damaged" in " ".join(told.stderr.split())
