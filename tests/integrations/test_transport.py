"""What a real socket does to us."""

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from contacts_ui.integrations import errors, slicktext
from contacts_ui.integrations.http import Connection
from tests.people import until

from .loopback import (
    Loopback,
    Reaction,
    answers,
    drips_its_body,
    drips_its_headers,
    drops,
    drops_within_the_body,
    hangs,
    refused_url,
    says,
    then_closes,
)
from .people import BRIEF, KEY, NUMBER, ONCE, THRICE, FakeBudget, marty, page

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GARBLED_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"

QUICK_SILENCES: dict[str, Reaction] = {
    "dropped before the answer": drops,
    "dropped within the body": drops_within_the_body(),
    "dropped within a chunk": says(CHUNKED + b"50\r\n{"),
    "a chunk of nonsense": says(CHUNKED + b"what?\r\n"),
    "hangs": hangs(1.5),
    "two lengths": says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "headers without end": says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000 + b"\r\n"),
}
SILENCES: dict[str, Reaction] = {
    **QUICK_SILENCES,
    "drips its body": drips_its_body(0.05),
    "drips its headers": drips_its_headers(0.05),
}


def test_it_works(vendor: Loopback, real: Connection) -> None:
    vendor.will(answers(marty()))
    assert slicktext.get_contact(real, 7778).name == "Marty McFly"
    (request,) = vendor.requests
    assert (request.method, request.target) == ("GET", "/v1/brands/26136/contacts/7778")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"


def test_the_connection_is_kept_alive(vendor: Loopback, real: Connection) -> None:
    vendor.will(answers(marty()), answers(status=404), answers(body=b"<html>"), answers(marty()))
    slicktext.get_contact(real, 7778, policy=ONCE)
    for expected in (errors.NotFound, errors.Unreadable):
        with pytest.raises(expected):
            slicktext.get_contact(real, 7778, policy=ONCE)
    slicktext.get_contact(real, 7778, policy=ONCE)
    assert [request.connection for request in vendor.requests] == [1, 1, 1, 1]


def test_a_plus_in_a_filter_is_percent_encoded(vendor: Loopback, real: Connection) -> None:
    vendor.will(answers(page(marty())))
    slicktext.find_contact(real, NUMBER)
    assert "mobile_number=%2B16155553338" in vendor.requests[0].target


def test_a_plus_in_a_path_is_percent_encoded(vendor: Loopback, real: Connection) -> None:
    vendor.will(answers(marty()))
    slicktext.edit_contact(real, NUMBER, {"city": "Hill Valley"})
    assert vendor.requests[0].target == "/v1/brands/26136/contacts/%2B16155553338"


def test_no_one_listens(budget: FakeBudget) -> None:
    conn = slicktext.connect(refused_url(), KEY, "1", budget)
    with pytest.raises(errors.Unreachable) as raised:
        slicktext.create_contact(conn, {"mobile_number": NUMBER}, policy=ONCE)
    assert raised.value.outcome_unknown is False
    assert len(budget.taken) == 1


@pytest.mark.parametrize(
    "url",
    ["", "no-scheme", "ftp://a.test", "http://", "http://a..b", "http://x:y", "http://no.invalid"],
)
def test_an_address_that_is_none(url: str, budget: FakeBudget) -> None:
    conn = slicktext.connect(url, KEY, "1", budget)
    with pytest.raises(errors.Unreachable):
        slicktext.get_brand(conn, policy=ONCE)


def test_a_handshake_that_fails_was_never_carried_out(vendor: Loopback, budget: FakeBudget) -> None:
    vendor.will(answers({}))
    conn = slicktext.connect(vendor.url.replace("http:", "https:"), KEY, "1", budget)
    with pytest.raises(errors.Unreachable):
        slicktext.create_contact(conn, {"mobile_number": NUMBER}, policy=BRIEF)


def test_a_certificate_of_an_unknown_issuer_is_refused(tmp_path: Path, budget: FakeBudget) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    encoding, form = Encoding.PEM, PrivateFormat.PKCS8
    pem.write_bytes(
        key.private_bytes(encoding, form, NoEncryption()) + certificate.public_bytes(encoding)
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        port = listener.getsockname()[1]
        pool.submit(lambda: tls.wrap_socket(listener.accept()[0], server_side=True))
        conn = slicktext.connect(f"https://localhost:{port}", KEY, "1", budget)
        with pytest.raises(errors.Unreachable) as raised:
            slicktext.create_contact(conn, {"mobile_number": NUMBER}, policy=ONCE)
    assert raised.value.log["cause"] == "ConnectError"


def test_a_handshake_without_an_answer_ends_in_time(budget: FakeBudget) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        conn = slicktext.connect(f"https://127.0.0.1:{listener.getsockname()[1]}", KEY, "1", budget)
        with pytest.raises(errors.Unreachable):
            slicktext.get_brand(conn, policy=BRIEF)


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
def test_no_whole_answer_to_a_write_is_unknown_and_in_time(
    silence: Reaction, vendor: Loopback, real: Connection
) -> None:
    vendor.will(silence)
    with pytest.raises(errors.NoAnswer) as raised:
        slicktext.edit_contact(real, 7778, {"city": "x"}, policy=BRIEF)
    assert raised.value.outcome_unknown is True
    until(lambda: vendor.requests)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("silence", QUICK_SILENCES.values(), ids=QUICK_SILENCES)
def test_no_whole_answer_to_a_read_is_asked_again(
    silence: Reaction, vendor: Loopback, real: Connection
) -> None:
    vendor.will(silence, answers(marty()))
    assert slicktext.get_contact(real, 7778, policy=THRICE).contact_id == 7778
    assert len(vendor.requests) == 2


def test_a_read_that_got_no_answer_leaves_nothing_unknown(
    vendor: Loopback, real: Connection
) -> None:
    vendor.will(drops)
    with pytest.raises(errors.NoAnswer) as raised:
        slicktext.get_contact(real, 7778, policy=ONCE)
    assert raised.value.outcome_unknown is False


def test_a_stale_connection_is_not_used_for_a_second_post(
    vendor: Loopback, real: Connection
) -> None:
    vendor.will(answers(marty()), drops, answers(page()), answers(page()), answers(page()))
    slicktext.get_contact(real, 7778)
    with pytest.raises(errors.NoAnswer):
        slicktext.create_contact(real, {"mobile_number": NUMBER}, policy=ONCE)
    assert [request.method for request in vendor.requests].count("POST") == 1


def test_a_connection_that_the_vendor_closed_while_idle_is_replaced(
    vendor: Loopback, real: Connection
) -> None:
    vendor.will(then_closes(answers(marty())), answers(marty(contact_id=7779)))
    slicktext.get_contact(real, 7778, policy=ONCE)
    until(lambda: vendor.closed == 1)
    created = slicktext.create_contact(real, {"mobile_number": NUMBER}, policy=ONCE)
    assert created.contact.contact_id == 7779
    assert created.by_lookup is False
    assert [request.connection for request in vendor.requests] == [1, 2]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int, vendor: Loopback, real: Connection) -> None:
    vendor.will(answers({}, status, {"Location": f"{vendor.url}/elsewhere"}))
    with pytest.raises(errors.Unreadable) as raised:
        slicktext.edit_contact(real, 7778, {"city": "x"}, policy=ONCE)
    assert raised.value.outcome_unknown is True
    assert len(vendor.requests) == 1


def test_a_redirect_to_nowhere_is_harmless(vendor: Loopback, real: Connection) -> None:
    vendor.will(answers({}, 302, {"Location": "http://["}))
    with pytest.raises(errors.Unreadable):
        slicktext.get_brand(real, policy=ONCE)


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        (drops_within_the_body(422), errors.Invalid),
        (drops_within_the_body(503), errors.ServerError),
        (drips_its_body(0.05, status=429), errors.RateLimited),
    ],
)
def test_a_refusal_counts_even_if_its_explanation_got_lost(
    reaction: Reaction, expected: type[errors.VendorError], vendor: Loopback, real: Connection
) -> None:
    vendor.will(reaction)
    with pytest.raises(expected):
        slicktext.edit_contact(real, 7778, {"city": "x"}, policy=replace(BRIEF, read_timeout=2))


def test_a_garbled_encoding_is_unreadable(vendor: Loopback, real: Connection) -> None:
    vendor.will(says(GARBLED_GZIP))
    with pytest.raises(errors.Unreadable):
        slicktext.get_brand(real, policy=ONCE)


def test_a_body_beyond_the_cap_is_not_read_to_its_end(
    vendor: Loopback, real: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts_ui.integrations.transport.MAX_BODY_BYTES", 100_000)
    vendor.will(answers(body=b'"' + b"x" * 5_000_000 + b'"'), answers(marty()))
    with pytest.raises(errors.Unreadable) as raised:
        slicktext.get_brand(real, policy=ONCE)
    assert raised.value.log["bytes"] < 300_000
    assert slicktext.get_contact(real, 7778, policy=ONCE).contact_id == 7778


def test_cookies_are_not_kept(vendor: Loopback, real: Connection) -> None:
    vendor.will(answers(marty(), headers={"Set-Cookie": "sid=1; Path=/"}), answers(marty()))
    slicktext.get_contact(real, 7778)
    slicktext.get_contact(real, 7778)
    assert "cookie" not in vendor.requests[1].headers


def test_proxies_and_netrc_of_the_environment_are_ignored(
    vendor: Loopback, real: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", refused_url())
    monkeypatch.setenv("http_proxy", refused_url())
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    vendor.will(answers(marty()))
    assert slicktext.get_contact(real, 7778, policy=ONCE).contact_id == 7778


def test_the_total_deadline_holds_over_all_repeats(vendor: Loopback, real: Connection) -> None:
    vendor.will(*[hangs(0.3)] * 20)
    policy = replace(BRIEF, attempts=20, read_timeout=0.2)
    with pytest.raises(errors.NoAnswer):
        slicktext.get_contact(real, 7778, policy=policy)
    assert 1 <= len(vendor.requests) <= 10, "of twenty"


def test_threads_share_a_connection_without_mixing_up_answers(
    vendor: Loopback, budget: FakeBudget, calls: list[Any]
) -> None:
    def echo(sock: socket.socket) -> bool:
        # The request just read is one of those in flight; its own connection answers it.
        peer = sock.getpeername()
        target = next(r.target for r in reversed(vendor.requests) if r.peer == peer)
        return answers(marty(contact_id=int(target.rpartition("/")[2])))(sock)

    conn = slicktext.connect(vendor.url, KEY, "1", budget, calls.append)
    vendor.will(*[echo] * 80)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: slicktext.get_contact(conn, number), range(1, 81)))
    assert [contact.contact_id for contact in found] == list(range(1, 81))
    assert len(calls) == 80
    assert max(request.connection for request in vendor.requests) <= 8
