"""The small models of the lessons, as recorded by benchmarks/lesson_models.py: their weights in half precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from sfumato.baselines.any_order import AnyOrderNet
from sfumato.baselines.plane_vae import PlaneVAE

RECORDED = Path(__file__).parent / "recorded"
PIXELS, TRAINED = 64, 1617  # of a digit; digits that are trained on, the first of all
BETAS = ("0", "0.1", "1", "4", "10", "30")


def save_weights(path: Path, net: nn.Module) -> None:
    """All weights one after the other, in the order in which PyTorch names them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = torch.cat([weight.detach().flatten() for weight in net.parameters()])
    path.write_bytes(flat.numpy().astype("<f2").tobytes())


def load_weights(path: Path, net: nn.Module) -> None:
    values = torch.from_numpy(np.frombuffer(path.read_bytes(), "<f2").astype(np.float32))
    sizes = [weight.numel() for weight in net.parameters()]
    with torch.no_grad():
        for weight, part in zip(net.parameters(), values.split(sizes), strict=True):
            weight.copy_(part.view_as(weight))
    net.eval().requires_grad_(False)


def plane_vae(beta: str) -> PlaneVAE:
    """The autoencoder of the digits that was trained with one of BETAS."""
    net = PlaneVAE(PIXELS)
    load_weights(vae_file(beta), net)
    return net


def vae_file(beta: str) -> Path:
    return RECORDED / "vae" / f"{beta}.bin"


PIXELS_FILE = RECORDED / "pixels" / "network.bin"


def pixel_net() -> AnyOrderNet:
    """The autoregressive model of the digits."""
    net = AnyOrderNet(PIXELS)
    load_weights(PIXELS_FILE, net)
    return net
