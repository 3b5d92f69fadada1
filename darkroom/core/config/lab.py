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
    after_runs: bool = True
    """Bring it up to date whenever something was made here; else a schedule does."""


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
    models: Annotated[tuple[Text, ...], Field(strict=False)] | None = None
    """The models it may draw, `*` and `?` allowed; left out, every model."""
    drain: bool = False
    """Give it nothing more; `darkroom hosts drain` does so without a change of this file."""
    stall_s: float | None = Field(default=None, ge=5, le=86_400, allow_inf_nan=False)
    """A job without progress for so long is taken away from it; left out, 300 s."""
    wait_s: float | None = Field(default=None, gt=0, le=86_400, allow_inf_nan=False)
    """How long work waits for it when it does not answer; left out, 180 s."""
    max_queue: int = Field(default=2, ge=1, le=2)
    """Jobs of ours in its queue at a time; with one, it waits between images."""


class ProviderConfig(Record):
    """A vision provider, where it is not at its usual address."""

    base_url: HttpUrl | None = None
    """Its address, for example http://gpu-box:11434."""
    max_concurrent: int | None = Field(default=None, ge=1, le=64)
    """Requests at a time, over all runs on this machine."""


class NotifyConfig(Record):
    """Who is told that a run is over: the address in DARKROOM_NOTIFY_URL, if that is set."""

    events: Annotated[tuple[Literal["done", "failed"], ...], Field(strict=False)] = (
        "done",
        "failed",
    )
    """What is told."""
    timeout_s: float = Field(default=5.0, gt=0, le=60, allow_inf_nan=False)
    """How long one try may take."""
    retries: int = Field(default=2, ge=0, le=5)
    """How often it is tried again; a run that cannot tell ends as it would."""
    allow_private: bool = False
    """Also tell an address of this machine or of a private network."""
    include_prompts: bool = False
    """Tell the prompt as well."""


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
    notify: NotifyConfig = NotifyConfig()
