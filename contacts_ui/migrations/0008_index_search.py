from django.db import migrations, models

import contacts_ui.models.contact_index


def read_anew(apps, schema_editor):
    """What was read so far has none of the new keys; the walk brings everybody once more."""
    apps.get_model("contacts_ui", "IndexedContact").objects.all().delete()
    apps.get_model("contacts_ui", "IndexWalk").objects.all().delete()


class Migration(migrations.Migration):
    """Search, sorting and counting over a million contacts. Triggers and full text follow after every `migrate`."""

    dependencies = [
        ('contacts_ui', '0007_batch_wishes'),
    ]

    operations = [
        migrations.RunPython(read_anew, migrations.RunPython.noop),
        migrations.CreateModel(
            name='IndexAnchor',
            fields=[
                ('pk', models.CompositePrimaryKey('sort', 'place', blank=True, editable=False, primary_key=True, serialize=False)),
                ('sort', models.CharField(max_length=20)),
                ('place', models.PositiveBigIntegerField()),
                ('key', models.TextField()),
                ('contact_id', models.BigIntegerField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='IndexCount',
            fields=[
                ('pk', models.CompositePrimaryKey('name', 'value', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=20)),
                ('value', models.CharField(max_length=200)),
                ('number', models.BigIntegerField(default=0)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='IndexSlip',
            fields=[
                ('pk', models.CompositePrimaryKey('slip', 'word', blank=True, editable=False, primary_key=True, serialize=False)),
                ('slip', models.CharField(max_length=60)),
                ('word', models.CharField(max_length=60)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RemoveIndex(
            model_name='indexedcontact',
            name='index_number',
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='city_key',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='country_key',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='custom_key',
            field=models.TextField(blank=True, help_text='Folded: =name:value= of each'),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='digest',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='email_key',
            field=models.CharField(blank=True, max_length=320),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='first_key',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='language_key',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='last_key',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='source_key',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='state_key',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='status_key',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='timezone_key',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name='indexedcontact',
            name='zip_key',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name='indexedcontact',
            name='contact_id',
            field=contacts_ui.models.contact_index.RowId(help_text="SlickText's own id", primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name='indexedcontact',
            name='folded',
            field=models.TextField(blank=True, help_text='All that a search finds; ^ before each name'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['first_key', 'contact_id'], name='index_first'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['number', 'contact_id'], name='index_number'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['email_key', 'contact_id'], name='index_email'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['city_key', 'contact_id'], name='index_city'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['state_key', 'contact_id'], name='index_state'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['zip_key', 'contact_id'], name='index_zip'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['country_key', 'contact_id'], name='index_country'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['status_key', 'contact_id'], name='index_status'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['source_key', 'contact_id'], name='index_source'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['language_key', 'contact_id'], name='index_language'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['timezone_key', 'contact_id'], name='index_timezone'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['created', 'contact_id'], name='index_created'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['last_updated', 'contact_id'], name='index_updated'),
        ),
        migrations.AddIndex(
            model_name='indexedcontact',
            index=models.Index(fields=['status_key', 'state_key', 'contact_id'], name='index_status_state'),
        ),
    ]
