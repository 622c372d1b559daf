"""The measures, one file for each kind; each gives the rows of the table."""
