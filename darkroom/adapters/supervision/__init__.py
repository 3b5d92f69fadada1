"""Long-running parts of a laboratory on this machine: started in order, kept alive, ended together.

Owns one folder with the plan, the state and a log per part. Knows nothing of what
the parts do; `flows.laboratory` decides which there are.
"""

from darkroom.adapters.supervision.control import down, left, status, up
from darkroom.adapters.supervision.ending import end
from darkroom.adapters.supervision.plan import Part, Plan
from darkroom.adapters.supervision.state import PartState, Process, State

__all__ = ["Part", "PartState", "Plan", "Process", "State", "down", "end", "left", "status", "up"]
