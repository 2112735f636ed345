import torch

from sfumato.data import open_dataset
from sfumato.evaluation import frechet_distance
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage

order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
pictures, labels = open_dataset("digits").batch(order)
assert labels is not None
real, judged = pictures[:900].flatten(1), pictures[900:].flatten(1)
sets = {"undamaged": judged, "no 0, 1, 2": judged[labels[900:] >= 3], "copies": real}
for name, some in sets.items():
    some = some[:600]
    shares = precision_recall_density_coverage(some, real, repeats=0)
    scores = {score: shares[score].value for score in ("precision", "recall")}
    scores = {"Fréchet": frechet_distance(some, real), "kernel": kernel_distance(some, real).value} | scores
    print(f"{name:10}", "  ".join(f"{score} {value:6.3f}" for score, value in scores.items()))
