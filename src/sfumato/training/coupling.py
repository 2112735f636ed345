"""Which noise goes with which sample: near ones, so that a network has fewer crossing ways to tell apart."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.errors import SfumatoError


def couple(x0: Tensor, labels: Tensor | None, eps: Tensor) -> Tensor:
    """Which row of `eps` each row of `x0` is trained with, `(batch,)`: the pairing with the least squared distance.

    Both are `(batch, ...)`. Rows trade noise within their class only, so that noise stays independent of the class
    (Tong et al. 2023, "minibatch optimal transport"; Li et al. 2024, "immiscible diffusion").
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise SfumatoError("coupling needs SciPy; install it with: pip install scipy.") from error
    chosen = torch.arange(len(x0))
    for label in [None] if labels is None else labels.unique():
        rows = chosen if label is None else (labels == label).nonzero()[:, 0]
        cost = -(
            x0[rows].flatten(1).double() @ eps[rows].flatten(1).double().T
        )  # the squares are the same in any pairing
        of, partner = linear_sum_assignment(cost.numpy())
        chosen[rows[of]] = rows[torch.from_numpy(partner)]
    return chosen
