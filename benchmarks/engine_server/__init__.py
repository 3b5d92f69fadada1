"""What the embedded engine's server costs per prompt, beside ComfyUI's own figure."""
