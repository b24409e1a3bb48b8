"""What a study compares, as its YAML file says it."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from lightning_go4align.studies.contradictions import check_argument, check_select_by
from lightning_go4align.studies.merge import value_at
from lightning_go4align.studies.names import check_folder, check_names, short_name
from lightning_go4align.studies.outputs import Output
from lightning_go4align.studies.resources import Resources
from lightning_go4align.studies.search_space import Search

_PLOT = "matplotlib (`pip install 'lightning-go4align[plot]'`)"


@dataclass(frozen=True)
class Method:
    """One of the things compared.

    Args:
        configs: Files that go on top of the study's benchmark.
        overrides: Arguments of ``fit`` that go on top of those, by dotted names.
        seeds: Its seeds; the study's if not given.
        x: Where it stands on the axis of a figure over a parameter.
        columns: The study's columns that it has; all if not given.
        select_by: Metric that chooses its learning rate; the study's if not given.

    Example:
        >>> Method(overrides={"trainer.max_epochs": 2}, x=2).x
        2
    """

    configs: list[str] = field(default_factory=list)
    overrides: dict[str, Any] = field(default_factory=dict)
    seeds: list[int] | None = None
    x: float | None = None
    columns: list[str] | None = None
    select_by: str | None = None


@dataclass(frozen=True)
class Study:
    """Methods to compare on a benchmark, and what to show of them.

    Paths in a study's file are relative to it.

    Args:
        name: Its name and that of its folder; the file's name if it is empty.
        folder: Where results go: those of the study to ``<folder>/<name>``, its runs to ``<folder>/runs``, which
            studies of the same folder share. A run that two studies ask for is run once.
        benchmark: Files of ``fit`` that all methods have in common.
        methods: What is compared, by the names that tables show.
        columns: Metrics to compare, by the names under which they are logged, such as ``test/mu``; the last value
            counts. What stands before the first slash is left out in tables.
        higher_is_better: Those of the columns that are better when higher.
        seeds: Seeds of each method.
        seed_argument: Where ``fit`` takes them: another argument if something else than chance is repeated.
        overrides: Arguments of ``fit`` for all methods, by dotted names, on top of their files: the budget.
        learning_rates: If several, each method is trained with each of them and its first seed; its other seeds
            take the one with the best ``select_by``. A method whose ``overrides`` have one keeps that.
        learning_rate_seeds: Seeds that choose it instead, by their mean. With others than ``seeds`` no run that is
            compared has chosen.
        learning_rate_argument: Where ``fit`` takes it.
        select_by: Metric that chooses the learning rate, the best epoch counts; lower is better, or higher with a
            minus in front, ``-val/accuracy``. Not of the test.
        baseline: Metrics of single-task networks for delta_m: a JSON file with ``about`` and ``errors``, such as
            another study writes; or ``module:NAME`` of a mapping. Names are those of the columns in tables.
        baseline_argument: Where ``fit`` takes the baseline's file, if it does.
        single_task: Networks of one task each that are trained first, for a baseline of this study's own: tasks, with
            their ``columns``. Unless one says otherwise, its method is ``SingleTask(<its name>)``, and ``select_by``
            the validation of its column, ``val/mu`` for ``test/mu``.
        reference: The method that others are compared with, paired by seed.
        outputs: What to write beside the tables.
        resources: What each run takes of a machine.
        search: What ``go4align tune`` searches.
    """

    benchmark: list[str]
    methods: dict[str, Method]
    columns: list[str]
    name: str = ""
    folder: str = "."
    higher_is_better: list[str] = field(default_factory=list)
    seeds: list[int] = field(default_factory=lambda: [0])
    seed_argument: str = "seed_everything"
    overrides: dict[str, Any] = field(default_factory=dict)
    learning_rates: list[float] = field(default_factory=list)
    learning_rate_seeds: list[int] = field(default_factory=list)
    learning_rate_argument: str = "model.init_args.learning_rate"
    select_by: str = "val/delta_m"
    baseline: str | None = None
    baseline_argument: str | None = None
    single_task: dict[str, Method] = field(default_factory=dict)
    reference: str | None = None
    outputs: list[Output] = field(default_factory=list)
    resources: Resources = field(default_factory=Resources)
    search: Search | None = None

    def __post_init__(self) -> None:
        self._check_lists()
        self._check_outputs()
        named = {"higher_is_better": self.higher_is_better}
        overrides = {"overrides": self.overrides, "search.space": self.search.space if self.search else {}}
        for key, methods in {"methods": self.methods, "single_task": self.single_task}.items():
            named |= {f"{key}.{name}.columns": method.columns or [] for name, method in methods.items()}
            overrides |= {f"{key}.{name}.overrides": method.overrides for name, method in methods.items()}
        check_argument(self.seed_argument, "seeds", overrides)
        if self.learning_rates:
            check_argument(self.learning_rate_argument, "learning_rates", {"overrides": self.overrides})
        for key, names in named.items():
            unknown = set(names) - set(self.columns)
            if unknown:
                raise ValueError(f"`{key}` may name {self.columns}, but names {sorted(unknown)}.")
        alone = [column for method in self.single_task.values() for column in method.columns or []]
        if self.single_task and sorted(alone) != sorted(self.columns):
            raise ValueError(
                f"`single_task` must have each of `columns` once, of a task, but has {alone}. Give each task its "
                "`columns`."
            )
        if self.reference is not None and self.reference not in self.methods:
            raise ValueError(f"`reference` must be one of {list(self.methods)}, but is {self.reference!r}.")
        of_tasks = map(self.select_by_of_task, self.single_task)
        for metric in (self.select_by, *map(self.select_by_of, self.methods), *of_tasks):
            check_select_by(metric, self.higher_is_better, self.columns)

    def _check_lists(self) -> None:
        check_folder(self.name)
        named = {"methods": self.methods, "single_task": self.single_task, "columns": map(short_name, self.columns)}
        for key, found in named.items():
            check_names(key, found)
        seeds = {"seeds": self.seeds} | {f"methods.{name}.seeds": self.seeds_of(name) for name in self.methods}
        for key, entries in {"methods": self.methods, "columns": self.columns, **seeds}.items():
            if not entries:
                raise ValueError(f"`{key}` must name at least one, but is empty. Add one.")
        for key, numbers in {**seeds, "learning_rate_seeds": self.learning_rate_seeds}.items():
            if len(set(numbers)) < len(numbers):
                raise ValueError(f"`{key}` must name no seed twice, but is {numbers}.")
        names = [short_name(column) for column in self.columns]
        same = [column for column in self.columns if names.count(short_name(column)) > 1]
        if same:
            raise ValueError(
                f"`columns` must differ behind the first slash, as tables show them, but has {same}. Leave out "
                "all but one of each name."
            )

    def _check_outputs(self) -> None:
        has_x = any(method.x is not None for method in self.methods.values())
        # A plan does not import what draws: that matplotlib is missing has to be seen here, not after the runs.
        can_draw = find_spec("matplotlib") is not None
        found = {"baseline": self.baseline is not None or bool(self.single_task), "x": has_x, "matplotlib": can_draw}
        descriptions = {"baseline": "a `baseline`", "x": "methods with an `x`", "matplotlib": _PLOT}
        for output in self.outputs:
            missing = [descriptions[need] for need in getattr(output, "needs", ()) if not found[need]]
            if missing:
                raise ValueError(
                    f"`outputs` has `{type(output).__name__}`, which needs {' and '.join(missing)}, which is not "
                    "there. Add what is missing, or leave out this output."
                )

    def seeds_of(self, method: str) -> list[int]:
        """Seeds of a method."""
        seeds = self.methods[method].seeds
        return self.seeds if seeds is None else seeds

    def learning_rates_of(self, method: str) -> list[float]:
        """Learning rates of a method: the study's, unless its ``overrides`` have one of its own, which stays."""
        own = value_at(self.methods[method].overrides, self.learning_rate_argument)
        if own is None or not self.learning_rates:
            return self.learning_rates
        return [own] if isinstance(own, int | float) else []

    def select_by_of(self, method: str) -> str:
        """Metric that chooses the learning rate of a method."""
        return self.methods[method].select_by or self.select_by

    def select_by_of_task(self, task: str) -> str:
        """Metric that chooses the learning rate of a single-task network: others say nothing of what is not trained.

        Raises:
            ValueError: If a rate is to be chosen, and the task has several columns and no ``select_by``.
        """
        method = self.single_task[task]
        columns = method.columns or []
        if method.select_by is None and len(columns) > 1 and len(self.learning_rates) > 1:
            raise ValueError(
                f"`single_task.{task}` has the columns {columns}, of which none can be taken to choose between "
                "`learning_rates`. Give it a `select_by`, a metric of this task, such as its loss."
            )
        if method.select_by is not None or not columns:
            return method.select_by or self.select_by
        return f"{'-' if columns[0] in self.higher_is_better else ''}val/{short_name(columns[0])}"

    def choosing_seeds_of(self, method: str) -> list[int]:
        """Seeds that choose the learning rate of a method."""
        return self.learning_rate_seeds or self.seeds_of(method)[:1]
