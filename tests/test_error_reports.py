"""Sentry, if you want it: off without a DSN, and no personal data in what it is sent."""

from typing import Any

import pytest

from dashboard.error_reports import scrubbed, start_sentry

NUMBER = "+16155553338"


def test_without_a_dsn_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    import sentry_sdk

    def fail(**options: Any) -> None:
        raise AssertionError("it was started")

    monkeypatch.setattr(sentry_sdk, "init", fail)
    start_sentry("")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What reaches the transport of a real, started Sentry client."""
    import sentry_sdk

    envelopes: list[Any] = []

    class Wire(sentry_sdk.transport.Transport):
        def capture_envelope(self, envelope: Any) -> None:
            envelopes.append(envelope)

    real = sentry_sdk.init

    def init(**options: Any) -> Any:
        return real(
            **options, transport=Wire, default_integrations=False, auto_enabling_integrations=False
        )

    monkeypatch.setattr(sentry_sdk, "init", init)
    yield envelopes
    sentry_sdk.get_global_scope().set_client(None)


def test_what_is_sent_holds_no_one(sent: list[Any]) -> None:
    import sentry_sdk

    start_sentry("https://public@sentry.example/1", secrets=["a-key-of-ours"])
    sentry_sdk.set_user({"id": 1, "email": "ada@example.com"})
    sentry_sdk.add_breadcrumb(message=f"asked for {NUMBER}", data={"url": f"/x?q={NUMBER}"})
    number = NUMBER
    try:
        raise RuntimeError(f"cannot text {number} with a-key-of-ours")
    except RuntimeError as error:
        sentry_sdk.capture_exception(error)
    (envelope,) = sent
    text = envelope.serialize().decode()
    assert "RuntimeError" in text
    for hidden in ("6155553338", "ada@example.com", "a-key-of-ours"):
        assert hidden not in text


def test_of_a_request_only_the_method_and_the_address_are_kept() -> None:
    request = {
        "method": "POST",
        "url": "https://d.example/contacts/?q=Marty",
        "query_string": "q=Marty",
        "cookies": {"sessionid": "s"},
        "headers": {"Referer": "https://d.example/?q=Marty"},
        "data": {"words": "Marty"},
    }
    event = scrubbed({"request": request, "user": {"id": 1}})
    assert event == {"request": {"method": "POST", "url": "https://d.example/contacts/"}}
