"""Both vendors in memory, behind `Connection.call`: what they hold, and what goes wrong.

Written from the vendors' pages, and shares no code with the dashboard but the errors that a call may raise.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from contacts_ui.integrations import errors
from contacts_ui.integrations.coerce import BadShape

STOPPED = ("unsubscribed", "blocked")
# What becomes of one call: not carried out, carried out, or carried out later.
FAULTS = {
    "no answer": "not done",
    "no answer, done": "done",
    "no answer, done late": "late",
    "500": "not done",
    "500, done": "done",
    "unreadable, done": "done",
    "unreachable": "not done",
    "429": "not done",
    "401": "not done",
    "404": "not done",
    "422": "not done",
    "killed before": "not done",
    "killed after": "done",
}


class Killed(BaseException):
    """kill -9, as one thread sees it."""


@dataclass
class Stop:
    """A stop that a person truly asked for. `heard` once we could have known it."""

    at: datetime
    how: str
    heard: bool = False


@dataclass
class Row:
    """One contact at SlickText. `stops` are the people's own stops that its status reflects."""

    contact_id: int
    number: str
    status: str
    changed_at: datetime | None = None
    stops: list[Stop] = field(default_factory=list)
    name: str = "Pat"


@dataclass
class Vendors:
    """What both hold. `dates`: when SlickText dates a change: always, on a change of status alone, or never."""

    dates: str = "on change"
    slicktext_clock: timedelta = timedelta()
    ccai_clock: timedelta = timedelta()
    rows: dict[int, Row] = field(default_factory=dict)
    register: dict[str, bool] = field(default_factory=dict)
    # Who said START at CloudContactAI since we told it last: it sends no hook, and cannot be read.
    started: set[str] = field(default_factory=set)
    # People's own stops behind its mark, and every number that we told it to stop.
    own_stops: dict[str, list[Stop]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    # Those of them that we have not lifted since.
    ours: set[str] = field(default_factory=set)
    # When people, or others at SlickText, last said what a number's status should be.
    touched: dict[str, datetime] = field(default_factory=dict)
    # SlickText's list of messages, the oldest first.
    messages: list[dict[str, Any]] = field(default_factory=list)
    newest_first: bool = True
    next_message: int = 5000
    hooks: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    late: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    # Readings: each contact that a GET showed, as it was.
    shown: list[tuple[datetime, Row]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    next_id: int = 100
    is_late: bool = False
    may_be_texted: Callable[[str], bool] = lambda number: True

    # --- What people and others do there ---

    def create(self, number: str, status: str) -> Row:
        self.next_id += 1
        row = Row(self.next_id, number, status)
        self.rows[row.contact_id] = row
        return row

    def touch(self, number: str) -> None:
        self.touched[number] = timezone.now()

    def of(self, number: str) -> list[Row]:
        return [row for row in self.rows.values() if row.number == number]

    def set_status(self, row: Row, status: str, stop: Stop | None = None) -> None:
        if self.dates == "always" or (self.dates == "on change" and status != row.status):
            row.changed_at = timezone.now() + self.slicktext_clock
        row.status = status
        if status not in STOPPED:
            row.stops = []
        elif stop:
            row.stops = [*row.stops, stop]

    def hook(self, row: Row, stop: Stop | None = None, name: str = "contact_updated") -> None:
        body = {
            "id": "65f0", "name": name, "url": "https://dashboard.example.com/", "attempts": 1,
            "date": said(timezone.now() + self.slicktext_clock),
            "data": self.as_json(row),
        }  # fmt: skip
        self.hooks.append({"vendor": "slicktext", "body": body, "stop": stop})

    def ccai_hook(self, number: str, stop: Stop | None = None) -> None:
        at = timezone.now() + self.ccai_clock
        body = {
            "eventType": "contact.unsubscribed",
            "data": {"ContactData": {"phone": number}, "UnsubscribedAt": at.isoformat()},
            "eventHash": f"h{len(self.hooks)}-{at.timestamp()}-{number}",
        }
        self.hooks.append({"vendor": "cloudcontactai", "body": body, "stop": stop})

    def ccai_event(
        self, name: str, data: Mapping[str, Any], stops: list[Stop] | None = None
    ) -> dict[str, Any]:
        """An event of another kind; its data is flat and capitalised. `stops`: what a reader could learn from it."""
        self.next_message += 1
        body = {"eventType": name, "data": dict(data), "eventHash": f"e{self.next_message}"}
        self.hooks.append({"vendor": "cloudcontactai", "body": body, "stops": stops or []})
        return body

    def message(self, number: str, words: str, *, outbound: bool, source: str = "") -> str:
        """One more in SlickText's list of messages; returns its id."""
        self.next_message += 1
        ours = "+16155559999"
        to, sender = (number, ours) if outbound else (ours, number)
        self.messages.append(
            {
                "message_id": self.next_message, "to": to, "from": sender, "body": words,
                "direction": "outbound" if outbound else "inbound", "source": source,
                "status": "delivered" if outbound else "received",
                "created": said(timezone.now() + self.slicktext_clock),
            }
        )  # fmt: skip
        return str(self.next_message)

    def inbox_hook(self, message: Mapping[str, Any], stops: list[Stop], *, dated: bool) -> None:
        """The hook of a message that came in: seen, and not documented."""
        names = ("message_id", "from", "body", *(("created",) if dated else ()))
        body = {
            "id": "65f0", "name": "inbox_message_received", "attempts": 1,
            "data": {name: message[name] for name in names},
        }  # fmt: skip
        self.hooks.append({"vendor": "inbox", "body": body, "stops": stops})

    def as_json(self, row: Row) -> dict[str, Any]:
        changed_at = said(row.changed_at) if row.changed_at and self.dates != "never" else None
        return {
            "contact_id": row.contact_id, "mobile_number": row.number, "first_name": row.name,
            "opt_in_status": row.status, "last_opt_in_status_change": changed_at,
            "last_updated": None, "custom_fields": None, "_brand_id": 26136,
        }  # fmt: skip

    def carry_out_late(self) -> None:
        now = timezone.now()
        due = [each for each in self.late if each[0] <= now]
        self.late = [each for each in self.late if each[0] > now]
        for _, effect in sorted(due, key=lambda each: each[0]):
            effect()

    # --- Calls ---

    def call(
        self,
        connection: Any,
        method: str,
        path: str,
        endpoint: str,
        parse: Callable[[Any], Any],
        policy: Any,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        **_: Any,
    ) -> Any:
        """In place of `Connection.call`."""
        vendor = connection.vendor
        fault = self.faults.pop(0) if self.faults else ""
        if fault.startswith("killed before"):
            raise Killed
        doing = FAULTS.get(fault, "done")

        def do() -> Any:
            if vendor == "cloudcontactai":
                return self._ccai(body)
            return self._slicktext(method, path, params or {}, body or {})

        answer = None
        if doing == "late" and method != "GET":
            self.late.append((timezone.now() + timedelta(seconds=100), lambda: self._late(do)))
        elif doing == "done" and not (fault and method == "GET"):
            answer = do()
        if fault:
            _raise(vendor, fault, method != "GET")
        if method == "GET" and not path.endswith("/messages"):
            self._note_shown(answer)
        try:
            return parse(answer)
        except BadShape as error:
            raise errors.Unreadable(vendor, log={"problem": str(error)}) from None

    def _late(self, do: Callable[[], Any]) -> None:
        self.is_late = True
        with contextlib.suppress(errors.VendorError):
            # The person who asked has gone.
            do()
        self.is_late = False

    def _note_shown(self, answer: Any) -> None:
        for each in answer.get("data", [answer]):
            row = self.rows[each["contact_id"]]
            copy = Row(row.contact_id, row.number, row.status, row.changed_at, list(row.stops))
            self.shown.append((timezone.now(), copy))

    def _ccai(self, body: Mapping[str, Any]) -> dict[str, Any]:
        number, wanted = body["phone"], body["doNotText"]
        self.register[number] = wanted
        self.started.discard(number)
        self.told += [number] if wanted else []
        if not wanted:
            self.ours.discard(number)
            self.own_stops.pop(number, None)
        if wanted:
            self.ours.add(number)
            # The hook fires on the manual flag, too: our own stop is reported back.
            self.ccai_hook(number)
        return {"contactId": "7", "phone": number, "doNotText": wanted}

    def _slicktext(
        self, method: str, path: str, params: Mapping[str, Any], body: Mapping[str, Any]
    ) -> Any:
        tail = path.rstrip("/").split("/")[-1]
        if method == "GET" and tail == "contacts":
            return self._page(params)
        if method == "GET" and tail == "messages":
            return self._page_of_messages(params)
        if method == "POST":
            return self._create(body)
        row = self._find(tail)
        if row is None:
            raise errors.NotFound("slicktext", status=404)
        if method == "DELETE":
            del self.rows[row.contact_id]
            return []
        if method == "PUT":
            self._edit(row, body)
        return self.as_json(row)

    def _page(self, params: Mapping[str, Any]) -> dict[str, Any]:
        rows = sorted(self.rows.values(), key=lambda row: row.contact_id)
        if number := params.get("mobile_number"):
            rows = [row for row in rows if row.number == number]
        start, limit = int(params.get("offset", 0)), int(params["limit"])
        page = rows[start : start + limit]
        more = start + limit < len(rows)
        return {"data": [self.as_json(row) for row in page], "pagingData": {"hasMore": more}}

    def _page_of_messages(self, params: Mapping[str, Any]) -> dict[str, Any]:
        rows = self.messages[::-1] if self.newest_first else self.messages
        # Fewer than were asked for.
        start, limit = int(params.get("offset", 0)), min(int(params["limit"]), 8)
        more = start + limit < len(rows)
        return {"data": rows[start : start + limit], "pagingData": {"hasMore": more}}

    def _create(self, body: Mapping[str, Any]) -> Any:
        number = body["mobile_number"]
        if self.of(number):
            raise errors.NumberExists("slicktext", status=422, words="mobile number already exists")
        if body.get("force_double_opt_in") and not self.may_be_texted(number):
            self.wrong.append(f"a double opt-in sent a text to {number}, which is stopped")
        row = self.create(number, "not subscribed")
        self._edit(row, body)
        return self.as_json(row)

    def _edit(self, row: Row, body: Mapping[str, Any]) -> None:
        if (number := body.get("mobile_number")) and number != row.number:
            if self.of(number):
                raise errors.NumberExists("slicktext", status=422, words="number already exists")
            row.number = number
        row.name = body.get("first_name") or row.name
        if status := body.get("opt_in_status"):
            # A call that left before we learned of the block may be carried out after it.
            weaker = row.status == "blocked" and status == "unsubscribed" and not self.is_late
            if weaker and any(stop.heard and stop.how == "blocked" for stop in row.stops):
                self.wrong.append(f"blocked became unsubscribed for {row.number}")
            self.set_status(row, status)
            self.hook(row)

    def _find(self, id_or_number: str) -> Row | None:
        text = id_or_number.replace("%2B", "+")
        if text.startswith("+"):
            return next(iter(self.of(text)), None)
        return self.rows.get(int(text))


def said(at: datetime) -> str:
    """A time as SlickText writes it: UTC, no zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _raise(vendor: str, fault: str, writes: bool) -> None:
    if fault.startswith("killed"):
        raise Killed
    if fault.startswith("no answer"):
        raise errors.NoAnswer(vendor, outcome_unknown=writes)
    if fault.startswith("500"):
        raise errors.ServerError(vendor, status=500, outcome_unknown=writes)
    if fault.startswith("unreadable"):
        raise errors.Unreadable(vendor, outcome_unknown=writes)
    known: dict[str, errors.VendorError] = {
        "unreachable": errors.Unreachable(vendor),
        "429": errors.RateLimited(vendor, status=429, retry_after=3),
        "401": errors.BadCredentials(vendor, status=401),
        "404": errors.NotFound(vendor, status=404),
        "422": errors.Invalid(vendor, status=422, words="no"),
    }
    raise known[fault]
