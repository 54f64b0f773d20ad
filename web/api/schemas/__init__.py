"""What the API takes and answers, a file a router. A key that is not named here is refused."""
