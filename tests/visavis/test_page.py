"""The built page, served from the package."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from tests.support.http_client import Http, http
from visavis import page_files


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page of its own, with something beside it that is nobody's business."""
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "assets" / "deeper").mkdir()
    (page / "index.html").write_text("<!doctype html><title>Visavis</title>")
    (page / "favicon.svg").write_text("<svg/>")
    (page / "assets" / "index-abc.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("secret")
    (page / "secret.txt").write_text("secret")
    monkeypatch.setattr(page_files, "page_root", lambda: page)
    return page


@pytest.fixture
async def server(root: Path) -> AsyncIterator[Http]:
    async with http(dev=False) as running:
        yield running


async def test_the_page_is_never_cached_and_may_not_be_framed(server: Http) -> None:
    status, body, headers = await server.ask("GET", "/")
    assert (status, body) == (200, "<!doctype html><title>Visavis</title>")
    assert headers["Content-Type"].startswith("text/html")
    assert headers["Cache-Control"] == "no-cache"
    assert headers["X-Frame-Options"] == "DENY"
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "default-src 'self'" in headers["Content-Security-Policy"]


async def test_assets_are_cached_for_ever_because_their_names_change(server: Http) -> None:
    status, body, headers = await server.ask("GET", "/assets/index-abc.js")
    assert (status, body) == (200, "export {};")
    assert "immutable" in headers["Cache-Control"]
    assert headers["Content-Type"].split(";")[0] in ("text/javascript", "application/javascript")
    assert (await server.ask("GET", "/favicon.svg"))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/no-such.js",
        "/assets/",
        "/assets/deeper",
        "/assets/..%2fsecret.txt",
        "/assets/%2e%2e%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%00",
        "/assets/%ff",
        "/assets/" + "a" * 5000,
        "/secret.txt",
    ],
)
async def test_nothing_beside_the_assets_is_served(server: Http, path: str) -> None:
    status, body, _ = await server.ask("GET", URL(path, encoded=True))
    assert (status, body["error"]["code"]) == (404, "not_found")


async def test_an_absolute_name_does_not_lead_out(server: Http, root: Path) -> None:
    outside = str(root.parent / "secret.txt").replace("/", "%2f")
    status, _, _ = await server.ask("GET", URL(f"/assets/{outside}", encoded=True))
    assert status == 404


async def test_a_page_without_an_icon_has_none(server: Http, root: Path) -> None:
    (root / "favicon.svg").unlink()
    assert await server.code("GET", "/favicon.svg") == (404, "not_found")


async def test_a_page_that_is_not_built_says_how_to_build_it(server: Http, root: Path) -> None:
    (root / "index.html").unlink()
    status, body, _ = await server.ask("GET", "/")
    assert status == 503
    assert "make setup" in body


async def test_the_style_of_the_reference_is_served(server: Http) -> None:
    status, body, headers = await server.ask("GET", "/api/docs.css")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/css")
    assert body.startswith("body{")


def test_the_page_is_beside_the_code() -> None:
    assert page_files.page_root().parent == Path(page_files.__file__).parent
