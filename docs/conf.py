"""The documentation site: `.ci/docs` builds it, warnings are errors."""

import inspect
import os
import sys
import warnings
from pathlib import Path

import torch
from sphinx.util import logging
from sphinx_gallery.sorting import ExplicitOrder

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "extensions")]
# The tutorials train networks of a few hundred parameters: more threads only wait for each other.
os.environ |= {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", "MPLBACKEND": "agg"}
torch.set_num_threads(1)

import lightning.pytorch  # noqa: E402, F401  # It sets how warnings are written; ours comes after.

import lightning_go4align  # noqa: E402  # the one beside this folder

project = "lightning_go4align"
author = "The lightning_go4align authors"
copyright = f"2026, {author}"  # Sphinx's name
release = version = lightning_go4align.__version__
REPOSITORY = "https://github.com/lightning-go4align/lightning-go4align"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx.ext.linkcode",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx-mathjax-offline",
    "sphinx_gallery.gen_gallery",
    "matplotlib.sphinxext.plot_directive",
    "message_list",
]
exclude_patterns = ["_build", "extensions", "sg_execution_times.rst", "**/sg_execution_times.rst"]
myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
smartquotes = False  # A message that is searched for has the quotes that were printed.

autodoc_inherit_docstrings = False  # Lightning's and torchmetrics' own speak of their site
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
napoleon_numpy_docstring = False
napoleon_use_rtype = False

# What we name of others resolves where there is a network; our own names always have to.
ONLINE = bool(os.environ.get("DOCS_ONLINE"))
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", None),
    "torch": ("https://docs.pytorch.org/docs/stable", None),
    "lightning": ("https://lightning.ai/docs/pytorch/stable", None),
    "torchmetrics": ("https://lightning.ai/docs/torchmetrics/stable", None),
    "torchjd": ("https://torchjd.org/stable", None),
}
if not ONLINE:
    intersphinx_mapping = {}


def _warn_without_path(gallery_conf, fname):
    """Show a warning of a tutorial as a reader would read it, without the path of the machine that built the page."""
    warnings.formatwarning = lambda message, category, *_args, **_kwargs: f"{category.__name__}: {message}\n"


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "tutorials",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"existing_module\.py|__init__\.py|recipes|own_project",
    "abort_on_example_error": True,
    "within_subsection_order": ExplicitOrder(
        [
            "hand_weighted_sum.py",
            "notebook.py",
            "qm9_end_to_end.py",
            "partial_labels.py",
            "bare_loop.py",
            "own_method.py",
        ]
    ),
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 0,
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib\.figure\.Figure|lightning_go4align\.plots\.notebook",
    "image_scrapers": ("matplotlib", "figures.shown_figure"),
    "reset_modules": ("matplotlib", _warn_without_path),
}

html_theme = "furo"
html_title = f"lightning_go4align {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
    "footer_icons": [],
}
html_show_sphinx = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
suppress_warnings = ["config.cache"]  # `within_subsection_order` is an object, which Sphinx cannot pickle
plot_html_show_source_link = plot_html_show_formats = False
plot_formats = [("svg", 100)]


def _skip_fields(app, what, name, obj, skip, options):
    """Leave the fields of a NamedTuple to its arguments, where each has its words."""
    return True if (getattr(obj, "__doc__", None) or "").startswith("Alias for field number") else None


def _refuse_unknown_names(app, env, node, contnode):
    """Refuse a role with a name of ours that does not exist. Annotations, without a source, may be of inner types."""
    if node.source and str(node.get("reftarget", "")).startswith("lightning_go4align"):
        logging.getLogger(__name__).warning("There is no %s.", node["reftarget"], location=node)


def linkcode_resolve(domain, info):
    """Find the source of an object in the repository; None for what has none, such as an attribute."""
    found = sys.modules.get(info["module"])
    for name in info["fullname"].split("."):
        found = getattr(found, name, None)
    found = inspect.unwrap(found.fget if isinstance(found, property) else found) if found is not None else None
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        return None
    path = Path(inspect.getsourcefile(found)).relative_to(ROOT)
    lines, first = inspect.getsourcelines(found)
    return f"{REPOSITORY}/blob/main/{path}#L{first}-L{first + len(lines) - 1}"


def setup(app):
    """Add to Sphinx what is ours."""
    app.connect("autodoc-skip-member", _skip_fields)
    app.connect("missing-reference", _refuse_unknown_names)
