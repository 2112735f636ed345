"""How near its end a service is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class Phase:
    """How near its end a service is: `draining`, it accepts nothing more and finishes what it has; `ending`, whoever
    waits is told so."""

    draining: bool = False
    ending: asyncio.Event = field(default_factory=asyncio.Event)
