"""A fake of Cloud Storage: the JSON API's upload and download, and objects served by V4 signed URLs.

Links are checked as the original does, against the public half of the service account key that clients sign with: the
file GOOGLE_APPLICATION_CREDENTIALS names, else `service-account.json` in the state folder; made where it is absent.
Any bucket exists. https://cloud.google.com/storage/docs/json_api/v1 and https://cloud.google.com/storage/docs/xml-api
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google_crc32c import value as crc32c
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.emulated.fakes._signed_urls import Refusal, SignedUrls
from pulsepoint.adapters.system_clock import SystemClock
from pulsepoint.ports.clock import Clock

ACCOUNT = "pulsepoint@fake.example"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was uploaded."""

    data: bytes
    content_type: str

    @property
    def hash(self) -> str:
        """CRC32C, big-endian, in base64."""
        return b64encode(crc32c(self.data).to_bytes(4, "big")).decode()


class Objects:
    """Objects by bucket and name, in memory, or as files below `folder`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._objects: dict[tuple[str, str], Stored] = {}
        self.sessions: dict[str, tuple[str, str, str]] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for file in folder.iterdir():
                header, _, data = file.read_bytes().partition(b"\n")
                bucket, name, content_type = json.loads(header)
                self._objects[bucket, name] = Stored(data, content_type)

    def keep(self, bucket: str, name: str, stored: Stored) -> None:
        """Stores an object's bytes in place of the one of that name."""
        self._objects[bucket, name] = stored
        if self._folder is not None:
            header = json.dumps([bucket, name, stored.content_type]).encode()
            self._file(bucket, name).write_bytes(header + b"\n" + stored.data)

    def _file(self, bucket: str, name: str) -> Path:
        assert self._folder is not None
        return self._folder / sha256(f"{bucket}/{name}".encode()).hexdigest()

    def names(self, bucket: str) -> list[str]:
        """The names of a bucket's objects, in order."""
        return sorted(name for own, name in self._objects if own == bucket)

    def drop(self, bucket: str, name: str) -> bool:
        """Deletes an object; False where there is none."""
        gone = self._objects.pop((bucket, name), None)
        if self._folder is not None:
            self._file(bucket, name).unlink(missing_ok=True)
        return gone is not None

    def find(self, bucket: str, name: str) -> Stored | None:
        """The object of that name, or None."""
        return self._objects.get((bucket, name))


def service_account_file(path: Path) -> Path:
    """A service account key at `path`, made where there is none, in the format of Google's key files."""
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "project_id": "fake",
            "private_key_id": uuid4().hex,
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(account))
        draft.replace(path)
    return path


def create_app(state: Path | None = None, clock: Clock | None = None) -> Starlette:
    """The API over the objects in `state`, or over none yet. Raises `ValueError` when no place for a key is named."""
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if not named and state is None:
        raise ValueError("name a state folder, or a key file in GOOGLE_APPLICATION_CREDENTIALS")
    objects = Objects(state / "objects" if state else None)
    account = service_account_file(Path(named) if named else (state or Path()) / "service-account.json")
    return app_of(objects, account, clock or SystemClock())


def app_of(objects: Objects, account: Path, clock: Clock) -> Starlette:
    """The API over `objects`; links are held against the key in the JSON file `account`."""
    api = _Api(objects, SignedUrls(json.loads(account.read_text()), clock))
    return Starlette(
        routes=[
            Route("/upload/storage/v1/b/{bucket}/o", api.upload, methods=["POST"]),
            Route("/upload/storage/v1/b/{bucket}/o", api.resume, methods=["PUT"]),
            Route("/storage/v1/b/{bucket}/o", api.listed, methods=["GET"]),
            Route("/storage/v1/b/{bucket}/o/{name:path}", api.deleted, methods=["DELETE"]),
            Route("/download/storage/v1/b/{bucket}/o/{name:path}", api.download, methods=["GET"]),
            Route("/{bucket}/{name:path}", api.signed, methods=["GET", "HEAD", "PUT", "DELETE"]),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Api:
    """The endpoints."""

    objects: Objects
    links: SignedUrls

    async def upload(self, request: Request) -> Response:
        bucket, body = request.path_params["bucket"], await request.body()
        if request.query_params["uploadType"] == "resumable":
            session, metadata = uuid4().hex, json.loads(body)
            content_type = request.headers.get("x-upload-content-type", "application/octet-stream")
            self.objects.sessions[session] = (bucket, metadata["name"], content_type)
            return Response(headers={"Location": f"{request.url}&upload_id={session}"})
        return _kept(self.objects, bucket, *_parts(request, body))

    async def resume(self, request: Request) -> Response:
        bucket, name, content_type = self.objects.sessions.pop(request.query_params["upload_id"])
        return _kept(self.objects, bucket, {"name": name}, Stored(await request.body(), content_type))

    async def listed(self, request: Request) -> Response:
        bucket, prefix = request.path_params["bucket"], request.query_params.get("prefix", "")
        items = [{"bucket": bucket, "name": name} for name in self.objects.names(bucket) if name.startswith(prefix)]
        return JSONResponse({"kind": "storage#objects", "items": items})

    async def deleted(self, request: Request) -> Response:
        gone = self.objects.drop(request.path_params["bucket"], request.path_params["name"])
        return Response(status_code=204 if gone else 404)

    async def download(self, request: Request) -> Response:
        stored = self._named(request)
        if stored is None:
            message = f"No such object: {request.path_params['bucket']}/{request.path_params['name']}"
            return JSONResponse({"error": {"code": 404, "message": message}}, 404)
        return Response(stored.data, headers={"X-Goog-Hash": f"crc32c={stored.hash}"}, media_type=stored.content_type)

    async def signed(self, request: Request) -> Response:
        try:
            self.links.check(request)
        except Refusal as refusal:
            return _refused(refusal.status, refusal.code, str(refusal))
        stored = self._named(request)
        if stored is None:
            return _refused(404, "NoSuchKey", "The specified key does not exist.")
        disposition = request.query_params.get("response-content-disposition")
        headers = {"Content-Disposition": disposition} if disposition else {}
        return Response(stored.data, headers=headers, media_type=stored.content_type)

    def _named(self, request: Request) -> Stored | None:
        return self.objects.find(request.path_params["bucket"], request.path_params["name"])


def _parts(request: Request, body: bytes) -> tuple[dict[str, object], Stored]:
    """The resource and the bytes of a multipart/related upload."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    resource, media = message_from_bytes(head + body, policy=HTTP).iter_parts()
    # The parser may not be trusted with bytes: they lie between the media part's head and the closing boundary.
    boundary = body[: body.index(b"\r\n")]
    start = body.index(b"\r\n\r\n", body.index(boundary, len(boundary))) + 4
    data = body[start : body.rindex(b"\r\n" + boundary + b"--")]
    return json.loads(resource.get_content()), Stored(data, media["content-type"])


def _kept(objects: Objects, bucket: str, resource: dict[str, Any], stored: Stored) -> Response:
    if resource.get("crc32c", stored.hash) != stored.hash:
        return JSONResponse({"error": {"code": 400, "message": "Provided CRC32C does not match."}}, 400)
    objects.keep(bucket, resource["name"], stored)
    stated = {"kind": "storage#object", "bucket": bucket, "name": resource["name"], "crc32c": stored.hash}
    return JSONResponse({**stated, "contentType": stored.content_type, "size": str(len(stored.data))})


def _refused(status: int, code: str, message: str) -> Response:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(f"<?xml version='1.0' encoding='UTF-8'?>{body}", status_code=status, media_type="application/xml")
