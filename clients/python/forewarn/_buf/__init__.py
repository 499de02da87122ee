"""The validation rules that messages carry, generated. Not part of the public API."""
