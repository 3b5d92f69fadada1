"""The HTTP and websocket face of the engine, in ComfyUI's shapes."""
