"""Training takes the same memory however many pictures there are."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sfumato.data import order
from sfumato.data.cache import open_stored, read_description, write_pictures

TRAIN = """
import sys
from pathlib import Path
import torch
from sfumato.data import order
from sfumato.data.cache import open_stored, read_description
from sfumato.hub import new_model
from sfumato.training import Trainer, TrainingConfig, model_for

torch.set_num_threads(1)
cache = Path(sys.argv[1])
dataset = open_stored(cache, "many", read_description(cache, "many"), "many")
config = TrainingConfig("many", images=96, batch=32)
losses = [step.loss for step in Trainer(new_model(model_for(dataset, "tiny")), dataset, config).steps()]
for step in range(2000):
    dataset.batch(order(len(dataset), 0, 128 * step, 128))
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(lines["VmHWM"].split()[0]) / 1024)
"""


def write(cache: Path, count: int) -> Path:
    """Grey 8×8 pictures in two classes, straight into the cache."""
    shades = np.arange(256, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 8, 8), np.uint8)
    with write_pictures(cache, "many", (8, 8), count) as writer:
        for number in range(count):
            writer.add(shades[number % 256], True, "ab"[number % 2])
        writer.describe(["a", "b"], ["a", "b"], [])
    return cache


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("few"), 10_000)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("many"), 1_000_000)


def peak(cache: Path) -> float:
    """The most memory, in MiB, that a process takes while it trains for three steps and draws 2,000 more batches."""
    run = subprocess.run([sys.executable, "-c", TRAIN, str(cache)], capture_output=True, text=True, check=True)
    return float(run.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells in /proc what a process takes")
def test_training_on_a_million_pictures_peaks_where_ten_thousand_do(few: Path, many: Path) -> None:
    assert peak(many) == pytest.approx(peak(few), rel=0.1)


def test_opening_a_million_pictures_and_drawing_from_them_allocates_next_to_nothing(many: Path) -> None:
    """Less than one number for each picture: neither labels nor the order of an epoch are kept."""
    order(1_000_000, 0, 0, 128)  # what is imported on the way
    tracemalloc.start()
    try:
        dataset = open_stored(many, "many", read_description(many, "many") or {}, "many")
        for step in range(10):
            places = order(len(dataset), 0, 150_000 * step, 128)  # several epochs
            x, labels = dataset.batch(places)
            assert labels is not None and labels.tolist() == (places % 2).tolist()
            assert ((x[:, 0, 0, 0] + 1) * 127.5).round().tolist() == (places % 256).tolist()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000, most
