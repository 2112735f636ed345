import torch
from torch.nn import Linear, Sequential, Tanh
from torch.nn.functional import softplus

from sfumato.data import open_dataset

torch.manual_seed(0)
data = open_dataset("points:gaussians")  # eight clusters in the plane
forger, critic = (Sequential(Linear(2, 24), Tanh(), Linear(24, out)) for out in (2, 1))
turns = [torch.optim.Adam(net.parameters(), lr=2e-3, betas=(0.5, 0.99)) for net in (critic, forger)]
for step in range(1, 201):
    real, forged = data.batch(torch.randint(len(data), (64,)))[0], forger(torch.randn(64, 2))
    judged = softplus(-critic(real)).mean() + softplus(critic(forged.detach())).mean()
    turns[0].zero_grad(), judged.backward(), turns[0].step()  # the critic, while the forger stands still
    deceived = softplus(-critic(forged)).mean()
    turns[1].zero_grad(), deceived.backward(), turns[1].step()  # the forger, while the critic stands still
    if step % 40 == 0:
        print(f"step {step:3}   critic {judged:.3f}   forger {deceived:.3f}")
