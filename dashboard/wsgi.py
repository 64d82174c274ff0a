"""What gunicorn serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
django.setup(set_prefix=False)

from contacts_ui.checks import refuse_practice_history  # noqa: E402 - needs the settings
from contacts_ui.odd_requests import Application  # noqa: E402

refuse_practice_history()
application = Application()
