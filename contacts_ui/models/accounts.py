"""What Django's account does not hold: one-time links, and what happened around signing in."""

from django.conf import settings
from django.db import models


class LinkPurpose(models.TextChoices):
    """What a one-time link is for."""

    INVITE = "invite", "Invitation"
    RESET = "reset", "New password"


class AccountLink(models.Model):
    """A one-time link with which a person sets their password. Its token is kept as a hash only."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="links"
    )
    purpose = models.CharField(max_length=10, choices=LinkPurpose)
    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256, in hex")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()


class SecurityEventKind(models.TextChoices):
    """What happened, as subject:verb."""

    SIGNED_IN = "sign-in:done", "Signed in"
    SIGN_IN_FAILED = "sign-in:failed", "Failed to sign in"
    SIGN_IN_SLOWED = "sign-in:slowed", "Too many failed sign-ins"
    SIGNED_OUT = "sign-out:done", "Signed out"
    SESSION_ENDED = "session:ended", "Ended a session"
    CONFIRMED = "identity:confirmed", "Confirmed who they are"
    PASSWORD_CHANGED = "password:changed", "Changed the password"
    FACTOR_ADDED = "factor:added", "Added a second factor"
    FACTOR_REMOVED = "factor:removed", "Removed a second factor"
    CODES_MADE = "codes:made", "Made recovery codes"
    INVITED = "account:invited", "Invited a person"
    LINK_MADE = "link:made", "Made a sign-in link"
    ROLE_CHANGED = "role:changed", "Changed a role"
    DEACTIVATED = "account:deactivated", "Deactivated an account"
    REACTIVATED = "account:reactivated", "Reactivated an account"
    REFUSED = "request:refused", "Refused"
    EXPORTED = "data:exported", "Exported data"
    READ_MUCH = "data:read-much", "Opened many contacts"
    FORGOTTEN = "person:forgotten", "Forgot a person"


class SecurityEvent(models.Model):
    """Something that happened around an account. Only `services.security.record` writes it.

    Kept apart from the ledger, which is about consent, and only for a limited time.
    """

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=30, choices=SecurityEventKind)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=150, help_text="The username, as it was or as it was typed")
    address = models.CharField(max_length=45, blank=True, help_text="The real address, IPv4 or 6")
    request_id = models.CharField(max_length=64, blank=True, help_text="As in the logs")
    details = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["name", "kind", "at"], name="security_event_name"),
            models.Index(fields=["address", "kind", "at"], name="security_event_address"),
        ]


class ContactReads(models.Model):
    """How many contacts an account was shown in an hour: one row for each account and hour."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    hour = models.DateTimeField(help_text="Its beginning")
    contacts = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "hour"], name="one_row_per_account_and_hour")
        ]


class ForgottenPerson(models.Model):
    """A person whose name and details were removed. They stay out of the index while SlickText still has them."""

    number = models.CharField(max_length=20, unique=True, help_text="E.164")
    contact_id = models.BigIntegerField(null=True, db_index=True)
    forgotten_at = models.DateTimeField()
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name_plural = "forgotten people"
        default_permissions = ()
