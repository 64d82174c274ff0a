"""What an incoming message means for texts: invented messages of each kind, and messages made to be slow."""

import csv
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts_ui.services.consent.phrases import PHRASE_MAX_LETTERS, Meaning, judge, meaning_of

LONGEST = 64 * 1024

# Messages with ` | ` between them.
ALWAYS_STOPS = """
stop | STOP!! | Stop please | please stop | pls stop thanks | ok stop | 'STOP' | “Stop” | *STOP*
STOP STOP STOP | Hi, please stop. Have a great day | Good morning, unsubscribe please. God bless | stop gracias
por favor STOP | STOPALL | stop all | Quit | END | revoke | opt out | OPT-OUT | optout | Cancel
Unsubscribe, thank you very much | S.T.O.P. | ＳＴＯＰ | stóp | Stop 🛑 | 🙏 stop 🙏
"""

MAY_BE_STOPS = {
    "stop texting": """
stop texting me | quit texting | stop it | end this | make it stop | I'm sick of these texts
you guys don't stop texting | cancel my subscription to these messages | I can't stop these texts
dejen de textearme | ya paren de mandar mensajes""",
    "too many": """
no more texts | Please no more | no + mensajes | 4 texts in one day?? | text me less
why do you keep texting me | why am I still getting these | enough already""",
    "do not contact": """
Don't contact me | DO NOT text me again | dont txt this number | put me on your do not call list
I'd rather you not text | no me manden más mensajes | x favor ya no me manden msjs | no molestar""",
    "do not want": """
I dont want ur msgs | I do not wish to receive messages | I'm not interested | I don't want this
ya no quiero recibir | no gracias no me interesa | Dont want any more of these""",
    "did not agree": """
I did not sign up for this | I never gave you permission | I revoke my consent | no autorizo
who signed me up for this""",
    "leave me alone": "Leave me alone | go away | f*** off | déjenme en paz | get a life",
    "remove me": """
take me off your list | remove my number | lose my number | I want to be removed | quítenme de la lista
bórrenme de la lista | I'll block you""",
    "unsubscribe": """
unsubscribe me | opt me out | unsubcribe | unsuscribe | I can't unsubscribe | quiero darme de baja
cancelar suscripción""",
    "wrong person": """
wrong number | I don't know you | This isn't Maria's phone | This isn't Maria | I'm no longer a patient there
número equivocado | no soy Juan | She doesn't work here""",
    "gone": "She passed away in May | Robert died | We moved to Ohio",
    "who is this": "who is this? | how did you get my number | quien es | de donde sacaron mi numero",
    "complaint": """
this is harassment | this is spam | I'll report you | my lawyer will hear about this text | is this a bot
los voy a demandar""",
    "another way": "email is better for me | this is a landline | I'm 11 and I have no car | use my other number",
    "a word alone": """
baja | alto | para | parar | basta | stpo | sotp | stopp | STOOOOP | st op | arrêt | 🛑 | Stop now | NO STOP""",
    "a stop word among others": """
STOP - Maria | How can I stop | The STOP command doesn't work | How do I stop?
How many times have I asked you to stop? | I told you to quit | You didn't stop after I asked | It never stops
STOP before I call the police | please stop at once | Stop today | I want this to end
if you don't stop I will report you | I replied STOP three times""",
    "our footer": "Reply STOP to opt out",
}

STARTS = """
start | START! | unstop | yes start | Start please | subscribe | opt in | opt back in | resume | start again
alta | empezar | iniciar | suscribir
"""

OTHERS = {
    "nothing of stops": """
yes | si | ok | Thanks! | 👍 | shop | Have a nice weekend | I'm not sure | I have no more questions
my phone died | wrong size, can I exchange it? | Who is my doctor on Monday? | Can you text me the address?
123 Main St, Springfield | Is this the right number for the clinic? | I don't know
I never received the text with the code | You never called me back | ¿A qué hora es mi cita? | es para mañana
para 4 personas | fin de semana | el colesterol alto | planta baja | no me ha llegado el mensaje
no soy alérgica a nada | quien me atiende""",
    "another thing stops": """
Stop by tomorrow | I'll stop by around 3 | can we stop in today? | I can't stop laughing | non-stop
the bus stop on Main | The pain won't stop | dr said to stop the aspirin, do I need a refill
quiero dejar de fumar | no para de llover""",
    "another thing ends": """
the end | the end of the month | What time does it end? | I want to quit smoking | the heater quit working
cancel my appointment | I need to cancel my appointment for Tuesday | cancel the pizza and make it two salads
opt out of paperless billing | please remove the late fee | cancelar mi cita | ya no puedo ir""",
    "wants texts": """
don't stop | Please don't stop texting me | I accidentally unsubscribed, add me back
Please don't remove me from your list | Don't call me, text me instead | Don't forget to text me
puse STOP por error | Your message went to my spam folder | no me llamen, mejor mándenme mensajes""",
    "quotes us": """
Liked “Your appointment is tomorrow. Reply STOP to opt out”
Acme Dental: see you Tue 3pm. Reply STOP to unsubscribe. <- can I move it?
Your text says Txt STOP to end, what is this about the coupon?""",
}


def messages(block: str) -> list[str]:
    return [text.strip() for line in block.strip().splitlines() for text in line.split(" | ")]


def cases(groups: dict[str, str]) -> list[str]:
    return [text for block in groups.values() for text in messages(block)]


@pytest.mark.parametrize("text", messages(ALWAYS_STOPS))
def test_a_message_that_consists_of_a_stop_word_always_stops(text: str) -> None:
    assert meaning_of(text) is Meaning.ALWAYS_STOPS


@pytest.mark.parametrize("text", ["s\u200bt\u200do\u2060p", "\ufeffSTOP\n\nThanks\n", "s\u00adtop"])
def test_letters_that_show_nothing_and_line_breaks_change_nothing(text: str) -> None:
    assert meaning_of(text) is Meaning.ALWAYS_STOPS


@pytest.mark.parametrize("text", cases(MAY_BE_STOPS))
def test_a_message_that_may_be_a_stop_goes_to_review(text: str) -> None:
    assert meaning_of(text) is Meaning.MAY_BE_STOP


@pytest.mark.parametrize(
    "word", ["stop", "stopall", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]
)
@pytest.mark.parametrize("other", ["Maria", "tomorrow", "the", "texts", "2"])
def test_any_other_word_keeps_a_stop_word_from_always_stopping(word: str, other: str) -> None:
    assert meaning_of(f"{word} {other}") is not Meaning.ALWAYS_STOPS
    assert meaning_of(f"{other}. {word}") is not Meaning.ALWAYS_STOPS


def test_a_word_past_the_letters_that_are_looked_at_keeps_a_stop_word_from_always_stopping() -> (
    None
):
    assert meaning_of("stop " + "." * PHRASE_MAX_LETTERS + " by") is not Meaning.ALWAYS_STOPS
    assert (
        meaning_of("stop " + "please " * PHRASE_MAX_LETTERS + "Maria") is not Meaning.ALWAYS_STOPS
    )


def test_a_stop_above_our_quoted_footer_goes_to_review() -> None:
    assert meaning_of("STOP\n> Reply STOP to opt out") is Meaning.MAY_BE_STOP


@pytest.mark.parametrize("text", messages(STARTS))
def test_a_message_that_consists_of_start_is_a_start(text: str) -> None:
    assert meaning_of(text) is Meaning.START


@pytest.mark.parametrize("text", cases(OTHERS))
def test_an_ordinary_message_is_left_alone(text: str) -> None:
    assert judge(text) == (Meaning.OTHER, "")


@pytest.mark.parametrize("apostrophe", ["'", "’", "‘", "`", "´", "ʼ", ""])
def test_each_apostrophe_is_read_the_same(apostrophe: str) -> None:
    assert meaning_of(f"don{apostrophe}t text me") is Meaning.MAY_BE_STOP
    assert meaning_of(f"don{apostrophe}t stop") is Meaning.OTHER


@pytest.mark.parametrize("text", ["", " ", "\n", "...", "\u200b", "\u0301"])
def test_a_message_without_words_is_left_alone(text: str) -> None:
    assert meaning_of(text) is Meaning.OTHER


def test_the_row_that_gave_the_meaning_is_named() -> None:
    assert judge("wrong number").row == "wrong person"


@given(st.text(max_size=300))
def test_any_text_has_a_meaning(text: str) -> None:
    assert meaning_of(text) in Meaning


SLOW = """
a | stop | dont | no me | i didnt want to | cancel a | start | text stop to | not the | no longer | ya no quiero que me
liked “ | reply stop to opt out of | s t o p | message and data rates | see you at the office on monday
\u0301\u0323 | \u00e9 | 🛑 | ' | http://
"""


@pytest.mark.parametrize("part", messages(SLOW))
def test_the_longest_message_takes_time_in_proportion(part: str) -> None:
    """Twice the length may take twice the time, and then some for a busy machine; quadratic takes four times."""
    part += "" if part in {"a", "\u0301\u0323"} else " "
    long = (part * LONGEST)[:LONGEST]
    whole, eighth = seconds(long), seconds(long[: LONGEST // 8])
    assert whole < 8 * 3 * eighth + 0.05


def seconds(text: str) -> float:
    """Return the seconds of processor time of the faster of two runs."""
    taken = []
    for _run in range(2):
        began = time.process_time()
        meaning_of(text)
        taken.append(time.process_time() - began)
    return min(taken)


def test_messages_that_the_phrases_were_written_without_are_mostly_understood() -> None:
    """Their figures are in docs/consent.md: `bin/measure_phrases.py` prints them."""
    with (Path(__file__).parent / "messages" / "held_back.csv").open(newline="") as file:
        rows = [(row["label"], meaning_of(row["text"])) for row in csv.DictReader(file)]
    found = [
        label for label, meaning in rows if meaning in (Meaning.ALWAYS_STOPS, Meaning.MAY_BE_STOP)
    ]
    stops = [label for label, _ in rows if label in ("always", "may_be")]
    right = [label for label in found if label in ("always", "may_be")]
    assert len(right) >= 0.95 * len(found)
    assert len(right) >= 0.80 * len(stops)
