"""What goes when it is old, and how one learner is erased; other apps add their kinds."""

from analytics.retention.kinds import KINDS, Kept, add_kept, in_batches

__all__ = ["KINDS", "Kept", "add_kept", "in_batches"]
