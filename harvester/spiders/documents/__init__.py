"""Metadata documents that several portal types serve, mapped to datasets: ISO, FGDC, Dublin Core and others."""
