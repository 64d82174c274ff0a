"""Spellings of one number each: what must be read, what is about texts, and what must never become a number."""

# ruff: noqa: E501 - a table is read by its rows

from typing import Final

# Written with four digits behind 615-555, as {0}: each spelling gets its own.
_READ: Final = """
615555{0} | 615-555-{0} | (615) 555-{0} | 615.555.{0} | 615 555 {0} | 1615555{0} | +1615555{0} | 1-615-555-{0}
+1(615)555-{0} | (1) 615 555 {0} | 615/555-{0} | 615 - 555 - {0} | 615–555–{0} | 615‑555‑{0} | 615555{0}. | #615555{0}
~615-555-{0} | :615-555-{0} | Tel. 615 555 {0} | Ph: 615-555-{0} | Call 615-555-{0} | (+1) 615 555 {0} | + 1 615 555 {0}
00 1 615 555 {0} | 011-1-615-555-{0} | 615-555-{0} - cell | 615-555-{0} mobile | 615-555-{0} (m) | 615-555-{0} (Work)
H: 615-555-{0} | W 615-555-{0} | US +1 615 555 {0} | +1 615 555 {0} US | [615] 555-{0} | 615_555_{0} | 615·555·{0}
615•555•{0} | 1615.555.{0} | +1.615.555.{0} | '+1615555{0}' | "615555{0}" | ٦١٥٥٥٥{0} | ６１５５５５{0} | 615.555{0}
+1-615-555-{0};ext=5 | 615-555-{0},,5 | 615-555-{0} Ext 5 | 615-555-{0} x5 | 615-555-{0}ext.5 | 615-555-{0} poste 5
sms:615555{0} | whatsapp:+1615555{0} | tel:+1-615-555-{0} | <615-555-{0}> | 615-555-{0}* | *615-555-{0} | 615-555{0}
+1 615-555-{0} 📱 | 📱 615-555-{0} | 001615555{0} | US 615 555 {0} | 615 555{0} | (615)555{0} | (615)-555-{0}
(615) 555 - {0} | ( 615 ) 555 {0} | {{615}} 555-{0} | 615—555—{0} | 615−555−{0} | 615‐555‐{0} | 615. 555. {0}
615 / 555 / {0} | 1 (615) 555-{0} | 1(615)555{0} | 1/615/555-{0} | +1 (615) 555-{0} | +1 615.555.{0}
Cell: 615-555-{0} | cell 615-555-{0} | Mobile: (615) 555-{0} | Mob. 615 555 {0} | M: 615-555-{0} | c. 615-555-{0}
Phone: 615-555-{0} | phone number: 615-555-{0} | Tel: +1 615 555 {0} | Telephone 615-555-{0} | Home 615-555-{0}
615-555-{0} (home) | 615-555-{0} (cell) | 615-555-{0} cell phone | 615-555-{0} (H) | 615-555-{0}/cell | 615-555-{0}, mobile
615-555-{0} ext. 12 | 615-555-{0} #12 | (615) 555-{0} extension 400 | tel:615-555-{0};ext=9
imessage:+1615555{0} | facetime:615-555-{0} | 615-555-{0} - Ann | 615-555-{0} (Ann's) | Ann 615-555-{0} | mom's cell 615-555-{0}
615-555-{0}, | 615-555-{0}; | ,615-555-{0} | (615-555-{0}) | [615-555-{0}] | {{615-555-{0}}} | “615-555-{0}” | `615-555-{0}`
615-555-{0}! | 615-555-{0}? | **615-555-{0}** | ☎ 615-555-{0} | ✆615-555-{0} | 🇺🇸 +1 615-555-{0} | =615555{0} | ="615555{0}"
615555{0}.0 | 615555{0}.00 | 1.615555{0}E+10 | ６１５－５５５－{0} | (６１５)５５５{0} | ۶۱۵۵۵۵{0} | ६१५५५५{0}
+1+1615555{0} | 615-555-{0} USA | USA: 615-555-{0} | Nashville: 615-555-{0} | new: 615-555-{0}
p:+1615555{0} | 'p:+1615555{0}' | m:615555{0}
"""
_TEXTS: Final = """
615-555-{0} (do not text) | 615-555-{0} STOP | STOP 615-555-{0} | 615-555-{0} no texts | DNT 615-555-{0} | (615) 555-{0} - do not text!
615-555-{0} opted out | 615-555-{0} (unsubscribed) | 615-555-{0} NO SMS | do not text: 615-555-{0}
615-555-{0} don't text | 615-555-{0} dont text | NO TEXT 615-555-{0} | 615-555-{0} landline, no texting
"""
# Zero width and direction marks, non-breaking spaces, a byte order mark: as address books copy numbers.
_UNSEEN: Final = (
    "\u202a(615) 555-{0}\u202c", "\u200e+1 615-555-{0}\u200e", "615\u00a0555\u00a0{0}", "\ufeff615-555-{0}",
    "615\u2009555\u2009{0}", "615\u202f555\u202f{0}", "615\u200b555\u200b{0}", "(615)\u00ad 555-{0}", "\u2068615-555-{0}\u2069",
    "615\u2011555\u2011{0}", "615-555-{0} \u00a0", "615\t555\t{0}", "615\u3000555\u3000{0}",
)  # fmt: skip
# With a thousands comma the digits fall otherwise.
_COMMAS: Final = ("6,155,55{1},{2}", "16,155,55{1},{2}", "+1 6,155,55{1},{2}")
# No number stands here; most of them were a stranger's once.
NEVER: Final = (
    "867-5309 fax", "555-0123 Mom", "615-5550 Ann", "61555501 ask", "36.16266382", "-86.78160000", "36.1626638,-86.7816016",
    "1-800-FLOWERS", "615-555-CALL", "615 GET TEXT", "(615) KL5-0123", "555-0123", "615-555-012", "5550123",
    "615-5555-80581", "61-55-55-80-58-1", "call me", "n/a", "see note", "ask Ann at 555-0123", "1.61556E+10",
    "1615555", "12/25/1990 10:30", "2024-02-03 11:12:13", "Feb 3, 2024", "192.168.100.200", "4111 1111 1111 1111",
    "015-555-0123", "115-555-0123", "999-99-9999", "123-45-6789", "$6,155.55", "615-555-01234567", "0000000000",
    "+44 20 7946 0958", "011 44 20 7946 0958", "615555O123", "6l5-555-0123", "#REF!", "x0123", "12345-6789",
    "3.14159265", "615 55 5012 3 Main St", "1 800 MY APPLE", "555-HELP ext 615", "Apt 615, 555 Main St 0123",
    "=HYPERLINK()", "615555.0123", "61.55550123", "6155550.123",
)  # fmt: skip


def _made(text: str, first: int) -> list[tuple[int, str]]:
    spellings = [each.strip() for line in text.strip().splitlines() for each in line.split(" | ")]
    return [(at, spelling.format(f"{at:04}")) for at, spelling in enumerate(spellings, first)]


_FIRST: Final = 1000
_PLAIN: Final = _made(_READ, _FIRST)
_HIDDEN: Final = [(at, text.format(at)) for at, text in enumerate(_UNSEEN, 1400)]
_THOUSANDS: Final = [
    (at, text.format("", str(at)[0], str(at)[1:])) for at, text in enumerate(_COMMAS, 1500)
]
# What must be read, with the last four digits of what is read.
OUGHT: Final = [*_PLAIN, *_HIDDEN, *_THOUSANDS]
# What must be a stop or a question, with the same.
TEXTS_WORDS: Final = {text: at for at, text in _made(_TEXTS, 1600)}
