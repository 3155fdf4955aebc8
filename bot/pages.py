"""The built pages: the demo shop at `/`, the widget at `/widget.js`, the console at `/console`.

They are served from the committed builds with a strict content security policy; nothing here renders anything.
"""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from handover.errors import NotFound

_ROOT = Path(__file__).resolve().parent.parent
_NOT_BUILT = "This page is not built yet. Run `npm ci && npm run build` in the project's folder, then reload.\n"

# No unsafe-inline anywhere; 'self' in connect-src covers the page's own sockets.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",  # what customers sent to hear and to see
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    ]
)
PAGE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


def page_routes(
    *,
    origins: frozenset[str],
    widget: Path = _ROOT / "bot" / "widget" / "dist",
    console: Path = _ROOT / "handover" / "console" / "dist",
) -> APIRouter:
    """Routes for the built pages in ``widget`` and ``console``; sites of ``origins`` may load the widget."""
    routes = APIRouter(include_in_schema=False)
    shop = widget / "shop"

    @routes.get("/")
    async def shop_page(request: Request) -> Response:
        return _file(request, shop, "index.html", cache="no-cache")

    @routes.get("/shop/{name:path}")
    async def shop_part(request: Request, name: str) -> Response:
        return _file(request, shop, name, cache="public, max-age=300")

    @routes.get("/widget.js")
    async def widget_script(request: Request) -> Response:
        # Short: a fix reaches every shop in minutes, and the ETag makes asking again cheap.
        response = _file(request, widget, "widget.js", cache="public, max-age=300")
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        response.headers["vary"] = "Origin"
        if request.headers.get("origin") in origins:
            response.headers["access-control-allow-origin"] = request.headers["origin"]
        return response

    routes.include_router(_console(console))
    return routes


def _console(console: Path) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/console/")
    async def console_slash() -> Response:
        return RedirectResponse("/console", status_code=308)

    @routes.get("/console")
    async def console_page(request: Request) -> Response:
        return _file(request, console, "index.html", cache="no-cache")

    @routes.get("/console/{name:path}")
    async def console_part(request: Request, name: str) -> Response:
        # Names in assets/ carry a hash of their content: what is there never changes.
        hashed = name.startswith("assets/")
        return _file(request, console, name, cache="public, max-age=31536000, immutable" if hashed else "no-cache")

    return routes


def _file(request: Request, folder: Path, name: str, *, cache: str) -> Response:
    """The file ``name`` of ``folder``, or 304, or a 503 that says how to build. Raises NotFound."""
    path = _find(folder, name)
    if path is None:
        if not (folder / "index.html").is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=503, headers={"retry-after": "60", **PAGE_HEADERS})
        raise NotFound("There is nothing at this address.")
    content = path.read_bytes()
    headers = {
        **PAGE_HEADERS,
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "cache-control": cache,
        "cross-origin-resource-policy": "same-origin",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Response(content, media_type=kind, headers=headers)


def _find(folder: Path, name: str) -> Path | None:
    """The file of that name inside ``folder``, if there is one."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (ValueError, OSError):  # a NUL, or longer than any file name
        return None
