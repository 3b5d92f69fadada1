"""darkroom.yaml: where things are kept and which servers there are.

Owns the shape of the file that exists once per user and once per repository. No
secrets: those come from the environment alone.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from darkroom.core.config.fields import (
    EMBEDDED,
    HttpUrl,
    ProviderName,
    Record,
    ShortName,
    Text,
)

MIB = 1024 * 1024


def _not_built_in(name: str) -> str:
    if name == EMBEDDED:
        raise ValueError("is the built-in engine and cannot be given another address")
    return name


OtherHost = Annotated[ShortName, AfterValidator(_not_built_in)]


class StoreConfig(Record):
    """Where images and sidecars are kept."""

    kind: Literal["folder", "s3"] = "folder"
    """A folder on this machine, or a bucket of an S3 server."""
    root: Text | None = None
    """The folder; left out, the projects folder itself."""
    endpoint: HttpUrl | None = None
    """The S3 server, for example http://127.0.0.1:9000."""
    bucket: Text | None = None
    """The bucket there."""
    region: Text = "us-east-1"
    """The region that requests are signed for."""
    public_read: bool = False
    """Let anyone read the bucket's objects; `darkroom store check` sets and proves it."""


class WarehouseConfig(Record):
    """Where the queryable copy is kept; it can always be rebuilt."""

    path: Text = ".darkroom/warehouse.duckdb"
    """The file."""


class SpoolConfig(Record):
    """Where images wait while the store is down."""

    path: Text = ".darkroom/spool"
    """The folder."""
    max_bytes: int = Field(default=1024 * MIB, ge=MIB)
    """No more than this waits."""


class HostConfig(Record):
    """A ComfyUI server."""

    url: HttpUrl
    """Its address, for example http://127.0.0.1:8188."""


class ProviderConfig(Record):
    """A vision provider, where it is not at its usual address."""

    base_url: HttpUrl | None = None
    """Its address, for example http://gpu-box:11434."""
    max_concurrent: int | None = Field(default=None, ge=1, le=64)
    """Requests at a time, over all runs on this machine."""


class LabConfig(Record):
    """The whole of darkroom.yaml."""

    projects: Text = "projects"
    """The folder that holds the projects."""
    store: StoreConfig = StoreConfig()
    warehouse: WarehouseConfig = WarehouseConfig()
    spool: SpoolConfig = SpoolConfig()
    hosts: dict[OtherHost, HostConfig] = Field(default_factory=dict[str, HostConfig])
    """ComfyUI servers by name; the built-in engine is always there as `embedded`."""
    providers: dict[ProviderName, ProviderConfig] = Field(
        default_factory=dict[ProviderName, ProviderConfig]
    )
    """Vision providers by name."""
