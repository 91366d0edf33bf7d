"""A fake of Secret Manager's REST API: what Pulsepoint asks of it, with the refusals of the original.

https://cloud.google.com/secret-manager/docs/reference/rest
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google_crc32c import value as crc32c
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pulsepoint.values import JsonObject

MAX_VALUE_BYTES = 65_536
SECRET_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
STATUS_OF = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "NOT_FOUND": 404, "ALREADY_EXISTS": 409}


class Refused(Exception):
    """An answer of https://cloud.google.com/apis/design/errors#error_model"""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Version:
    """`data` is None once destroyed."""

    data: bytes | None
    state: str = "ENABLED"


@dataclass(slots=True)
class Secret:
    """Versions are numbered from 1, and a number is never given twice."""

    resource: JsonObject
    versions: list[Version] = field(default_factory=list)


class SecretManager:
    """Every secret of every project, by resource name; written to `file` after each change, where one is given."""

    def __init__(self, file: Path | None = None) -> None:
        self.secrets: dict[str, Secret] = {}
        self._file = file
        if file is not None and file.exists():
            for resource, versions in json.loads(file.read_text()):
                kept = [Version(data and b64decode(data), state) for data, state in versions]
                self.secrets[resource["name"]] = Secret(resource, kept)

    def save(self) -> None:
        """Writes every secret as JSON, in clear: fakes are for made-up secrets only."""
        if self._file is None:
            return
        stored = [
            [secret.resource, [[each.data and b64encode(each.data).decode(), each.state] for each in secret.versions]]
            for secret in self.secrets.values()
        ]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(stored))
        draft.replace(self._file)

    def secret(self, name: str) -> Secret:
        """The secret of that name; raises `Refused` when there is none."""
        if name not in self.secrets:
            raise Refused("NOT_FOUND", f"Secret [{name}] not found.")
        return self.secrets[name]

    def create(self, project: str, secret_id: str, resource: JsonObject) -> JsonObject:
        """A new secret without versions; raises `Refused` for a wrong id, no replication, or a second of the name."""
        if not SECRET_ID.fullmatch(secret_id):
            raise Refused("INVALID_ARGUMENT", "The provided Secret ID does not match [[a-zA-Z_0-9-]{1,255}].")
        if not resource.get("replication"):
            raise Refused("INVALID_ARGUMENT", "Secret replication policy must be specified.")
        name = f"projects/{project}/secrets/{secret_id}"
        if name in self.secrets:
            raise Refused("ALREADY_EXISTS", f"Secret [{name}] already exists.")
        self.secrets[name] = Secret({**resource, "name": name})
        return self.secrets[name].resource

    def add(self, name: str, payload: JsonObject) -> JsonObject:
        """A new enabled version of base64 data; raises `Refused` for an empty, too large or damaged value."""
        data = b64decode(payload.get("data", ""), validate=True)
        if not data or len(data) > MAX_VALUE_BYTES:
            raise Refused("INVALID_ARGUMENT", f"The payload has {len(data)} bytes, not 1 to {MAX_VALUE_BYTES}.")
        if "dataCrc32c" in payload and int(payload["dataCrc32c"]) != crc32c(data):
            raise Refused("INVALID_ARGUMENT", "The checksum does not match the payload.")
        secret = self.secret(name)
        secret.versions.append(Version(data))
        return _resource(name, secret, len(secret.versions))

    def access(self, name: str, which: str) -> JsonObject:
        """The base64 value of an enabled version, `latest` or a number; raises `Refused` for any other."""
        secret = self.secret(name)
        number = self._number(name, which)
        version = secret.versions[number - 1]
        if version.data is None or version.state != "ENABLED":
            message = f"Secret Version [{name}/versions/{number}] is in {version.state} state."
            raise Refused("FAILED_PRECONDITION", message)
        checksum, data = str(crc32c(version.data)), b64encode(version.data).decode()
        return {"name": f"{name}/versions/{number}", "payload": {"data": data, "dataCrc32c": checksum}}

    def listed(self, name: str, state: str | None) -> JsonObject:
        """Versions, newest first."""
        secret = self.secret(name)
        numbers = range(len(secret.versions), 0, -1)
        versions = [_resource(name, secret, number) for number in numbers]
        chosen = [version for version in versions if state in (None, version["state"])]
        return {"versions": chosen, "totalSize": len(chosen)}

    def destroy(self, name: str, which: str) -> JsonObject:
        """Forgets the value of a version; raises `Refused` where that is done already."""
        secret = self.secret(name)
        number = self._number(name, which)
        version = secret.versions[number - 1]
        if version.state == "DESTROYED":
            raise Refused("FAILED_PRECONDITION", f"Secret Version [{name}/versions/{number}] is in DESTROYED state.")
        version.data, version.state = None, "DESTROYED"
        return _resource(name, secret, number)

    def delete(self, name: str) -> JsonObject:
        """Forgets a secret and all its versions; raises `Refused` where there is none."""
        self.secret(name)
        del self.secrets[name]
        return {}

    def _number(self, name: str, which: str) -> int:
        count = len(self.secret(name).versions)
        number = count if which == "latest" else int(which)
        if not 1 <= number <= count:
            raise Refused("NOT_FOUND", f"Secret Version [{name}/versions/{which}] not found.")
        return number


def create_app(state: Path | None = None) -> Starlette:
    """The API over the secrets in `state`, or over none yet."""
    return app_of(SecretManager(state / "secrets.json" if state else None))


def app_of(manager: SecretManager) -> Starlette:
    """The ASGI app over these secrets."""

    async def create(request: Request) -> JsonObject:
        return manager.create(request.path_params["project"], request.query_params["secretId"], await request.json())

    async def add(request: Request) -> JsonObject:
        return manager.add(_name(request), (await request.json())["payload"])

    async def access(request: Request) -> JsonObject:
        return manager.access(_name(request), request.path_params["version"])

    async def listed(request: Request) -> JsonObject:
        condition = re.fullmatch(r"(?:state:(\w+))?", request.query_params.get("filter", ""))
        if condition is None:
            raise Refused("INVALID_ARGUMENT", "This fake filters by one state only.")
        return manager.listed(_name(request), condition[1])

    async def destroy(request: Request) -> JsonObject:
        return manager.destroy(_name(request), request.path_params["version"])

    async def delete(request: Request) -> JsonObject:
        return manager.delete(_name(request))

    secrets = "/v1/projects/{project}/secrets"
    routes = [
        Route(secrets, _answering(create, manager.save), methods=["POST"]),
        Route(f"{secrets}/{{secret}}:addVersion", _answering(add, manager.save), methods=["POST"]),
        Route(f"{secrets}/{{secret}}/versions", _answering(listed), methods=["GET"]),
        Route(f"{secrets}/{{secret}}/versions/{{version}}:access", _answering(access), methods=["GET"]),
        Route(
            f"{secrets}/{{secret}}/versions/{{version}}:destroy", _answering(destroy, manager.save), methods=["POST"]
        ),
        Route(f"{secrets}/{{secret}}", _answering(delete, manager.save), methods=["DELETE"]),
    ]
    return Starlette(routes=routes)


def _answering(handler: Callable[[Request], Any], changed: Callable[[], None] | None = None) -> Any:
    async def answer(request: Request) -> JSONResponse:
        try:
            payload = await handler(request)
            if changed is not None:
                changed()
            return JSONResponse(payload)
        except Refused as refused:
            code = STATUS_OF[refused.status]
            error = {"code": code, "message": str(refused), "status": refused.status}
            return JSONResponse({"error": error}, status_code=code)

    return answer


def _name(request: Request) -> str:
    return f"projects/{request.path_params['project']}/secrets/{request.path_params['secret']}"


def _resource(name: str, secret: Secret, number: int) -> JsonObject:
    return {"name": f"{name}/versions/{number}", "state": secret.versions[number - 1].state}
