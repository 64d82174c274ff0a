"""What a cell says about texts. Anything that is not clearly a no is a stop or a question, never ignored.

To add a word, put it into a table below: lower case, no accents, signs as spaces. Then write a test.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from contacts_ui.services import index
from contacts_ui.services.files.cells import is_placeholder
from contacts_ui.services.files.days import Order, is_no_day, moment_of

STATUS: Final = "opt_in_status"
DO_NOT_TEXT: Final = "do_not_text"
DO_NOT_CALL: Final = "do_not_call"
ABOUT_TEXTS: Final = frozenset([STATUS, DO_NOT_TEXT, DO_NOT_CALL])


class Says(StrEnum):
    """What a cell says: no stop, a stop, consent (which a file cannot give), or what must be asked."""

    NOTHING = "nothing"
    STOP = "stop"
    CONSENT = "consent"
    UNCLEAR = "unclear"


class Meaning(NamedTuple):
    """What a cell says, and between which moments a stop was said where the cell tells."""

    says: Says
    earliest: datetime | None = None
    latest: datetime | None = None


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _lines(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in re.split(r"[|\n]", text) if part.strip())


def _any_of(table: str) -> str:
    """Return the lines of a table as one group of an expression."""
    return f"(?:{'|'.join(line.strip() for line in table.strip().splitlines())})"


# Signs as words. An x is a mark in a box, and says nothing in a column of statuses.
_SIGNS: Final = str.maketrans(
    dict.fromkeys("✓✔☑☒✅√🗸🗹", " yes ")
    | dict.fromkeys("✗✘✕✖×", " x ")
    | dict.fromkeys("🚫⛔🛑📵🔕", " stop ")
    | dict.fromkeys("☐□▢", " no ")
)
# Alone they are marks; next to words they are bullets.
_BULLETS: Final = frozenset("*●•■▪◆⬤⚫")
_BLANKS: Final = frozenset(" -–—―−_./\\…()[]{}<>'\"")
_YES: Final = _each(
    "yes y yep yeah true t x on si oui ja wahr vrai verdadero verdadeiro vero sim da да tak checked ticked 1 01"
)
# More words may follow these: "Yes (by phone)". "T Mobile" and "on hold" do not mean yes.
_BEGINS_YES: Final = _YES - _each("t on da 1 01")
_NO: Final = _each(
    "no n nope false f off non nein falsch faux falso nao never nunca jamais nie mai nee нет unchecked"
)
_ONE: Final = re.compile(r"[+-]?0*1(?:[.,]0+)?", re.ASCII)
_ZERO: Final = re.compile(r"[0\s.,:/\-]*0[0\s.,:/\-]*", re.ASCII)
# Not a stop, in any column.
_NO_STOP: Final = _lines(
    """no stop on record|no stop|no stops|no opt out|no opt outs|not opted out|never opted out|not unsubscribed|
    never unsubscribed|not blocked|not blocklisted|not blacklisted|not stopped|not suppressed|not subscribed|
    never subscribed|non subscribed|nonsubscribed|non subscriber|not a subscriber|not opted in|never opted in|
    no status|no preference|not asked|never asked|no suscrito|non abonne|nicht abonniert|nicht abgemeldet"""
)
_NO_STATUS: Final = _NO_STOP | _lines(
    """pending|pending confirmation|awaiting confirmation|unconfirmed|not confirmed|not seen|new|no consent|
    not consented|never consented|imported"""
)
_NO_MARK: Final = _NO_STOP | _lines(
    """subscribed|opted in|opt in|optin|ok to text|okay to text|text ok|texts ok|can text|may text|allow|
    allowed|texts allowed|wants texts|false no"""
)
_DO_NOT: Final = (
    r"(?:do(?:es)? ?not|dont|doesnt|should not|must not|please not) ?(?:ever |again |be )*"
)
_VERB: Final = r"(?:te?xt|txt|sms|mms|messag|msg|contact|send|disturb|market|solicit)\w*"
_TEXTS: Final = r"(?:te?xts?|txts?|sms|mms|texting|text messag\w*|messages|msgs)"
# Ways to stop texts that mean nothing else, even in a note.
_PLAIN_STOP: Final = _any_of(rf"""
    un ?sub(?!mit|st|j)\w*|un ?suscri\w*
    opt(?:ed|s|ing|er)? ?outs?
    {_DO_NOT}(?:{_VERB}|(?:want|wish|like) (?:\w+ ){{0,3}}{_TEXTS}\b)
    never (?:again )?(?:te?xt|sms|contact|message|send)\b|not to (?:be )?{_VERB}
    no (?:more )?(?:{_TEXTS}|contact|marketing)\b(?! (?:sent|yet|received|history|on|info|number|data))
    stop ?(?:all|(?:\w+ )?{_TEXTS})|no longer (?:subscri\w*|consent\w*|opted in)
    no longer (?:want|wish|accept)\w* (?:\w+ ){{0,3}}{_TEXTS}
    block ?list\w*|black ?list\w*|suppress(?:ed|ion)|dnt
    removed? (?:me |from )(?:the |our |all |your )*(?:list|te?xt|sms)\w*
    dad[oa] de baja|desuscri\w*|desapunt\w*|no (?:enviar|mandar|contactar|molestar|quiere|desea)\w*
    no (?:mas )?mensajes?
    desabonn\w*|desinscri\w*|ne (?:pas|plus) (?:envoyer|contacter|texter|deranger)
    (?:pas|plus) de (?:sms|textos?|messages?)
    abgemeldet|abbestellt|kein\w* (?:sms|nachricht\w*|textnachricht\w*|werbung)
    nicht (?:mehr )?(?:kontaktieren|anschreiben|texten|senden)
    descadastr\w*|nao (?:enviar|contatar|contactar|perturbe|quer)\w*|cancelou a inscricao
    disiscri\w*|cancellat[oa] dalla lista|non (?:inviare|contattare|disturbare|vuole)\w*|niente (?:sms|messaggi)
""")
# And those that stop texts in a column about texts.
_ANY_STOP: Final = _any_of(rf"""
    {_PLAIN_STOP}
    stop\w*|block(?:ed|s)?|remov(?:e|ed|al)|revok\w*|revoc\w*|complain\w*|spam\w*|cancel\w*|quit|withdr[ae]w\w*|ended
    n?dnc|dnd|dns|{_DO_NOT}(?:want|wish|like|allow|call|phone|dial|e ?mail|mail|fax)\w*|do not|not interested|no more
    no longer (?:want|wish|accept|receiv|interest)\w*|ne (?:pas|plus) \w+
    baja|bloque\w*|alto|arret\w*|gesperrt|gekundigt|widerruf\w*|storniert|annullat\w*|bloccat\w*|abmeld\w*
""")
_STOP: Final = re.compile(rf"\b{_ANY_STOP}\b")
# Stops only if they stand alone.
_STOPS_ALONE: Final = _each("end out fin pare parar salir sair dont donot")
# "Not opted out", "re-subscribed after STOP", "no texts until May": words next to a stop may reverse it.
_DOUBT: Final = re.compile(
    r"\b(?:not|never|no|non|n|isnt|wasnt|hasnt|hadnt|havent|didnt|nicht|nie|pas|jamais|nunca|nao|mai|false|falsch|faux|"
    r"falso|un ?(?:block|stop|suppress)\w*|opt(?:ed)? (?:back )?in|optin|re|resubscri\w*|subscri\w*|start\w*|rejoin\w*|"
    r"back|except|until|was|were|previous\w*|former\w*|ok|okay|active|only|but|if|maybe|perhaps|unsure|wants|"
    r"lifted|undone|mistake)\b|^0$"
)
_HOW: Final = re.compile(
    r"\b(?:by|via|per|through|over|in|on|por|par|durch) (?:an? |the )?"
    r"(?:e ?mails?|phone(?: calls?)?|calls?|telefono|telephone|telefon|voice ?mail|mail|letter|fax|sms|text)\b"
)
_OTHER_WAYS: Final = re.compile(
    r"\b(?:e ?mails?|emailing|newsletters?|mail\w*|letters?|calls?|calling|phon\w+|dial\w*|voice|fax\w*|postal|push|"
    r"courriels?|correos?)\b"
)
_OF_TEXTS: Final = re.compile(
    r"\b(?:te?xt\w*|sms|mms|messag\w*|msgs?|mensaj\w*|nachricht\w*|all|everything)\b"
)
_CONSENT: Final = re.compile(
    r"(?:(?:double|single|confirmed|explicit|implied|express) )?(?:subscribe[drs]?|opted in|opt in|optin|active|"
    r"confirmed|consented|consent given|granted|explicit|implied|allowed|accepted|ok|okay|yes|y|in|"
    r"suscrito|abonne|angemeldet)\b"
)
# Statuses of orders and memberships as well as of texts.
_ANY_STATUS: Final = _each(
    "active inactive new pending cancelled canceled removed confirmed ended accepted blocked imported unknown none "
    "ok"
)
# Days as a spreadsheet counts them, from 1995 to 2064.
_SERIAL: Final = re.compile(r"(3[5-9]|[45]\d)\d{3}(?:[.,]\d+)?", re.ASCII)
_FIRST_SERIAL: Final = datetime(1899, 12, 30, tzinfo=UTC)
_WORD: Final = re.compile(r"[^\W\d_]+")
_ANSWER_MAX_CHARACTERS: Final = 30

# Every value that `holds_stop` contains one of these. Searching for them is fast.
_STEMS: Final = _lines(
    """sub|susc|opt|text|txt|sms|mms|msg|messag|mensaj|contact|contat|send|disturb|perturb|market|solicit|stop|longer|
    block|black|suppress|dnt|dnc|dnd|remove|baja|sapunt|enviar|mandar|molest|quer|quier|desea|abonn|inscri|iscri|ne pas|
    ne plus|pas de|plus de|kein|kontaktieren|anschreiben|abgemeldet|abbestellt|cadastr|inviare|vuole|niente|lista"""
)


def read(target: str, text: str, order: Order = Order.MONTH_FIRST) -> Meaning:
    """Return what a cell of a column about texts (or calls) says; days are read in the order of the column."""
    text = text.strip()
    words = _words(text)
    if not words:
        signs = set(text) - _BLANKS
        if signs and signs <= _BULLETS | {"\ufe0f"} and target != STATUS:
            return Meaning(Says.STOP)
        # A question mark may have been a ✓ before a program without that letter saved the file.
        return Meaning(Says.UNCLEAR if signs else Says.NOTHING)
    if is_placeholder(text, may_be_name=False):
        return Meaning(Says.NOTHING)
    if target == STATUS:
        says = _of_status(text, words)
    elif words in _NO or words in _NO_MARK or _ZERO.fullmatch(text):
        return Meaning(Says.NOTHING)
    elif words in _YES or _ONE.fullmatch(text):
        return Meaning(Says.STOP)
    elif when := moment_of(text, order) or _of_serial(text):
        return Meaning(Says.STOP, *when)
    elif is_no_day(text):
        return Meaning(Says.NOTHING)
    else:
        says = _of_mark(target, words)
    return Meaning(says, *(_beside(text, order) if says is Says.STOP else ()))


def of_words(words: str) -> Says:
    """Return what words about texts next to a number mean: a stop, or a question."""
    return _of_stop(DO_NOT_TEXT, _words(words)) or Says.UNCLEAR


def is_plain_answer(text: str) -> bool:
    """Return True for a yes or a no and nothing else, such as "ja", "x" or "N"; a digit may count anything."""
    words = _words(text)
    return not any(map(str.isdigit, words)) and (words in _YES or words in _NO)


def are_answers(texts: Collection[str]) -> bool:
    """Return True if values below a heading about texts may be answers: a few words, or only 0 and 1."""
    zeros_and_ones = {text for text in texts if _ONE.fullmatch(text) or _ZERO.fullmatch(text)}
    if zeros_and_ones == {*texts}:
        return bool(zeros_and_ones)
    # In an unknown language the heading may say "no SMS", and then a yes is a stop.
    return any(
        is_plain_answer(text) or read(STATUS, text).says in (Says.STOP, Says.UNCLEAR)
        for text in texts
        if len(text) <= _ANSWER_MAX_CHARACTERS and not re.search(r"\d", text)
    )


def holds_stop(text: str) -> bool:
    """Return True if a text has words that stop texts, in any column. A link or our own footer has none."""
    if "://" in text:
        return False
    words = _FOOTER.sub(" ", _words(text))
    bare = re.sub(r"\d+", "", words).strip()
    # "615-555-0123 STOP" and "STOP 3/4/24", and not the second stop of a bus.
    if bare in _STOPS_SEEN and (
        bare == words or sum(map(str.isdigit, words)) > _LIST_NUMBER_MAX_DIGITS
    ):
        return True
    return bool(_PLAIN.search(words)) and words not in _NO_STOP and not _is_of_other_ways(words)


def any_holds_stop(texts: Collection[str]) -> bool:
    """Return True if any text `holds_stop`; fast enough for entire columns."""
    together = "\n".join(texts).casefold()
    stems = [stem for stem in _STEMS if stem in together]
    return bool(stems) and any(
        any(stem in lower for stem in stems) and holds_stop(text)
        for text, lower in zip(texts, map(str.casefold, texts), strict=True)
    )


def are_statuses(values: Mapping[str, int]) -> bool:
    """Return True if most rows (`values` counts them) have a status of texts, and not all one that orders have too."""
    known = {
        text: rows
        for text, rows in values.items()
        if (words := _words(text)) in _NO
        or read(STATUS, text).says is not Says.UNCLEAR
        or _STOP.search(words)
    }
    return sum(known.values()) >= 0.6 * sum(values.values()) and not all(
        _words(text) in _ANY_STATUS for text in known
    )


_FOOTER: Final = re.compile(
    r"\b(?:reply|text|txt|send|responda|envie) (?:\w+ ){1,4}?(?:to|para|2) "
    r"(?:opt ?out|unsubscribe|stop|end|cancel|quit|cancelar)\b"
)
_PLAIN: Final = re.compile(
    rf"(?<!\bnot )(?<!\bnever )(?<!\bnon )(?<!\bno )(?<!\bhasnt )(?<!\bdidnt )(?<!\bisnt )\b{_PLAIN_STOP}\b"
)
_LIST_NUMBER_MAX_DIGITS: Final = 3
_STOPS_SEEN: Final = _each("stop stopped stopall dnt dnc dnd blocked baja")


@lru_cache(maxsize=10_000)
def _words(text: str) -> str:
    """Return the folded words of a text with one space between them; "optedOut" is two."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.translate(_SIGNS))
    return " ".join(re.findall(r"[^\W_]+", index.normalize(apart)))


def _of_status(text: str, words: str) -> Says:
    if words in _NO_STATUS:
        return Says.NOTHING
    # A bare no to texts is a person's no, or means that they were never asked: only the company knows.
    if words in _NO or words == "x" or _ZERO.fullmatch(text):
        return Says.UNCLEAR
    if words in _YES or _ONE.fullmatch(text):
        return Says.CONSENT
    if says := _of_stop(STATUS, words):
        return says
    if (found := _CONSENT.match(words)) and not _may_reverse(STATUS, words[found.end() :]):
        return Says.CONSENT
    return Says.UNCLEAR


def _of_mark(target: str, words: str) -> Says:
    first, _, rest = words.partition(" ")
    if first in _BEGINS_YES:
        return Says.UNCLEAR if _may_reverse(target, _STOP.sub(" ", rest)) else Says.STOP
    # "0 - not opted out"
    if (first in _NO or first == "0") and (rest in _NO or rest in _NO_MARK):
        return Says.NOTHING
    return _of_stop(target, words) or Says.UNCLEAR


def _of_stop(target: str, words: str) -> Says | None:
    """Return STOP, UNCLEAR if other words may reverse it, or None without a word that stops."""
    rest, many = _STOP.subn(" ", words)
    if not many:
        return Says.STOP if words in _STOPS_ALONE else None
    in_doubt = _DOUBT.search(rest.strip()) or (target != DO_NOT_CALL and _is_of_other_ways(words))
    return Says.UNCLEAR if in_doubt else Says.STOP


def _may_reverse(target: str, rest: str) -> bool:
    """Return True if words next to a yes may reverse it, or limit it to something other than texts."""
    in_doubt = _DOUBT.search(rest.strip()) is not None
    return in_doubt or (target != DO_NOT_CALL and _is_of_other_ways(rest))


def _is_of_other_ways(words: str) -> bool:
    """Return True if words are about emails or calls, and not about texts: "unsubscribed from emails"."""
    about = _HOW.sub(" ", words)
    return bool(_OTHER_WAYS.search(about)) and not _OF_TEXTS.search(about)


def _beside(text: str, order: Order) -> tuple[datetime, datetime] | tuple[()]:
    """Return when a stop was said, if its day is next to known words: "Yes - 3/4/2024", "Opted out Mar 4, 2024".

    Beside any other word it may be the day of something else.
    """
    if not any(map(str.isdigit, text)):
        return ()

    def unless_aside(found: re.Match[str]) -> str:
        word = index.normalize(found[0])
        return "" if word in _ASIDE or _STOP.fullmatch(word) else found[0]

    bare = _WORD.sub(unless_aside, text.translate(_SIGNS))
    return moment_of(bare.strip(" ,;:=-–—()[]"), order) or ()


_ASIDE: Final = _BEGINS_YES | _each(
    "opted opt out received requested request asked said reply replied keyword by "
    "phone via sms text on since as of"
)


def _of_serial(text: str) -> tuple[datetime, datetime] | None:
    """Return the day that a spreadsheet wrote as a number; its zone is not known, so a day more on both sides."""
    if not _SERIAL.fullmatch(text):
        return None
    day = _FIRST_SERIAL + timedelta(days=int(float(text.replace(",", "."))))
    now = datetime.now(UTC)
    earliest, latest = day - timedelta(hours=14), day + timedelta(hours=36)
    return (earliest, min(latest, now)) if earliest <= now else None
