"""Serving: many requests drawn together by one engine, and the service before it."""

from sfumato.serving.engine import Engine, Limits
from sfumato.serving.jobs import Full, Job
from sfumato.serving.pool import Pool

__all__ = ["Engine", "Full", "Job", "Limits", "Pool"]
