"""Inputs that several forms share."""

from django import forms


def search_input(placeholder: str, **attrs: str) -> forms.TextInput:
    """Return the input of the search box above a list."""
    searching = {
        "type": "search",
        "placeholder": placeholder,
        "autocomplete": "off",
        "spellcheck": "false",
        "enterkeyhint": "search",
        "data-search": "",
    }
    return forms.TextInput(attrs=searching | attrs)
