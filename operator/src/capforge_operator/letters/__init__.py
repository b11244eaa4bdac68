"""What people read: letters (HTML and text) and the bodies of webhooks. Everything is escaped; there is no I/O."""
