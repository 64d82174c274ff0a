"""Labels and help texts of jobs and uploads in plain words. No column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts_ui', '0026_plain_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='not_before',
            field=models.DateTimeField(help_text="After a vendor's error", null=True),
        ),
        migrations.AlterField(
            model_name='job',
            name='note',
            field=models.CharField(blank=True, help_text='Why it is paused, in a sentence', max_length=300),
        ),
        migrations.AlterField(
            model_name='job',
            name='state',
            field=models.CharField(choices=[('preview', 'Not started'), ('running', 'Running'), ('paused', 'Paused'), ('cancelled', 'Canceled'), ('done', 'Finished')], default='preview', max_length=20),
        ),
        migrations.AlterField(
            model_name='job',
            name='total',
            field=models.PositiveIntegerField(default=0, help_text='Rows that the job acts on'),
        ),
        migrations.AlterField(
            model_name='jobrow',
            name='category',
            field=models.CharField(choices=[('known', 'Known'), ('unknown', 'Not in SlickText'), ('stopped', 'Already stopped'), ('duplicate', 'Duplicate'), ('invalid', 'Unreadable')], max_length=20),
        ),
        migrations.AlterField(
            model_name='upload',
            name='answers',
            field=models.JSONField(default=dict, help_text='Answers by question'),
        ),
        migrations.AlterField(
            model_name='upload',
            name='choice',
            field=models.CharField(blank=True, help_text='What to do about existing contacts', max_length=20),
        ),
        migrations.AlterField(
            model_name='vendorability',
            name='next_at',
            field=models.DateTimeField(help_text='When the work that uses it continues', null=True),
        ),
    ]
