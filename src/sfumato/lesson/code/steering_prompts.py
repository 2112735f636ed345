import torch

import sfumato
from sfumato.diffusion import SCHEDULES
from sfumato.sampling import ImageNoise, classifier_free, grid, last, sample, stepper

model = sfumato.load("digits")
levels = grid("trailing", SCHEDULES["flow"](), 10)
for digit in (3, 8):  # two prompts, one noise
    prompt, none = {"label": torch.tensor([digit])}, {"label": torch.tensor([10])}
    rule, noise = classifier_free(2.0, none), ImageNoise([7], (1, 8, 8))
    drawn = last(sample(model.denoiser, levels, stepper("dpm++2m"), noise, prompt, guidance=rule)).x
    print(f"seed 7 as a {digit}")
    for row in drawn[0, 0]:
        print("".join(" .:-=+*#%@"[int((v.clamp(-1, 1) + 1) * 4.9)] * 2 for v in row))
