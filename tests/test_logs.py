"""One line for each event, with the id of its request, and never with a number, an address, a name or a key."""

import json
import logging
import logging.config
import re
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.log import AdminEmailHandler

from contacts_ui.models import DesiredState, LedgerEntry
from contacts_ui.request_id import request_id
from contacts_ui.services import people
from contacts_ui.services.consent.delivery import deliver
from dashboard.logs import Masker, logging_config
from dashboard.urls import urlpatterns as real_urls

from .pages import Page
from .people import MARTY, MARTY_NUMBER, Vendors, group_of

DIGITS = MARTY_NUMBER[2:]
KEY = "sandbox-slicktext-key"
SPELLINGS = (
    MARTY_NUMBER,
    DIGITS,
    "615-555-3338",
    "(615) 555-3338",
    "615.555.3338",
    "1 615 555 3338",
    "%2B16155553338",
    "615\u00a0555\u00a03338",
    "615\u2013555\u20113338",
    "tel:+1-615-555-3338",
)


@pytest.fixture
def written() -> Iterator[StringIO]:
    """Everything that is logged, as production writes it, at every level."""
    stream = StringIO()
    config = logging_config(form="json", level="DEBUG", secrets=[KEY])
    config["handlers"]["console"]["stream"] = stream
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logging.config.dictConfig(config)
    yield stream
    root.handlers[:], root.level = before


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def assert_clean(text: str) -> None:
    assert text
    assert DIGITS not in re.sub(r"%[0-9a-fA-F]{2}|\\u[0-9a-f]{4}|[^0-9]", "", text)
    assert "marty" not in text.lower()
    assert "mcfly" not in text.lower()
    assert KEY not in text
    assert "sandbox-ccai-key" not in text


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_masked(spelling: str, written: StringIO) -> None:
    structlog.get_logger("x").warning("odd", words=f"call {spelling} now", deep={"a": [spelling]})
    logging.getLogger("y").error("call %s now", spelling)
    try:
        raise ValueError(f"no such number: {spelling}")
    except ValueError:
        logging.getLogger("y").exception("broken")
    structlog.get_logger("x").info(spelling, number=int(DIGITS))
    assert_clean(written.getvalue())
    assert len(lines(written)) == 4
    assert "Traceback" in lines(written)[2]["exception"]


def test_addresses_and_keys_are_masked(written: StringIO) -> None:
    logging.getLogger("y").error(f"Bearer abc.def, marty@slicktext.com, {KEY}")
    assert_clean(written.getvalue())
    assert "abc.def" not in written.getvalue()


def test_what_is_no_number_stays(written: StringIO) -> None:
    with request_id() as own:
        structlog.get_logger("x").info("look", ms=1234.5, user=7, at="2026-11-22 12:30")
    (line,) = lines(written)
    assert line["ms"] == 1234.5
    assert line["user"] == 7
    assert line["at"] == "2026-11-22 12:30"
    assert line["request_id"] == own
    assert (line["level"], line["logger"]) == ("info", "x")


def test_an_id_full_of_digits_is_an_id() -> None:
    own = "12345678901234567890123456789012"
    assert Masker()(None, "", {"request_id": own}) == {"request_id": own}
    head = {"hash": own * 2}
    assert Masker()(None, "", head) == head


def test_a_number_given_as_an_id_is_masked() -> None:
    assert_clean(str(Masker()(None, "", {"request_id": DIGITS})))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["203.0.113.195", "2001:db8:1234:5678:9012:3456:7890:1234"])
def test_a_security_event_is_one_line_at_every_level(
    address: str, vera: Client, viewer: Any, written: StringIO
) -> None:
    logging.getLogger().setLevel("ERROR")
    response = vera.get("/opt-outs/?q=6155553338", REMOTE_ADDR=address)
    (line,) = (each for each in lines(written) if each["logger"] == "security")
    assert '"logger": "security"' in written.getvalue()
    del line["timestamp"]
    assert line == {
        "event": "request:refused",
        "account": viewer.pk,
        "name": "vera",
        "address": address,
        "details": {"permission": "review_opt_outs", "page": "opt-out-list", "method": "GET"},
        "request_id": response["X-Request-ID"],
        "logger": "security",
        "level": "info",
    }


def test_an_address_that_is_a_number_is_masked_and_short_secrets_spoil_nothing() -> None:
    assert Masker([])(None, "", {"address": "615.555.3338"}) == {"address": "*******338"}
    assert Masker(["x", ""])(None, "", {"event": "example"}) == {"event": "example"}


def test_text_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    config = logging_config(form="text")
    formatter = config["formatters"]["line"]
    made = formatter["()"](
        foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
    )
    record = logging.makeLogRecord(
        {"msg": f"call {MARTY_NUMBER}", "levelname": "INFO", "name": "x"}
    )
    line = made.format(record)
    assert not line.startswith("{")
    assert_clean(line)


def requests_in(stream: StringIO) -> list[dict[str, Any]]:
    return [line for line in lines(stream) if line["event"] == "request"]


@pytest.mark.django_db
def test_a_request_is_one_line(max_: Client, manager: Any, written: StringIO) -> None:
    response = max_.get("/contacts/?q=marty+mcfly&number=6155553338")
    (line,) = requests_in(written)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/contacts/", 200)
    assert line["user"] == manager.pk
    assert line["request_id"] == response["X-Request-ID"]
    assert line["vendor_calls"] >= 1
    assert line["queries"] > 3
    assert line["ms"] >= 0
    assert_clean(written.getvalue())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("job-00000001", "job-00000001"),
        ("a1a8add6709a4ccea98d37019ae77628", "a1a8add6709a4ccea98d37019ae77628"),
        ("short", None),
        ("x" * 65, None),
        ("two words\nof it", None),
    ],
)
def test_a_foreign_id_stands_beside_ours(
    ada: Client, written: StringIO, given: str, kept: str | None
) -> None:
    """A browser could call itself a job, and its stop would stand in that job's audit."""
    own = ada.post(f"/contacts/{MARTY}/do-not-text/", headers={"X-Request-ID": given})
    (line,) = requests_in(written)
    assert line["request_id"] == own["X-Request-ID"] != given
    assert re.fullmatch(r"[0-9a-f]{32}", line["request_id"])
    assert line.get("foreign_id") == kept
    assert {entry.request_id for entry in LedgerEntry.objects.all()} == {line["request_id"]}


@pytest.mark.django_db
def test_a_foreign_id_that_is_a_number_is_masked(client: Client, written: StringIO) -> None:
    client.get("/healthz", headers={"X-Request-ID": DIGITS})
    assert_clean(written.getvalue())


@pytest.mark.django_db
def test_vendor_calls_carry_the_id_too(max_: Client, written: StringIO) -> None:
    own = max_.get("/contacts/")["X-Request-ID"]
    calls = [line for line in lines(written) if line["event"] == "vendor_call"]
    assert [(each["vendor"], each["request_id"]) for each in calls] == [("slicktext", own)]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probes_are_quiet(address: str, client: Client, written: StringIO) -> None:
    client.get(address)
    assert [line["level"] for line in requests_in(written)] == ["debug"]


@pytest.mark.django_db
def test_a_signed_out_visitor_costs_no_query(client: Client, written: StringIO) -> None:
    client.get("/nowhere/")
    (line,) = requests_in(written)
    assert (line["status"], line["user"], line["path"]) == (404, None, "/nowhere/")


@pytest.mark.django_db
def test_a_webhooks_secret_is_not_in_it(client: Client, written: StringIO) -> None:
    client.post("/webhooks/slicktext/guessed-secret/", {}, content_type="application/json")
    (line,) = requests_in(written)
    assert line["path"] == "/webhooks/slicktext/[hidden]/"
    assert "guessed-secret" not in written.getvalue()


# A whole click, with everything going wrong.

FAULTS: dict[str, dict[str, Any]] = {
    "well": {"kind": "none"},
    "down": {"kind": "down"},
    "503": {"kind": "error", "status": 503},
    "422": {"kind": "error", "status": 422},
    "proxy": {"kind": "html", "status": 502},
    "dropped": {"kind": "drop_after"},
    "key": {"kind": "unauthorized"},
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_click_leaves_no_trace_of_the_person(
    fault: dict[str, Any], ada: Client, vendors: Vendors, written: StringIO, settings: Any
) -> None:
    settings.STOP_DEADLINE_SECONDS = 1.0
    page = Page(ada.get(f"/contacts/?q={MARTY_NUMBER}"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    for vendor in ("slicktext", "cloudcontactai"):
        vendors.fault(vendor, **fault)
    own = ada.post(address, form, headers={"HX-Request": "true"})["X-Request-ID"]
    for desired in DesiredState.objects.all():
        deliver(desired.pk)
    ada.get(f"/contacts/{MARTY}/")
    assert_clean(written.getvalue())
    assert LedgerEntry.objects.filter(request_id=own, action="stop:requested").exists()
    assert [line["path"] for line in requests_in(written)][1] == address.split("?")[0]
    assert any(
        line["event"] == "vendor_call" and line["request_id"] == own for line in lines(written)
    )


def broken(request: HttpRequest) -> HttpResponse:
    number, ticket = MARTY_NUMBER, f"ticket of {MARTY_NUMBER}"
    held = {"spelled": "615-555-3338"}
    raise RuntimeError(f"cannot text {number} of {held['spelled']} {ticket[:0]}")


broken.login_required = False  # type: ignore[attr-defined]
urlpatterns = [path("broken/", broken, name="broken"), *real_urls]


@pytest.fixture
def breaks(client: Client) -> Callable[..., Any]:
    client.raise_request_exception = False
    return lambda: client.post(
        f"/broken/?number={DIGITS}",
        {"number": MARTY_NUMBER, "words": "Marty said so"},
        headers={"Referer": f"http://testserver/contacts/?q={DIGITS}", "X-Phone": DIGITS},
    )


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_an_error_is_logged_with_its_request(breaks: Callable[..., Any], written: StringIO) -> None:
    own = breaks()["X-Request-ID"]
    (line,) = [each for each in lines(written) if each["logger"] == "django.request"]
    assert "RuntimeError" in line["exception"]
    assert line["request_id"] == own
    assert requests_in(written)[0]["status"] == 500
    assert_clean(written.getvalue())


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_a_debug_page_shows_no_one(breaks: Callable[..., Any], settings: Any) -> None:
    settings.DEBUG = True
    html = breaks().content.decode()
    assert "RuntimeError" in html
    assert "Marty said so" not in html
    assert DIGITS not in re.sub(r"[^0-9]", "", re.sub(r"\d{1,4}(?=[,:\]])", "", html))
    for spelling in (DIGITS, "615-555-3338", "(615)"):
        assert spelling not in html


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_an_error_mail_shows_no_one(
    breaks: Callable[..., Any], settings: Any, mailoutbox: list[Any]
) -> None:
    settings.ADMINS = [("Root", "root@example.com")]
    handler = AdminEmailHandler(include_html=True)
    logging.getLogger("django.request").addHandler(handler)
    try:
        breaks()
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    assert any(mail.alternatives for mail in mailoutbox)
    for text in (
        text
        for mail in mailoutbox
        for text in (mail.body, *(each[0] for each in mail.alternatives))
    ):
        assert "RuntimeError" in text
        for spelling in (DIGITS, "615-555-3338", "Marty said so"):
            assert spelling not in text


@pytest.mark.django_db
def test_a_link_that_opens_an_account_is_no_part_of_a_line(written: StringIO) -> None:
    link = people.invite(staff=None, username="ann", role=group_of("Agents").name)[1]
    address = f"/accounts/link/{link.token}/"
    passwords = dict.fromkeys(("new_password1", "new_password2"), "seven wet umbrellas")
    Client().get(address)
    Client(enforce_csrf_checks=True).post(address, passwords)
    Client().post(address, passwords)
    Client().get(address)
    events = [line["event"] for line in lines(written)]
    assert events.count("request") == 4
    assert link.token not in written.getvalue()
