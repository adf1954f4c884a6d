"""The report: figures as pictures and CSV, and one page that holds all of it."""
