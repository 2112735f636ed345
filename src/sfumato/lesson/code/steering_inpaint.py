import torch

import sfumato
from sfumato.sampling import Edit

model = sfumato.load("emoji")
picture = model.sample([0], prompts=["red heart"])[0]
mask = torch.zeros(1, 32, 32, dtype=torch.bool)
mask[:, :, 16:] = True  # the right half is to be drawn anew

drawn = model.sample([0], prompts=["purple heart"], edit=Edit(picture, mask=mask))[0]
same = (drawn == picture).all(0)
print(f"pixels that are equal in every bit: {same[:, :16].sum()} of {16 * 32} on the left,")
print(f"{same[:, 16:].sum()} of {16 * 32} on the right")
