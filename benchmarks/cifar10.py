"""The 32×32 colour network that benchmarks/quality_per_call.py measures: a tiny class-conditional UNet on CIFAR-10.

    python benchmarks/cifar10.py FOLDER [MINUTES] [OUT]    40 minutes and runs/cifar10 by default

FOLDER holds CIFAR-10's 50,000 training pictures as `cifar10-train.parquet` (columns image.bytes and label), the form
in which the Hugging Face hub offers them. Needs pyarrow.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sfumato.data import Dataset, picture, save_png
from sfumato.hub import load
from sfumato.training import TrainingConfig, fastest_precision, model_for, pick_device, start_run, train

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def open_cifar10(folder: Path) -> Dataset:
    """The training pictures, uint8 (50000, 3, 32, 32); decoded once and kept beside the runs."""
    kept = Path("runs") / "cifar10-train.npz"
    if not kept.exists():
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(folder / "cifar10-train.parquet")
        files = [entry["bytes"] for entry in table["image"].to_pylist()]
        pictures = np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in files])
        kept.parent.mkdir(exist_ok=True)
        np.savez(kept, samples=pictures.transpose(0, 3, 1, 2), labels=table["label"].to_numpy().astype(np.int64))
    with np.load(kept, allow_pickle=False) as content:
        return Dataset("cifar10", content["samples"], content["labels"], CLASSES)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit((__doc__ or "").strip())
    dataset = open_cifar10(Path(sys.argv[1]))
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 40.0
    out = Path(sys.argv[3] if len(sys.argv) > 3 else "runs/cifar10")
    precision = fastest_precision(pick_device())
    config = TrainingConfig(
        "cifar10", minutes=minutes, batch=128, optimizer="adamw", learning_rate=1.5e-3, precision=precision
    )
    trainer = start_run(out, dataset, config, model_for(dataset, "tiny"))
    for event in train(out, trainer):
        if getattr(event, "step", 0) % 100 == 0:
            print(event if hasattr(event, "loss") else "", flush=True)
    samples = load(out).sample(range(64), [i % 10 for i in range(64)])
    save_png(picture(samples, columns=10), out / "samples.png", {"model": out.as_posix(), "seeds": "0-63"})
    print(f"{trainer.images:,} images in {trainer.seconds:.0f} s")
