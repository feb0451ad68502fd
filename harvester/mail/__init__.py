"""Send scorecards by mail and webhook, and read the replies that come back."""
