"""Channels: how customers reach the bot. One module each; all of them call the relay."""
