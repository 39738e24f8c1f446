"""Installation, operational and performance qualification on the user's own machine."""
