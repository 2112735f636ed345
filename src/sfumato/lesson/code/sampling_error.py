import sfumato

model = sfumato.load("digits")
seeds, digits = range(10), range(10)
exact = model.sample(seeds, digits, sampler="dpm++2m", steps=200)  # near enough to endless steps
print("steps    ddim  dpm++2m  unipc2")
for steps in (3, 5, 10, 20, 50):
    error = {}
    for sampler in ("ddim", "dpm++2m", "unipc2"):
        drawn = model.sample(seeds, digits, sampler=sampler, steps=steps)
        error[sampler] = (drawn - exact).square().mean().sqrt()
    print(f"{steps:5}   {error['ddim']:.3f}    {error['dpm++2m']:.3f}   {error['unipc2']:.3f}")
