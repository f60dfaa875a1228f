"""AsyncAPI 2.x and 3.0: who sends which message where. What the application sends its consumers receive, and the reverse."""
