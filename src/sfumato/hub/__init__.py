"""Model folders: configs, checkpoints, and a model put together from them."""

from sfumato.hub.cascade import cascade
from sfumato.hub.config import ModelConfig, SamplingConfig
from sfumato.hub.control_branch import with_control_branch
from sfumato.hub.diffusers.memory import Memory
from sfumato.hub.loading import load
from sfumato.hub.model import Model, new_model
from sfumato.hub.request import Keyframes, Request

__all__ = [
    "Keyframes",
    "Memory",
    "Model",
    "ModelConfig",
    "Request",
    "SamplingConfig",
    "cascade",
    "load",
    "new_model",
    "with_control_branch",
]
