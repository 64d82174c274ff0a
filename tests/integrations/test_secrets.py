"""Keys and full phone numbers reach no log, no message and no attribute of an error."""

import logging
import pickle
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests
from structlog.testing import capture_logs

from contacts_ui.integrations import cloudcontactai, errors, slicktext
from contacts_ui.integrations.http import Connection

from .loopback import Loopback, Reaction, answers, drops, hangs, says
from .people import CLIENT, KEY, NUMBER, ONCE, THRICE, FakeBudget, marty, page

DIGITS = NUMBER[2:]
TOLD = f"Key {KEY} may not touch +1 (615) 555-3338, alias %2B16155553338, of marty@slicktext.com"

REACTIONS: dict[str, Reaction] = {
    "400": answers({"message": TOLD, "code": NUMBER}, 400),
    "401": answers({"error": TOLD}, 401),
    "403": answers(body=TOLD.encode(), status=403),
    "404": answers({"detail": [TOLD]}, 404),
    "409": answers({"message": TOLD}, 409),
    "422": answers({"errors": {"mobile_number": [TOLD], NUMBER: [TOLD]}}, 422),
    "429": answers({"message": TOLD}, 429, {"Retry-After": "0"}),
    "500": answers({"message": TOLD}, 500, {"X-Request-Id": f"{NUMBER}-{KEY}"}),
    "502": answers(body=f"<html>{TOLD}</html>".encode(), status=502),
    "redirect": answers({}, 302, {"Location": f"http://x.test/?n=%2B1{DIGITS}&key={KEY}"}),
    "HTML": answers(body=f"<html>{TOLD}".encode()),
    "cut JSON": answers(body=f'{{"mobile_number": "{NUMBER}", '.encode()),
    "another shape": answers({"error": TOLD, "mobile_number": NUMBER, KEY: NUMBER}),
    "drops": drops,
    "hangs": hangs(0.4),
    "garbage": says(f"{NUMBER} {KEY}\r\n\r\n".encode()),
}

ACTIONS: dict[str, Callable[[Connection], Any]] = {
    "find": lambda conn: slicktext.find_contact(conn, NUMBER, policy=ONCE),
    "edit": lambda conn: slicktext.edit_contact(conn, NUMBER, {"email": "x"}, policy=ONCE),
    "create": lambda conn: slicktext.create_contact(conn, {"mobile_number": NUMBER}, policy=ONCE),
    "stop": lambda conn: cloudcontactai.set_do_not_text(
        conn, do_not_text=True, phone=NUMBER, policy=ONCE
    ),
}


def assert_clean(text: str) -> None:
    assert KEY not in text
    assert DIGITS not in re.sub(r"%[0-9a-fA-F]{2}|[^0-9]", "", text)
    assert "marty@" not in text


def everything_about(error: BaseException) -> list[str]:
    """Return all that a log or an error page could show, of the error and those behind it."""
    found = [str(error), repr(error), repr(error.args), repr(vars(error))]
    found += [getattr(error, "person", ""), repr(pickle.dumps(error))]
    found += traceback.format_exception(error)
    for behind in (error.__cause__, error.__context__):
        if behind is not None:
            found += everything_about(behind)
    return found


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
@pytest.mark.parametrize("reaction", REACTIONS.values(), ids=REACTIONS)
def test_no_error_and_no_log_holds_them(
    reaction: Reaction,
    action: Callable[[Connection], Any],
    vendor: Loopback,
    real: Connection,
    calls: list[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.will(reaction, *[answers(page())] * 3)
    with capture_logs() as logs, pytest.raises(errors.VendorError) as raised:
        action(real)
    assert logs
    for text in (*everything_about(raised.value), repr(logs), caplog.text, repr(calls)):
        assert_clean(text)
    assert repr(caplog.records) is not None
    for record in caplog.records:
        assert_clean(f"{record.getMessage()} {record.args!r} {record.msg!r}")


def test_urllib3_logs_the_address_redacted(
    vendor: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.will(answers(page(marty())))
    requests.get(vendor.url, params={"mobile_number": NUMBER}, timeout=60)
    assert "mobile_number=+1*******338" in caplog.text
    assert_clean(caplog.text)


def test_the_log_of_a_repeat_is_clean(vendor: Loopback, real: Connection) -> None:
    vendor.will(REACTIONS["500"], REACTIONS["drops"], answers(page(marty())))
    with capture_logs() as logs:
        slicktext.find_contact(real, NUMBER, policy=THRICE)
    events = [entry["event"] for entry in logs]
    assert events.count("vendor_call_failed") == 2
    assert events.count("stamina.retry_scheduled") == 2
    assert_clean(repr(logs))


def test_no_variable_on_the_way_shows_the_key(vendor: Loopback, real: Connection) -> None:
    vendor.will(REACTIONS["500"])
    with pytest.raises(errors.ServerError) as raised:
        slicktext.edit_contact(real, 7778, {"city": "x"}, policy=ONCE)
    frames = [frame for frame, _ in traceback.walk_tb(raised.value.__traceback__)]
    ours = [frame for frame in frames if "contacts_ui" in frame.f_code.co_filename]
    assert len(ours) > 4
    for frame in ours:
        shown = {name: repr(value) for name, value in frame.f_locals.items()}
        assert KEY not in repr(shown), frame.f_code.co_qualname


@pytest.mark.parametrize("vendor_module", [slicktext, cloudcontactai])
def test_a_connection_does_not_show_its_key(vendor_module: Any) -> None:
    conn = vendor_module.connect("http://x.test", KEY, CLIENT, FakeBudget())
    assert_clean(f"{conn!r} {conn}")


def test_the_printed_log_is_clean(
    vendor: Loopback, real: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.will(REACTIONS["422"])
    with pytest.raises(errors.VendorError):
        ACTIONS["edit"](real)
    assert "vendor_call_failed" in caplog.text
    assert_clean(caplog.text)
