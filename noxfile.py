"""The versions that setup.cfg promises: `nox -l` lists the sessions, `nox` runs lint, docs and tests."""

from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "docs", "tests"]
PYTHONS = ["3.11", "3.12", "3.13"]
CORE = [
    *(f"tests/{room}" for room in ("functional", "clustering", "methods", "metrics", "update", "monitors")),
    *(f"tests/test_{file}.py" for file in ("history", "module", "modules_in_trainers")),
]
EXTRAS = ".[plot,methods,clustering,kmeans,qm9,tensorboard]"
TESTING = ["hypothesis", "pytest", "pytest-randomly", "pytest-timeout"]
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", "MPLBACKEND": "agg"}


@nox.session(python=PYTHONS)
@nox.parametrize("versions", ["newest", "lowest"])
def tests(session: nox.Session, versions: str) -> None:
    """Test the core; the lowest versions are those of the lowest Python."""
    if versions == "lowest" and session.python != PYTHONS[0]:
        session.skip("The lowest torch has no wheel for later Pythons.")
    options = []
    if versions == "lowest":
        constraints = Path(session.create_tmp()) / "lowest.txt"
        constraints.write_text(session.run("python", ".ci/lowest.py", silent=True))
        # Old versions of others warn of what newer Pythons and packages deprecate; ours stay errors.
        options = ["-W", "ignore::DeprecationWarning", "-W", "ignore::FutureWarning"]
        session.install("-c", str(constraints), "-e", EXTRAS, *TESTING)
    else:
        session.install("--upgrade", "-e", EXTRAS, *TESTING)
    session.run("python", "-c", "import lightning, torch; print(torch.__version__, lightning.__version__)")
    session.run("pytest", "-q", *options, *(session.posargs or CORE), env=ENVIRONMENT)


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Lint, types and layers."""
    session.install("-c", "constraints.txt", "-e", ".[dev]")
    for command in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["lint-imports"]):
        session.run(*command)


@nox.session(python=PYTHONS[0])
def docs(session: nox.Session) -> None:
    """Build the site."""
    session.install("-c", "constraints.txt", "-e", ".[docs]")
    session.run(".ci/docs", external=True)


@nox.session(venv_backend="none")
def recipes(session: nox.Session) -> None:
    """Run the recipes for other people's packages, each in an environment of its own: `nox -s recipes -- nequip`."""
    session.run(".ci/recipes", *session.posargs, external=True)


@nox.session(python=PYTHONS[0])
def kernels(session: nox.Session) -> None:
    """Test the Triton kernels, which need no GPU for it, but Triton: 270 MB, and 1 GB unpacked."""
    session.install("-e", ".[plot,methods,clustering,kmeans,kernels]", *TESTING)
    session.run("pytest", "-q", "-m", "not gpu", *(session.posargs or ["tests/kernels"]), env=ENVIRONMENT)
