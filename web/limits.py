"""How much may be sent, and how fast: each route has a limit, and one that declares none has the strictest."""

from dataclasses import dataclass
from typing import Final

KB, MB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """Limits of one request. `text` bounds a body without files, and the fields beside files."""

    text: int
    fields: int = 0
    files: int = 0
    file_bytes: int = 0  # of all files together
    items: int = 0  # of a JSON document: values, wherever they stand

    def size(self, content_type: str) -> int:
        """The longest body of this type."""
        with_files = content_type.partition(";")[0].strip().lower() == "multipart/form-data" and self.files
        return self.text + self.file_bytes if with_files else self.text


NOTHING: Final = Limit(0)  # a route that takes no body
FORM: Final = Limit(64 * KB, fields=40)
LONG_FORM: Final = Limit(256 * KB, fields=400)  # of somebody signed in: an answer of some pages, a council's attendance
LIST: Final = Limit(4 * MB, fields=60_000)  # of somebody signed in: a line for each nomination of a large round
ONE_FILE: Final = Limit(64 * KB, fields=8, files=1, file_bytes=10 * MB)  # anybody's: a paper to check
UPLOAD: Final = Limit(256 * KB, fields=400, files=10, file_bytes=12 * MB - 256 * KB)  # of somebody signed in
JSON: Final = Limit(1 * MB, items=60_000)
JSON_UPLOAD: Final = Limit(64 * KB, fields=40, files=1, file_bytes=12 * MB - 64 * KB)

# A browser sends a form's head and the beginning of its body at once, in packets of some 1,400 bytes. Whoever sends
# less than this and then nothing is no browser; a packet lost on a bad line is sent again within seconds.
A_PACKET: Final = 512  # bytes
SHORT_STALL: Final = 0.8  # seconds, while less than a packet has come
STALL: Final = 10.0
GRACE: Final = 20.0  # seconds before the average counts
SLOWEST: Final = 2 * KB  # bytes a second on the average: 12 MB may take an hour and a half
SLOWEST_STRANGER: Final = 16 * KB

# Bodies of strangers that are on their way at once.
STRANGERS: Final = (500, 50)  # in all, from one place
STRANGERS_FILES: Final = (8, 2)
