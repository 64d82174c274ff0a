"""Answer as SlickText v2, by the vendor's pages: contacts (list, read, edit, create, delete), messages, counts."""

from __future__ import annotations

from sandbox.contacts import Contacts, Filters
from sandbox.errors import error
from sandbox.messages import FILTERS, Messages
from sandbox.messages import shaped as message
from sandbox.people import COLUMNS
from sandbox.schema import CUSTOM_FIELDS
from sandbox.shapes import View, paging, shaped
from sandbox.store import Contact, Store, now
from sandbox.switches import Switches
from sandbox.validation import ValidationError, changes
from sandbox.wire import Reply, Request, json_reply, whole_number

KEY = "sandbox-slicktext-key"
BRAND_ID = 26136
PAGING = ("limit", "offset", "page", "pageSize")
DEFAULT_PAGE = 50
PLEASE_CONFIRM = "Reply YES to get messages from Sandbox Outfitters. Reply STOP to end."
PENDING = "pending"
# What counts of contacts can be grouped by.
GROUPS = ("opt_in_status", "source")
BRAND = {
    "brand_id": BRAND_ID,
    "name": "Sandbox Outfitters",
    "website": "https://www.example.com",
    "contact_email": "hello@example.com",
    "contact_phone": "+16155550100",
    "time_zone": "America/New_York",
    "message_credit_limit": 100_000,
    "created": "2016-01-01 00:00:00",
    "force_double_opt_in": False,
    "opt_out_intel_enabled": False,
    "opt_out_intel_action": None,
}


class SlickText:
    def __init__(self, store: Store, messages: Messages) -> None:
        self.contacts = Contacts(store)
        self.messages = messages

    def answer(self, request: Request, switches: Switches) -> Reply:
        """Answer an authenticated call; the path starts after /v1."""
        call = Call(self.contacts, self.messages, request, switches)
        match request.segments[1:]:
            case ["brands"]:
                return call.brand()
            case ["brands", brand, *rest] if brand.isdecimal():
                return call.of_brand(int(brand), rest)
            case ["contacts", *rest]:
                # The older page shows the same calls without a brand.
                return call.of_brand(BRAND_ID, ["contacts", *rest])
        return call.refuse(404, "not found")


class Call:
    """A call, with what every step needs."""

    def __init__(
        self, contacts: Contacts, messages: Messages, request: Request, switches: Switches
    ) -> None:
        self.contacts = contacts
        self.messages = messages
        self.request = request
        self.switches = switches

    def of_brand(self, brand: int, rest: list[str]) -> Reply:
        if brand != BRAND_ID:
            return self.refuse(403, "this API key has no access to that brand")
        match rest:
            case []:
                return self.brand()
            case ["custom-fields"]:
                return self.only_get(custom_fields())
            case ["contacts"]:
                return self.all_contacts()
            case ["contacts", key]:
                return self.one_contact(key)
            case ["messages"] if self.switches.messages_offered:
                return self.all_messages()
            case ["analytics", "contacts"] if self.switches.analytics_offered:
                return self.counts()
        return self.refuse(404, "not found")

    def brand(self) -> Reply:
        """Act on free words that ask for no texts, as opt-out intelligence does; its action's word is a guess."""
        on = self.switches.opt_out_intel
        intel = {"opt_out_intel_enabled": on, "opt_out_intel_action": "unsubscribe" if on else None}
        return self.only_get(BRAND | intel)

    def all_messages(self) -> Reply:
        """List messages. Filters match exactly; no page documents a filter by contact or date."""
        page = self.paging()
        if isinstance(page, Reply):
            return page
        query, switches = self.request.query, self.switches
        filters = {name: value for name, value in query.items() if name in FILTERS}
        unknown = query.keys() - filters.keys() - set(PAGING)
        if unknown and switches.unknown_filters == "error":
            return self.refuse(422, f"{min(unknown)} is not a filter", min(unknown))
        if unknown and switches.unknown_filters == "nothing":
            return self.only_get({"data": [], "pagingData": paging(False)})
        limit, offset, number = page
        rows, more = self.messages.page(
            filters, switches.messages_order, switches.message_words, limit, offset
        )
        data = [message(row, switches.message_words, switches.message_ids) for row in rows]
        return self.only_get({"data": data, "pagingData": paging(more, number, switches.page_base)})

    def counts(self) -> Reply:
        """Return a total and a count for each value of the group; the shape is a guess."""
        group = self.request.query.get("group", "")
        if group not in ("", *GROUPS):
            return self.refuse(422, "group is one of opt_in_status and source", "group")
        fields = tuple(sorted((n, v) for n, v in self.request.query.items() if n in COLUMNS))
        counts = self.contacts.counts(group or "opt_in_status", fields)
        reply: Contact = {"total": sum(counts.values())}
        if group and self.switches.analytics_shape == "map":
            reply[group] = counts
        elif group:
            reply["data"] = [{group: value, "count": count} for value, count in counts.items()]
        return self.only_get(reply)

    def all_contacts(self) -> Reply:
        match self.request.method:
            case "GET" | "HEAD":
                return self.list()
            case "POST":
                return self.create()
        return self.refuse(405, "method not allowed")

    def one_contact(self, key: str) -> Reply:
        if self.request.method in ("GET", "HEAD"):
            return self.with_contact(key)
        # What a write decides on must not change before it is written.
        with self.contacts.store.alone():
            return self.with_contact(key)

    def with_contact(self, key: str) -> Reply:
        contact = self.find(key)
        if contact is None:
            return self.refuse(404, "contact not found")
        match self.request.method:
            case "GET" | "HEAD":
                return json_reply(self.shape(contact, "single"))
            case "PUT":
                return self.edit(contact)
            case "DELETE":
                self.contacts.delete(contact)
                return json_reply([])
        return self.refuse(405, "method not allowed")

    def find(self, key: str) -> Contact | None:
        """Return a contact by id, or by number: as stored, or as bare digits with the country's 1."""
        if self.switches.edit_by_number and key.isdecimal() and len(key) == 11:
            key = "+" + key
        if key.startswith("+") and not self.switches.edit_by_number:
            return None
        return self.contacts.get(key) if key.isascii() else None

    def list(self) -> Reply:
        page = self.paging()
        if isinstance(page, Reply):
            return page
        filters = self.filters()
        if isinstance(filters, Reply):
            return filters
        limit, offset, number = page
        rows, more = self.contacts.page(filters, limit, offset)
        data = [shaped(row, BRAND_ID, self.switches.generation, "list") for row in rows]
        return json_reply(
            {"data": data, "pagingData": paging(more, number, self.switches.page_base)}
        )

    def paging(self) -> tuple[int, int, int | None] | Reply:
        """Return limit, offset, and the page's number, None if limit and offset were used."""
        query = self.request.query
        if "page" in query or "pageSize" in query:
            base = self.switches.page_base
            number = whole_number(query.get("page"), base, minimum=base)
            size = self.size(whole_number(query.get("pageSize"), DEFAULT_PAGE, minimum=1))
            if number is None or size is None:
                return self.refuse(422, "page and pageSize must be positive numbers", "page")
            return size, (number - base) * size, number
        limit = self.size(whole_number(query.get("limit"), DEFAULT_PAGE, minimum=1))
        offset = whole_number(query.get("offset"), 0)
        if limit is None or offset is None:
            return self.refuse(422, "limit and offset must be positive numbers", "limit")
        return limit, offset, None

    def size(self, asked: int | None) -> int | None:
        ceiling = self.switches.page_ceiling
        if asked is None or (self.switches.over_max == "error" and asked > ceiling):
            return None
        return min(asked, ceiling)

    def filters(self) -> Filters | Reply:
        filters, custom = [], () if self.switches.ignore_custom_filters else CUSTOM_FIELDS
        for name, value in self.request.query.items():
            if name in COLUMNS or name in custom:
                filters.append((name, value))
            elif name == "_brand_id" and value != str(BRAND_ID):
                return json_reply({"data": [], "pagingData": paging(False)})
            elif name not in (*PAGING, "_brand_id") and name not in CUSTOM_FIELDS:
                match self.switches.unknown_filters:
                    case "error":
                        return self.refuse(422, f"{name} is not a filter", name)
                    case "nothing":
                        return json_reply({"data": [], "pagingData": paging(False)})
        return tuple(sorted(filters))

    def create(self) -> Reply:
        body = self.request.json()
        if body is None:
            return self.refuse(400, "the body must be a JSON object")
        forced = str(body.get("force_double_opt_in", "")).lower() == "true"
        try:
            values = changes({"mobile_number": None} | body, None, self.switches.custom_fields)
        except ValidationError as refused:
            return self.refuse(422, refused.message, refused.field)
        defaults = {"opt_in_status": "not subscribed", "source": "api", "country": "US"}
        source = body.get("source")
        given = {"source": source} if isinstance(source, str) and source else {}
        values = defaults | given | values | {"created": now()}
        if forced:
            # The vendor waits for the person's YES; its word for that is not known.
            values["opt_in_status"] = PENDING if self.switches.pending_status else "not subscribed"
        contact = self.contacts.create(values, texted=forced)
        if contact is None:
            return self.exists()
        if forced:
            self.messages.add(
                vendor="slicktext", number=contact["mobile_number"], body=PLEASE_CONFIRM,
                incoming=False, contact_id=contact["contact_id"], source="API", status="delivered",
            )  # fmt: skip
        reply = self.shape(contact, "written")
        if forced:
            reply["force_double_opt_in"] = "true"
        return json_reply(reply, self.switches.create_status)

    def edit(self, contact: Contact) -> Reply:
        body = self.request.json()
        if body is None:
            return self.refuse(400, "the body must be a JSON object")
        try:
            values = changes(body, contact["custom_fields"], self.switches.custom_fields)
        except ValidationError as refused:
            return self.refuse(422, refused.message, refused.field)
        before, after = contact["opt_in_status"], values.get("opt_in_status")
        if self.switches.refuse_resubscribe and (before, after) == ("unsubscribed", "subscribed"):
            return self.refuse(422, "this contact opted out and must opt in again by text")
        if after not in (None, before):
            values["last_opt_in_status_change"] = now()
        edited = self.contacts.edit(contact, values)
        return self.exists() if edited is None else json_reply(self.shape(edited, "written"))

    def exists(self) -> Reply:
        status = self.switches.exists_status
        return self.refuse(status, "mobile number already exists", "mobile_number")

    def shape(self, contact: Contact, view: View) -> Contact:
        return shaped(contact, BRAND_ID, self.switches.generation, view)

    def only_get(self, value: object) -> Reply:
        if self.request.method not in ("GET", "HEAD"):
            return self.refuse(405, "method not allowed")
        return json_reply(value)

    def refuse(self, status: int, message: str, field: str = "") -> Reply:
        return error(status, message, self.switches.error_body, field)


def custom_fields() -> Contact:
    """List custom fields. Filters and writes use `internal_name`."""
    data = [
        {
            "custom_field_id": number,
            "name": name.replace("_", " ").capitalize(),
            "internal_name": name,
            "data_type": kind,
            "description": None,
        }
        for number, (name, kind) in enumerate(CUSTOM_FIELDS.items(), start=1)
    ]
    return {"data": data, "pagingData": paging(False)}
