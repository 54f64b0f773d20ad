"""The one failure of verification: which part did not hold."""


class Unproven(Exception):  # noqa: N818 -- the answer "this is not proven", not a fault of the program
    """A proof, checkpoint or export does not hold.

    `part` is stable and machine-readable: `format`, `vkey`, `signature`, `checkpoint`, `extra`, `entry`, `index`,
    `inclusion`, `opening`, or the path of a file of an export. `message` is a Vietnamese sentence for a person.
    """

    def __init__(self, part: str, message: str) -> None:
        super().__init__(f"{part}: {message}")
        self.part = part
        self.message = message
