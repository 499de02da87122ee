"""Learning: evidence, detectors, their combination into one calibrated probability, and what a record changes."""
