"""What gunicorn serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
django.setup(set_prefix=False)

from contacts_ui.odd_requests import Application  # noqa: E402 - needs the settings

application = Application()
