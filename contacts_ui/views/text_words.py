"""Texts that were sent after a stop, and how far texts are watched, in words."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.html import format_html, format_html_join

from contacts_ui.models import SentText, Vendor
from contacts_ui.models.messages import TextKind
from contacts_ui.services.review.texts_after_stop import TextAfterStop, Watched
from contacts_ui.template_filters import when
from contacts_ui.views.durations import in_words
from contacts_ui.views.statement_words import said_at, source_of


def text_in_words(
    found: TextAfterStop, spelled: Callable[[datetime], str] = when
) -> dict[str, Any]:
    """Return what pages print of a text after a stop; `spelled` writes one moment."""
    text = found.text
    return {
        "text": text,
        "vendor": Vendor(text.vendor).label,
        "kind": TextKind(text.kind).label,
        "sent": sent_at(text, spelled),
        "after_stop": in_words(found.seconds_after_stop),
        "said": said_at(found.stop, spelled),
        "said_by": source_of(found.stop),
        "said_words": found.stop.words,
        "held_since": found.held_since and spelled(found.held_since),
        "after_held": in_words(found.seconds_after_held),
        "alarm": alarm_of(text, spelled),
    }


def sent_at(text: SentText, spelled: Callable[[datetime], str] = when) -> str:
    """Return when it was sent, or that its vendor does not say."""
    if text.dated:
        return format_html("Sent {}", spelled(text.sent_at))
    name = Vendor(text.vendor).label
    return format_html("{} doesn't say when. We learned of it {}", name, spelled(text.heard_at))


def alarm_of(text: SentText, spelled: Callable[[datetime], str] = when) -> str:
    """Return whether it raised an alarm, and who closed it; "" for no alarm."""
    if text.alarm_at is None:
        return ""
    if text.closed_at is None:
        return format_html("Alarm since {}, not closed yet", spelled(text.alarm_at))
    return format_html("Closed by {}, {}", text.closed_by_name, spelled(text.closed_at))


def watched_in_words(each: Watched) -> tuple[str, str]:
    """Return a vendor's name, and how its texts are watched, since when and how far."""
    sentences = [_how(each)]
    if each.is_watched:
        sentences += _slicktext(each) if each.vendor is Vendor.SLICKTEXT else _cloudcontactai(each)
    if each.first:
        words = "We learned of the first text on {}, and of the latest on {}."
        sentences.append(format_html(words, when(each.first), when(each.last)))
    words = format_html_join(" ", "{}", ((sentence,) for sentence in sentences))
    return each.vendor.label, words


def _how(each: Watched) -> str:
    name = each.vendor.label
    if not each.connected:
        return f"{name} is not connected. Texts that it sends are not watched."
    if each.ability:
        return each.ability.sentence
    if each.events:
        return "Watched by its webhooks, as far as they reach us."
    return f"The webhooks of {name} are off. Texts that it sends are not watched."


def _slicktext(each: Watched) -> list[str]:
    place = each.progress
    if place is None:
        return []
    words: list[str] = []
    if place.finished_at:
        words.append(format_html("All texts were read as of {}.", when(place.finished_at)))
    if place.gap_to:
        gap = "Texts from {} to {} could not be read."
        words.append(format_html(gap, when(place.gap_from), when(place.gap_to)))
    if place.unreadable_at:
        words.append(
            format_html("Some texts could not be read, last on {}.", when(place.unreadable_at))
        )
    return words


def _cloudcontactai(each: Watched) -> list[str]:
    if each.first is None:
        return [
            "We have not received an event about a text yet. Check that its webhook sends message.sent."
        ]
    if each.last_event is None:
        return []
    return [format_html("The last event arrived {}.", when(each.last_event))]
