"""The app in a browser, on loopback, for nobody but the one who started it.

textual-serve asks nobody who they are: any page that the browser shows, and any user of the machine, could open its
websocket and decide on runs. So every request must name this server as its host, a websocket must come from this
server's own page, and all of them must carry a cookie that only the printed address, with its token, sets.
"""

import asyncio
import hmac
import os
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

from store.errors import BadInput

HOST = "127.0.0.1"
_COOKIE = "ptb-serve"


def serve(port: int, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``tell`` hears the address to open. Port 0 takes one that is free.

    Raises :class:`BadInput` where the port cannot be had.
    """
    asyncio.run(_serve(port, tell))


async def _serve(port: int, tell: Callable[[str], None]) -> None:
    listening = _listen(port)
    port = listening.getsockname()[1]
    token = secrets.token_urlsafe(24)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    app_command = shlex.join([sys.executable, "-P", "-m", "ptb_tui.served"])
    server = Server(app_command, host=HOST, port=port, title="ptb")
    app = await server._make_app()  # noqa: SLF001 - its own serve() takes no middleware and prints a banner
    app.on_startup.clear()
    app.middlewares.append(guard(port, token))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.SockSite(runner, listening, shutdown_timeout=2).start()
        tell(f"open http://{HOST}:{port}/?token={token}")
        await stopped.wait()
    finally:
        await runner.cleanup()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise BadInput(
            f"port {port} cannot be had: {reason}; choose another with --port, or 0 for any that is free"
        ) from error


def guard(port: int, token: str) -> Middleware:
    """Lets through whom the token or its cookie shows to be the one who started the server."""
    own = {f"{HOST}:{port}", f"localhost:{port}"}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if request.host not in own or (origin is not None and origin not in {f"http://{one}" for one in own}):
            raise web.HTTPForbidden(text="this page is not the server's own\n")
        given = request.query.get("token")
        if given is not None and hmac.compare_digest(given.encode(), token.encode()):
            answer: web.StreamResponse = web.HTTPFound("/")
            answer.set_cookie(f"{_COOKIE}-{port}", token, httponly=True, samesite="Strict")
            return answer
        shown = request.cookies.get(f"{_COOKIE}-{port}", "")
        if not hmac.compare_digest(shown.encode(), token.encode()):
            raise web.HTTPForbidden(text="open the address that ptb serve printed, with its token\n")
        return await handler(request)

    return check
