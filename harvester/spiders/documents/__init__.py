"""Map metadata documents that several portal types serve (ISO, FGDC, Dublin Core and others) to datasets."""
