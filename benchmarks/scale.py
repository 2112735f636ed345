"""Train the same tiny run with 1, 2 and 4 processes, and see what the number of them and of the pictures costs.

    python benchmarks/scale.py

Prints one table: how far the weights after fifty steps lie from those of a lone process, also when four processes are
cut off after half of the steps and two go on; how much more memory of its own (not the mapped file's pages) a process
takes for a million pictures than for ten thousand; and the share of a step that waits for its batch. Exits 1 where a
figure is missed.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.hub import ModelConfig, new_model
from sfumato.hub.checkpoints import newest_checkpoint
from sfumato.nets import unet_config
from sfumato.training import Trainer, TrainingConfig
from sfumato.training.state import FILES

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))
from together import STEPS, start_together  # noqa: E402

DIFFERENCE, GROWTH, WAITING = 1e-5, 48.0, 0.02  # in a weight; in MB; as a share of a step
SIDE = 16


def weights(run: Path) -> torch.Tensor:
    """All weights and averages of the finished `run`."""
    checkpoint, _ = newest_checkpoint(run / "checkpoints", FILES)
    if checkpoint is None or checkpoint.state["step"] != STEPS:
        sys.exit(f"{run} did not come to its end")
    return torch.cat([value.flatten() for name in FILES[:3] for _, value in sorted(checkpoint.read(name).items())])


def together(count: int, run: Path) -> torch.Tensor:
    """The weights that `count` processes end with, which start the run or take it up."""
    process = start_together(count, TESTS / "together.py", run)
    _, told = process.communicate()
    if process.returncode:
        sys.exit(told)
    return weights(run)


def own_megabytes() -> float:
    """The memory of this process that no file backs."""
    return int(re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e3


def train_on(count: int, file: Path) -> float:
    """The memory in MB after some steps on `count` pictures mapped from `file`."""
    pictures = np.memmap(file, np.uint8, "r", shape=(count, 1, SIDE, SIDE))
    dataset = Dataset("mapped", pictures, np.zeros(count, np.int64), ("one",))
    model = ModelConfig((1, SIDE, SIDE), unet_config("tiny", (1, SIDE, SIDE), 1), ("one",))
    for _ in Trainer(new_model(model), dataset, TrainingConfig("mapped", images=64 * 4, batch=64)).steps():
        pass
    return own_megabytes()


def memory(count: int, file: Path) -> float:
    """The median of `train_on` in five processes: what an allocator keeps differs by 50 MB from one to the next."""
    found = []
    for _ in range(5):
        command = [sys.executable, __file__, "--memory", str(count), str(file)]
        told = subprocess.run(command, capture_output=True, text=True)
        if told.returncode:
            sys.exit(told.stderr)
        found.append(float(told.stdout))
    return statistics.median(found)


def waiting(dataset: Dataset) -> tuple[float, float]:
    """Seconds a step, and the share of them in which the network waits for its batch."""
    config = TrainingConfig("pictures", images=64 * 14, batch=64)
    trainer = Trainer(new_model(ModelConfig(dataset.shape, unet_config("tiny", dataset.shape))), dataset, config)
    at_work, step = [0.0], trainer._step

    def timed(*arguments: object) -> tuple[float, float]:
        started = time.perf_counter()
        result = step(*arguments)  # type: ignore[arg-type]
        at_work[0] += time.perf_counter() - started
        return result

    trainer._step = timed  # type: ignore[method-assign]
    steps = trainer.steps()
    next(steps), next(steps)  # the first ones prepare
    at_work[0], started = 0.0, time.perf_counter()
    taken = len(list(steps))
    seconds = time.perf_counter() - started
    return seconds / taken, 1 - at_work[0] / seconds


def photos(folder: Path) -> Path:
    """A thousand JPEG files of 256×256 pixels, as smooth and as grainy as photographs."""
    folder.mkdir()
    for number in range(1000):
        rng = np.random.default_rng(number)
        smooth = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((256, 256), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 4, (256, 256, 3))
        Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(folder / f"{number:04}.jpg", quality=90)
    return folder


def main() -> None:
    if sys.argv[1:2] == ["--memory"]:
        print(train_on(int(sys.argv[2]), Path(sys.argv[3])))
        return
    torch.set_num_threads(1)
    rows: list[tuple[str, str, str, bool]] = []
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        one = together(1, place / "1")
        found = {f"{count} processes": together(count, place / str(count)) for count in (2, 4)}
        shutil.copytree(place / "4", place / "cut")
        for path in sorted((place / "cut" / "checkpoints").iterdir())[STEPS // 2 :]:
            shutil.rmtree(path)
        found[f"4 processes, from step {STEPS // 2} on 2"] = together(2, place / "cut")
        for name, other in found.items():
            furthest = float((one - other).abs().max())
            about = f"{name}: weights after {STEPS} steps, from those of 1 process"
            rows.append((about, f"{furthest:.1e}", f"{DIFFERENCE:.0e}", furthest <= DIFFERENCE))
        file = place / "pictures"
        with file.open("wb") as written:
            for seed in range(16):
                written.write(np.random.default_rng(seed).bytes(SIDE * SIDE * 1_000_000 // 16))
        few, many = memory(10_000, file), memory(1_000_000, file)
        about = f"memory for 1,000,000 pictures, beyond {few:.0f} MB for 10,000"
        rows.append((about, f"{many - few:.0f} MB", f"{GROWTH:.0f} MB", many - few <= GROWTH))
        pictures = np.random.default_rng(0).integers(0, 256, (5000, 3, 2 * SIDE, 2 * SIDE), np.uint8)
        files = open_dataset(str(photos(place / "photos")), (2 * SIDE, 2 * SIDE), place / "cache", stream=True)
        for kind, dataset in {"kept": Dataset("x", pictures), "streamed from JPEG files of 256×256": files}.items():
            seconds, share = waiting(dataset)
            about = f"share of a step of {1000 * seconds:.0f} ms that waits for its batch, {kind}"
            rows.append((about, f"{share:.2%}", f"{WAITING:.0%}", share <= WAITING))
    width = max(len(row[0]) for row in rows)
    print(f"{'':<{width}}  {'found':>8}  {'at most':>8}")
    for about, measured, limit, met in rows:
        print(f"{about:<{width}}  {measured:>8}  {limit:>8}{'' if met else '  missed'}")
    sys.exit(0 if all(row[3] for row in rows) else 1)


if __name__ == "__main__":
    main()
