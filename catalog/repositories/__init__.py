"""All questions to the catalogue, by what they are about: every statement of SQL stands in this package's modules."""
