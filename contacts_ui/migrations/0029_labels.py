"""Put labels and help texts in plain words. No column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts_ui', '0028_field_terms'),
    ]

    operations = [
        migrations.AlterField(
            model_name='consentsetup',
            name='first_sync_ended_at',
            field=models.DateTimeField(db_column='first_walk_ended_at', help_text='Set after the first full read: later stops are sent without a job', null=True),
        ),
        migrations.AlterField(
            model_name='consentsetup',
            name='texts_checked_to',
            field=models.BigIntegerField(default=0, help_text='Texts sent earlier were checked against statements up to this one'),
        ),
        migrations.AlterField(
            model_name='consentsetup',
            name='vendors',
            field=models.CharField(blank=True, help_text='Vendors that were connected when verdicts were last stored', max_length=100),
        ),
        migrations.AlterField(
            model_name='consentstate',
            name='version',
            field=models.PositiveIntegerField(default=0, help_text='Counts up with every statement'),
        ),
        migrations.AlterField(
            model_name='desiredstate',
            name='answer',
            field=models.CharField(blank=True, help_text="The vendor's last answer, or why we are waiting", max_length=500),
        ),
        migrations.AlterField(
            model_name='desiredstate',
            name='batch',
            field=models.BooleanField(default=False, help_text='From a bulk job; changes made by hand go first'),
        ),
        migrations.AlterField(
            model_name='desiredstate',
            name='due_at',
            field=models.DateTimeField(help_text='When to call the vendor next; null: never', null=True),
        ),
        migrations.AlterField(
            model_name='disagreement',
            name='before_status',
            field=models.CharField(blank=True, help_text='What SlickText held before', max_length=40),
        ),
        migrations.AlterField(
            model_name='disagreement',
            name='source',
            field=models.CharField(blank=True, help_text='The source that SlickText gives', max_length=80),
        ),
        migrations.AlterField(
            model_name='heldpress',
            name='seen_status',
            field=models.CharField(blank=True, help_text='What the page showed', max_length=40),
        ),
        migrations.AlterField(
            model_name='incomingmessage',
            name='due_at',
            field=models.DateTimeField(help_text='When it becomes a stop without a decision'),
        ),
        migrations.AlterField(
            model_name='incomingmessage',
            name='key',
            field=models.CharField(help_text='Identifies the message', max_length=200),
        ),
        migrations.AlterField(
            model_name='incomingmessage',
            name='said_at',
            field=models.DateTimeField(help_text="By the vendor's clock, if it gives a time", null=True),
        ),
        migrations.AlterField(
            model_name='indexedcontact',
            name='folded',
            field=models.TextField(blank=True, help_text='The text that searches match; ^ before each name'),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='account',
            field=models.CharField(blank=True, help_text="SlickText's address and brand that these contacts belong to", max_length=32),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='asking',
            field=models.PositiveIntegerField(default=0, help_text='Contacts per page to ask for; 0: all'),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='checked_to',
            field=models.BigIntegerField(default=0, help_text='The last id checked'),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='finished_at',
            field=models.DateTimeField(help_text='When the last full read ended', null=True),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='next_at',
            field=models.DateTimeField(help_text='When the next step is due'),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='offset',
            field=models.PositiveBigIntegerField(default=0, help_text='Where the next page starts'),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='page_size',
            field=models.PositiveIntegerField(default=0, help_text='The most contacts on one page so far'),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='steps_back',
            field=models.PositiveSmallIntegerField(default=0, help_text='Steps back in this sync, to find the tail'),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='sync_due_at',
            field=models.DateTimeField(db_column='walk_due_at', help_text='When the next sync starts', null=True),
        ),
        migrations.AlterField(
            model_name='indexsync',
            name='total',
            field=models.PositiveBigIntegerField(default=0, help_text='Contacts at the last finished sync; an estimate during the first'),
        ),
        migrations.AlterField(
            model_name='job',
            name='channel',
            field=models.CharField(choices=[('phone', 'Phone call'), ('text', 'Text message'), ('email', 'Email'), ('letter', 'Letter'), ('in_person', 'In person'), ('web', 'Web form'), ('vendor', 'Reported by a vendor'), ('unrecorded', 'Not recorded')], default='unrecorded', max_length=20),
        ),
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('stop', 'Stop texts'), ('ask_lift', 'Ask for a lift'), ('edit', 'Edit a field'), ('import', 'Import contacts'), ('tell', 'Tell vendors about stops on record'), ('repair', 'Stop where vendors disagree')], max_length=20),
        ),
        migrations.AlterField(
            model_name='jobrow',
            name='typed',
            field=models.CharField(blank=True, help_text='As typed or uploaded', max_length=300),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='action',
            field=models.CharField(choices=[('contact:created', 'Created the contact'), ('contact:edited', 'Edited the contact'), ('contact:deleted', 'Deleted the contact'), ('stop:requested', 'Stopped texts'), ('stop:confirmed', 'Stop confirmed'), ('stop:refused', 'Stop refused'), ('stop:undone', 'Undid the stop'), ('stop:unsent', 'Unsent the stop'), ('stop:detailed', 'Recorded how they asked'), ('stop:told-back', "Vendor reported a stop, ours or the person's"), ('stop:read', 'Read stops at a vendor'), ('stop:discounted', 'Decided the stop was not from the person'), ('number:reassigned', 'Number passed to another person'), ('message:dismissed', 'Decided the message was not a request'), ('message:reopened', 'Reopened a message'), ('text:after-stop', 'Text sent after a stop'), ('text:closed', 'Closed a text after a stop'), ('event:matched', 'Matched an event to a number'), ('event:closed', 'Closed an event'), ('stop:retried', 'Retried the stop'), ('stop:settled', 'Resolved the stop by hand'), ('consent:requested', 'Changed consent'), ('consent:confirmed', 'Consent change confirmed'), ('consent:refused', 'Consent change refused'), ('consent:expired', 'Consent change expired'), ('consent:retried', 'Retried the consent change'), ('consent:settled', 'Resolved the consent change by hand'), ('lift:asked', 'Asked to lift the stop'), ('lift:approved', 'Approved the lift'), ('lift:declined', 'Declined the lift'), ('lift:withdrawn', 'Withdrew the request'), ('lift:expired', 'Lift request expired'), ('opt-out:reviewed', 'Reviewed the opt-out'), ('opt-outs:exported', 'Exported opt-outs'), ('contacts:exported', 'Exported contacts'), ('contacts:export-ended', 'Export of contacts ended'), ('job:created', 'Prepared a job'), ('job:started', 'Started a job'), ('job:paused', 'Paused a job'), ('job:resumed', 'Resumed a job'), ('job:cancelled', 'Canceled a job'), ('job:finished', 'Finished a job'), ('job:exported', "Exported a job's rows"), ('disagreement:found', 'Vendors disagree'), ('disagreement:repaired', 'Repaired: stopped at both vendors'), ('ledger:pruned', 'Removed old entries'), ('account:invited', 'Invited a colleague'), ('account:link-made', 'Made a link to set a password'), ('account:role-changed', 'Changed a role'), ('account:deactivated', 'Deactivated an account'), ('account:reactivated', 'Reactivated an account'), ('account:factors-reset', 'Reset a second factor'), ('person:forgotten', 'Forgot a person')], max_length=40),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='channel',
            field=models.CharField(blank=True, choices=[('phone', 'Phone call'), ('text', 'Text message'), ('email', 'Email'), ('letter', 'Letter'), ('in_person', 'In person'), ('web', 'Web form'), ('vendor', 'Reported by a vendor'), ('unrecorded', 'Not recorded')], max_length=20),
        ),
        migrations.AlterField(
            model_name='liftrequest',
            name='consent_channel',
            field=models.CharField(choices=[('phone', 'Phone call'), ('text', 'Text message'), ('email', 'Email'), ('letter', 'Letter'), ('in_person', 'In person'), ('web', 'Web form'), ('vendor', 'Reported by a vendor'), ('unrecorded', 'Not recorded')], max_length=20),
        ),
        migrations.AlterField(
            model_name='liftrequest',
            name='own_stops',
            field=models.JSONField(default=list, help_text='Ids of reported stops that the requester says were ours'),
        ),
        migrations.AlterField(
            model_name='liftrequest',
            name='undated',
            field=models.BooleanField(default=False, help_text="The vendor gave no time, so it can't lift a stop"),
        ),
        migrations.AlterField(
            model_name='optout',
            name='channel',
            field=models.CharField(choices=[('phone', 'Phone call'), ('text', 'Text message'), ('email', 'Email'), ('letter', 'Letter'), ('in_person', 'In person'), ('web', 'Web form'), ('vendor', 'Reported by a vendor'), ('unrecorded', 'Not recorded')], max_length=20),
        ),
        migrations.AlterField(
            model_name='reconcileprogress',
            name='after',
            field=models.BigIntegerField(default=0, help_text='The last desired state checked'),
        ),
        migrations.AlterField(
            model_name='savedview',
            name='shared',
            field=models.BooleanField(default=False, help_text='The whole team sees it'),
        ),
        migrations.AlterField(
            model_name='securityevent',
            name='kind',
            field=models.CharField(choices=[('sign-in:done', 'Signed in'), ('sign-in:failed', 'Failed to sign in'), ('sign-in:slowed', 'Too many failed sign-ins'), ('sign-out:done', 'Signed out'), ('session:ended', 'Ended a session'), ('identity:confirmed', 'Confirmed who they are'), ('password:changed', 'Changed the password'), ('factor:added', 'Added a second factor'), ('factor:removed', 'Removed a second factor'), ('codes:made', 'Made recovery codes'), ('account:invited', 'Invited a person'), ('link:made', 'Made a sign-in link'), ('role:changed', 'Changed a role'), ('account:deactivated', 'Deactivated an account'), ('account:reactivated', 'Reactivated an account'), ('request:refused', 'Refused'), ('data:exported', 'Exported data'), ('data:read-much', 'Opened many contacts'), ('person:forgotten', 'Forgot a person')], max_length=30),
        ),
        migrations.AlterField(
            model_name='senttext',
            name='alarm_at',
            field=models.DateTimeField(help_text='When the alarm started', null=True),
        ),
        migrations.AlterField(
            model_name='senttext',
            name='dated',
            field=models.BooleanField(default=True, help_text='True if the vendor gave the time it was sent'),
        ),
        migrations.AlterField(
            model_name='senttext',
            name='key',
            field=models.CharField(help_text='Identifies the text', max_length=200),
        ),
        migrations.AlterField(
            model_name='senttext',
            name='kind',
            field=models.CharField(blank=True, choices=[('before_held', 'Before the vendor held the stop'), ('on_its_way', 'On its way when the vendor got the stop'), ('after_held', 'After the vendor held the stop'), ('confirmation', 'The one confirmation text'), ('by_person', "Written by a person in the vendor's inbox")], max_length=20),
        ),
        migrations.AlterField(
            model_name='senttext',
            name='sent_at',
            field=models.DateTimeField(help_text='When we learned of it, if the vendor gives no time'),
        ),
        migrations.AlterField(
            model_name='statement',
            name='heard_at',
            field=models.DateTimeField(help_text='When we received it; for a reading, when it was sent'),
        ),
        migrations.AlterField(
            model_name='statement',
            name='key',
            field=models.CharField(blank=True, help_text='Identifies the reading or event', max_length=200),
        ),
        migrations.AlterField(
            model_name='statement',
            name='source',
            field=models.CharField(choices=[('person', 'The person, in their own words'), ('vendor_mark', 'Reported by CloudContactAI'), ('status', 'A status read at SlickText'), ('vendor_code', 'An error code from CloudContactAI'), ('carrier', 'An error code from the carrier'), ('staff', 'Staff, no words recorded'), ('carried_over', 'Carried over')], max_length=20),
        ),
        migrations.AlterField(
            model_name='webhookevent',
            name='key',
            field=models.CharField(help_text='Identifies the event', max_length=200),
        ),
    ]
