"""Exports: contacts, a list that was looked up, opt-outs. `files.writing` writes the files."""
