"""Vendors' words in and out: text to Document, outcome to vendor words. They stay in here."""
