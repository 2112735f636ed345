import torch

from sfumato.data import open_dataset
from sfumato.evaluation import frechet_distance
from sfumato.evaluation.frechet import frechet_infinity

pictures, _ = open_dataset("digits").batch(torch.randperm(1797, generator=torch.Generator().manual_seed(0)))
flat = pictures.flatten(1).double()
directions = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)[2]
features = (flat - flat.mean(0)) @ directions[:20].T  # principal components
real, judged = features[:900], features[900:]
for count in (50, 100, 200, 400, 800):  # all of them by a perfect model
    print(f"{count:3} pictures: {frechet_distance(judged[:count], real):.2f}")
print(f"endlessly many: {frechet_infinity(judged, real).value:.2f}")
