import torch
from torch.nn import Linear, Sequential, SiLU

torch.manual_seed(0)
centres = torch.tensor([[-1.5], [0.4], [1.4]])
x0, eps = centres[torch.randint(3, (4000,))] + 0.12 * torch.randn(4000, 1), torch.randn(4000, 1)
net = Sequential(Linear(2, 48), SiLU(), Linear(48, 48), SiLU(), Linear(48, 1))  # (x, t) → velocity
for name in ("flow", "reflow"):
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(600):
        i, t = torch.randint(4000, (256,)), torch.rand(256, 1)
        x = (1 - t) * x0[i] + t * eps[i]
        loss = (net(torch.cat([x, t], dim=1)) - (eps[i] - x0[i])).square().mean()
        optimizer.zero_grad(), loss.backward(), optimizer.step()
    with torch.no_grad():
        x0, one = eps, eps - net(torch.cat([eps, torch.ones_like(eps)], dim=1))
        for k in range(40, 0, -1):
            x0 = x0 - net(torch.cat([x0, torch.full_like(x0, k / 40)], dim=1)) / 40  # what the noise became: new pairs
    print(f"{name:6}   one step ends {(one - x0).abs().mean():.2f} from where forty do")
