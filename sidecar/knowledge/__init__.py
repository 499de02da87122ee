"""Organisational patterns and policies: kept, matched with intents, counted, and the workflows that use them."""
