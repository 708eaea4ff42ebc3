"""Decodes lines into records of known keys and types, and tells whether a key came twice."""

from functools import partial
from itertools import repeat
from operator import attrgetter, length_hint
from types import GenericAlias
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, MsgspecError, UnsetType, defstruct, field
from msgspec.json import Decoder, Encoder

from ses_cli.callback import KEYS, Callback
from ses_cli.events import EVENT_IDS, FIELDS, LEGACY_FIELDS, MAX_EMAIL, MAX_TIMESTAMP, is_custom
from ses_cli.schema.document import count_keys

_written = Encoder().encode_lines
_Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_BulkId = Annotated[str, Meta(min_length=1)]
_Email = Annotated[str, Meta(max_length=MAX_EMAIL)]
_TIMES = {
    "timestamp": Annotated[int, Meta(ge=1, le=MAX_TIMESTAMP)],
    "sentTimestamp": Annotated[int, Meta(ge=0, le=MAX_TIMESTAMP)],
}


class RecordDecoder:
    """Reads records with the documented fields and what was learnt, nothing else, and counts the keys it read.

    Fields that are absent ask for their None, so that what is left of these says how many keys there were.
    """

    def __init__(self, learnt: dict[str, str], is_legacy: bool, has_nulls: bool) -> None:
        self._has_nulls = has_nulls
        self._texts, self._integers = repeat(None, 1 << 62), repeat(None, 1 << 62)  # cost less than functions of ours
        keys = {key: attribute for attribute, key in KEYS.items()}
        names = {key: keys.get(key, key) for key in FIELDS} | learnt
        required = [(names[key], _type(key)) for key, known in FIELDS.items() if known.required]
        texts = [key for key, known in FIELDS.items() if not known.required and known.type is str]
        texts += filter(is_custom, learnt)
        integers = [key for key, known in FIELDS.items() if not known.required and known.type is int]
        absent = {**dict.fromkeys(texts, self._texts), **dict.fromkeys(integers, self._integers)}
        optional = [
            (names[key], _type(key) | None if has_nulls else _type(key), field(default_factory=of.__next__))
            for key, of in absent.items()
        ]
        # without floats, which an integer beyond 64 bits would become
        scalar = str | _Integer | bool | None | UnsetType
        unknown = [(learnt[key], scalar, UNSET) for key in learnt if not is_custom(key)]
        self._unknown = [attrgetter(attribute) for attribute, *_ in unknown]
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [*required, *optional, *unknown]
        old = {new: old for old, new in LEGACY_FIELDS.items()} if is_legacy else {}
        rename = {attribute: old.get(key, key) for key, attribute in names.items()}
        make = partial(
            defstruct, "Known", bases=(Callback,), rename=rename, kw_only=True, forbid_unknown_fields=True, gc=False
        )
        self._decoder: Decoder[list[Any]] = Decoder(GenericAlias(list, make(fields) | int))
        plain: list[Any] = [*required, *((name, known, None) for name, known, _ in optional), *unknown]
        self._plain: Decoder[Any] = Decoder(make(plain, omit_defaults=True))
        self._most_texts = len(texts) + sum(FIELDS[key].type is str for key in FIELDS if FIELDS[key].required)
        self._most_keys = len(required) + len(optional)
        self._absent = 0, 0  # texts and integers, of what was decoded last

    def decode(self, array: bytes) -> list[Any]:
        """Records and numbers."""
        texts, integers = length_hint(self._texts), length_hint(self._integers)
        elements = self._decoder.decode(array)
        self._absent = texts - length_hint(self._texts), integers - length_hint(self._integers)
        return elements

    def read_back(self, text: bytes) -> list[Callback] | None:
        """The records of lines, None unless these are just what the records would be written as.

        So each line holds exactly one record, without a null, and no key comes twice.
        """
        try:
            records: list[Callback] = self._plain.decode_lines(text)
        except (MsgspecError, UnicodeDecodeError):
            return None
        return records if _written(records) == text else None

    def count_unknown(self, records: list[Callback]) -> int:
        """How many values of undocumented keys there are."""
        return sum(len(records) - list(map(value, records)).count(UNSET) for value in self._unknown)

    def is_doubled(self, text: bytes, records: int, unknown: int) -> bool:
        """Whether some key came twice in the lines that were decoded last, so many of whose keys were unknown ones.

        Of two values only the last is in the record, so there are more keys in the text than in the records. Counting
        the quotes is enough where each belongs to a key or to a text that is known of.
        """
        texts, integers = self._absent
        keys = records * self._most_keys - texts - integers + unknown
        has_escapes = b"\\" in text
        if not unknown and not self._has_nulls and not (has_escapes and b"\\\\" in text):
            quotes = text.count(b'"') - (text.count(b'\\"') if has_escapes else 0)
            return quotes != 2 * (keys + records * self._most_texts - texts)
        return count_keys(text, keys) != keys


def _type(key: str) -> Any:
    if key == "event":
        return Literal[tuple(EVENT_IDS)]
    if key == "email":
        return _Email
    if key in _TIMES:
        return _TIMES[key]
    if key == "bulkId":
        return _BulkId
    return _Integer if key in FIELDS and FIELDS[key].type is int else str
