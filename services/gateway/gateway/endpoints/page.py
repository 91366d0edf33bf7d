"""The plain first page at `/`, and the API's description at `/docs`: files of this package, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

router = APIRouter(include_in_schema=False)
_FOLDER = files("gateway") / "page"
_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def _file(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


@router.get("/")
async def first_page() -> Response:
    """The page."""
    return _answer("index.html")


@router.get("/page/{name}")
async def page_file(name: str) -> Response:
    """One of its files."""
    if name not in _TYPES:
        raise HTTPException(404, "There is no such file.")
    return _answer(name)


def _answer(name: str) -> Response:
    return Response(_file(name), media_type=_TYPES[name], headers={"Cache-Control": "no-cache"})


@router.get("/health")
async def health(request: Request) -> dict[str, str]:
    """Whether the gateway serves."""
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
        '<link rel="stylesheet" href="/page/style.css"></head><body><main class="docs">'
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
    rows = [(field, _kind(told), field in required) for field, told in model.get("properties", {}).items()]
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
