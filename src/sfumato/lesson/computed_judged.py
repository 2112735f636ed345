"""How the samples that were recorded in a training are read, and how near they are to real digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sfumato.data import open_dataset
from sfumato.evaluation.classifier import train_classifier

RECORDED = Path(__file__).parent / "recorded"


def judged() -> dict[str, Any]:
    """The recorded samples, moment by moment: which are read as the digit asked for, and how near to real ones.

    Distances are root mean squares over the pixels, as a share of the way from black to white, to the nearest picture
    that was trained on (`seen`) and to the nearest that never was; `real` is that of the latter from the former.
    """
    recorded = json.loads((RECORDED / "digits.json").read_bytes())
    labels = torch.tensor(recorded["labels"])
    sheet = torch.from_numpy(np.asarray(Image.open(RECORDED / "digits.png"), np.float32) / 127.5 - 1)
    pictures = sheet.reshape(-1, 8, len(labels), 8).transpose(1, 2)
    dataset = open_dataset("digits")
    classifier = train_classifier(dataset, 0)
    real, _ = dataset.batch(torch.arange(len(dataset)))
    part = len(real) * 9 // 10  # as in benchmarks/zoo.py
    seen, held_out = real[:part].flatten(1), real[part:].flatten(1)

    def apart(some: Tensor, others: Tensor) -> float:
        return round(float(torch.cdist(some, others).min(1).values.mean()) / 16, 4)

    moments = []
    for one in pictures:
        _, read = classifier.read(one[:, None])
        flat = one.flatten(1)
        unread = (read != labels).nonzero()[:, 0].tolist()
        told = {"read": len(labels) - len(unread), "unread": unread}
        moments.append(told | {"seen": apart(flat, seen), "held_out": apart(flat, held_out)})
    return {"classifier": round(classifier.accuracy, 4), "real": apart(held_out, seen), "moments": moments}
