"""Tell requests of people from repairs, imports, and moves; keep how many people may be texted on each day."""

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

# What the dashboard itself wrote as the reason.
OWN_REASONS = (
    Q(reason__startswith="Imported as unsubscribed: ")
    | Q(reason="Stopped at both vendors, because they disagreed.")
    | Q(reason__startswith="Carried over: ")
    | Q(reason__startswith="Requested for their former number, in entry ")
)


def find_own(apps, schema_editor):
    """Mark the opt-outs that no one asked for in their own words."""
    rows = apps.get_model("contacts_ui", "OptOut").objects.filter(OWN_REASONS, channel="unrecorded")
    rows.update(by_person=False)


class Migration(migrations.Migration):

    dependencies = [
        ('contacts_ui', '0030_answers_in_the_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AnswersOfDay',
            fields=[
                ('day', models.DateField(help_text='In the time zone of the settings', primary_key=True, serialize=False)),
                ('may_text', models.PositiveBigIntegerField(default=0)),
                ('do_not_text', models.PositiveBigIntegerField(default=0)),
                ('not_subscribed', models.PositiveBigIntegerField(default=0)),
                ('not_known', models.PositiveBigIntegerField(default=0)),
                ('disagree', models.PositiveBigIntegerField(default=0)),
                ('counted_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RemoveIndex(
            model_name='optout',
            name='opt_out_days',
        ),
        migrations.AddField(
            model_name='optout',
            name='by_person',
            field=models.BooleanField(db_default=True, default=True, help_text='False: a repair, an import, or a move; the reason is our own'),
        ),
        migrations.RunPython(find_own, migrations.RunPython.noop),
    ]
