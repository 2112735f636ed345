"""A drawing's way into its latent and back: what the lesson on latents shows before it has the autoencoder."""

from __future__ import annotations

import torch

from sfumato.hub.codec import Codec

LATENT_REACH = 4.0  # of a latent's numbers, which are kept in bytes


def trip(codec: Codec, drawing: bytes) -> bytes:
    """The picture in bytes, its latent in signed bytes from −LATENT_REACH to LATENT_REACH, and what comes back."""
    picture = torch.frombuffer(bytearray(drawing), dtype=torch.uint8).reshape(1, *codec.config.picture) / 127.5 - 1
    with torch.inference_mode():
        latents = codec.encode(picture)
        back = codec.decode(latents).clamp(-1, 1)
    kept = (latents * (127 / LATENT_REACH)).round().clamp(-127, 127).to(torch.int8)
    returned = ((back + 1) * 127.5).round().to(torch.uint8)
    return drawing + kept.numpy().tobytes() + returned.numpy().tobytes()
