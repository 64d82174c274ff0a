"""One file and what it must end as."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# A number is written as its last four digits behind 615-555, or as a whole.
Number = int | str


def e164(number: Number) -> str:
    """Return 7101 as "+16155557101"."""
    return number if isinstance(number, str) else f"+1615555{number:04}"


@dataclass(frozen=True)
class Case:
    """A file, the program that it imitates, and what must be true when it was run to the end.

    Every contact that is created and every stop at a vendor must be named here; one that is not is a stranger.
    """

    name: str
    program: str
    content: bytes
    # Stopped at both vendors, whatever is answered.
    stops: frozenset[str] = frozenset()
    # A stop or a question: stopped where questions are answered with "stop".
    doubtful: frozenset[str] = frozenset()
    # A question, as *Do not call* alone: stopped exactly where it is answered with "stop".
    asked: frozenset[str] = frozenset()
    # Never stopped.
    calm: frozenset[str] = frozenset()
    # Created; whether stopped is not compared, since both can be defended.
    either: frozenset[str] = frozenset()
    # Created or kept out, and never stopped.
    may_be: frozenset[str] = frozenset()
    # Fields at SlickText, by number.
    people: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    # Rows without a readable number; None is not compared.
    out: int | None = 0
    # Stops that cannot be recorded, and must be named; None is not compared.
    lost: int | None = 0
    # The day of the file's stop, by number.
    said: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False
    # Too long to be run to the end; it is checked only.
    is_long: bool = False
    file_name: str = "people.csv"
    choice: str = "create"
    # Targets of columns that a person would choose, by heading.
    columns: Mapping[str, str] = field(default_factory=dict)
    # How it is to be read, as on the columns page.
    reading: Mapping[str, str] = field(default_factory=dict)
    # Answers by the beginning of the question's key; else the run's own answer, or the first choice.
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def contacts(self) -> frozenset[str]:
        """Return every number that must be a contact at the end, where nothing is left out."""
        return self.stops | self.doubtful | self.asked | self.calm | self.either

    def __str__(self) -> str:
        return self.name


def case(
    name: str,
    program: str,
    content: bytes,
    *,
    stops: Iterable[Number] = (),
    doubtful: Iterable[Number] = (),
    asked: Iterable[Number] = (),
    calm: Iterable[Number] = (),
    either: Iterable[Number] = (),
    may_be: Iterable[Number] = (),
    people: Mapping[Number, Mapping[str, str | None]] | None = None,
    said: Mapping[Number, str] | None = None,
    **more: object,
) -> Case:
    """Return a case, with numbers by their last four digits."""
    sets = {
        "stops": stops,
        "doubtful": doubtful,
        "asked": asked,
        "calm": calm,
        "either": either,
        "may_be": may_be,
    }
    return Case(
        name,
        program,
        content,
        **{key: frozenset(map(e164, numbers)) for key, numbers in sets.items()},
        people={e164(number): fields for number, fields in (people or {}).items()},
        said={e164(number): day for number, day in (said or {}).items()},
        **more,  # type: ignore[arg-type]
    )
