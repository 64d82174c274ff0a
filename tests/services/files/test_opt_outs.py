"""What a cell says about texts: no known no is ever silence."""

from datetime import UTC, datetime

import pytest

from contacts_ui.services.files.days import Order
from contacts_ui.services.files.opt_outs import (
    DO_NOT_CALL,
    DO_NOT_TEXT,
    STATUS,
    Says,
    any_holds_stop,
    holds_stop,
    of_words,
    read,
)
from contacts_ui.services.imports.values import is_placeholder

MARKS = {
    Says.STOP: """yes|Yes|Y|x|X|1|1.0|1,0|01|TRUE|wahr|vrai|VERDADERO|sí|si|oui|ja|sim|✓|✔|☑|☒|✅|●|•|*|🚫|✗|
        Yes (by phone)|
        yes - 3/4/2024|Y – asked by email|STOP|unsubscribed|opted out|do not text|don't text|no texts please|No SMS|
        2024-02-03|2/3/24|2/3/2024 4:05 PM|Feb 3, 2024|3 février 2024|2024-02-03T11:12:13Z|2024-02-03 11:12 EST|
        1706958733|
        1706958733000|45325|45325.5|x (asked in store)|checked|dnt|remove|blocked|
        [x]|-1|Sí, por teléfono|☑ by phone|Do Not Allow|No enviar|no quiere mensajes|ne pas contacter|
        keine SMS mehr|dado de baja|não enviar|non inviare|Opted out by email|STOP 4 May 2024|blocked by carrier|🔕|
        Does not want texts|no longer wants texts|√|■|doNotText|not interested""",
    Says.NOTHING: """|no|No|N|n|0|0.0|0,00|false|FALSE|falsch|off|nein|non|não|none|never|-|--|N/A|null|☐|□|
        not opted out|
        no stop on record|not subscribed|not known|subscribed|opted in|ok to text|unchecked|
        [ ]|1900-01-01|0000-00-00 00:00:00|0/0/00|Allow|not blocked|nicht abgemeldet|0 - not opted out""",
    Says.UNCLEAR: """maybe|?!|later|No, only email|2|17|ask Ada|see notes|not unsubscribed any more|
        resubscribed after STOP|
        no (asked 2023)|n - moved|yesterday|
        ❌|☐ Yes ☑ No|✓ No|yes, texts ok|T-Mobile|on hold|1.5|2023|Active|declined|?|
        unsubscribed from email|No phone calls|do not call|hasn't opted out|pas désabonné|no texts until May|
        re-subscribed after STOP|#REF!""",
}
STATUSES = {
    Says.STOP: """Unsubscribed|UNSUBSCRIBED|opted out|Opt-out|OPT_OUT|OptOut|Opted Out - keyword|Unsubscribed via SMS|
        Unsubscribed (keyword)|Blocklisted|blacklisted|blocked|suppressed|Suppression list|removed|
        Inactive - opted out|
        stop|STOP received|revoked|do not contact|Do Not Text|DNC|dnt|spam complaint|carrier opt-out|cancelled|quit|
        baja|
        désabonné|abgemeldet|opted-out|Unsubscribed by staff|No texts|un-subscribed|desuscrito|descadastrado""",
    Says.NOTHING: """|not subscribed|Never subscribed|NEVER_SUBSCRIBED|pending|unknown|none|new|Non-subscribed|
        not opted out|
        not opted in|NOT_SUBSCRIBED|N/A|-""",
    Says.CONSENT: """subscribed|SUBSCRIBED|Opted In|opt-in|active|confirmed|Double opt-in|yes|TRUE|1|consented|
        Subscribed via keyword""",
    Says.UNCLEAR: """no|FALSE|0|bounced|landline|transactional only|resubscribed after STOP|not unsubscribed any more|
        unsubscribed, opted in again|???|2024-02-03|was opted out""",
}


def each(table: dict[Says, str]) -> list[tuple[Says, str]]:
    return [(says, text.strip()) for says, texts in table.items() for text in texts.split("|")]


@pytest.mark.parametrize(("says", "text"), each(MARKS))
def test_a_column_that_says_who_wants_no_texts(says: Says, text: str) -> None:
    assert read(DO_NOT_TEXT, text).says is says


@pytest.mark.parametrize(("says", "text"), each(STATUSES))
def test_a_status_of_any_system(says: Says, text: str) -> None:
    assert read(STATUS, text).says is says


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2024-02-03T11:12:13Z", Order.MONTH_FIRST, (2024, 2, 3)),
        ("3/2/2024", Order.DAY_FIRST, (2024, 2, 3)),
        ("Yes - 2/3/2024", Order.MONTH_FIRST, (2024, 2, 3)),
        ("1706958733", Order.MONTH_FIRST, (2024, 2, 3)),
        ("45325", Order.MONTH_FIRST, (2024, 2, 3)),
    ],
)
def test_a_stop_has_the_time_that_the_cell_tells(
    text: str, order: Order, day: tuple[int, int, int]
) -> None:
    says, earliest, latest = read(DO_NOT_TEXT, text, order)
    assert says is Says.STOP
    assert earliest is not None
    assert latest is not None
    assert earliest <= datetime(*day, 23, 59, tzinfo=UTC)
    assert latest >= datetime(*day, tzinfo=UTC)
    assert (latest - earliest).days < 3


def test_words_beside_a_number_are_a_stop_or_a_question() -> None:
    assert of_words("do not text") is Says.STOP
    assert of_words("STOP") is Says.STOP
    assert of_words("text ok?") is Says.UNCLEAR
    assert of_words("no") is Says.UNCLEAR


def test_a_long_note_is_not_searched_for_stops() -> None:
    assert holds_stop("Unsubscribed via SMS")
    assert not holds_stop(
        "Their bus stop is right in front of the house, so please call before you come by."
    )


@pytest.mark.parametrize(
    ("says", "text"),
    [
        (Says.STOP, "do not call"), (Says.STOP, "unsubscribed from calls"), (Says.STOP, "Do Not Allow"),
        (Says.NOTHING, "Allow"), (Says.NOTHING, "no"), (Says.UNCLEAR, "maybe"),
    ],
)  # fmt: skip
def test_a_column_about_calls(says: Says, text: str) -> None:
    assert read(DO_NOT_CALL, text).says is says


@pytest.mark.parametrize("target", [STATUS, DO_NOT_TEXT, DO_NOT_CALL])
@pytest.mark.parametrize(
    "text",
    ["", "-", "N/A", "#N/A", "NULL", "(blank)", "[not provided]", "nan", "--", "Unknown", "…"],
)
def test_a_placeholder_is_an_empty_cell(target: str, text: str) -> None:
    assert is_placeholder(text) or text == "(blank)"
    assert read(target, text).says is Says.NOTHING


@pytest.mark.parametrize(
    "text", ["Opted out; signed up 3/4/2020", "STOP, born 3/4/1980", "yes, see note of 3/4/2024"]
)
def test_a_day_beside_other_words_is_not_when_the_stop_was_said(text: str) -> None:
    assert read(DO_NOT_TEXT, text) == (Says.STOP, None, None)


def test_a_day_beside_known_words_is() -> None:
    for text in ("Opted out on 3/4/2024", "3/4/2024 (STOP)", "Unsubscribed via SMS Mar 4, 2024"):
        found = read(DO_NOT_TEXT, text)
        assert found.says is Says.STOP
        assert found.latest.date().isoformat() in ("2024-03-04", "2024-03-05")


@pytest.mark.parametrize("text", [text for says, text in each(MARKS) if says is Says.NOTHING])
def test_a_known_no_of_one_column_is_pointed_out_in_no_other(text: str) -> None:
    assert not holds_stop(text)


@pytest.mark.parametrize(
    "text",
    ["unsubscribed", "Opted Out", "NO-TEXTS", "DoNotText", "désabonné", "no enviar sms", "keine SMS", "STOP",
     "suppressed", "Bitte nicht kontaktieren", "nao quer mensagens", "SMS opt-out", "stop texting me", "dnt"],
)  # fmt: skip
def test_the_quick_look_finds_what_the_slow_one_finds(text: str) -> None:
    assert holds_stop(text)
    assert any_holds_stop(["Ada", text])
