"""Open the store, the model and its file of vectors."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from darkroom.archive.embedding import Embedding
from darkroom.archive.embedding_params import EmbedParams


@task(name="open embedding", cache_policy=NO_CACHE, persist_result=False)
def open_embedding(params: EmbedParams) -> Embedding:
    """Open what these parameters mean."""
    return Embedding(params)
