"""What a heading is about: texts, calls or emails; a stop, a status or a day; and which phone it names."""

import re
from collections.abc import Sequence
from typing import Final

from contacts_ui.services import index
from contacts_ui.services.files.opt_outs import DO_NOT_CALL, DO_NOT_TEXT, STATUS

# About texts or emails, but not an answer to whether texts may be sent.
LEFT_OUT: Final = "left out"
NEVER_TEXTED: Final = 9


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Folded words, as `index.normalize` writes them.
_TEXTS: Final = _set(
    "sms text texts texting txt mms message messages messaging mobile mensajes nachrichten textos whatsapp"
)
# These may also be about a push message, a phone's status, or a delivery.
_PERHAPS_TEXTS: Final = _set("mobile message messages messaging")
# Other ways to reach a person.
_EMAILS: Final = _set(
    "email emails mail mails newsletter newsletters correo courriel fax faxes post print push"
)
_CALLS: Final = _set("call calls calling phone telephone voice dnc anruf appel llamar")
_ASKS: Final = _set(
    "status state subscription subscribed subscriber consent optin opted opt accepts accept permission marketing wants "
    "want ok okay can may allow allowed allows receive receives agree agreed agrees enabled tcpa"
)
# Words that need no word for texts next to them. Those in the second line may be about something else.
_SAYS_STATUS: Final = _set("subscribed consent optin opted opt tcpa")
_MAY_SAY_STATUS: Final = _set("subscription subscriber marketing status in state")
_WHEN: Final = _set("date time timestamp at on when datum fecha datetime ts")
_BESIDE: Final = _set(
    "reason source method keyword by campaign count link url page note notes comment ip"
)
# Next to a word for texts, these make it not an answer.
_NO_ANSWER: Final = _set(
    "reason source keyword campaign count link url page note notes comment ip date time timestamp datum fecha datetime "
    "carrier provider gateway total sent received number numbers name id body content template last first language"
)
_STOP: Final = re.compile(
    r"""opt(?:ed|s)?\ ?outs?\b | un\ ?sub(?:scri|s?\b) | unsuscri | \bdn[tcsd]\b | revoked | remov\w+\ from
    | asked\ .*stop
    | \b(?:cant|cannot|block|disable|exclude|cancel\w*|widerruf)\b.*\b(?:sms|te?xts?)\b | \bsms\ disabled
    | \b(?:do(?:es)?\ ?not|dont|never)\ ?(?:want\ )?
      (?:te?xt|sms|mms|messag|contact|disturb|send|allow|call|phone|market|solicit|e\ ?mail|mail|fax|bulk)
    | \b(?:no|sin|sans|ohne|nao|nicht)\ ?(?:more\ )?
      (?:enviar|mandar|molestar|perturbar
      |sms|te?xts?|texting|messages|mensajes|contactar|contact|marketing|phone\ calls|calls|kontaktieren)\b
    | (?<!bus\ )\bstop(?:ped)?\b(?!\ (?:number|name|id|address|code)) | blocked | block\ ?list | black\ ?list | suppress
    | \bbaja\b | desuscri | \bkeine?\b | ne\ pas | desabonn | desinscri | abgemeldet | abbestellt
    | abmeldung | descadastr | disiscri""",
    re.VERBOSE,
)
_PREFERS: Final = re.compile(
    r"\bcontactable\b|\b(?:communication|contact) (?:preference|permission|allowed)"
)
_OWN_PHONE: Final = _set(
    "home work office business company main other primary default address billing shipping mailing mobile cell "
    "cellular phone phones telephone tel number value contact customer daytime evening day personal "
    "landline i 1 2 3 4 the"
)
# Ranks: of two numbers, the mobile one comes first; NEVER_TEXTED get no texts.
_PHONES: Final = (
    (NEVER_TEXTED, re.compile(r"fax|pager|telex|\btty|isdn|assistant|emergency|spouse|manager")),
    (
        0,
        re.compile(
            r"mobile|mobil\b|cell|\bsms\b|\btext\b|i ?phone|handy|movil|celular|portable|whatsapp"
        ),
    ),
    (
        2,
        re.compile(
            r"\bhome|\bhouse|\bwork|\boffice|\bland ?line|\bfixed|business|\bcompany|\b(?:address|billing|shipping)\b|"
            r"\bcasa\b|trabajo|trabalho|oficina|domicile|bureau|travail|privat|geschaft|arbeit|festnetz|fisso|lavoro"
        ),
    ),
)

_PHONE: Final = re.compile(r"phone|mobile|cell|\btel|number")
# Ten digits under these are not a phone number.
_OTHER_NUMBER: Final = re.compile(
    r"\b(?:order|account|invoice|tracking|unix|serial|license|reference|ticket|case|id|ssn|npi|sku|upc|isbn)\b"
)


def words_of(heading: str) -> list[str]:
    """Return the folded words of a heading, without the prefix and suffix of a package: pkg__SMSOptOut__c."""
    bare = re.sub(r"__p?c$", "", heading.strip(), flags=re.IGNORECASE)
    bare = re.sub(r"^[a-z]\w*?__(?=\w)", "", bare, flags=re.IGNORECASE)
    apart = re.sub(
        r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", bare.replace("#", " number ")
    )
    return re.findall(r"[^\W\d]+|\d+", index.normalize(apart).replace(".", " "))


def about_texts(heading: str) -> str:
    """Return STATUS, DO_NOT_TEXT or DO_NOT_CALL; LEFT_OUT for a heading that only mentions it; else ""."""
    words = words_of(heading)
    text, speaks_of = " ".join(words), {*words}
    stop, asks = _STOP.search(text), speaks_of & _ASKS
    if is_about_emails(heading):
        return LEFT_OUT if stop or asks else ""
    if stop:
        if speaks_of & _BESIDE:
            return LEFT_OUT
        if ("in" in speaks_of and asks) or "optin" in speaks_of:
            return STATUS
        is_call = speaks_of & _CALLS and not speaks_of & (_TEXTS - {"mobile"})
        return DO_NOT_CALL if is_call else DO_NOT_TEXT
    if not asks or not (speaks_of & _TEXTS or speaks_of <= _SAYS_STATUS | _MAY_SAY_STATUS | _WHEN):
        return ""
    # "State" alone is a place.
    if speaks_of == {"state"}:
        return ""
    return LEFT_OUT if speaks_of & (_WHEN | _BESIDE) else STATUS


def is_about_stops(heading: str) -> bool:
    """Return True for a heading that names a stop of texts or calls, or something about it, such as its reason."""
    return bool(_STOP.search(" ".join(words_of(heading)))) and not is_about_emails(heading)


def is_about_emails(heading: str) -> bool:
    """Return True for a heading about emails and not about texts."""
    speaks_of = {*words_of(heading)}
    is_email = speaks_of & _EMAILS or "email" in "".join(words_of(heading))
    return bool(is_email) and not speaks_of & (_TEXTS - _PERHAPS_TEXTS)


def names_texts(heading: str) -> bool:
    """Return True for a heading that says texts and nothing else: "SMS", "Text messages?", "Text (Y/N)"."""
    words = {*words_of(heading)} - {"y", "n", "yes", "no"}
    return bool(words) and words <= _TEXTS


def speaks_of_texts(heading: str) -> bool:
    """Return True for a heading with a word for texts, or for how to reach a person; not for a consent date."""
    words = words_of(heading)
    speaks_of = {*words}
    if _PREFERS.search(" ".join(words)):
        return True
    is_answer = speaks_of & (_TEXTS - _PERHAPS_TEXTS) and not speaks_of & _NO_ANSWER
    return bool(is_answer) and about_texts(heading) != LEFT_OUT


def says_whose_status(heading: str) -> bool:
    """Return True unless it may be the status of anything, as of an order."""
    return bool({*words_of(heading)} & ((_TEXTS - _PERHAPS_TEXTS) | _SAYS_STATUS))


def is_own_phone(heading: str) -> bool:
    """Return True for a heading that names a person's own phone, and not a spouse's or manager's."""
    return {*words_of(heading)} <= _OWN_PHONE


def phone_rank(heading_or_label: str) -> int:
    """Return the rank of a number by its heading or label: 0 mobile, 1 not said, 2 home or work, 9 never texted."""
    text = " ".join(words_of(heading_or_label))
    if _OTHER_NUMBER.search(text) and not re.search("phone|mobile|cell", text):
        return NEVER_TEXTED
    return next((rank for rank, names in _PHONES if names.search(text)), 1)


def phone_labels(headings: Sequence[str]) -> dict[int, int]:
    """Return the label column of each value column: "Phone 1 - Value" has "Phone 1 - Label" or "Phone 1 - Type"."""
    places = {" ".join(words_of(heading)): at for at, heading in enumerate(headings)}
    labels = {}
    for heading, at in places.items():
        stem = re.sub(r" (?:value|number)$", "", heading)
        if not _PHONE.search(stem):
            continue
        for end in (f"{stem} label", f"{stem} type", f"{heading} label", f"{heading} type"):
            if (label := places.get(end)) is not None:
                labels[at] = label
    return labels
