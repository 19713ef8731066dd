"""What every request passes before a route sees it: token, queue, size and time; and what is counted."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect

from tunebench.serving.limits import Limits
from tunebench.serving.metrics import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = frozenset({"/", "/card", "/health", "/ready"})
"""Routes that need no token: the page itself knows nothing."""

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-cache"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
)


LEFT = 499
"""What the metrics call a request whose client left before it was answered."""


class RefusedError(Exception):
    """A request that is not answered, with its status and a sentence for whoever sent it."""

    def __init__(self, status: int, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after_s = status, detail, retry_after_s


class Guard:
    """ASGI middleware.

    Args:
        app: the routes.
        limits: of one client.
        metrics: of the service.
        token: that requests must bear; None asks for none.
        hosts: names that requests may give as their host; None takes any.
    """

    def __init__(
        self,
        app: App,
        *,
        limits: Limits,
        metrics: Metrics,
        token: str | None,
        hosts: Collection[str] | None = None,
    ) -> None:
        self._app, self._limits, self._metrics = app, limits, metrics
        self._token = token.encode() if token else None
        self._hosts = hosts
        self._working = 0
        self._bodies = _Bodies(limits.held_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500
        is_begun = False

        async def noted(message: Message) -> None:
            nonlocal status, is_begun
            if message["type"] == "http.response.start":
                status, is_begun = message["status"], True
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        try:
            await self._answer(scope, receive, noted)
        except RefusedError as refusal:
            if not is_begun:
                await _refuse(refusal, noted)
        except ClientDisconnect:
            status = LEFT
        finally:
            path = getattr(scope.get("route"), "path", "unknown")
            self._metrics.requests.labels(path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - begun)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self._check_host(scope)
        self._check_token(scope, path)
        if not path.startswith("/predict"):
            await self._app(scope, receive, send)
            return
        self._check_length(scope)
        if self._working >= self._limits.waiting:
            raise busy()
        self._working += 1
        self._metrics.accepted += 1
        self._metrics.waiting.set(self._working)
        body = _Bounded(receive, self._limits, self._bodies)
        try:
            await self._app(scope, body, send)
            self._metrics.answered += 1
        except RefusedError:
            self._metrics.answered += 1  # with a refusal
            raise
        except ClientDisconnect:
            self._metrics.accepted -= 1  # it never sent all of it, or did not wait for the answer
            raise
        finally:
            body.forget()
            self._working -= 1
            self._metrics.waiting.set(self._working)

    def _check_host(self, scope: Scope) -> None:
        """Keep out other sites' pages, whose names can be made to point to this machine (DNS rebinding)."""
        if self._hosts is None:
            return
        given = _header(scope, b"host").decode("latin-1")
        try:
            name = urlsplit(f"//{given}").hostname
        except ValueError:
            name = None
        if name not in self._hosts:
            shown = (name or given)[:80]
            raise RefusedError(
                421, f"This service does not go by the name {shown!r}. Start it with --allow-host NAME."
            )

    def _check_token(self, scope: Scope, path: str) -> None:
        if self._token is None or path in OPEN or path.startswith("/static/"):
            return
        given = _header(scope, b"authorization")
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), self._token):
            raise RefusedError(
                401, "This service needs an access token: send it as 'Authorization: Bearer TOKEN'."
            )

    def _check_length(self, scope: Scope) -> None:
        given = _header(scope, b"content-length")
        if given.isdigit() and int(given) > self._limits.bytes:
            raise _too_large(self._limits)


class _Bodies:
    """Bytes that all requests' bodies take now."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0


class _Bounded:
    """The request's body, no longer and no slower than the limits, as long as there is room for it."""

    def __init__(self, receive: Receive, limits: Limits, bodies: _Bodies) -> None:
        self._receive, self._limits, self._bodies = receive, limits, bodies
        self._bytes = 0
        self._until = time.perf_counter() + limits.receive_s
        self._is_done = False

    async def __call__(self) -> Message:
        if self._is_done:
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self._until - time.perf_counter())):
                message = await self._receive()
        except TimeoutError:
            raise RefusedError(408, f"Sending it took over {self._limits.receive_s:g} s.") from None
        count = len(message.get("body", b""))
        self._bytes += count
        self._bodies.held += count
        self._is_done = not message.get("more_body", False)
        if self._bytes > self._limits.bytes:
            raise _too_large(self._limits)
        if self._bodies.held > self._bodies.most:
            raise busy()
        return message

    def forget(self) -> None:
        """The request is over, and its body is held no longer."""
        self._bodies.held -= self._bytes
        self._bytes = 0


def busy() -> RefusedError:
    """The refusal of a request for which there is no room now."""
    return RefusedError(429, "The service is busy. Try again in a moment.", retry_after_s=1)


def _too_large(limits: Limits) -> RefusedError:
    return RefusedError(413, f"It is too large: {limits.bytes / 2**20:g} MB are taken at most.")


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _refuse(refusal: RefusedError, send: Send) -> None:
    body = json.dumps({"detail": refusal.detail}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # what is left of the body will not be read
    ]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refusal.retry_after_s is not None:
        headers.append((b"retry-after", str(refusal.retry_after_s).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
