"""A model card in the Hugging Face Hub's format: YAML with the scores as a model-index, then words."""

from __future__ import annotations

import json

from sfumato.data import KINDS, Dataset
from sfumato.evaluation.record import Record
from sfumato.evaluation.scores import SCORES


def model_card(record: Record, dataset: Dataset) -> str:
    """README.md of the model: its scores as `huggingface_hub`'s ModelCard and EvalResult read them, and the audit."""
    source, conditions = record.source, record.conditions
    name = source.model.split("/checkpoints/")[0].rstrip("/").rsplit("/", 1)[-1] or "model"
    pictures, captions = KINDS[dataset.kind].features, source.captions != "none"
    task = {"type": "text-to-image" if captions else "unconditional-image-generation" if pictures else "other"}
    metrics = [
        {
            "type": key,
            "value": round(score.value, 6),
            "name": SCORES[key].title,
            "args": {**_arguments(record), "interval": [round(score.low, 6), round(score.high, 6)], "confidence": 0.95},
        }
        for key, score in record.scores.items()
    ]
    index = [{"name": name, "results": [{
        "task": task, "dataset": {"type": dataset.name, "name": dataset.name}, "metrics": metrics,
    }]}]  # fmt: skip
    head = {
        "library_name": "sfumato",
        **({"pipeline_tag": task["type"]} if pictures else {}),
        "tags": ["diffusion", "image-generation" if pictures else dataset.kind],
        "model-index": index,
    }
    yaml = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items())  # JSON is YAML
    words = {"lower": "lower", "higher": "higher", "half": "near 0.5"}
    rows = "\n".join(
        f"| {SCORES[key].title} | {score.value:.4g} | {score.low:.4g} to {score.high:.4g} | "
        f"{'' if score.floor is None else f'{score.floor:.4g}'} | {words[SCORES[key].better]} |"
        for key, score in record.scores.items()
    )
    shape = " × ".join(map(str, dataset.shape))
    on = "" if not captions else f"; captions {source.captions.partition(';')[0]}"
    on += "" if source.conditions == "none" else f"; {source.conditions}"
    sampler = ", ".join(f"{key} {value}" for key, value in source.sampler.items())
    notes = "".join(f"\n{note[0].upper()}{note[1:]}\n" for note in record.notes)
    return f"""---
{yaml}
---
# {name}

A diffusion model of {source.parameters:,} parameters, trained with sfumato on {dataset.name} ({shape}).

## How it does

{conditions.count:,} samples (seeds {source.seeds}{on}; {sampler}) against {conditions.reference_count:,} of the data
({conditions.split}), in the features `{conditions.features}`. Intervals hold 95%; the floor is what real
data scores that no model generated.

| score | value | interval | floor | better |
| --- | --- | --- | --- | --- |
{rows}
{notes}
Do not compare these numbers with others that were not measured with the same features, counts and data:
`sfumato eval RUN --against OTHER` checks that.

## Does it copy?

{record.audit["verdict"][0].upper()}{record.audit["verdict"][1:]}

## Measure it again

```sh
{source.command}
```

Weights sha256 `{source.weights_hash}`, data sha256 `{conditions.reference_hash}`, sfumato {source.sfumato}.
"""


def _arguments(record: Record) -> dict[str, object]:
    c = record.conditions
    return {"features": c.features, "count": c.count, "reference_count": c.reference_count, "split": c.split}
