"""Several machines on one: `make test-scale` runs these tests, and nothing else does."""

import importlib.util

import pytest

from tests.scale.services import missing


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "scale: needs PostgreSQL, Redis and the extra `scale`; `make test-scale` runs it"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave them out of every run that does not ask for them by `-m scale`."""
    if "scale" not in str(config.option.markexpr):
        here = [item for item in items if item.get_closest_marker("scale")]
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if item not in here]


@pytest.fixture(scope="session", autouse=True)
def _everything_is_there() -> None:
    """Say what is missing instead of failing somewhere in the middle."""
    packages = missing()
    if importlib.util.find_spec("prefect_redis") is None:
        packages.append("the extra `scale` (pip install -e '.[scale]')")
    if packages:
        pytest.fail(f"missing: {', '.join(packages)}; see tests/scale/install.sh", pytrace=False)
