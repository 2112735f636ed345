import torch

from sfumato.baselines.any_order import pixel_bits, to_levels
from sfumato.data import open_dataset
from sfumato.lesson.small_models import pixel_net

pictures, labels = open_dataset("digits").batch(torch.arange(1617, 1797))  # none of them was trained on
assert labels is not None
bits = pixel_bits(pixel_net(), to_levels(pictures), order=range(64))
for label in range(10):
    print(f"a {label}: {bits[labels == label].sum(1).mean():.1f} bits")
print(f"all: {bits.sum(1).mean():.1f} bits, plainly stored 128")
