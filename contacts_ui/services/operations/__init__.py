"""What the vendors' accounts offer, and how far our copy agrees with them: for the status page and for who asks.

`abilities` probes, `counts` compares, `register_pages` reads CloudContactAI's contacts.
"""
