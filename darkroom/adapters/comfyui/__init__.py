"""The client of ComfyUI servers, real or embedded: one `Renderer` over HTTP and a websocket.

The websocket is a hint, history and queue are the truth. Every foreign exception is
translated inside this package; what a server does wrong is told in our own words.
"""

from darkroom.adapters.comfyui.client import ComfyClient
from darkroom.adapters.comfyui.health import Health
from darkroom.adapters.comfyui.timing import Timing

__all__ = ["ComfyClient", "Health", "Timing"]
