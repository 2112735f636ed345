"""Honest numbers: a classifier of the data, the Fréchet distance, nearest neighbours, the report."""

from sfumato.evaluation.classifier import Classifier, train_classifier
from sfumato.evaluation.frechet import frechet_distance, half_to_half
from sfumato.evaluation.judge import Judgement, judge, nearest

__all__ = ["Classifier", "Judgement", "frechet_distance", "half_to_half", "judge", "nearest", "train_classifier"]
