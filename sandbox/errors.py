"""Word refusals as SlickText does. The body's key varies, so a switch chooses it."""

from __future__ import annotations

from sandbox.wire import Reply, html_reply, json_reply

HTML = (
    "<!DOCTYPE html><html><head><title>{status}</title></head>"
    "<body><h1>{status}</h1><p>{message}</p><hr><p>proxy</p></body></html>"
)


def error(status: int, message: str, body: str = "message", field: str = "") -> Reply:
    """Return a refusal; `body` is one of the shapes that working clients read."""
    if body == "html":
        return html_page(status, message)
    shapes: dict[str, object] = {
        "message": {"message": message},
        "error": {"error": message},
        "error_list": {"error": [message]},
        "detail": {"detail": message},
        "errors": {"errors": {field or "request": [message]}},
    }
    return json_reply(shapes[body], status)


def html_page(status: int, message: str) -> Reply:
    return html_reply(HTML.format(status=status, message=message), status)
