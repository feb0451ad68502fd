"""What is promised and measured, declared as data, and the loaders that refuse an invalid file.

This package imports no other package of the project.
"""
