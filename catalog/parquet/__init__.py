"""The catalogue as a package of Parquet tables, which any program reads without ours; its releases; SQL over it.

It is made from the public file, when that is written: what is public is decided once, there.
"""
