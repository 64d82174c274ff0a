from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class ContactsUiConfig(AppConfig):
    name = "contacts_ui"
    verbose_name = "Contacts Dashboard"

    def ready(self) -> None:
        from contacts_ui import checks  # noqa: F401 - registers them
        from contacts_ui.models import index_tables, ledger_guards
        from contacts_ui.services import index
        from contacts_ui.services.consent import record
        from contacts_ui.sign_in import events  # noqa: F401 - hears allauth's signals

        pre_migrate.connect(ledger_guards.before_migrations, sender=self)
        post_migrate.connect(ledger_guards.after_migrations, sender=self)
        pre_migrate.connect(index_tables.before_migrations, sender=self)
        post_migrate.connect(index_tables.after_migrations, sender=self)
        index.judge_by(record.answers_of)
