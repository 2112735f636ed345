"""Every random stream, derived from what it is for and from the numbers that tell it from others of its kind.

`torch_generator("image", seed)` is the noise of one picture, `torch_generator("noise", seed, step)` that of one
training step. Nothing else in the package builds a seed, so that streams of two purposes, or of two seeds, never meet,
and all 64 bits of a seed count. (PyTorch's CPU generator keeps the low 32 bits of what `manual_seed` is given.)

NumPy's SeedSequence spreads purpose and numbers over the whole state of a generator (O'Neill, "Developing a seed_seq
alternative", 2015). web/src/compute/noise.ts does the same, so that a seed is one picture there and here.
"""

from __future__ import annotations

import operator
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, SupportsIndex, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.errors import SfumatoError

Purpose = Literal[
    # drawing: (seed of the image), those of a clip's windows (seed, window) and of a cascade (seed of the image, stage)
    "image",
    "further frames",
    "given frames",
    "enlarged image",
    "noise on what is enlarged",
    # data: (seed) of samples that a function makes
    "made samples",
    # training: (seed), (seed, step), of dropout layers (seed, step, process), of the data's order (seed, epoch)
    "weights",
    "adapters",
    "class pictures",
    "noise",
    "label dropout",
    "captions",
    "conditions",
    "guidance",
    "single frames",
    "parts of clips",
    "dropout",
    "order",
    "augmentation",
    # training of an autoencoder: (seed), (seed, step)
    "autoencoder weights",
    "latent noise",
    # training of a baseline and of a noise-aware classifier
    "baseline weights",
    "baseline noise",
    "noisy classifier weights",
    "noisy classifier noise",
    "noisy classifier dropout",
    # evaluation: (seed) of the score, or what is always the same
    "held-out samples",
    "held-out noise",
    "held-out levels",
    "conditions of a sample",
    "order of held-out samples",
    "two sets of real samples",
    "classifier split",
    "classifier",
    "halves",
    "parts",
    "noise to compare with",
    "sets of real frames",
    "left out",
    "lines",
    "two-sample split",
    "loss by level",
    "dequantisation",
    "tuning",
    "laboratory",
    # the rest
    "directions",
    "sketch",
    "pixels to time",
    "lesson errors",
    "lesson orders",
    "lesson pixels",
]
PURPOSES: tuple[str, ...] = get_args(Purpose)
WORDS = 624  # of 32 bits, the state of MT19937
_FIRST, _SIZE = 24, 5056  # where they begin in the state of PyTorch's CPU generator, a word in 8 bytes, and its size
_STEPS = np.cumprod([0x8B51F9DD, *WORDS * [0x58F38DED]], dtype=np.uint32)  # SeedSequence's INIT_B, times MULT_B each


def check_seed(seed: SupportsIndex) -> int:
    """`seed` as an int. Raises SfumatoError unless it is a whole number of 64 bits, 0 or more."""
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < 2**64:
        raise SfumatoError(f"a seed is a whole number from 0 to {2**64 - 1}, got {seed!r}.")
    return number


def seed_of(purpose: Purpose, *numbers: SupportsIndex) -> np.random.SeedSequence:
    """The root of a stream. Raises SfumatoError for a number that is no seed (see check_seed)."""
    # How many there are, and two words each: SeedSequence alone takes () for (0,), and (1, 2) for (1 + 2·2³²,).
    words = [zlib.crc32(purpose.encode()), len(numbers)]
    for number in map(check_seed, numbers):
        words += [number & 0xFFFFFFFF, number >> 32]
    return np.random.SeedSequence(words)


def state_words(root: np.random.SeedSequence) -> NDArray[np.uint32]:
    """`root.generate_state(624)`, but all words at once: drawing begins with this for each image."""
    words = np.tile(root.pool, WORDS // 4) ^ _STEPS[:-1]
    words *= _STEPS[1:]
    words ^= words >> np.uint32(16)
    return words


def derived_seed(purpose: Purpose, *numbers: SupportsIndex) -> int:
    """A seed of 64 bits, for what takes a seed instead of a generator."""
    return int(seed_of(purpose, *numbers).generate_state(1, np.uint64)[0])


def numpy_generator(purpose: Purpose, *numbers: SupportsIndex) -> np.random.Generator:
    """A NumPy generator at the beginning of a stream."""
    return np.random.default_rng(seed_of(purpose, *numbers))


def torch_generator(purpose: Purpose, *numbers: SupportsIndex) -> torch.Generator:
    """PyTorch's CPU generator at the beginning of a stream: MT19937, whose whole state is filled."""
    words = state_words(seed_of(purpose, *numbers))
    words[0] |= np.uint32(2**31)  # MT19937 reads of this word its highest bit alone, and all must not be zero
    generator = torch.Generator()
    state = generator.get_state()
    if len(state) != _SIZE:
        raise RuntimeError(f"the state of this PyTorch's generator has {len(state)} bytes instead of {_SIZE}")
    state.numpy()[_FIRST : _FIRST + 8 * WORDS].view(np.uint64)[:] = words
    return generator.set_state(state)


@contextmanager
def seeded(purpose: Purpose, *numbers: SupportsIndex) -> Iterator[None]:
    """Within, PyTorch's global generators are at the beginning of a stream; after it, where they were before.

    For what knows no other: the first weights of layers, and dropout.
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(derived_seed(purpose, *numbers))  # of accelerators, whose generators take 64 bits
        torch.set_rng_state(torch_generator(purpose, *numbers).get_state())
        yield
