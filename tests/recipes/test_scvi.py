"""scvi-tools: an ELBO whose KL warms up, and a classification of cells of which half have no label."""

from recipe_claims import RecipeClaims


class TestScvi(RecipeClaims):
    name = "scvi_kl_warmup"
