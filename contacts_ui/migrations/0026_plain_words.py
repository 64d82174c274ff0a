"""Labels and help texts in plain words. No column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts_ui', '0024_drop_task_engine'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='access',
            options={'default_permissions': (), 'managed': False, 'permissions': (('ask_lift', 'Ask for a stop to be lifted'), ('bulk_work', 'Act on many contacts at once'), ('delete_contacts', 'Delete contacts'), ('edit_contacts', 'Edit and create contacts, but not their consent'), ('export_contacts', 'Export contacts'), ('import_contacts', 'Import contacts'), ('lift_stops', 'Lift stops and change the opt-in status'), ('manage_people', 'Manage people and their roles'), ('review_opt_outs', 'Review opt-outs'), ('stop_texts', 'Stop texts'), ('view_audit', 'Read the audit log'), ('view_contacts', 'Find and read contacts'), ('view_security_events', 'Read security events'), ('view_status', "See the vendors' status")), 'verbose_name_plural': 'access'},
        ),
        migrations.AlterField(
            model_name='desiredstate',
            name='batch',
            field=models.BooleanField(default=False, help_text="Of a bulk job: people's changes go first"),
        ),
        migrations.AlterField(
            model_name='desiredstate',
            name='opt_in_status',
            field=models.CharField(blank=True, help_text='What SlickText should hold; empty for CloudContactAI', max_length=40),
        ),
        migrations.AlterField(
            model_name='desiredstate',
            name='state',
            field=models.CharField(choices=[('on_its_way', 'On its way'), ('confirmed', 'Confirmed'), ('refused', 'Refused'), ('expired', 'Expired'), ('settled', 'Resolved by hand')], default='on_its_way', max_length=20),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='action',
            field=models.CharField(choices=[('contact:created', 'Created the contact'), ('contact:edited', 'Edited the contact'), ('contact:deleted', 'Deleted the contact'), ('stop:requested', 'Stopped texts'), ('stop:confirmed', 'Stop confirmed'), ('stop:refused', 'Stop refused'), ('stop:undone', 'Undid the stop'), ('stop:unsent', 'Unsent the stop'), ('stop:detailed', 'Recorded how they asked'), ('stop:told-back', 'Stop reported back, ours or theirs'), ('stop:read', 'Read stops at a vendor'), ('stop:discounted', "Decided that a stop was not the person's"), ('number:reassigned', 'Number passed to another person'), ('message:dismissed', 'Decided that a message was not a request'), ('message:reopened', 'Reopened a message'), ('text:after-stop', 'Text sent after the stop'), ('text:closed', 'Closed a text after a stop'), ('event:matched', 'Matched an event to a number'), ('event:closed', 'Closed an event'), ('stop:retried', 'Tried the stop again'), ('stop:settled', 'Resolved the stop by hand'), ('consent:requested', 'Changed consent'), ('consent:confirmed', 'Consent change confirmed'), ('consent:refused', 'Consent change refused'), ('consent:expired', 'Consent change expired'), ('consent:retried', 'Tried the consent change again'), ('consent:settled', 'Resolved the consent change by hand'), ('lift:asked', 'Asked to lift the stop'), ('lift:approved', 'Approved the lift'), ('lift:declined', 'Declined the lift'), ('lift:withdrawn', 'Withdrew the request'), ('lift:expired', 'Lift request expired'), ('opt-out:reviewed', 'Reviewed the opt-out'), ('opt-outs:exported', 'Exported opt-outs'), ('contacts:exported', 'Exported contacts'), ('contacts:export-ended', 'Export of contacts ended'), ('job:created', 'Prepared a job'), ('job:started', 'Started a job'), ('job:paused', 'Paused a job'), ('job:resumed', 'Resumed a job'), ('job:cancelled', 'Canceled a job'), ('job:finished', 'Finished a job'), ('job:exported', "Exported a job's rows"), ('disagreement:found', 'Vendors disagree'), ('disagreement:repaired', 'Repaired toward stop'), ('ledger:pruned', 'Removed old entries'), ('account:invited', 'Invited a colleague'), ('account:link-made', 'Made a link to set a password'), ('account:role-changed', 'Changed a role'), ('account:deactivated', 'Deactivated an account'), ('account:reactivated', 'Reactivated an account'), ('account:factors-reset', 'Reset a second factor'), ('person:forgotten', 'Forgot a person')], max_length=40),
        ),
        migrations.AlterField(
            model_name='liftrequest',
            name='opt_in_status',
            field=models.CharField(help_text='What SlickText should hold', max_length=40),
        ),
        migrations.AlterField(
            model_name='optout',
            name='settled_for',
            field=models.CharField(blank=True, help_text='Vendors resolved by hand, by name', max_length=40),
        ),
        migrations.AlterField(
            model_name='optout',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting'), ('refused', 'Refused'), ('honoured', 'Completed'), ('settled', 'Resolved by hand'), ('lifted', 'Lifted'), ('undone', 'Undone'), ('renewed', 'Asked again')], default='waiting', max_length=20),
        ),
        migrations.AlterField(
            model_name='statement',
            name='status',
            field=models.CharField(blank=True, help_text='What SlickText should hold by this statement', max_length=40),
        ),
        migrations.AlterField(
            model_name='sweep',
            name='after',
            field=models.BigIntegerField(default=0, help_text='The desired state that was checked last'),
        ),
    ]
