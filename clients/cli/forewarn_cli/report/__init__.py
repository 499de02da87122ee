"""`forewarn report`: how good decisions were, on the terminal, as JSON, or as one HTML page that needs nothing else."""
