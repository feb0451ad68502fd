"""The census of key datasets: which of the datasets that open-data indices ask for a portal has.

A key dataset is one kind of these datasets, such as the budget.
"""
