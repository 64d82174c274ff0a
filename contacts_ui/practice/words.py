"""What invented people say and write, and who works here."""

from typing import Final

from contacts_ui.models.ledger import Channel

# Username, first name, last name, role. The demo logins are made by `demo_users`.
COLLEAGUES: Final = (
    ("rosa.delgado", "Rosa", "Delgado", "Agents"),
    ("tyler.brooks", "Tyler", "Brooks", "Agents"),
    ("priya.raman", "Priya", "Raman", "Agents"),
    ("hannah.weiss", "Hannah", "Weiss", "Managers"),
)

# For them all; no one is told, since the demo logins are enough.
PASSWORD: Final = "practice-makes-perfect"  # noqa: S105 - for people who do not exist

# How they told us, how often of a hundred, and what staff wrote down.
ASKED: Final[dict[Channel, tuple[int, tuple[str, ...]]]] = {
    Channel.PHONE: (
        34,
        (
            "Please take me off the text list. I only want email.",
            "Called about an order and asked for no more texts.",
            "Too many messages. She asked us to stop.",
            "He is driving for work and wants no texts during the day, so none at all.",
            "Said she never signed up.",
            "Stop texting, calls are fine.",
        ),
    ),
    Channel.EMAIL: (
        14,
        (
            "Hello, please remove my cell number from your marketing texts. Thank you.",
            "Unsubscribe me from text messages, keep the newsletter.",
            "I asked last month already. No more texts, please.",
        ),
    ),
    Channel.TEXT: (
        9,
        (
            "pls no more texts",
            "Texted the store's own phone: take me off your list.",
            "no mas mensajes por favor",
        ),
    ),
    Channel.IN_PERSON: (
        9,
        (
            "Asked at the counter, Downtown store.",
            "Told the cashier that she wants no texts. Showed her phone.",
        ),
    ),
    Channel.WEB: (
        9,
        (
            "Please stop sending me text messages.",
            "Unticked texts on the preference page.",
        ),
    ),
    Channel.LETTER: (5, ("Please do not text this number again. (Letter, filed under L-{year})",)),
}

LATE_LETTER: Final = "No more text messages. (The letter lay in the mail room for three weeks)"
BULK_LETTER: Final = "List from our law firm: people who asked them for no texts."

# Words that may ask us to stop, and wait for a person to decide. The newest ones are not decided yet.
UNSURE_DECIDED: Final = (
    ("I think I got enough of these for a while, can you stop sending them", True),
    ("stop sending it to my old address, ship it to Oak St", False),
    ("who is this? wrong number", True),
    ("I need to unsubscribe from the warranty plan", False),
)
UNSURE_WAITING: Final = (
    "Can you guys quit with the messages, it's every day now",
    "I dont want these anymore",
    "ya no quiero recibir mensajes",
)

LIFT_WORDS: Final = (
    "Called back: wants the sale texts again after all.",
    "Yes, please text me again. I miss the coupons.",
    "Says they signed up again at the counter and read the terms.",
    "Asked on the phone to be put back on the text list.",
)
APPROVED: Final = "Heard the recording. Consent is clear."
DECLINED: Final = (
    "They said maybe later, which is no consent. Please ask again.",
    "The note names no person who consented.",
)
TEXT_AFTER_STOP: Final = "This weekend only: 20% off everything. Reply STOP to end."
CAMPAIGN: Final = "Weekend sale"

NEW_PEOPLE: Final = (
    ("Nadia", "Rahimi", "Nashville", "TN"),
    ("Wes", "Tolliver", "Memphis", "TN"),
    ("Carla", "Fuentes", "Austin", "TX"),
    ("Imani", "Okafor", "Atlanta", "GA"),
    ("Peter", "Lindqvist", "Boise", "ID"),
    ("Grace", "Yoon", "Franklin", "TN"),
)
# In the imported file, beside people who are known.
IMPORTED: Final = (("Lena", "Marsh"), ("Omar", "Siddiqui"), ("Joy", "Castellano"))
CITIES: Final = ("Knoxville", "Chattanooga", "Murfreesboro", "Clarksville")

# Name, query, shared, whose.
VIEWS: Final = (
    ("Subscribed in Tennessee", "status=subscribed&state=TN", True, "manager"),
    ("Spanish speakers", "language=es", True, "agent"),
    ("Blocked by carriers", "status=blocked", False, "manager"),
)
