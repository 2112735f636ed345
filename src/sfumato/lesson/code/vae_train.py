import torch

from sfumato.baselines.plane_vae import train_plane_vae
from sfumato.baselines.vae import divergence
from sfumato.data import open_dataset

pictures, _ = open_dataset("digits").batch(torch.arange(1797))
train, held_out = pictures[:1617].flatten(1), pictures[1617:].flatten(1)
for beta in (0.1, 1.0, 30.0):
    net = train_plane_vae(train, beta, steps=150)  # the lesson's were trained longer
    mean, log_variance = net.encode(held_out)
    error = (net.decoder(mean) - held_out).square().mean().sqrt() / 2
    bits = divergence(mean, log_variance).mean() / torch.log(torch.tensor(2.0))
    print(f"β {beta:4}: {bits:4.1f} bits a code, error of the round trip {error:.0%}")
