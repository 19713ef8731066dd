"""The routes of the service, and what their requests and answers hold."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import asdict
from typing import Any, TypeVar

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from markdown_it import MarkdownIt
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException

from tunebench.errors import DataError
from tunebench.export.layout import CARD
from tunebench.metrics.drift import Drift
from tunebench.serving.client import Client, client_of
from tunebench.serving.links import Links
from tunebench.serving.loaded import Loaded
from tunebench.serving.service import Service
from tunebench.serving.uploads import Uploads

_AUDIO = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "audio/*": _AUDIO,
            "application/octet-stream": _AUDIO,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["audio"],
                    "properties": {"audio": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["audio"],
                    "properties": {"audio": {"type": "string", "format": "byte"}},
                }
            },
        },
    }
}
_BATCH_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["audio"],
                    "properties": {"audio": {"type": "array", "items": _AUDIO["schema"]}},
                }
            }
        },
    }
}


_LINK_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}}
            }
        },
    }
}


class Base64Audio(BaseModel):
    """The body of JSON requests."""

    audio: str = Field(min_length=1)


class Link(BaseModel):
    """A link to audio."""

    url: str = Field(min_length=1, max_length=2_000)


Body = TypeVar("Body", bound=BaseModel)


def predict_routes(uploads: Uploads, links: Links | None) -> APIRouter:
    """`/predict`, `/predict/batch` and `/predict/link`."""
    app = APIRouter()
    service = uploads.service

    @app.post("/predict", openapi_extra=_BODY)
    async def predict(request: Request, windows: bool = False, spectrogram: bool = False) -> Response:
        """Classify one recording: as a form's file `audio`, as the body itself, or as base64 in JSON."""
        try:
            content = await _content(request)
        finally:
            await request.close()  # a form's files
        with service.using() as loaded:
            async with client_of(request) as client:
                said = await uploads.answer(content, loaded, client, windows=windows, spectrogram=spectrogram)
        return JSONResponse(said)

    @app.post("/predict/batch", openapi_extra=_BATCH_BODY)
    async def predict_batch(request: Request, windows: bool = False) -> Response:
        """Classify a form's files `audio`; one that cannot be used has an `error` in its place."""
        sent = await _uploads(request, service.limits.files)

        async def one(upload: UploadFile, loaded: Loaded, client: Client) -> dict[str, Any]:
            content = await upload.read()
            await upload.close()
            try:
                said = await uploads.answer(content, loaded, client, windows=windows, spectrogram=False)
            except DataError as error:
                said = {"error": unusable(error)}
            return {"file": upload.filename, **said}

        with service.using() as loaded:  # one model for all of them
            async with client_of(request) as client:
                work = (one(upload, loaded, client) for upload in sent)
                found = await asyncio.gather(*work, return_exceptions=True)
                client.check()
        for said in found:  # all of them have ended, so that nothing goes on behind a failure
            if isinstance(said, BaseException):
                raise said
        return JSONResponse({"predictions": found})

    @app.post("/predict/link", openapi_extra=_LINK_BODY)
    async def predict_link(request: Request, windows: bool = False, spectrogram: bool = False) -> Response:
        """Classify the audio behind an http(s) link, where the service offers that."""
        if links is None:
            raise HTTPException(403, "Links are off. Start the service with --links to have them.")
        link = await _json(request, Link, 'Send JSON as {"url": "<an http or https link>"}.')
        with service.using() as loaded:
            async with client_of(request) as client:
                said = await uploads.answer_link(
                    link.url, links, loaded, client, windows=windows, spectrogram=spectrogram
                )
        return JSONResponse(said)

    return app


def model_routes(service: Service, *, links: bool) -> APIRouter:
    """Health, the model, its card and figures, drift, and Prometheus's metrics."""
    app = APIRouter()

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        """Whether it answers: a service that listens has loaded its model and asked it once."""
        return {"status": "ready", "version": service.loaded.version}

    @app.get("/model")
    async def model() -> dict[str, Any]:
        """What the model is."""
        return service.about(links=links)

    @app.get("/model/card")
    async def model_card() -> dict[str, str]:
        """The model card, as HTML in which nothing of the card is markup of its own."""
        return {"html": _card(service.loaded)}

    @app.get("/model/confusion")
    async def confusion() -> dict[str, Any]:
        """The confusion matrix of the test side: rows are true classes, columns what was said."""
        bundle = service.loaded.bundle
        test = bundle.info.get("test") or {}
        if "confusion" not in test:
            raise HTTPException(404, "This model was not tested on a test side.")
        return {
            "classes": list(bundle.classes),
            "matrix": test["confusion"],
            "title": "Recordings of the test side",
        }

    @app.get("/drift")
    async def drift() -> dict[str, Any]:
        """What was heard and said lately against the model's reference."""
        recent = service.loaded.recent
        rows = recent.statistics()
        return {
            "enough": recent.enough,
            "seen": recent.seen,
            "statistics": [asdict(row) for row in rows],
            "summary": _told(rows, enough=recent.enough, seen=recent.seen),
        }

    @app.get("/metrics")
    async def metrics() -> Response:
        """Prometheus's text format."""
        loaded = service.loaded
        text = service.metrics.text(
            name=service.name(loaded),
            version=loaded.version,
            runtime=loaded.form,
            drift=loaded.recent.statistics(),
        )
        return Response(text, media_type="text/plain; version=0.0.4")

    return app


async def _content(request: Request) -> bytes:
    """The one recording of a request, whatever way it came."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        (upload,) = await _uploads(request, 1)
        return await upload.read()
    if kind == "application/json":
        instead = 'Send JSON as {"audio": "<the file in base64>"}, or the file itself.'
        try:
            return base64.b64decode((await _json(request, Base64Audio, instead)).audio, validate=True)
        except binascii.Error:
            raise HTTPException(422, instead) from None
    if kind.startswith(("audio/", "video/")) or kind in ("", "application/octet-stream", "application/ogg"):
        return await request.body()
    raise HTTPException(
        415, f"{kind[:80]} is not taken. Send audio/wav or another audio type, multipart/form-data or JSON."
    )


async def _json(request: Request, model: type[Body], instead: str) -> Body:
    """The request's body as a model; FastAPI would call a body that is too slow or too large malformed."""
    content = await request.body()
    try:
        return model.model_validate_json(content)
    except ValueError:
        raise HTTPException(422, instead) from None


async def _uploads(request: Request, most: int) -> list[UploadFile]:
    try:
        form = await request.form(max_files=most, max_fields=8)
    except StarletteHTTPException as error:
        raise HTTPException(422, f"The form cannot be read ({error.detail}).") from error
    found = [value for value in form.getlist("audio") if isinstance(value, UploadFile)]
    if not found:
        raise HTTPException(422, "The form holds no file. Name its field 'audio'.")
    return found


def unusable(error: Exception) -> str:
    """A refusal as one sentence, and what to send instead."""
    return f"This recording cannot be used: {error}. Send an audio file with at least 0.1 s of sound."


def _card(loaded: Loaded) -> str:
    path = loaded.bundle.folder / CARD
    if not path.is_file():
        return "<p>This bundle has no model card.</p>"
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return reader.render(path.read_text(encoding="utf-8"))


def _told(rows: list[Drift], *, enough: bool, seen: int) -> str:
    if not rows:
        return "This bundle holds no reference to compare with."
    if not enough:
        return f"{seen} windows were heard so far, too few to say anything."
    drifted = [row.name.replace("_", " ") for row in rows if row.drifted]
    if drifted:
        return f"What is heard lately differs from what the model was measured on: {', '.join(drifted)}."
    return "What is heard lately looks like what the model was measured on."
