"""Invent half a year of history for practice: the real services under a set clock, against the sandbox.

- `clock`: sets the time, here and in the sandbox.
- `sandbox`: what people and vendors do there.
- `words`: names of staff, what people say, what they write.
- `calendar`: what happens when; `acts`: how each thing is done; `history`: makes all of it, or nothing.
- `emptying`: empties a practice database.

Only commands import this package. The same day and seed give the same history.
"""
