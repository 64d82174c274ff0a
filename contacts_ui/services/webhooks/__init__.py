"""Webhooks from the vendors: store each event and answer at once; the worker processes it afterwards.

How a STOP becomes two confirmed vendors:

1. `views.webhooks` calls `cloudcontactai.receive` or `slicktext.receive`, which store one `WebhookEvent` (`inbox`).
2. The worker calls `processing.process_due`, which calls `process` of that vendor's module.
3. `cloudcontactai.contact_unsubscribed` or `slicktext.contact_changed` calls a door in `consent.vendor_events`.
4. The door writes the stop and the desired state; `consent.delivery` tells every vendor and reads the answers.

An event that speaks of a stop is recorded, retried, or left for a person under *Needs attention* (rule 11).
"""
