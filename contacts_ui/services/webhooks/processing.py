"""Process stored webhook events, in the worker: each by the module of its vendor."""

import logging
import time

from django.db import transaction

from contacts_ui import request_id
from contacts_ui.database import leave_room
from contacts_ui.integrations.errors import VendorError
from contacts_ui.models import Vendor
from contacts_ui.services.consent import slicktext_readings
from contacts_ui.services.webhooks import cloudcontactai, inbox, slicktext
from contacts_ui.services.webhooks.payloads import NeedsDecision, NotYet

logger = logging.getLogger(__name__)


def process_due() -> int:
    """Process every event that is due, one after the other; return how many."""
    keys = inbox.due_events()
    for key in keys:
        began = time.monotonic()
        process(key)
        leave_room(began)
    return len(keys)


def process(pk: int) -> None:
    """Process one event, once; retry it later if its vendor must be read first and does not answer."""
    event = inbox.take(pk)
    if event is None:
        return
    with request_id.request_id(event.request_id):
        try:
            if event.event == slicktext_readings.READING:
                with transaction.atomic():
                    inbox.mark_done(event, slicktext_readings.record_event(event.body))
            elif event.vendor == Vendor.SLICKTEXT:
                slicktext.process(event)
            else:
                cloudcontactai.process(event)
        except NeedsDecision as why:
            inbox.mark_done(event, str(why), needs_decision=True)
        except NotYet as why:
            inbox.retry_later(event, str(why))
        except VendorError as error:
            inbox.retry_later(event, error.person, error.retry_after)
        except Exception:
            # A bug of ours must not lose a person's stop: retry it, and the log says why.
            logger.exception("webhook %s could not be processed", event.pk)
            inbox.retry_later(event, "Something went wrong on our side. The log has the details.")
