"""The census of key datasets: which of the datasets that open-data indices ask for a catalogue has."""
