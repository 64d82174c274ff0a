"""Judge what an incoming message says about texts: a stop, perhaps a stop, a START, or neither. No network or database.

Source: 47 CFR 64.1200(a)(10). Words that always count are the FCC's list; any other reasonable way counts, too, so a
message that may be a stop goes to a person. How: the message is normalized, its words belong to small vocabularies
(English and Spanish together), and phrases say how those combine. To teach it a word, add it to a vocabulary; add a
phrase only for a new way of asking. Then write a test, and run `bin/measure_phrases.py`.
"""

import re
import unicodedata
from enum import Enum
from typing import Final, NamedTuple

# Phrases are looked for in this many letters: the longest text message has 1,600. Whole-message words see all of it.
PHRASE_MAX_LETTERS: Final = 2_000


class Meaning(Enum):
    """What a message means for texts."""

    ALWAYS_STOPS = "always"
    MAY_BE_STOP = "may_be"
    START = "start"
    OTHER = "other"


class Judgment(NamedTuple):
    """A meaning, and the name of the row that gave it (empty for OTHER)."""

    meaning: Meaning
    row: str = ""


def meaning_of(text: str) -> Meaning:
    """Return what a message means for texts."""
    return judge(text).meaning


def judge(text: str) -> Judgment:
    """Return what a message means for texts, and the row that says so."""
    if _REACTION.fullmatch(text.strip()):
        return Judgment(Meaning.OTHER)
    words = _squeeze(_POLITENESS.sub(" ", normalize(text)))
    bare = _squeeze(words.replace(",", ""))
    if _ALWAYS_STOPS.fullmatch(bare):
        return Judgment(Meaning.ALWAYS_STOPS, "always stops")
    if _START.fullmatch(f"{bare} "):
        return Judgment(Meaning.START, "start")
    row = _row_of(f"{words[:PHRASE_MAX_LETTERS]} ", bare)
    if not row and _NOT_A_NAME.search(text):
        row = "not a name"
    return Judgment(Meaning.MAY_BE_STOP, row) if row else Judgment(Meaning.OTHER)


def _row_of(words: str, bare: str) -> str:
    """Return the row by which a message may be a stop, or nothing."""
    if _is_slip(bare.replace(" ", "")) or (len(bare) < 80 and _ALONE.fullmatch(f"{bare} ")):
        return "alone"
    own = _AWAY["our footer"].sub(", ", words)
    if own != words and not own.strip(", "):
        return "our footer and nothing else"
    own = _AWAY["go on"].sub(", ", own)
    row = next((row for row, phrases in _PHRASES.items() if phrases.search(own)), "")
    if not row and _ALARM.search(_AWAY["something else"].sub(", ", own)):
        row = "a stop word among others"
    return row


# Normalizing

# Signs as words: what says something by itself, and a comma for each end of a clause.
_TRANSLATION: Final = str.maketrans(
    dict.fromkeys("🛑⛔🚫🔇🔕✋🔚", " stopsign ")
    | dict.fromkeys(".!?;:,()\n\r…", " , ")
    | dict.fromkeys("'’‘`´ʼ′＇‛ʹ", "")
    | {"🖕": " middlefinger ", "+": " mas ", "&": " and ", "#": " number "}
)
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S*")
_NO_WORD: Final = re.compile(r"[^\w,]+|_+")
_LONG_LETTER: Final = re.compile(r"([^\W\d])\1{2,}")
_SPELLED_OUT: Final = re.compile(r"\b(?:s(\W)t\1o\1p|e(\W)n\2d|q(\W)u\3i\3t)\b")

# As written => as the vocabularies spell it; in this order, over whole words.
_SPELLING_TABLE: Final = r"""
(did|is|was|are|have|has|had|would|could|should) ?n ?o?t=>\1nt / do(?:es)? ?n ?o?t|dnt|dun=>dont / can ?n?o? ?t=>cant
wo ?n ?t|will not=>wont / ain ?t|wasnt=>isnt / i ?a?m=>im / who ?i?s=>whos / txt(\w*)|tex|texr=>text\1 / q|ke=>que
m[es]*s+a?ge?(s?)|ms+g(s?)=>message\1\2 / (?:text|texting) messages?|sms=>texts / u|ya ?ll|(?:u|you) (?:guys|all)=>you
ur|yalls|youre|your|you are=>your / any ?more?|any (?:longer|further)|ne more=>anymore / wanna|want 2|wants to=>want to
no ?more?|no (?:further|additional)|not anymore=>no more / nomas|no mass|ya no mas=>no mas / wrng|worng|rong=>wrong
nu?mbe?r|num|(?:phone|cell) number|cell ?phone|celular|telefono=>number / m[en]*sa?j\w*|mensage?s?|textos=>mensajes
f+u+c*k*(?:in|ing|en)?|f[cuk]k|fk|f c?k|effing=>fuck / r=>are / couldnt=>cant / int?e?r?r?est\w*e?d=>interested
"""
_SPELLINGS: Final = [
    (re.compile(rf"\b(?:{written})\b"), spelled)
    for each in re.split(r" / |\n", _SPELLING_TABLE.strip())
    for written, _arrow, spelled in [each.partition("=>")]
]


def _shorter(word: str) -> set[str]:
    """Return the word, and the word without each of its letters: slips of a finger have some of these in common."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


_STOP_SLIPS: Final = {
    slip
    for word in ("stop", "stopall", "unsubscribe", "cancel", "revoke", "optout")
    for slip in _shorter(word)
}
_NO_SLIPS: Final = {"top", "shop", "step", "slop", "stow", "spot", "stoop"}


def normalize(text: str) -> str:
    """Return the message as the phrases read it: plain lowercase words and commas with one space between them."""
    if not text.isascii():
        # Marks go first: sorting long runs of them is the slow part of decomposing.
        plain = "".join(c for c in text if not unicodedata.combining(c))
        text = unicodedata.normalize("NFKD", plain.translate(_TRANSLATION))
        text = "".join(c for c in text if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
    text = _ADDRESS.sub(" ", text.casefold())
    text = _SPELLED_OUT.sub(lambda found: re.sub(r"\W", "", found[0]), text)
    text = _LONG_LETTER.sub(r"\1\1", _squeeze(text.translate(_TRANSLATION)))
    for written, spelled in _SPELLINGS:
        text = written.sub(spelled, text)
    return text


def _is_slip(word: str) -> bool:
    """Return True for a stop word with a letter missing, wrong, repeated, or swapped."""
    once = re.sub(r"(\w)\1+", r"\1", word[:99])
    return len(once) < 14 and word not in _NO_SLIPS and not _shorter(once).isdisjoint(_STOP_SLIPS)


def _squeeze(text: str) -> str:
    """Return words and commas with one space between them."""
    return _NO_WORD.sub(" ", text).strip()


# Whole messages

# The FCC's words, also what vendors act on by themselves. Signs may be next to them.
_STOP_WORD: Final = "(?:stop ?all|stop|quit|end|revoke|opt ?out|cancel|unsubscribe)"
_ALWAYS_STOPS: Final = re.compile(rf"(?:stopsign )*{_STOP_WORD}(?: (?:{_STOP_WORD}|stopsign))*")

# Words around a request that change nothing in it.
_POLITENESS: Final = re.compile(
    r"\b(?:p+l+e*a*s+e*|plz+|kindly|respectfully|sorry|excuse me|ok(?:ay|ey)?|kk?|alright|bye|cheers|sincerely|sir"
    r"|(?:many )?(?:thank (?:you|u)|thanks?|th?a?n?x|ty|tks)(?: (?:so|very) much| a lot| kindly| again| in advance)?"
    r"|(?:much )?appreciated|appreciate it|hi there|hi|hello|hey|good (?:morning|afternoon|evening|day|night)|maam"
    r"|madam|team|folks|guys|(?:best |kind )?regards|god bless(?: you)?|have an? \w+ (?:day|one|night)"
    r"|(?:por|x) ?fav(?:or)?|x?porfa(?:vor)?|(?:muchas |mil )?gracias|hola|buen dia|buen[oa]s(?: dias| tardes| noches)?"
    r"|saludos|disculpen?|perdon|senor(?:a|ita)?|amigos?|bendiciones|que tenga buen dia)\b"
)

# What Messages sends for a reaction to our text, with our words in quotes.
_REACTION: Final = re.compile(
    r"(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted \S{1,20} to|removed an? [\w ]{1,30} from"
    r"|(?:le |te |me )?(?:gust[oó]|encant[oó]|dio risa)|reaccion[oó] con \S{1,20} a|destac[oó]|enfatiz[oó])"
    r'[ \u200a]{1,3}(?:[“„][^”]*[”…]?|"[^"]*"?)',
    re.IGNORECASE,
)

# A name after "not" ("This isn't Maria") as it is written: days and such are none.
_NOT_A_NAME: Final = re.compile(
    r"(?i:^not|the wrong|(?:actually|is|am|['’][ms]) not|\bisn['’]?t|no soy|no conozco a) (?!(?i:\w+day|i|yet|sure)\b)"
    r"[A-ZÁÉÍÓÚ][a-záéíóúñ]{2,}"
)


def _read(table: str) -> dict[str, str]:
    """Return what a table has under each name: `name: text`, which may continue in indented lines."""
    lines = re.sub(r"\n +", " ", table.strip()).splitlines()
    return {name: text for name, _colon, text in (line.partition(": ") for line in lines)}


# What words are in a request. `*` is any ending, `_` a space; the rest is a pattern. NOUN is what is sent, VERB what is
# done to us, FORBID the same as Spanish forbids it; ASIDE and FILL may stand between "do not" and the rest. ASK,
# KEYWORD and FOOTER are of our footer, STOPPING and UNTOLD of asking to continue. VISIT is not about texts at all.
_VOCABULARIES: Final = _read(r"""
NOUN: texts? texting messages? messaging communications? contact notif* alerts? promos? promotion* offers? coupons?
    deals? ads? advert* marketing spam* newsletters? reminders? updates? emails? calls? subscriptions? blasts? junk crap
    shit bs stuff solicit* surveys? polls? campaigns? donations? mensajes avisos? anuncios? ofertas? promocion*
    publicidad propaganda recordatorios? llamadas? correos? suscripcion* encuestas?
VERB: text texti?ng? textin message contact contacting write writing call calling send sending email emailing bother
    bothering harr?as* bug bugging annoy* pester* disturb* solicit* reach hit hitting blow* ping pinging asking begging
    selling include use_this escrib* mand* envi* textea* texte* llam* molest* contact* fastid* insist* habl* busc*
FORBID: (?:mand|envi|llam|texte|molest|contact|fastidi|habl|marqu|busqu|notifiqu)(?:e[ns]?|ar|een|ees)(?:me|nos|les?)?
    (?:escrib|insist|incluy|pid|sig)(?:a[ns]?|ir)(?:me|nos)? usen mandando escribiendo molestando
END: stop stp anular stop[sp]+ st0p stpo sotp quit quitting cease desist end ending halt discontinue suspend terminate
    pause mute disable deactivate block blocking silence cancel* unsubscribe no_more lay_off knock_off turn_off shut_off
    cut_out refrain dej(?:a|as|e|en|ar|ame|enme|emos) par(?:e|en|ar|ale|ele|enle) basta detener* detengan*
    baj(?:a|e|en)le no_mas ni_un_\w+ termin(?:e|en|ar) suspendan
ENOUGH: enough too_many so_many sick_of tired_of fed_up done_with over_it had_it not_another less fewer unwanted
    overwhelmed hart[oa]s? cansad[oa]s? tant[oa]s demasiad[oa]s menos limit reduce
NOT: dont didnt never not nor no wont no_longer ya_no nunca jamas ni
ASIDE: really even ever actually to do longer i we want me nos le les estoy estamos
WANT: want wanted wish like care desire need appreciate interested asked quier* quiero dese[oae]* necesit* ocup* gust*
    intere[sz]*
FILL: do use ever even you dare keep try to be want need your anymore these this and or really just go back me us again
    start continue fuck le les me nos se lo vuelv\w+ a mas text message call
ME: me us her him them mom dad mother father husband wife son daughter number name info* contact data datos nombre
    numero phone cell email family
THIS: this these them those it that everything esto estos eso esos todo
ERASE: remov* delete* deleting erase exclude unlist purge scrub lose borr* elimin* quiten? kiten saquen
TAKE: take taken taking get getting scratch strike cross pull kick keep quit(?:e|a|ar) saqu* sac(?:a|ar)
REMOVED: removed deleted taken_off taken_out unsubscribed opted_out excluded off_of off_this off_your out_of left_alone
LIST: lists? database system records? contacts thread group chat mailings? rolodex texts messages lista* sistema base
PERSON: number person phone guy girl gal lady man woman dude individual customer patient client list numero persona
    chic[oa] contact
CONSENT: sign_up signed_up sign_me signed_me signed_for sign_for subscri* consent* agree authori[sz]* permission opt
    opted enroll* register* request* autori[sz]* permiso inscri* registr* suscri* apunt* acepto acepte solicit* pedi
GET: get got find found have obtain* consig* consegu* obtuv* sac* tien* agarr*
INSULT: get_bent knock_it_off cut_it_out shut_up stfu drop_dead kick_rocks pound_sand go_to_hell get_a_life up_yours
    bite_me kiss_my assholes? bitch* bastards? creeps? idiot* morons? jerks pendej* cabron* ching* no_mam* no_jod*
    diablo carajo mierda you_people the_hint mind_your_own middlefinger
SUE: phishing violat* harr?as* acos* scammers? estafador* fcc ftc tcpa ccpa attorney_general profeco con_mi_abogad*
    suing illegal* ilegal* unsolicited my_rights bloqueo bloqueare
BEFORE: i said just now ya yes no si already how do como quiero to que
WISH: yes yeah yep si i want would like to id quiero deseo
ALONE: END ERASE stop* st[o0]+p spam* scam* qit qut ends revok* opt opted_out exit leave out off take_off stahp never
    never_again no_texts? not_me abort withdraw unfollow who wrong alto para parale parele baja ya_no fin salir quitar
    anular suspender no_llamar dejar retirar desactivar bloque* enough
NOW: it this me now already all everything immediately today right asap means stop ya ahora todo esto eso mas
START: start restart re_start un_?stop (?:re_?)?subscribe opt_(?:me_)?(?:back_)?in optin resume sign_me_(?:back_)?up
    alta (?:dar(?:me)?|denme)_de_alta empezar iniciar comenzar reanudar (?:re)?suscribir(?:me)? suscribanme suscribeme
AGAIN: start me back in up again now texts? messages? texting de_nuevo otra_vez mensajes
ASK:
    (?<!i_)(?<!did_)(?<!have_)(?<!just_)(?<!to_)(?:reply|text|send|respond|type|answer|enter|respond[ae]|envi[ae]|mand[ae])
KEYWORD: stop stop_?all end quit cancel unsubscribe opt_?out alto parar cancelar baja no
FOOTER: stop end quit cancel unsubscribe opt out optout receiving these our the your texts? messages? from alerts time
    be removed receive dejar de recibir cancelar salir darse baja mensajes mas at any data and rates may apply
STOPPING: stop quit unsubscribed? opt_out opted_out cancel be_removed
    (?:remove|take|delete|drop|block)d?_(?:me|my_\w+|you)
UNTOLD:
    (?<!you_)(?<!they_)(?<!it_)(?<!texts_)(?<!messages_)(?<!these_)(?<!this_)(?:dont|didnt|never|i_wont|not_trying_to)
VISIT: appointments? appts? apt orders? reserv* bookings? visits? meetings? class* deliver* resched* payments? refunds?
    fees? charge* policy insurance dinner event cleaning consult* interview game \w+days? tomorrow tonight morning
    afternoon evening week weekend month noon \d+(?:am|pm) \d\d\d+ am pm surgery procedure dr doctor dentist repair
    install* prescription refills? rx spot time date cards? checks? credit items? tickets? invoices? bills? gym room
    ship* packages? meds? medic* pills? wait_?list schedule calendar citas? pedidos? orden* clases? manana hoy lunes
    miercoles viernes tarjeta cuenta factura* pagos? hora recibo
""")


def _any_of(words: str) -> str:
    """Return the pattern of any of several words or vocabularies, each with the space behind it."""
    while re.search("[A-Z]{2,}", words):
        words = re.sub("[A-Z]{2,}", lambda name: _VOCABULARIES[name[0]].replace(" ", "|"), words)
    return f"(?:{words}) ".replace("*", r"\w*").replace("_", " ")


# A gap reaches over none of these, nor a comma.
_BREAK: Final = _any_of("and|but|so|because|if|when|until|while|y|pero|porque|si|cuando|VISIT")
_EDGES: Final = {"^": r"(?<!\w )", "$": r"(?=, |\Z)", ",": "(?:, )?"}


def _phrase(phrase: str) -> str:
    """Return the pattern of a phrase in the notation of the tables."""
    pattern = ""
    for token in phrase.split():
        words = token.lstrip("~?!")
        if token in _EDGES:
            pattern += _EDGES[token]
        elif token[0] == "~":
            pattern += rf"(?:(?!{_BREAK})\w+ ){{0,{words}}}"
        elif token[0] == "?":
            pattern += f"(?:{_any_of(words)}){{0,5}}"
        elif token[0] == "!":
            pattern += rf"(?!(?:\w+ ){{0,2}}{_any_of(words)})"
        else:
            pattern += _any_of(words) + ("(?!you )" if "VERB" in words else "")
    return pattern


def _rows(table: str) -> dict[str, re.Pattern[str]]:
    """Compile the rows of a table."""
    rows = {row: "|".join(map(_phrase, text.split(" / "))) for row, text in _read(table).items()}
    return {row: re.compile(rf"(?<!\w)(?:{phrases})") for row, phrases in rows.items()}


# How a person may ask for no more texts: rows of phrases, ` / ` between them. In a phrase, `~3` is a gap of up to three
# words, `?` up to five of these, `!` none of these in the next three, `^` and `$` a clause's ends, `,` maybe a new one.
_PHRASES: Final = _rows(r"""
stop texting: END ~3 NOUN|VERB|FORBID / END THIS / END ~2 service*|membership*|account|program|enrollment|servicio* /
    make|want|need THIS ~2 stop|end / turn|shut|switch ?the|your THIS|NOUN off /
    told|asked|dije|pedi ~3 stop|quit|par*|dejaran / if_you|would|you_guys ~1 stopped / put a_stop|an_end
too many: ENOUGH ~2 NOUN|VERB / too_many|so_many|enough of THIS /
    sick_of|tired_of|fed_up_with|done_with|hart*_de ?all|of THIS|you|people|usted* $ / ^ enough !for|time|to /
    thats|is|had enough $ / ^ ?and|but|said|just no_more|no_mas $ / ^ no ~1 NOUN $ /
    ^ no ~1 NOUN after|before|at|during / less|menos often|frequent*|seguido /
    text*|message* ~1 less|too_much|too_often /
    keeps?|kept|constantly|still|sigu* ?on|you|are|i getting|receiving NOUN|these /
    keeps?|kept|constantly|still|sigu* ?on texting|sending|messaging|mandando|escribiendo /
    why|how_come|por_que|porque ?are|do|you|am|i|im|keep|still|always|me|us|nos|les VERB|getting|receiving /
    texts?|messages?|calls|mensajes? ~1 every|all|per|a|one|por ?single|one day|night|hour|week|month|dia|hora /
    tone|ease|dial|chill ?THIS|out down|up|back|off|with
do not contact: dont|never|not_to|cease_to ?FILL VERB / no|nunca|jamas|ni ?FILL FORBID /
    rather|prefer|appreciate ?you|it|if|would not|no ~3 VERB|NOUN|hear*|being|receiv*|get|getting /
    without|no|not hearing|being|receiving ~3 from_you|NOUN|texted|contacted|called / no_molest*|no_disturb|dnc|dnd /
    dont sell|share my / no_longer receive|receiving / dont|cant|not ~1 accept|support|take|read texts?|messages? /
    dejen|paren de \w+
do not want:
    NOT ?ASIDE WANT ~4 NOUN|VERB|FORBID|hear*|receiv*|recib*|saber|texted|messaged|contacted|called|notified|LIST /
    NOT ?ASIDE WANT ?to_be|get|have|any|anymore|of|your|mas THIS|any ?anymore|stuff|either|ya $ /
    NOT ?ASIDE WANT ~1 nothing|nada|mas|part_of|saber|to_do_with|your|su|sus|service*|servicio* /
    NOT ~3 interested|intere[sz]* !VISIT
did not agree: NOT|without|sin|havent ~4 CONSENT !VISIT / NOT ~3 ask|asked for|to ~1 THIS|NOUN|VERB|be /
    who|nobody asked $ / who|quien ~1 signed|put|added|inscrib*|registro|apunto me|us|this /
    NOT ~4 g[ai]ve|given|giving|di|doy|dimos|dado ~3 number|info*|numero /
    revok*|revoc*|withdraw*|rescind|retir*|take_back ~3 CONSENT
leave me alone: leave|let ~3 alone|in_peace / me|nos|dej* en_paz|tranquil* / go_away !for|on|to|in|next|until|with /
    ^ ?just|ya|me|nos get_lost|back_off|beat_it|dej(?:e|en|a)(?:me|nos)|largate|larguense|fuera $ /
    fuck|shove|piss|f|eff|bug|buzz|screw|damn you|this|off|it|yourself|your|ya|my / INSULT
remove me: TAKE|ERASE ~1 ME|this ~1 off !VISIT / TAKE|ERASE ~1 ME|this ~1 out|from|away|de|del ~3 LIST|THIS !VISIT /
    ERASE ~2 ME !VISIT / (?:borr|elimin|remuev|quit|kit|saqu|retir)\w+(?:me|nos) / ^ ?and|just|now remov*|delete $ /
    TAKE|ERASE ~3 off|from|out|de ~2 LIST !VISIT /
    off|out|leave|exit|salir ?from|of|this|your|the|all|de|la LIST !VISIT /
    want|like|ask*|request*|need|trying|can_i|could_i ?to|be|get|have|my|me|name|number|us REMOVED /
    i|to|can get|be|opt|want|wants out|off|out_of ?THIS|your|texts $ / want|wants|let_me|count_me|im out $ /
    your blocked|reported / block*|bloque* you|your|this|ustedes|number
unsubscribe: un_?su?[bs]+c*|un_?sub*|usubs*|[iou]b?n?b?subscr*|unsc?ri*|de(?:s|in|sus)+u?scri*|(?:un|dis|de)_?enroll* /
    opt* ~2 out ?now|immediately|me $ / opt* ~2 out ~4 NOUN|THIS|LIST|program /
    opt_?(?:me|us)_?out|0pt_?out|opting_out|(?:de|dar*|dame|deme)_baja
wrong person: this_is ~2 \w+s phone|cell|number /
    wrong|incorrect|mistaken|for_another|for_a_different ~1 PERSON !VISIT /
    se_equivoc*|(?:estan?|numero|persona|number)_(?:equivocad|incorrect)* / equivocad* $ /
    ^ not ?at|the this_number|me|him|her|here $ /
    isnt|not|no_longer|no_es|never|havent ~3 my_name|number|numero|person|customers?|clients?|patients? !for /
    isnt|not him|her $ / isnt|not|no_longer ~1 \w+s|her|my|their|the|your phone|cell /
    dont|never|didnt|no have|had|tengo ~1 account|cuenta /
    belongs_to|changing_my_number|reassigned|recycled|changed_my_number|changed_numbers|cambi\w+_de_numero|new_phone /
    dont|no_longer work for / dont|no_longer live* /
    dont|no_longer|never|nobody ~2 live*|work*|belong*|reside*|here|employed ~1 here|there|at_this|in_the /
    got|have|had|using|dont|no_longer|owner ~2 this ?new number !from /
    no|nobody|anyone|not|isnt|there ~4 by|named|called ?that|this|the name|here /
    ^ ?there|theres|is no|isnt \w+ here|at_this|aqui / for|with|texting ~1 someone|somebody else /
    never ~1 been|shopped|bought|visited|used|heard ~3 your|you / meant|intended for !VISIT /
    dont|not|no|never ~1 know|conozco|conocemos ~1 you|him|her|esa|ese|anyone|anybody|them|this_number|nadie|ningu* /
    no (?:los|lo|la|le|te|las)_conozco|se_quien|one_here / no_soy yo|el|la|ella|esa|ese / es el number|numero de /
    no_soy|no_somos ~1 persona|cliente*|paciente* / no ~1 vive|hay|trabaja|existe|es ~2 aqui|ningun* /
    aqui_no ~1 hay|vive|trabaja|es|esta /
    ya_no|no_longer ~1 soy|es|us[oe]|tiene|viv*|live|work|trabaj*|necesit*|need|quier*|ocup*|own !VISIT
gone: passed_away|passed_on|deceased|is_dead|fallec*|murio|difunt*|no_longer_with_us / ^ \w+ died $ /
    he|she|hes|shes|who|mom|mother|dad|husband|wife|son|daughter|brother|sister|friend ~2 passed|died|dead|gone $ /
    he|she|mom|dad|mother|father|husband|wife ~1 passed|died in|on|last|this|years /
    i|we|weve|ive|have|she|he moved to|away|out_of|last !new|VISIT /
    i|we|already|ya|have sold|donated|voted|vendi|vote !VISIT
who is this: who|whos ?the|fuck|hell|tf|is|are this|that|texting|it|dis|you !for|looking|talking|going|with /
    who|whos ~1 sending|texting|messaging / who ?the|fuck|hell gave|sent|told|authorized|put you|me|my|this|us|out /
    how ~2 get|got|am ~1 on ~2 LIST /
    how|where|como|donde ?did|do|you|they|the|fuck|hell|d|de GET my|this|our|mi ~1 number|info*|name|contact|numero /
    quien|quienes ?me|te|les|le es|eres|son|habla|escrib*|manda|dio !el|la|los|un|de|en
complaint: is_this ~1 real|legit|automated / are_you ~2 human|automated|person /
    this|that|es|esto|its|is|puro|your|as|of|you|a|una spam*|scam*|bot|robot|junk|estafa|fraude?|basura|joke / SUE /
    llamar|call ~2 polic* / sue you|your / sue $ / lawyer|attorney|abogad* ~4 you|contact*|hear*|call*|will /
    report* ~1 you|this|it|your|number|as|to_the / reported to|as /
    denunc*|reportar*|reporto|demand(?:ar|are|aremos|o|amos) !error|VISIT
another way: email|mail|letter|correo ~1 only|better|preferred /
    only|prefer|prefiero|solo|switch|change ~4 email*|mail|letters|correo / prefer|prefiero ~2 calls?|llam* /
    mail|email|call me instead / mejor ~1 email|correo /
    instead_of|rather_than|en_vez_de ~1 text*|mensajes|this_number|this_one|me / use my|mi ~1 number|numero /
    charge*|cost*|pay|paying ~3 each|every|per texts?|messages? /
    this|is|es|texting|texted ~3 landline|flip_phone|(?:work|business|company)_(?:phone|cell|number|line) !at /
    im|soy|this_is|es ?a|an|un|only|just minor|menor|kid|underage|(?:[5-9]|1[0-7])_(?:and|years|yrs|yo|this)
""")

# What takes a stop away: words of ours, a request to continue or for texts instead of calls, something else that stops.
_AWAY: Final = _rows(r"""
our footer: ASK ?with|back|the|word|con|la|palabra KEYWORD ?or|o|KEYWORD to|2|for|at|anytime|para ?FOOTER ?FOOTER /
    stop ?to|2 end|quit|cancel|opt_out|unsubscribe|stop ?texts|messages|alerts /
    to|para FOOTER ?FOOTER ~1 , ASK KEYWORD / you ?have|been|are|now|were|successfully unsubscribed|opted_out ~4
go on: UNTOLD ?want|mean|need|wish|ask|asked|tell|you|to|ever|really|been|have|say|said|i|just STOPPING ~4 /
    why was|were|am i|we ~2 STOPPING / accident*|mistake*|oops|unintentionally , ~4 STOPPING ~3 /
    STOPPING ~4 accident*|by_mistake|in_error|por_error|por_equivocacion|sin_querer /
    no dej(?:en|es|e)|par(?:en|es|e) de ~1 / no ?me|mi|nos (?:quit|borr|elimin|saqu)(?:en|e|es) ~4 /
    no quiero|deseo cancelar|darme_de_baja|salir* / dont|not forget|hesitate|fail|afraid ~2 VERB|text|call /
    dont|never call|text|email|called|texted ?me|us back /
    dont|never|no_me|no send|call|mand*|envi*|llam* ~3 VISIT|yet|hasta|todavia /
    dont|cant|not|never|no_me ~2 calls?|phone|llam* ~1 , ~4 text*|messages?|mensajes|escrib*|mand* !or /
    mejor ~3 mensajes|text*|escrib* ~3 no ?me llam* / no_need ~2 call|send / ill|to|and|^ keep /
    i ?have|just stopped|quit getting|receiving / to|in|my ~1 spam|junk / spam|junk folder|box|mail|removal|hauling
something else: stop by|in|over|off|at|for|near|through|back|home|there|to|on|outside|up|light|sign|payment|work !once /
    bus|pit|first|next|last|full|rest|quick|train|the|my|every|non|two|more|a|\d+ stops? !command|word|button|NOUN /
    stop the|my|his|her|our ~1 /
    ill|well|i_could|i_should|i_might|i_have_to|i_need_to|im_going_to|let_me|cant|i_didnt|he|she|we_will stop /
    doctor|dr|doc|dentist|nurse|boss|vet ~5 stop /
    when|where|what_time|does|did|will|should|if i|we|he|she|the|my|bus|train ~2 stop /
    ^ !this|these|they|you|it|texts|messages ~3 wont|dont|didnt|to ~1 stop / opt_out of|from !NOUN|THIS|LIST
""")
# Also counts among other words.
_ALARM: Final = re.compile(
    r"\b(?:stop ?all|stop[sp]*|st0p|stpo|sotp|opt ?out|cease|desist|stopsign|arret\w*|sair)\b"
)
# Stops, and wishes for texts, where little else is said: too common to be looked for in a sentence.
_ALONE: Final = re.compile(_phrase("?BEFORE ALONE ?NOW"))
_START: Final = re.compile(_phrase("?WISH START ?AGAIN"))
