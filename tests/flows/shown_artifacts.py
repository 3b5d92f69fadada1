"""What flow runs left for people on the Prefect server, which all tests of a session share.

The server answers with so many artefacts and no more: a test asks for those it means.
"""

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort


def shown(part: str) -> dict[str, str]:
    """The newest of each key that has this in it, as text."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(like_=part))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC)
    return {str(one.key): str(one.data) for one in reversed(found)}
