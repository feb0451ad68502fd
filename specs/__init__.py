"""What is promised and measured, as data, and the loaders that refuse a bad file.

This package imports nothing else of the project.
"""
