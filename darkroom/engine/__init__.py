"""The embedded engine: a small server over a tiny real diffusion model; reached only over HTTP."""
