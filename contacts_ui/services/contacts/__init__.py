"""Contacts at SlickText: find them, read them, change them.

- `reading`: read one contact, from SlickText or its copy.
- `editing`: create and edit one contact.
- `deleting`: delete one contact.
- `listing`: the pages of the table.
- `search`: what was typed into *Search contacts*.
- `last_known`: the copies that are shown while SlickText is down.
- `saved_views`: searches that people keep.
"""
