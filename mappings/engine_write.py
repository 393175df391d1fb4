"""Ours -> theirs, carefully: every problem and every note. It judges what the compiled form gives up."""

from datetime import date
from typing import Any

from mappings.engine_plan import KIND, Condition, Item, Level, Plan
from mappings.engine_tree import absent, put, put_back
from mappings.engine_values import FieldProblem, Note, Written
from mappings.rules import Fault, Noted
from mappings.sheet_values import OurPath, Path


class Writing:
    """One message being written; `problems` and `notes` fill while it goes."""

    def __init__(self, plan: Plan, source: str, day: date | None) -> None:
        self.plan, self.source, self.day = plan, source, day
        self.problems: list[FieldProblem] = []
        self.notes: list[Note] = []
        self.root: Any = None

    def message(self, message: Any) -> Written:
        """Write the whole message; what came out is of use only without problems."""
        self.root = message
        tree = self.level(self.plan.root, message, (), ())
        for _, check in self.plan.checks:
            for found in check(message):
                if found.refuse:
                    self.problems.append(FieldProblem("", found.ours, "", found.what, found.vi))
                else:
                    self.notes.append(Note("", found.ours, found.what, found.vi))
        return Written(tree, tuple(self.notes))

    def level(self, level: Level, ours: Any, at: Path, path: Path) -> dict[str, Any]:
        """Write one object."""
        tree: dict[str, Any] = {}
        for item in level.writing:
            self.item(item, ours, tree, at, path)
        if level.keeps and (extras := ours.extras.get(self.source)):
            put_back(tree, extras, level.named)
        return tree

    def item(self, item: Item, ours: Any, tree: dict[str, Any], at: Path, path: Path) -> None:
        """Write one line into the tree."""
        given = tuple(self.given(one, ours) for one in item.line.ours)
        held = all(self.holds(condition, ours) for condition in item.when)
        if item.shape == "always":
            put(tree, item.theirs[0], item.line.argument)
        elif item.shape == "spread":
            self.spread(item, given[0] if held else (), tree, at, path)
        elif not held:
            self.nothing(item, tree)
        elif all(absent(value) for value in given):
            self.missing(item, ours, tree, at, path)
        else:
            self.present(item, given, tree, at, path)

    def given(self, path: OurPath, ours: Any) -> Any:
        """Return what stands at our path."""
        return value_at(self.root if path.top else ours, path.steps)

    def holds(self, condition: Condition, ours: Any) -> bool:
        """Whether ours has one of the values."""
        value = value_at(ours, condition.path)
        return (condition.default if absent(value) else value) in condition.values

    def missing(self, item: Item, ours: Any, tree: dict[str, Any], at: Path, path: Path) -> None:
        """Write the default, or absence in the sheet's way; a required field is a problem."""
        del ours
        if item.line.has_default:
            self.present(item, (item.line.default,), tree, at, path)
        elif item.required_out:
            self.problem(item, at, path, None, "is missing", "thiếu giá trị bắt buộc")
        else:
            self.nothing(item, tree)

    def nothing(self, item: Item, tree: dict[str, Any]) -> None:
        """Write absence; columns of the row itself are not there."""
        if item.line.empty != "omit" and not item.here:
            for path in item.theirs:
                put(tree, path, nothing(item))

    def present(self, item: Item, given: tuple[Any, ...], tree: dict[str, Any], at: Path, path: Path) -> None:
        """Write a present value."""
        before = len(self.problems)
        made = self.made(item, given, at, path)
        if len(self.problems) > before:
            return
        if made is None or made == {}:
            self.missing(item, None, tree, at, path)
        elif item.here:
            self.beside(item, made, tree, at, path)
        elif len(item.theirs) > 1:
            for where, value in zip(item.theirs, made, strict=True):
                put(tree, where, value)
        else:
            put(tree, item.theirs[0], made)

    def beside(self, item: Item, made: Any, tree: dict[str, Any], at: Path, path: Path) -> None:
        """Write a sub-object, or a list of one, as columns of the row itself."""
        rows = made if isinstance(made, list) else [made]
        if len(rows) > 1:
            what, vi = (
                f"has {len(rows)} items, but the row has columns for one",
                "hàng chỉ có chỗ cho một mục",
            )
            self.problem(item, at, path, None, what, vi)
        tree.update(rows[0])

    def made(self, item: Item, given: tuple[Any, ...], at: Path, path: Path) -> Any:
        """Return the peer's form of a present value."""
        where, inner = (*at, *item.theirs[0]), (*path, *item.line.ours[0].steps)
        if item.shape == "texts":
            return list(given[0])
        if item.shape == "each" and item.level is not None:
            return self.each(item, item.level, given[0], where, inner)
        if item.shape == "part" and item.level is not None:
            return self.level(item.level, given[0], where, inner)
        return self.value(item, given, at, path)

    def each(self, item: Item, level: Level, rows: Any, where: Path, inner: Path) -> Any:
        """Write a list; an item without what its part needs is left out and noted."""
        needs = self.plan.sheet.parts[item.line.argument].needs
        made = []
        for count, row in enumerate(rows):
            lacking = [name for name in needs if absent(value_at(row, tuple(name.split("."))))]
            if lacking:
                theirs, ours = "/".join((*where, str(count))), ".".join((*inner, str(count)))
                what = f"is left out: it has no {', '.join(lacking)}"
                self.notes.append(Note(theirs, ours, what, "không gửi vì thiếu dữ liệu bắt buộc"))
            else:
                made.append(self.level(level, row, (*where, str(count)), (*inner, str(count))))
        return made or None

    def value(self, item: Item, given: tuple[Any, ...], at: Path, path: Path) -> Any:
        """Write one value by its rule."""
        bound = item.bound
        value = given if len(given) > 1 else given[0]
        if object not in bound.ours and type(value) not in bound.ours:
            wanted = " or ".join(kind.__name__ for kind in bound.ours)
            self.problem(
                item, at, path, value, f"is of the wrong type: {wanted} is meant", "sai kiểu dữ liệu"
            )
            return None
        try:
            made = self.call(item, value)
        except Fault as fault:
            self.problem(item, at, path, value, fault.what, fault.vi, park=fault.park)
            return None
        except Noted as noted:
            made = noted.value
            self.note(item, at, path, noted.what, noted.vi)
        return self.limited(item, made, at, path)

    def call(self, item: Item, value: Any) -> Any:
        """Call the rule; one without a way out writes nothing."""
        if item.bound.write is None:
            return None
        return item.bound.write(value, self.day) if item.bound.dated else item.bound.write(value)

    def limited(self, item: Item, made: Any, at: Path, path: Path) -> Any:
        """Hold the peer's limit of length: cut and note, or a problem."""
        limit = item.line.max
        if limit is None or made is None or len(str(made)) <= limit:
            return made
        what, vi = f"is {len(made)} characters long, {limit} are allowed", f"dài quá {limit} ký tự"
        if not item.line.cut:
            self.problem(item, at, path, made, what, vi)
            return None
        self.note(item, at, path, f"{what}: cut", f"{vi}: đã cắt bớt")
        return str(made)[:limit].rstrip()

    def spread(self, item: Item, rows: Any, tree: dict[str, Any], at: Path, path: Path) -> None:
        """Write a list as groups of columns; two items of one kind are a problem."""
        assert item.level is not None  # noqa: S101 - the plan gives every spread its level
        if not rows and item.required_out:
            self.problem(item, at, path, None, "is missing", "thiếu giá trị bắt buộc")
        groups: dict[str, dict[str, Any]] = {}
        kinds = {kind for _, kind in item.prefixes}
        for count, row in enumerate(rows or ()):
            columns = self.level(
                item.level, row, (*at, *item.theirs[0]), (*path, *item.line.ours[0].steps, str(count))
            )
            kind = columns.pop(KIND, None)
            if kind in groups or kind not in kinds:
                what = "has a kind that is there already" if kind in groups else "has a kind without columns"
                self.problem(item, at, path, kind, what, "trùng hoặc không có nhóm cột cho loại này")
            groups[str(kind)] = columns
        for prefix, kind in item.prefixes:
            for name, value in groups.get(kind, {}).items():
                put(tree, (*item.theirs[0], f"{prefix}_{name}"), value)

    def problem(
        self, item: Item, at: Path, path: Path, value: Any, what: str, vi: str, *, park: bool = False
    ) -> None:
        """Add a problem."""
        where = "/".join((*at, *item.theirs[0]))
        rule = f"{item.line.rule} {item.line.argument}".strip()
        self.problems.append(FieldProblem(where, _name(item, path), rule, what, vi, value, park))

    def note(self, item: Item, at: Path, path: Path, what: str, vi: str) -> None:
        """Add a note."""
        self.notes.append(Note("/".join((*at, *item.theirs[0])), _name(item, path), what, vi))


def _name(item: Item, path: Path) -> str:
    return ", ".join(str(each) if each.top else ".".join((*path, *each.steps)) for each in item.line.ours)


def nothing(item: Item) -> Any:
    """Return how absence of a line looks: a list stays a list and an object an object."""
    if item.line.empty == "null":
        return None
    return {"each": [], "texts": [], "part": {}}.get(item.shape, "")


def value_at(ours: Any, path: Path) -> Any:
    """Return what stands at a path of ours, None where anything on the way is absent."""
    for step in path:
        if ours is None:
            return None
        ours = ours.get(step) if isinstance(ours, dict) else getattr(ours, step)
    return ours
