"""Names of awards as offices write them: compared by words, never guessed; what fits two awards is asked back.

«Giấy khen của Chủ tịch Ủy ban nhân dân cấp huyện», «GK UBND huyện», «giấy khen Chủ tịch UBND huyện Nậm Mẫu» are one
award. A name counts as a set of words after abbreviations are written out (CSTĐCS, CSTĐ CS, LĐTT, GK, BK), words that
tell nothing apart are left out (của, cấp, danh hiệu, Chủ tịch before a People's Committee) and so is the name of the
place after a level. Marks tell words apart: a name without them is answered with the names it may mean.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from rules import names

Key = frozenset[str]


def _spelled(text: str) -> str:
    return names.spelling(re.sub(r"[^\w\s]|_", " ", text))


# Written out, longest first; keys with and without marks. A value of several words is several words of the key.
_WRITTEN_OUT: Mapping[str, str] = {
    "ủy ban nhân dân": "ubnd",
    "uy ban nhan dan": "ubnd",
    "cstđcs": "chiến sĩ thi đua cơ sở",
    "cstdcs": "chiến sĩ thi đua cơ sở",
    "cstđ cs": "chiến sĩ thi đua cơ sở",
    "cstd cs": "chiến sĩ thi đua cơ sở",
    "cstđtq": "chiến sĩ thi đua toàn quốc",
    "cstđ tq": "chiến sĩ thi đua toàn quốc",
    "cstđ": "chiến sĩ thi đua",
    "cstd": "chiến sĩ thi đua",
    "cstt": "chiến sĩ tiên tiến",
    "ttlđtt": "tập thể lao động tiên tiến",
    "ttldtt": "tập thể lao động tiên tiến",
    "ttlđxs": "tập thể lao động xuất sắc",
    "ttldxs": "tập thể lao động xuất sắc",
    "tt lđtt": "tập thể lao động tiên tiến",
    "tt ldtt": "tập thể lao động tiên tiến",
    "tt lđxs": "tập thể lao động xuất sắc",
    "tt ldxs": "tập thể lao động xuất sắc",
    "lđtt": "lao động tiên tiến",
    "ldtt": "lao động tiên tiến",
    "lđxs": "lao động xuất sắc",
    "ldxs": "lao động xuất sắc",
    "đvtt": "đơn vị tiên tiến",
    "đvqt": "đơn vị quyết thắng",
    "gđvh": "gia đình văn hóa",
    "hclđ": "huân chương lao động",
    "hcld": "huân chương lao động",
    "knc": "kỷ niệm chương",
    "tdp": "tổ dân phố",
    "gk": "giấy khen",
    "bk": "bằng khen",
    "ct": "chủ tịch",
    "ttcp": "thủ tướng chính phủ",
    "ttg": "thủ tướng chính phủ",
    "tg": "thủ tướng chính phủ",
    "thủ tướng": "thủ tướng chính phủ",
    "thu tuong": "thủ tướng chính phủ",
    "chiến sỹ": "chiến sĩ",
    "chien sy": "chiến sĩ",
    "kỉ niệm": "kỷ niệm",
    "hạng 1": "hạng nhất",
    "hạng i": "hạng nhất",
    "hạng 2": "hạng nhì",
    "hạng ii": "hạng nhì",
    "hạng 3": "hạng ba",
    "hạng iii": "hạng ba",
    "hang 3": "hạng ba",
    "thị xã": "huyện",
    "quận": "huyện",
    "thị trấn": "xã",
    "phường": "xã",
    "cs": "cơ sở",
}
_TELLS_NOTHING = frozenset(
    map(names.spelling, ("của", "cấp", "danh", "hiệu", "cua", "cap", "hieu", "và", "các", "hình", "thức"))
)
_CHAIRMAN = (("chủ", "tịch"), ("chu", "tich"))
_LEVELS = frozenset(map(names.spelling, ("huyện", "xã", "tỉnh", "huyen", "xa", "tinh")))
_LONGEST_PLACE = 3  # words of a place's name: Mường Tè, Phố Ràng, Nậm Mẫu Thượng
_OUT = {_spelled(short): _spelled(long) for short, long in _WRITTEN_OUT.items()}
_SHORT = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(_OUT, key=len, reverse=True))) + r")(?!\w)")


@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    """The words of a name in their order, abbreviations written out, what tells nothing apart left out."""
    written = _SHORT.sub(lambda found: _OUT[found[0]], _spelled(text)).split()
    kept = [word for word in written if word not in _TELLS_NOTHING]
    # A People's Committee decides by its chairman: «Chủ tịch UBND» and «UBND» sign the same paper.
    for pair in _CHAIRMAN:
        first, second = map(names.spelling, pair)
        at = next((i for i, pair in enumerate(pairwise(kept)) if pair == (first, second)), None)
        if at is not None and "ubnd" in kept:
            del kept[at : at + 2]
    return tuple(kept)


@dataclass
class AwardNames:
    """The names of some awards: `(id, names)` in order; a name found earlier wins over the same name later."""

    awards: Iterable[tuple[str, Sequence[str]]]
    _by_key: dict[Key, list[str]] = field(default_factory=dict)
    _by_plain: dict[Key, list[str]] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for award, called in self.awards:
            for name in called:
                words = _words(name)
                self._known.update(words)
                self._known.update(map(names.without_marks, words))
                for index, key in ((self._by_key, frozenset(words)), (self._by_plain, _plain(words))):
                    if key and award not in index.setdefault(key, []):
                        index[key].append(award)

    def find(self, text: str) -> tuple[str, ...]:
        """The ids of the awards that bear this name: none, one, or all among which somebody must choose."""
        words = self._without_place(_words(text))
        return tuple(self._by_key.get(frozenset(words), ()))

    def may_mean(self, text: str) -> tuple[str, ...]:
        """Awards of whose names this text says a part, or all without marks: «Giấy khen» may be either committee's."""
        words = frozenset(self._without_place(_words(text)))
        plain = not any(word != names.without_marks(word) for word in words)
        index = self._by_plain if plain else self._by_key
        found = [award for key, awards in index.items() if words and words <= key for award in awards]
        return tuple(dict.fromkeys(found))

    def _without_place(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Without the name of the place that follows a level: at most three words, not all of them of awards' names."""
        for at, word in enumerate(words):
            rest = words[at + 1 :]
            if word in _LEVELS and len(rest) <= _LONGEST_PLACE and not self._known.issuperset(rest):
                return words[: at + 1]
        return words


def _plain(words: Iterable[str]) -> Key:
    return frozenset(map(names.without_marks, words))
