import torch

from sfumato.data.bouncing import bouncing_clips, things
from sfumato.diffusion import SCHEDULES, FiniteClips
from sfumato.sampling import grid, last, sample, stepper

clips, known = bouncing_clips(), things().flatten(2).flatten(0, 1)
noise = torch.randn(3, *clips.shape[1:], generator=torch.Generator().manual_seed(0))
levels = grid("trailing", SCHEDULES["flow"](), 12)
for linked in (True, False):
    exact = FiniteClips(clips, 0.05, linked)
    ends = last(sample(exact, levels, stepper("euler"), lambda: noise)).x
    apart = torch.cdist(ends.double().flatten(2), known) / 14  # from each thing at each place, root mean square
    thing, place = apart.argmin(-1) // 64, apart.argmin(-1) % 64
    moved = torch.maximum((place // 8).diff().abs(), (place % 8).diff().abs())
    fits = (moved <= 1) & (thing.diff() == 0)
    print(f"{'linked' if linked else 'apart '}: frames {apart.amin(-1).mean():.2f} from a thing,", end=" ")
    print(f"{int(fits.sum())} of {fits.numel()} steps fit")
