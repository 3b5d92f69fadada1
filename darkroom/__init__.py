"""Darkroom: a laboratory for diffusion images.

The layers, each importing only what stands below it:
apps (doors) -> experiments -> runs, generating, archive -> scoring -> writepath -> adapters
-> core; `engine` stands apart, reached over HTTP.
Prefect lives outside this package, in flows/, tasks/ and blocks/.
"""

__version__ = "0.1.0"
