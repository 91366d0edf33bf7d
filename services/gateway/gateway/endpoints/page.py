"""The page at `/`, as `make web` built it, and the API's description at `/docs`; nothing from elsewhere."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse

from gateway.settings import Settings

router = APIRouter(include_in_schema=False)
NOT_BUILT = "The page is not built yet: run `make web`, then load this again. The API works, see /docs.\n"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_PACKED = frozenset({".css", ".js", ".svg"})
_ALWAYS_ASK = {"Cache-Control": "no-cache"}
# Names under assets/ carry a hash of their content (vite.config.ts).
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_DOCS_STYLE = (files("gateway") / "page" / "docs.css").read_bytes()


@router.get("/")
async def first_page(request: Request) -> Response:
    """The page, or how to build it."""
    index = _folder(request) / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT, 503)
    return Response(index.read_bytes(), media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-store"})


@router.get("/assets/{name}")
async def asset(name: str, request: Request) -> Response:
    """A file the page loads, whose name follows from its content."""
    return _answer(request, _folder(request) / "assets", name, _FOREVER)


@router.get("/icon.svg")
async def icon(request: Request) -> Response:
    """The page's icon."""
    return _answer(request, _folder(request), "icon.svg", _ALWAYS_ASK)


@router.get("/theme.js")
async def theme(request: Request) -> Response:
    """The script that sets the theme before the first paint."""
    return _answer(request, _folder(request), "theme.js", _ALWAYS_ASK)


@router.get("/docs.css")
async def docs_style() -> Response:
    """The style of /docs."""
    return Response(_DOCS_STYLE, media_type=_TYPES[".css"], headers=_ALWAYS_ASK)


def _folder(request: Request) -> Path:
    settings: Settings = request.app.state.settings
    return settings.web_folder


def _answer(request: Request, folder: Path, name: str, headers: dict[str, str]) -> Response:
    path = folder / name
    if not _NAME.fullmatch(name) or path.suffix not in _TYPES or not path.is_file():
        raise HTTPException(404, "There is no such file.")
    sent = {**headers, "Vary": "Accept-Encoding"}
    body, packed = _read(path, path.stat().st_mtime_ns)
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body, sent = packed, sent | {"Content-Encoding": "gzip"}
    return Response(body, media_type=_TYPES[path.suffix], headers=sent)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> tuple[bytes, bytes | None]:
    """The file as it is and, where that helps, packed; read once until it changes."""
    body = path.read_bytes()
    return body, gzip.compress(body, mtime=0) if path.suffix in _PACKED else None


@router.get("/health")
async def health(request: Request) -> dict[str, str]:
    """Answers while the gateway serves."""
    return {"status": "ok", "service": "gateway"}


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The OpenAPI description for people to read; programs take /openapi.json."""
    return Response(_docs(request.app.openapi()), media_type="text/html; charset=utf-8")


def _docs(schema: dict[str, Any]) -> str:
    sections = [
        _operation(method.upper(), path, operation)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    models = [_model(name, model) for name, model in schema["components"]["schemas"].items()]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pulsepoint API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/docs.css"></head><body><main class="docs">'
        "<h1>Pulsepoint API</h1><p>Send the token of <code>POST /api/auth/token</code> as "
        "<code>Authorization: Bearer …</code>. Errors are problem documents (RFC 9457). "
        'For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f"{''.join(sections)}<h2>Shapes</h2>{''.join(models)}</main></body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        (f"{each['in']}: {each['name']}", _kind(each.get("schema", {})), each.get("required", False))
        for each in operation.get("parameters", [])
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        rows.append(("body", _kind(body), True))
    success: dict[str, Any] = next(
        (answer for code, answer in operation["responses"].items() if code.startswith("2")), {}
    )
    shape = success.get("content", {}).get("application/json", {}).get("schema", {})
    return (
        f'<section><h3><span class="method">{method}</span> <code>{escape(path)}</code></h3>'
        f"<p>{escape(operation.get('description', ''))}</p>{_table(rows)}<p>Answers {_kind(shape)}</p></section>"
    )


def _model(name: str, model: dict[str, Any]) -> str:
    required = model.get("required", [])
    rows = [(field, _kind(schema), field in required) for field, schema in model.get("properties", {}).items()]
    return (
        f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{escape(model.get("description", ""))}</p>'
        f"{_table(rows)}</section>"
    )


def _table(rows: list[tuple[str, str, bool]]) -> str:
    cells = [
        f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{'required' if required else ''}</td></tr>"
        for name, kind, required in rows
    ]
    return f"<table>{''.join(cells)}</table>" if cells else ""


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return " or ".join(_kind(each) for each in schema[joined])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " | ".join(escape(str(value)) for value in schema["enum"])
    return escape(str(schema.get("const") or schema.get("format") or schema.get("type", "any")))
