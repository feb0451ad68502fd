"""Search of the site: words in any script, their stems, and the index of the public file.

:mod:`.words` cuts and folds texts, :mod:`.index` builds the index when the catalogue is published, :mod:`.find` answers
a visitor's words, and :mod:`.snippets` shows where they stand in a text.
"""
