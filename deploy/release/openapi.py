"""The gateway's OpenAPI document, `services/gateway/web/openapi.json`, from which the page's types are generated.

`python -m deploy.release.openapi` writes it; `--check` exits with 1 when the file is not what the code says now. Then
`npm run types` in `services/gateway/web` (`make api-types` does both) writes `src/schema.d.ts`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import gateway.main
from gateway.main import SERVICE
from gateway.settings import Settings
from pulsepoint.runtime.app import create_app

FILE = Path(__file__).resolve().parents[2] / "services" / "gateway" / "web" / "openapi.json"


def document() -> dict[str, Any]:
    """The OpenAPI document as a JSON object; no engine is opened and no environment read."""
    settings = Settings.model_construct()
    return create_app(SERVICE, settings, gateway.main.build).api.openapi()


def text() -> str:
    """The document as the file has it: JSON, indented, keys sorted, so that changes read well."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Writes the file, or with `--check` compares it: 1 when it is stale, else 0."""
    if "--check" not in arguments:
        FILE.write_text(text(), encoding="utf-8")
        return 0
    if FILE.is_file() and FILE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{FILE.name} is not what the API says now: run make api-types", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
