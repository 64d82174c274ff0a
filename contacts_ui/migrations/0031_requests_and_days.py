"""Have room for requests that no person made, and for how many people may be texted on each day. See 0033."""

from django.conf import settings
from django.db import migrations, models


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
    ]
