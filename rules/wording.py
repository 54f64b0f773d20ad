"""How Vietnamese writes numbers."""


def thousands(number: int) -> str:
    """A whole number with its group dots: 1.780."""
    return f"{number:,}".replace(",", ".")
