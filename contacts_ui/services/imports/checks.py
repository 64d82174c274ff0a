"""What a check of a file says: of every line its fate, and at each cell what there is to say."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Choice(StrEnum):
    """What to do about people who are in SlickText already."""

    CREATE = "create"
    UPDATE = "update"
    ONLY_UPDATE = "only_update"


class Fate(StrEnum):
    """What will happen to a line."""

    CREATE = "create"
    UPDATE = "update"
    STOP = "stop"
    SKIP = "skip"
    SAME = "same"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one cell; a problem keeps the line out, a notice does not."""

    line: int
    column: str
    typed: str
    sentence: str
    is_problem: bool = True


@dataclass(slots=True)
class Checked:
    """One line of the file as it would be imported."""

    line: int
    typed: str
    number: str = ""
    values: dict[str, str] = field(default_factory=dict)
    stop: bool = False
    fate: Fate = Fate.INVALID
    why: str = ""
    contact_id: int | None = None
    name: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is done about it."""
        return self.fate in (Fate.CREATE, Fate.UPDATE, Fate.STOP)


@dataclass(frozen=True)
class Check:
    """All lines of a file, and everything to say about them."""

    lines: list[Checked]
    remarks: list[Remark]

    @property
    def counts(self) -> dict[Fate, int]:
        """How many lines meet each fate."""
        found = Counter(line.fate for line in self.lines)
        return {fate: found[fate] for fate in Fate}

    @property
    def acts(self) -> int:
        """How many lines something is done about."""
        return sum(line.acts for line in self.lines)

    @property
    def stops(self) -> int:
        """How many stops are recorded, whatever else is done."""
        return sum(line.stop for line in self.lines)

    @property
    def problems(self) -> int:
        """How many cells keep their line out."""
        return sum(remark.is_problem for remark in self.remarks)
