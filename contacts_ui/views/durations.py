"""How long something took, in the words of a person."""

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def every(days: float) -> str:
    """Return how often, in words: "every 7 days", "every day", "every 12 hours"."""
    length = in_words(days * 86400)
    many, _, unit = length.partition(" ")
    return f"every {unit}" if many == "1" and " " not in unit else f"every {length}"


def in_words(seconds: float | None) -> str:
    """Return a length of time in its largest unit, with the next one if it says more: "3 days", "1 hour 5 minutes"."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "under a second"
    left = int(seconds)
    parts = []
    for name, size in _UNITS:
        many, left = divmod(left, size)
        if many:
            parts.append(f"{many:,} {name}{'' if many == 1 else 's'}")
        elif parts:
            break
        # Ten or more say enough.
        if len(parts) == 2 or many >= 10:
            break
    return " ".join(parts)
