import torch

import sfumato
from sfumato.sampling import Edit

model = sfumato.load("emoji")
picture = model.sample([0], prompts=["penguin"])[0]
mask = torch.zeros(1, 32, 32, dtype=torch.bool)
mask[:, :15] = True  # the upper part is to be drawn anew

drawn = model.sample([0], prompts=["santa claus"], edit=Edit(picture, mask=mask))[0]
same = (drawn == picture).all(0)
print(f"pixels that are equal in every bit: {same[15:].sum()} of {17 * 32} below,")
print(f"{same[:15].sum()} of {15 * 32} above")
