"""Who does the work: each role builds its requests and reads its replies."""
