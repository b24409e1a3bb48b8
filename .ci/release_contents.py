"""Check that the distributions hold what they have to: ``release_contents.py dist/*``."""

import re
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

WHEEL = [
    r"lightning_go4align/py\.typed",
    r"lightning_go4align/configs/qm9/base\.yaml",
    r"lightning_go4align/benchmarks/qm9/.*\.json",
    r"lightning_go4align/plots/.*\.mplstyle",
    r".*\.dist-info/licenses/LICENSE",
]
SDIST = [
    r"CHANGELOG\.md",
    r"CITATION\.cff",
    r"LICENSE",
    r"constraints\.txt",
    r"noxfile\.py",
    r"\.ci/check",
    r"\.github/workflows/release\.yml",
    r"configs/qm9/base\.yaml",
    r"docs/conf\.py",
    r"docs/causes\.toml",
    r"docs/pictures/.*\.png",
    r"examples/.*\.py",
    r"lightning_go4align/py\.typed",
    r"tests/conftest\.py",
    r"tests/isolation\.py",
]
URLS = {"Changelog", "Documentation", "Issues", "Source"}


def lacks(names: list[str], wanted: list[str]) -> list[str]:
    """Name the patterns that no file fits."""
    return [f"no file fits {pattern}" for pattern in wanted if not any(re.fullmatch(pattern, name) for name in names)]


def of_metadata(text: str) -> list[str]:
    """Name what is wrong with the metadata."""
    metadata = Parser().parsestr(text)
    urls = {line.partition(",")[0] for line in metadata.get_all("Project-URL", [])}
    found = [f"no project URL {url}" for url in URLS - urls]
    relative = re.findall(r"\]\((?!https?:|#)([^)]*)\)", metadata.get_payload())
    return found + [f"a relative link in the description: {link}" for link in relative]


def problems(path: Path) -> list[str]:
    """Name what is wrong with a distribution."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            names = wheel.namelist()
            metadata = wheel.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
        return lacks(names, WHEEL) + of_metadata(metadata)
    with tarfile.open(path) as sdist:
        names = [name.partition("/")[2] for name in sdist.getnames()]
    made = re.compile(r"__pycache__|_cache/|\.pyc$|^docs/(_build|tutorials|sg_)|\.md5$")
    litter = [name for name in names if made.search(name)]
    return lacks(names, SDIST) + [f"{name} should not be there" for name in litter]


def main() -> None:
    """Print what is wrong with the distributions that are named, and fail if anything is."""
    found = [f"{path}: {problem}" for path in map(Path, sys.argv[1:]) for problem in problems(path)]
    print("\n".join(found) or "The distributions are complete.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
