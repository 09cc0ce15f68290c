"""The message bus: how its server is set up, spoken to, and listened to when it complains."""
