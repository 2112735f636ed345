"""A user's whole path through the command line, in processes of their own, and every wrong turn."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato import cli
from sfumato.sampling import SAMPLERS
from tiny import Command


def assert_one_clear_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 2, result
    assert result.stderr.startswith("sfumato: ") and result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr + result.stdout and "unexpected" not in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


def test_folder_to_picture_and_the_picture_again(sfumato: Command, pictures: Path, tmp_path: Path) -> None:
    trained = sfumato("train", pictures, "--images", 640, "--batch", 32, "--name", "colours")
    assert trained.returncode == 0, trained.stderr
    assert "12 of 3 × 16 × 16, 2 classes" in trained.stdout
    run = tmp_path / "runs" / "colours"
    assert json.loads((run / "config.json").read_text())["model"]["classes"] == ["blue", "red"]

    drawn = sfumato("sample", run, "--class", "red", "--seeds", "3-5", "--steps", 4, "--guidance", 2)
    assert drawn.returncode == 0, drawn.stderr
    names = sorted(p.name for p in (run / "samples").iterdir())
    assert names == ["grid.png", "red-seed-0003.png", "red-seed-0004.png", "red-seed-0005.png"]
    picture = run / "samples" / "red-seed-0004.png"
    first = np.asarray(Image.open(picture))
    assert first.shape == (16, 16, 3)

    told = sfumato("info", picture)
    facts = dict(re.findall(r"^(\w+) +(.+)$", told.stdout, flags=re.MULTILINE))
    assert facts["class"] == "red" and facts["seed"] == "4" and facts["guidance"] == "2" and facts["weights"] == "ema"
    again = sfumato(*facts["command"].split()[1:], "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    second = np.asarray(Image.open(tmp_path / "again" / "red-seed-0004.png"))
    assert np.abs(first.astype(int) - second).max() <= 1

    told = sfumato("info", run)
    assert told.returncode == 0 and "640 images" in told.stdout and "blue, red" in told.stdout

    assert_one_clear_line(sfumato("train", pictures, "--images", 64, "--name", "colours"), "--resume", "--name")
    assert_one_clear_line(sfumato("train", "--resume", "--name", "colours"), "spent its budget", "--images")
    longer = sfumato("train", "--resume", "--name", "colours", "--images", 704)
    assert longer.returncode == 0 and "Going on from step 20 (640 images seen)" in longer.stdout


def test_samplers_are_told_as_a_table(sfumato: Command) -> None:
    told = sfumato("samplers")
    assert told.returncode == 0, told.stderr
    rows = {row[0]: row[1:3] for line in told.stdout.splitlines() if len(row := line.split()) > 3}
    assert rows["ddim"] == ["1", "1"] and rows["heun"] == ["2", "2"] and rows["adaptive"] == ["3", "varies"]
    assert set(SAMPLERS) <= set(rows)


def test_samplers_are_compared_from_the_same_noise(sfumato: Command, run_folder: Path, tmp_path: Path) -> None:
    def drawn(out: str, *arguments: object) -> np.ndarray:
        result = sfumato("sample", run_folder, "--seeds", "0-3", "--out", tmp_path / out, *arguments)
        assert result.returncode == 0, result.stderr
        return np.asarray(Image.open(tmp_path / out / "compare.png"))

    both = drawn("both", "--compare", "DPM++ 2M,ddim", "--steps", "3,6")
    facts = sfumato("info", tmp_path / "both" / "compare.png").stdout
    assert "dpm++2m,ddim" in facts and "3,6" in facts
    alone = drawn("alone", "--compare", "ddim", "--steps", "6")
    # the cell of ddim at 6 steps is the same picture in both sheets: the last cell, above the same caption
    height, width = 60, 30
    assert np.array_equal(both[-height:-20, -width:], alone[-height:-20, -width:])
    assert not np.array_equal(both[:, -width:][: len(alone) // 2], both[-(len(alone) // 2) :, -width:])


def test_other_tools_names_draw_the_same_picture(sfumato: Command, run_folder: Path, tmp_path: Path) -> None:
    def drawn(out: str, *arguments: object) -> np.ndarray:
        result = sfumato("sample", run_folder, "--seeds", "0-3", "--steps", 4, "--out", tmp_path / out, *arguments)
        assert result.returncode == 0, result.stderr
        return np.asarray(Image.open(tmp_path / out / "grid.png"))

    ours = drawn("ours", "--sampler", "dpm++2m", "--grid", "karras")
    assert np.array_equal(ours, drawn("both", "--sampler", "DPM++ 2M Karras", "--grid", "karras"))
    assert np.array_equal(ours, drawn("theirs", "--sampler", "dpmpp_2m_karras"))


@pytest.mark.parametrize("damage", [None, "truncated"])
def test_the_data_s_gaussian_is_kept_in_the_run(
    sfumato: Command, pictures: Path, tmp_path: Path, damage: str | None
) -> None:
    assert sfumato("train", pictures, "--images", 64, "--batch", 32, "--name", "colours").returncode == 0
    run = tmp_path / "runs" / "colours"
    assert sfumato("sample", run, "-n", 2, "--steps", 3, "--first", "teleport").returncode == 0
    kept = run / "gaussian.safetensors"
    content = kept.read_bytes()
    if damage:
        kept.write_bytes(content[:100])
    again = sfumato("sample", run, "-n", 2, "--steps", 3, "--first", "analytical")
    assert again.returncode == 0, again.stderr
    assert kept.read_bytes() == content
    shutil.rmtree(pictures)
    if damage:
        kept.unlink()
        assert_one_clear_line(sfumato("sample", run, "-n", 2, "--first", "teleport"), "pictures")
    else:
        assert sfumato("sample", run, "-n", 2, "--steps", 3, "--first", "teleport").returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM or SIGINT for another process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_an_interrupted_run_is_saved_and_goes_on(sfumato: Command, tmp_path: Path, number: signal.Signals) -> None:
    """Stopped as soon as it has a preview to show; the budget is too long to be reached before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sfumato", "train", "points:moons", "--images", "10000000", "--name", "m"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "step" in line:
            process.send_signal(number)
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number, err
    assert "Stopped and saved at step" in out and "-m sfumato train --resume --name m" in out and err == ""
    step = int(re.search(r"saved at step ([\d,]+)", out)[1].replace(",", ""))  # type: ignore[index]
    gone_on = sfumato("train", "--resume", "--name", "m", "--images", 128 * (step + 5))
    assert gone_on.returncode == 0 and f"Going on from step {step:,}" in gone_on.stdout
    assert f"Trained for {step + 5:,} steps" in gone_on.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no terminals that hang up")
def test_a_run_whose_terminal_is_closed_is_saved(tmp_path: Path) -> None:
    """As when a connection breaks: no one reads what is told, and the run gets SIGHUP."""
    import pty

    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may have been started by nohup
        command = [sys.executable, "-m", "sfumato", "train", "points:moons", "--images", "10000000", "--name", "m"]
        os.execv(sys.executable, command)
    told = b""
    while b"step" not in told:
        told += os.read(terminal, 65536)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 128 + signal.SIGHUP
    assert list((tmp_path / "runs/m/checkpoints").glob("checkpoint-*/state.json"))


def test_points_in_space_are_trained_and_drawn(sfumato: Command, tmp_path: Path) -> None:
    assert sfumato("train", "points:helix", "--images", 2560, "--name", "helix").returncode == 0
    drawn = sfumato("sample", "runs/helix", "-n", 50, "--sampler", "heun", "--steps", 5, "--animate")
    assert drawn.returncode == 0, drawn.stderr
    folder = tmp_path / "runs" / "helix" / "samples"
    assert np.load(folder / "points.npy", allow_pickle=False).shape == (50, 3)
    with Image.open(folder / "denoising.webp") as animation:
        assert animation.n_frames == 6


@pytest.mark.usefixtures("shared_cache")
def test_demo_leaves_all_it_promises(sfumato: Command, tmp_path: Path) -> None:
    result = sfumato("demo", "--images", 1280)
    assert result.returncode == 0, result.stderr
    run = tmp_path / "runs" / "digits"
    for name in ("samples.png", "denoising.webp", "metrics.jsonl", "config.json", "report.html"):
        assert (run / name).stat().st_size > 0
    html = (run / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', html), "the report must stand alone"
    figure = re.search(r"read as asked +([\d.]+%)", result.stdout)[1]  # type: ignore[index]
    ratio = re.search(r"([\d.]+) × that between halves", result.stdout)[1]  # type: ignore[index]
    assert f">{figure}</b>" in html and f">{ratio} ×</b>" in html
    commands = result.stdout.split("Try next:")[1].split("\n")
    assert [c.split()[1:3] for c in commands if c.strip()] == [["-m", "sfumato"]] * 4  # the way it was called here
    second = sfumato("demo", "--images", 640)
    assert second.returncode == 0 and (tmp_path / "runs" / "digits-2" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train"], ["folder of pictures"]),
        (["train", "nowhere/pictures"], ["there is no folder nowhere/pictures"]),
        (["train", "digit"], ["did you mean 'digits'"]),
        (["train", "points:spiral"], ["did you mean 'spirals'"]),
        (["train", "empty"], ["holds no pictures (found: nothing)"]),
        (["train", "texts"], ["holds no pictures (found: 3 .txt)"]),
        (["train", "single"], ["1 picture", "at least 2"]),
        (["train", "pictures", "--size", "2"], ["nearest size it takes is 4×4"]),
        (["train", "pictures", "--size", "banana"], ["--size takes pixels"]),
        (["train", "pictures", "--net", "smal"], ["did you mean 'small'"]),
        (["train", "pictures", "--minutes", "0"], ["minutes must be above 0"]),
        (["train", "pictures", "--batch", "-4"], ["batch must be above 0"]),
        (["train", "pictures", "--keep", "0"], ["keep must be above 0"]),
        (["train", "pictures", "--precision", "fp16"], ["bf16 or fp32"]),
        (["train", "pictures", "--minuts", "3"], ["--minuts", "--minutes"]),
        (["train", "--resume", "--name", "ghost"], ["no trained model"]),
        (["train", "--resume"], ["say which run"]),
        (["train", "pictures", "--name", "../away"], ["--name is one word"]),
        (["train", "pictures", "--seed=-1"], ["a seed is a whole number from 0"]),
        (["sample", "runs/ghost"], ["there is no folder runs/ghost"]),
        (["sample", "empty"], ["no trained model in empty"]),
        (["info", "empty"], ["holds no pictures"]),
        (["info", "texts/a.txt"], ["is a file"]),
        (["sampel"], ["sample"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else None,
)
def test_wrong_input_gets_one_clear_line(
    sfumato: Command, pictures: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    for name in "abc":
        (tmp_path / "texts" / f"{name}.txt").write_text("words")
    (tmp_path / "single").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "single" / "only.png")
    assert_one_clear_line(sfumato(*arguments), *words)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--class", "horse"], ["unknown class 'horse'", "cat, dog, cow"]),
        (["--class", "cta"], ["did you mean 'cat'"]),
        (["--sampler", "dpm++2mm"], ["did you mean 'dpm++2m'"]),
        (["--sampler", "zzz"], ["The choices are ddim"]),
        (["--grid", "karas"], ["did you mean 'karras'"]),
        (["--schedule", "cosin"], ["did you mean 'cosine'"]),
        (["--steps", "0"], ["at least 1 step"]),
        (["--steps", "-3"], ["at least 1 step"]),
        (["--seeds", "9-3"], ["runs backwards", "3-9"]),
        (["--seeds", "1-2-3"], ["0-15 or 3,7,42"]),
        (["--seeds", "-1"], ["0-15 or 3,7,42"]),
        (["--seeds", "a"], ["0-15 or 3,7,42"]),
        (["--seeds", "0-999999999"], ["more than 100,000"]),
        (["--seeds", "0-3", "-n", "9"], ["names 4 pictures but -n asks for 9"]),
        (["-n", "0"], ["-n must lie between 1"]),
        (["--weights", "emma"], ["did you mean 'ema'"]),
        (["--eta", "0.5", "--sampler", "heun"], ["eta belongs to ddim"]),
        (["--sampler", "ipndm4", "--steps", "3"], ["ipndm4 needs at least 4 steps, got 3", "or the sampler ipndm3"]),
        (["--sampler", "adaptive", "--tolerance", "0"], ["tolerances must be above 0"]),
        (["--tolerance", "0.1", "--sampler", "ddim"], ["belongs to the sampler adaptive, not to ddim"]),
        (["--steps", "5,10"], ["--steps 5,10 names 2 step counts", "--compare"]),
        (["--compare", "ddim,unpic"], ["unknown sampler 'unpic'", "did you mean 'unipc"]),
        (["--compare", ","], ["--compare takes 1 to 24 samplers"]),
        (["--compare", "unipc", "--steps", "1"], ["unipc2 needs at least 2 steps, got 1"]),
        (["--first", "teleprot"], ["did you mean 'teleport'"]),
        (["--batch", "0"], ["--batch must be at least 1"]),
        (["--guidance", "strong"], ["--guidance"]),
        (["--guidance", "nan"], ["guidance must be a finite number"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value and value[0].startswith("-") else None,
)
def test_wrong_sampling_options_get_one_clear_line(
    sfumato: Command, run_folder: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    assert_one_clear_line(sfumato("sample", run_folder, "--out", tmp_path / "out", *arguments), *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("allocate", [torch.empty, np.empty])
def test_too_little_memory_is_one_line_that_says_what_needs_less(
    allocate: Callable[[int], object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.app.command(lambda: allocate(10**15), name="hungry")
    monkeypatch.setattr(sys, "argv", ["sfumato", "hungry"])
    try:
        with pytest.raises(SystemExit, match="2"):
            cli.main()
    finally:
        del cli.app["hungry"]
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "--batch" in told and "unexpected" not in told


def test_debug_shows_the_traceback(sfumato: Command) -> None:
    result = sfumato("train", "nowhere/pictures", "--debug")
    assert result.returncode != 0 and "Traceback" in result.stderr and "SfumatoError" in result.stderr


def test_a_terminal_without_unicode_is_no_error(sfumato: Command, run_folder: Path) -> None:
    result = sfumato("info", run_folder, PYTHONIOENCODING="ascii")
    assert result.returncode == 0 and "1 ? 8 ? 8" in result.stdout


def test_help_of_every_verb(sfumato: Command) -> None:
    overview = sfumato("--help")
    assert overview.returncode == 0
    for verb in ("demo", "train", "sample", "info"):
        assert verb in overview.stdout
        assert sfumato(verb, "--help").returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_real_terminal_shows_a_bar_and_a_picture(tmp_path: Path) -> None:
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sfumato", "train", "points:moons", "--images", "6400", "--name", "m"],
        cwd=tmp_path, stdin=child, stdout=child, stderr=child, close_fds=True,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "100", "LINES": "60"},
    )  # fmt: skip
    os.close(child)
    shown = b""
    try:
        while chunk := os.read(parent, 65536):
            shown += chunk
    except OSError:  # Linux reports the closed terminal as an error
        pass
    os.close(parent)
    assert process.wait(timeout=120) == 0
    text = shown.decode()
    for part in ("images/s", "loss over time", "━", "▀", "\x1b[38;2;", "100%"):
        assert part in text
