"""Failed sign-ins slow down and never lock: attacks by other addresses, spoofed headers, one address that tries all."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from tests.pages import Page
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/accounts/login/"


def sign_in(
    client: Client, password: str = PASSWORD, name: str = "ada", **headers: str
) -> HttpResponse:
    return client.post(URL, {"login": name, "password": password}, headers=headers)


def attack(times: int, address: str = "203.0.113.9", name: str = "ada") -> list[int]:
    client = Client(REMOTE_ADDR=address)
    return [sign_in(client, f"wrong-{number}", name).status_code for number in range(times)]


def test_the_account_slows_down_for_places_that_it_never_signed_in_from(agent: User) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        assert attack(5) == [200] * 5
        response = sign_in(Client(REMOTE_ADDR="198.51.100.7"), "wrong")
    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 2
    assert "Too many failed sign-ins. Wait" in Page(response).text
    assert SecurityEvent.objects.filter(kind=Kind.SIGN_IN_SLOWED, account=agent).exists()


def test_a_try_during_the_wait_does_not_begin_it_again(agent: User) -> None:
    attack(5)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            sign_in(Client(REMOTE_ADDR="198.51.100.7"), "wrong")
            clock.shift(timedelta(seconds=0.1))
        clock.shift(timedelta(seconds=2))
        assert sign_in(Client(REMOTE_ADDR="198.51.100.7")).status_code == 302


def test_the_wait_grows_and_stays_short(agent: User) -> None:
    now = timezone.now()
    SecurityEvent.objects.bulk_create(
        SecurityEvent(
            at=now, kind=Kind.SIGN_IN_FAILED, account=agent, name="ada", address=f"203.0.113.{n}"
        )
        for n in range(20)
    )
    with time_machine.travel(now, tick=False):
        response = sign_in(Client(REMOTE_ADDR="198.51.100.7"))
    assert response.status_code == 429
    assert 25 <= int(response["Retry-After"]) <= 30


@pytest.mark.parametrize("known", ["address", "browser"])
def test_who_signed_in_from_there_before_is_not_slowed_down(known: str, agent: User) -> None:
    home = Client(REMOTE_ADDR="198.51.100.7")
    sign_in(home)
    attack(8)
    if known == "address":
        assert sign_in(Client(REMOTE_ADDR="198.51.100.7")).status_code == 302
    else:
        home.cookies.pop("sessionid")
        home.defaults["REMOTE_ADDR"] = "192.0.2.55"
        assert sign_in(home).status_code == 302


def test_a_success_forgets_no_failure(agent: User) -> None:
    attack(3)
    sign_in(Client())
    assert SecurityEvent.objects.filter(kind=Kind.SIGN_IN_FAILED, account=agent).count() == 3


def test_one_address_that_tries_many_names_waits(
    agent: User, settings: Any, client: Client
) -> None:
    for number in range(settings.LOGIN_ATTEMPTS_PER_ADDRESS):
        assert attack(1, name=f"name-{number}") == [200]
    response = sign_in(Client(REMOTE_ADDR="203.0.113.9"))
    assert response.status_code == 429
    assert "Try again in 15 minutes" in Page(response).text
    assert sign_in(Client(REMOTE_ADDR="198.51.100.7")).status_code == 302


def test_one_ipv6_customer_is_one_address(agent: User, settings: Any) -> None:
    for number in range(settings.LOGIN_ATTEMPTS_PER_ADDRESS):
        attack(1, f"2001:db8:1:2::{number + 1:x}", f"name-{number}")
    assert sign_in(Client(REMOTE_ADDR="2001:db8:1:2:ffff::9")).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="2001:db8:1:3::9")).status_code == 302


def test_a_spoofed_header_changes_nothing(agent: User, settings: Any) -> None:
    """Behind the proxy at 10.0.0.2 the last address that it wrote is the real one, whatever stands before."""
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24")]
    proxied = Client(REMOTE_ADDR="10.0.0.2")
    sign_in(proxied, **{"X-Forwarded-For": "198.51.100.7"})
    for number in range(settings.LOGIN_ATTEMPTS_PER_ADDRESS):
        chain = f"198.51.100.7, 1.2.3.{number}, 203.0.113.9"
        browser = Client(REMOTE_ADDR="10.0.0.2")
        sign_in(browser, "wrong", f"n{number}", **{"X-Forwarded-For": chain})
    failures = SecurityEvent.objects.filter(kind=Kind.SIGN_IN_FAILED)
    assert set(failures.values_list("address", flat=True)) == {"203.0.113.9"}
    client = Client(REMOTE_ADDR="10.0.0.2")
    assert sign_in(client, **{"X-Forwarded-For": "8.8.8.8, 203.0.113.9"}).status_code == 429
    assert sign_in(client, **{"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}).status_code == 302


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "real"),
    [
        ("203.0.113.9", "", (), "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", (), "203.0.113.9"),
        ("10.0.0.2", "1.2.3.4", ("10.0.0.0/8",), "1.2.3.4"),
        ("10.0.0.2", "9.9.9.9, 1.2.3.4, 10.0.0.3", ("10.0.0.0/8",), "1.2.3.4"),
        ("10.0.0.2", "9.9.9.9, nonsense", ("10.0.0.0/8",), "10.0.0.2"),
        ("10.0.0.2", "", ("10.0.0.0/8",), "10.0.0.2"),
        ("", "1.2.3.4", (), "1.2.3.4"),
        ("", "1.2.3.4, 10.0.0.3", ("10.0.0.0/8",), "1.2.3.4"),
        ("", "", (), ""),
        ("10.0.0.2", "1.2.3.4:555", ("10.0.0.0/8",), "1.2.3.4"),
        ("10.0.0.2", "[2001:db8::1]:555", ("10.0.0.0/8",), "2001:db8::1"),
        ("10.0.0.2", "fe80::1%" + "x" * 99, ("10.0.0.0/8",), "fe80::1"),
        ("::ffff:10.0.0.2", "2001:db8::1", ("10.0.0.0/8",), "2001:db8::1"),
    ],
)
def test_the_real_address(
    peer: str, forwarded: str, trusted: tuple[str, ...], real: str, settings: Any, rf: Any
) -> None:
    from contacts_ui.client_address import address_of

    settings.TRUSTED_PROXIES = [ip_network(each) for each in trusted]
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert address_of(rf.get("/", REMOTE_ADDR=peer, headers=headers)) == real


def test_passwords_in_confirmations_count_too(agent: User) -> None:
    client = Client()
    client.force_login(agent)
    answers = [
        client.post("/accounts/reauthenticate/", {"password": f"wrong-{n}"}).status_code
        for n in range(12)
    ]
    assert 429 in answers
