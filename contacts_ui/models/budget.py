"""The rate limit of calls to each vendor, shared by every process of this dashboard."""

from django.db import models


class CallBudget(models.Model):
    """One row for each vendor. Times are seconds since the epoch, since they are only ever compared."""

    vendor = models.CharField(max_length=20, primary_key=True)
    # The "theoretical arrival time" of GCRA: when the next call would be due if calls came evenly.
    next_even_call = models.FloatField(default=0)
    # When a batch and a sync had their last call, so that neither starves.
    batch_at = models.FloatField(default=0)
    sync_at = models.FloatField(default=0)
    paused_until = models.FloatField(default=0)
    # Until then what is left of the vendor's window is kept for stops.
    kept_for_stops_until = models.FloatField(default=0)
    # What the vendor's own headers said last.
    reported_limit = models.IntegerField(null=True)
    reported_remaining = models.IntegerField(null=True)
    reported_reset = models.FloatField(null=True)
    reported_at = models.FloatField(null=True)
