"""A store of images and sidecars: a bucket of an S3 server, or a folder.

Every field may be left empty: it is then taken from darkroom.yaml and the environment of
whoever carries the run out. A later field must be optional as well, or old blocks
could not be read any more.
"""

from typing import Literal

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.lent import Key, Words, as_lent
from darkroom.adapters.lending import Lent, lending
from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores import SpooledStore, open_lab_store
from darkroom.adapters.stores.probe import Report
from darkroom.adapters.stores.probing import check_lab_store
from darkroom.core.config.tree import Plain


class StoreBlock(Block):
    """Where images are kept. A field left empty is taken from darkroom.yaml."""

    _block_type_name = "Darkroom store"
    _block_type_slug = "darkroom-store"

    kind: Literal["folder", "s3"] | None = Field(
        default=None,
        title="Kind",
        description="A folder of the machine that carries the run out, or a bucket.",
    )
    root: Words = Field(
        default="", title="Folder", description="For a folder: its path on that machine."
    )
    endpoint: Words = Field(
        default="",
        title="Endpoint",
        description="For a bucket: the S3 server, for example http://127.0.0.1:9000.",
    )
    bucket: Words = Field(default="", title="Bucket", description="The bucket there.")
    region: Words = Field(
        default="", title="Region", description="The region requests are signed for."
    )
    access_key: Key = Field(
        default=SecretStr(""),
        title="Access key",
        description="Left empty: DARKROOM_S3_ACCESS_KEY of the environment.",
    )
    secret_key: Key = Field(
        default=SecretStr(""),
        title="Secret key",
        description="Left empty: DARKROOM_S3_SECRET_KEY of the environment.",
    )

    def lends(self) -> Lent:
        """What this block says, for a laboratory to be opened with."""
        said: dict[str, Plain] = {
            "kind": self.kind,
            "root": self.root,
            "endpoint": self.endpoint,
            "bucket": self.bucket,
            "region": self.region,
        }
        keys = {
            "DARKROOM_S3_ACCESS_KEY": self.access_key,
            "DARKROOM_S3_SECRET_KEY": self.secret_key,
        }
        return as_lent(self, {"store": said}, keys)

    def store(self) -> SpooledStore:
        """The store itself, its spool in front; close `.store` when done."""
        with lending(self.lends()):
            return open_lab_store(open_lab())

    def check(self) -> Report:
        """Write, read and list there as `darkroom store check` does; raises if it cannot."""
        with lending(self.lends()):
            return check_lab_store(open_lab())
