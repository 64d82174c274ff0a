"""Structured logs: one event on one line, JSON for machines or readable text for a terminal.

Our own lines (structlog) and everyone else's (the standard library's logging: Django, gunicorn)
take the same way. The last step before the line is written masks numbers, addresses and keys of every writer.
Reads no settings, so gunicorn can use it before Django is there.
"""

import contextlib
import logging
import re
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from contacts_ui import request_id
from contacts_ui.integrations.redact import redact, redact_all

# Ten digits in a row of an id of ours are no phone number.
_OWN_ID = re.compile(r"(?:[0-9a-f]{32}){1,2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IDS = ("request_id", "foreign_id", "hash")
# An IP address with a dozen digits is not a number either.
_IP_ADDRESS = "address"
_AS_IT_IS = ("timestamp", "level", "logger")
FORMATS = ("auto", "json", "text")


def logging_config(
    *,
    form: str = "auto",
    level: str = "INFO",
    debug: bool = False,
    secrets: Sequence[str] = (),
    security_file: str = "",
) -> dict[str, Any]:
    """Return the value of Django's LOGGING.

    `form` is json, text, or auto: text for a person (DEBUG, or a terminal). `secrets` are values that
    no line may hold, such as the vendors' keys. `security_file` takes the security events, in place of the console.
    """
    as_text = form == "text" or (form == "auto" and (debug or sys.stderr.isatty()))
    renderer: Processor = structlog.processors.JSONRenderer()
    if as_text:
        # The plain formatter: the pretty one prints local variables, and those hold people.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _facts(),
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            Masker(secrets),
            renderer,
        ],
    }
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "filters": {
            "no_outage": {"()": "django.utils.log.CallbackFilter", "callback": _is_no_outage}
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR", "filters": ["no_outage"]},
            # Security events are written whatever the level of the rest is.
            "security": {"level": "INFO"},
            # Its lines carry what was searched; ours, one for each request, do not.
            "django.server": {"handlers": [], "level": "ERROR", "propagate": False},
            # Its lines have full addresses; ours has each refusal.
            "django.security.csrf": {"level": "ERROR"},
            # A request with a wrong host name got a 400, and its own log line shows it.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }
    if security_file:
        file = {"class": "logging.handlers.WatchedFileHandler", "filename": security_file}
        config["handlers"]["security"] = file | {"formatter": "line"}
        config["loggers"]["security"] |= {"handlers": ["security"], "propagate": False}
    return config


def _is_no_outage(record: logging.LogRecord) -> bool:
    """Return False for Django's own line about a 503: another one says what is away, without a traceback."""
    return getattr(record, "status_code", 0) != 503


def configure_structlog() -> None:
    """Send structlog's events through the standard library's logging; call it once, before the first event."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_facts(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def bind_request_id(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add the id of the request or job that caused the line."""
    if own := request_id.current():
        theirs = event.get("request_id")
        if theirs and theirs != own:
            event["vendor_request_id"] = theirs
        event["request_id"] = own
    return event


class Masker:
    """Take full numbers, addresses, bearer tokens and the given secrets out of every value of an event."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        # Shorter words are in many lines, and protect nothing.
        self.secrets = tuple(each for each in secrets if len(each) >= 8)

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        return {
            key: value if key in _AS_IT_IS else self._masked(key, value)
            for key, value in event.items()
        }

    def _masked(self, key: str, value: Any) -> Any:
        if key in _IDS and _OWN_ID.fullmatch(str(value)):
            return value
        if key == _IP_ADDRESS:
            with contextlib.suppress(ValueError):
                ip_address(str(value))
                return value
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            # A phone number may be an integer.
            return value if len(str(abs(value))) < 10 else redact(str(value))
        if isinstance(value, str | dict | list | tuple):
            return redact_all(value, self.secrets)
        return redact(repr(value), self.secrets)


def _facts() -> list[Processor]:
    """Return the processors that add what every line says."""
    return [
        structlog.contextvars.merge_contextvars,
        bind_request_id,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
