"""What can name an S3 store, and that its credentials show nowhere."""

import pickle

import pytest
from pydantic import SecretStr

from darkroom.adapters.stores.s3_settings import S3Settings
from darkroom.core.errors import UsageError

ACCESS, SECRET = "canary-access", "canary-secret"


@pytest.mark.parametrize(
    "endpoint",
    ["", "127.0.0.1:9000", "ftp://x", "http://", "http://a:b@c:9000", "http://x/y", "http://x?y",
     "http://x:port", "http://[::1", "file:///etc"],
)  # fmt: skip
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(UsageError) as caught:
        S3Settings(endpoint, "lab")
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize(
    "bucket", ["", "a", "A-lab", "lab/x", "../lab", "lab..x", "-lab", "x" * 64]
)
def test_a_bucket_that_is_none_is_refused(bucket: str) -> None:
    with pytest.raises(UsageError):
        S3Settings("http://127.0.0.1:9000", bucket)


def test_half_of_the_credentials_is_refused() -> None:
    with pytest.raises(UsageError):
        S3Settings("http://127.0.0.1:9000", "lab", SecretStr("x"), None)


@pytest.mark.parametrize("region", ["", "us east", "x" * 41, "eu/../x"])
def test_a_region_that_is_none_is_refused(region: str) -> None:
    with pytest.raises(UsageError):
        S3Settings("http://127.0.0.1:9000", "lab", region=region)


def test_settings_do_not_pickle_into_plain_secrets() -> None:
    settings = S3Settings("http://127.0.0.1:9", "lab", SecretStr(ACCESS), SecretStr(SECRET))
    assert SECRET not in repr(settings)
    assert pickle.loads(pickle.dumps(settings)) == settings
