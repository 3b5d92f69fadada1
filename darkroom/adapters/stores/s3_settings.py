"""Where an S3 store is and who asks: checked once, so that later errors are the store's."""

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pydantic import SecretStr

from darkroom.core.errors import UsageError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_REGION = re.compile(r"[a-z0-9-]{1,40}\Z")


@dataclass(frozen=True)
class S3Settings:
    """Address, bucket and credentials of an S3-compatible store."""

    endpoint: str
    """`http://host:port` or `https://host`, nothing after it."""
    bucket: str
    access_key: SecretStr | None = None
    """None asks anonymously."""
    secret_key: SecretStr | None = None
    region: str = "us-east-1"

    def __post_init__(self) -> None:
        _check_endpoint(self.endpoint)
        if not _BUCKET.match(self.bucket) or ".." in self.bucket:
            raise UsageError("store-bucket-invalid", f"{self.bucket[:80]!r} cannot name a bucket")
        if not _REGION.match(self.region):
            raise UsageError("store-region-invalid", f"{self.region[:80]!r} cannot name a region")
        if (self.access_key is None) != (self.secret_key is None):
            given = "access key" if self.access_key else "secret key"
            raise UsageError("store-credentials-incomplete", f"only the {given} is set")

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.endpoint).netloc

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return urlsplit(self.endpoint).scheme == "https"

    @property
    def bucket_url(self) -> str:
        """The path-style address of the bucket; holds no secret."""
        return f"{self.endpoint.rstrip('/')}/{self.bucket}"

    def asking_as(self, access_key: str, secret_key: str) -> "S3Settings":
        """The same store, asked with other credentials."""
        return replace(self, access_key=SecretStr(access_key), secret_key=SecretStr(secret_key))

    def scrubbed(self, text: str) -> str:
        """The text without either credential, should a server have echoed one."""
        for secret in (self.secret_key, self.access_key):
            if secret and secret.get_secret_value():
                text = text.replace(secret.get_secret_value(), "***")
        return text


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        _ = parts.port  # raises ValueError when it is no port
    except ValueError:
        parts = urlsplit("")
    extra = parts.path.rstrip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        shown = endpoint.rsplit("@", maxsplit=1)[-1][:80]  # what stands before @ may be a password
        raise UsageError("store-endpoint-invalid", f"{shown!r} is no address of an S3 server")
