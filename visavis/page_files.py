"""The built web client, served from the package."""

from importlib.resources import files
from pathlib import Path

from aiohttp import hdrs, web

_CSP = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _CSP,
    hdrs.CACHE_CONTROL: "no-cache",
    "X-Frame-Options": "DENY",
}
_YEAR_S = 31_536_000
_NOT_BUILT = "The page is not built. Run `make setup`, or install a wheel, which holds it.\n"
_DOCS_CSS = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td{border:1px solid #ccc;padding:.2rem .6rem}h2{margin-top:2.5rem}"
)


def page_root() -> Path:
    """Where the built files are."""
    return Path(str(files("visavis"))) / "page"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file's
        return False


def add_page(app: web.Application) -> None:
    """`GET /` and the files that it names; the names of assets change with their content."""
    root = page_root()
    index = root / "index.html"

    async def page(request: web.Request) -> web.StreamResponse:
        if not index.is_file():
            return web.Response(status=503, text=_NOT_BUILT)
        return web.FileResponse(index, headers=_PAGE_HEADERS)

    async def docs_css(request: web.Request) -> web.StreamResponse:
        return web.Response(text=_DOCS_CSS, content_type="text/css")

    async def asset(request: web.Request) -> web.StreamResponse:
        path = root / "assets" / request.match_info["name"]
        if not _is_file(path) or path.parent != root / "assets":
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: f"public, max-age={_YEAR_S}, immutable"})

    async def favicon(request: web.Request) -> web.StreamResponse:
        path = root / "favicon.svg"
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: "no-cache"})

    app.add_routes(
        [
            web.get("/", page),
            web.get("/api/docs.css", docs_css),
            web.get("/assets/{name}", asset),
            web.get("/favicon.svg", favicon),
        ]
    )
