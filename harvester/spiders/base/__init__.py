"""Hold what spiders of several portal types share: paging, feeds, identity and the reporting of losses."""
