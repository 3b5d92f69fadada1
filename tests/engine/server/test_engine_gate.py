"""Who is let in: hosts, origins, sites; and what every answer carries."""

import pytest

from tests.fakes.live_engine import LiveEngine


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example"])
def test_a_request_under_a_foreign_host_name_is_refused(shared: LiveEngine, host: str) -> None:
    assert shared.get("/queue", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "127.0.0.1", "[::1]:8188", "LOCALHOST"]
)
def test_names_of_this_machine_are_served(shared: LiveEngine, host: str) -> None:
    assert shared.get("/queue", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["[::1", "a@b", "%zz"])
def test_a_host_that_is_none_is_refused(shared: LiveEngine, host: str) -> None:
    assert shared.get("/queue", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "x"])
def test_another_origin_is_refused(shared: LiveEngine, origin: str) -> None:
    answer = shared.post("/interrupt", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_own_origin_is_served(shared: LiveEngine) -> None:
    assert shared.get("/queue", headers={"Origin": shared.url}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_is_refused_unless_a_person_follows_a_link(
    shared: LiveEngine, site: str
) -> None:
    headers = {"Sec-Fetch-Site": site}
    assert shared.get("/queue", headers=headers).status_code == 403
    followed = headers | {"Sec-Fetch-Mode": "navigate"}
    assert shared.get("/queue", headers=followed).status_code == 200
    assert shared.post("/interrupt", headers=followed).status_code == 403


def test_there_is_no_preflight_for_other_pages(shared: LiveEngine) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = shared.session.options(shared.url + "/prompt", headers=asked, timeout=60)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/queue", "/nowhere", "/view"])
def test_every_answer_keeps_a_browser_from_running_it(shared: LiveEngine, path: str) -> None:
    headers = shared.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cross-origin-resource-policy"] == "same-origin"
