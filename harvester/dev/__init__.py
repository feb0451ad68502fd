"""Tools for those who change Winnow: ``winnow-dev``. No command of ``winnow`` imports anything of this folder."""
