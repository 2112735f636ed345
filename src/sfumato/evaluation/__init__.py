"""Honest numbers: features, scores with intervals, records, the memorisation audit, reports."""

from sfumato.evaluation.classifier import Classifier, train_classifier
from sfumato.evaluation.evaluating import Evaluation, evaluate
from sfumato.evaluation.features import Extractor, open_extractor
from sfumato.evaluation.frechet import frechet_distance, half_to_half
from sfumato.evaluation.intervals import Estimate
from sfumato.evaluation.judge import Judgement, judge, nearest
from sfumato.evaluation.measure import Reference, audit_samples, measure, open_reference
from sfumato.evaluation.memorisation import audit
from sfumato.evaluation.scores import SCORES, score
from sfumato.evaluation.tuning import tune

__all__ = [
    "SCORES", "Classifier", "Estimate", "Evaluation", "Extractor", "Judgement", "Reference", "audit", "audit_samples",
    "evaluate", "frechet_distance", "half_to_half", "judge", "measure", "nearest", "open_extractor", "open_reference",
    "score", "train_classifier", "tune",
]  # fmt: skip
