"""Scorecards sent out by mail and webhook, and the replies that come back."""
