"""What spiders of several portal types share: paging, feeds, identity, losses."""
