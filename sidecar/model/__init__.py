"""The nouns of Forewarn as typed records. Imports nothing else of ours."""
