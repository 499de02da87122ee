"""`forewarn review`: a screen where suggestions are read and decided."""
