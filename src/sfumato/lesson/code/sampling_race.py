import time

import sfumato
from sfumato.sampling import last

model = sfumato.load("digits")
seeds, threes = range(4), [3] * 4
for sampler, steps in (("ddpm", 100), ("ddim", 20), ("heun", 10), ("dpm++2m", 5)):
    begun = time.perf_counter()
    end = last(model.stream(seeds, threes, sampler=sampler, steps=steps, grid="trailing", schedule="flow"))
    print(f"{sampler:8} {steps:4} steps {end.calls:4} calls {time.perf_counter() - begun:6.2f} s")
