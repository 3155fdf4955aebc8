"""Stores for Rasa whose tracker is fed before each turn; they run in the Rasa process and are named in endpoints."""
