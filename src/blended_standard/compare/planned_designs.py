"""Designs of a planned study: the standard error and degrees of freedom that its effect will have.

Source: Bloom (2006); Dong and Maynard (2013); R package PowerUpR (`cra2r2`, `bira2r1`, `bira3r1`).
"""

from __future__ import annotations

import math
from typing import Literal

import attrs

from blended_standard.compare._effect import Parameter
from blended_standard.compare.clusters import DEFAULT_ICC, Domain
from blended_standard.errors import UsageError
from blended_standard.numeric import arguments as check
from blended_standard.results import Result, result


@result
class PlannedDesign(Result):
    """A planned study: `se` of its effect in standard deviations of learners, `df` of its test, learners in all."""

    title = "Planned design"

    name: str
    se: float
    df: float
    n_learners: int
    parameters: dict[str, Parameter] = attrs.field(factory=dict, hash=False)


def individual_design(
    n: int, *, treated_share: float = 0.5, r_squared: float = 0.0, covariates: int = 0
) -> PlannedDesign:
    """Assign learners one by one.

    Parameters
    ----------
    n : int
        Learners in both groups together.
    treated_share : float
        Share assigned to the program.
    r_squared, covariates : float and int
        Share of outcome variance that covariates explain, and how many there are.

    Returns
    -------
    PlannedDesign
        `se**2 = (1 - r_squared) / (P (1 - P) n)`, `df = n - covariates - 2`.

    Examples
    --------
    >>> individual_design(400).df
    398.0
    """
    learners = check.whole("n", n, minimum=3)
    variance = _unexplained("r_squared", r_squared) / (_spread(treated_share) * learners)
    parameters: dict[str, Parameter] = {"treated_share": treated_share, "r_squared": r_squared}
    return _design("individual", variance, learners - covariates - 2, learners, covariates, parameters)


def cluster_design(
    clusters: int,
    cluster_size: float,
    *,
    icc: float | None = None,
    domain: Domain = "other",
    treated_share: float = 0.5,
    r_squared_learners: float = 0.0,
    r_squared_clusters: float = 0.0,
    covariates: int = 0,
) -> PlannedDesign:
    """Assign whole clusters.

    Parameters
    ----------
    clusters, cluster_size : int and float
        Clusters in both groups together, and learners in each (the harmonic mean when sizes differ).
    icc : float, optional
        Share of the variance between clusters; default of WWC by `domain` (0.20 achievement, 0.10 other).
    domain : {"achievement", "other"}
        Which default to take.
    treated_share : float
        Share of clusters assigned to the program.
    r_squared_learners, r_squared_clusters : float
        Share of the variance inside and between clusters that covariates explain.
    covariates : int
        Number of covariates of clusters.

    Returns
    -------
    PlannedDesign
        `df = clusters - covariates - 2`.

    Examples
    --------
    >>> from blended_standard.compare import mdes
    >>> round(mdes(cluster_design(20, 4, icc=0.2)).value, 10)
    0.8380546721
    """
    j, n = check.whole("clusters", clusters, minimum=3), check.number("cluster_size", cluster_size, low=1.0)
    check.one_of("domain", domain, tuple(DEFAULT_ICC))
    rho = DEFAULT_ICC[domain] if icc is None else check.number("icc", icc, low=0.0, high=1.0)
    between = rho * _unexplained("r_squared_clusters", r_squared_clusters)
    within = (1.0 - rho) * _unexplained("r_squared_learners", r_squared_learners) / n
    variance = (between + within) / (_spread(treated_share) * j)
    parameters: dict[str, Parameter] = {
        "icc": rho,
        "icc_is_default": icc is None,
        "treated_share": treated_share,
        "r_squared_learners": r_squared_learners,
        "r_squared_clusters": r_squared_clusters,
    }
    return _design("two-level cluster", variance, j - covariates - 2, round(j * n), covariates, parameters)


def blocked_design(
    blocks: int,
    block_size: float,
    *,
    effects: Literal["constant", "fixed", "random"] = "constant",
    icc: float = 0.0,
    effect_variation: float = 0.0,
    treated_share: float = 0.5,
    r_squared: float = 0.0,
    r_squared_effects: float = 0.0,
    covariates: int = 0,
) -> PlannedDesign:
    """Assign learners inside each block (site, school).

    Parameters
    ----------
    blocks, block_size : int and float
        Blocks, and learners in each.
    effects : {"constant", "fixed", "random"}
        One effect everywhere; one effect a block, for these blocks alone; or blocks as a sample of many, whose effects
        vary.
    icc : float
        Share of the variance between blocks; with random effects.
    effect_variation : float
        Variance of the effects of blocks over the variance between blocks (omega); with random effects.
    treated_share : float
        Share of each block assigned to the program.
    r_squared, r_squared_effects : float
        Share of the variance inside blocks, and of the variance of effects, that covariates explain.
    covariates : int
        Number of covariates: of learners, or of blocks with random effects.

    Returns
    -------
    PlannedDesign
        `df` is J (n - 1) - g - 1 constant, J (n - 2) - g fixed, J - g - 1 random.

    Notes
    -----
    With constant and fixed effects blocks take no variance away here (`icc` is not used): count what they explain in
    `r_squared`.

    Examples
    --------
    >>> from blended_standard.compare import mdes
    >>> round(mdes(blocked_design(20, 83, effects="random", icc=0.35, effect_variation=0.10)).value, 10)
    0.1701105995
    """
    check.one_of("effects", effects, ("constant", "fixed", "random"))
    j, n = check.whole("blocks", blocks, minimum=2), check.number("block_size", block_size, low=2.0)
    rho = check.number("icc", icc, low=0.0, high=1.0)
    omega = check.number("effect_variation", effect_variation, low=0.0)
    within = _unexplained("r_squared", r_squared) / (_spread(treated_share) * j * n)
    if effects == "random":
        variance = rho * omega * _unexplained("r_squared_effects", r_squared_effects) / j + (1.0 - rho) * within
        df = float(j - covariates - 1)
    else:
        if rho > 0.0 or omega > 0.0:
            raise UsageError(
                f"icc and effect_variation go with effects='random'; effects={effects!r} does not use them."
            )
        variance = within
        df = j * (n - 1.0) - covariates - 1.0 if effects == "constant" else j * (n - 2.0) - covariates
    parameters: dict[str, Parameter] = {
        "effects": effects,
        "icc": rho,
        "effect_variation": omega,
        "treated_share": treated_share,
        "r_squared": r_squared,
        "r_squared_effects": r_squared_effects,
    }
    return _design(f"blocked individual, {effects} effects", variance, df, round(j * n), covariates, parameters)


def three_level_blocked_design(
    sites: int,
    blocks: float,
    block_size: float,
    *,
    icc_sites: float,
    icc_blocks: float,
    effect_variation_sites: float,
    effect_variation_blocks: float,
    treated_share: float = 0.5,
    r_squared: float = 0.0,
    r_squared_effects_sites: float = 0.0,
    r_squared_effects_blocks: float = 0.0,
    covariates: int = 0,
) -> PlannedDesign:
    """Assign learners inside blocks of sites (districts), with effects that vary between both.

    Parameters
    ----------
    sites, blocks, block_size : int, float and float
        Sites; blocks a site; learners a block.
    icc_sites, icc_blocks : float
        Shares of the variance between sites, and between blocks inside a site.
    effect_variation_sites, effect_variation_blocks : float
        Variance of effects over the variance of outcomes at the level.
    treated_share, r_squared, covariates
        As in `blocked_design`; covariates are those of sites.
    r_squared_effects_sites, r_squared_effects_blocks : float
        Shares of the variance of effects that covariates explain.

    Examples
    --------
    >>> from blended_standard.compare import mdes
    >>> plan = three_level_blocked_design(
    ...     100, 10, 69, icc_sites=0.20, icc_blocks=0.15, effect_variation_sites=0.1, effect_variation_blocks=0.1
    ... )
    >>> round(mdes(plan).value, 10)
    0.04497733
    """
    k, j, n = _three_sizes(("sites", sites), ("blocks", blocks), ("block_size", block_size))
    rho, inside = _two_shares(("icc_sites", icc_sites), ("icc_blocks", icc_blocks))
    omega = check.number("effect_variation_sites", effect_variation_sites, low=0.0)
    omega_blocks = check.number("effect_variation_blocks", effect_variation_blocks, low=0.0)
    variance = (
        rho * omega * _unexplained("r_squared_effects_sites", r_squared_effects_sites) / k
        + inside * omega_blocks * _unexplained("r_squared_effects_blocks", r_squared_effects_blocks) / (j * k)
        + (1.0 - rho - inside) * _unexplained("r_squared", r_squared) / (_spread(treated_share) * j * k * n)
    )
    parameters: dict[str, Parameter] = {
        "icc_sites": rho,
        "icc_blocks": inside,
        "effect_variation_sites": omega,
        "effect_variation_blocks": omega_blocks,
        "treated_share": treated_share,
        "r_squared": r_squared,
    }
    name = "three-level blocked individual, random effects"
    return _design(name, variance, k - covariates - 1, round(k * j * n), covariates, parameters)


def three_level_cluster_design(
    clusters: int,
    subclusters: float,
    subcluster_size: float,
    *,
    icc_clusters: float,
    icc_subclusters: float,
    treated_share: float = 0.5,
    r_squared_learners: float = 0.0,
    r_squared_subclusters: float = 0.0,
    r_squared_clusters: float = 0.0,
    covariates: int = 0,
) -> PlannedDesign:
    """Assign whole clusters (schools) that hold subclusters (classes) of learners.

    Parameters
    ----------
    clusters, subclusters, subcluster_size : int, float and float
        Clusters in all; subclusters a cluster; learners a subcluster.
    icc_clusters, icc_subclusters : float
        Shares of the variance between clusters, and between subclusters inside a cluster.
    treated_share : float
        Share of clusters assigned to the program.
    r_squared_learners, r_squared_subclusters, r_squared_clusters : float
        Shares of the variance at each level that covariates explain.
    covariates : int
        Number of covariates of clusters.

    Examples
    --------
    >>> plan = three_level_cluster_design(40, 3, 20, icc_clusters=0.1, icc_subclusters=0.05)
    >>> round(plan.se, 4), plan.df
    (0.1144, 38.0)
    """
    k, j, n = _three_sizes(("clusters", clusters), ("subclusters", subclusters), ("subcluster_size", subcluster_size))
    rho, inside = _two_shares(("icc_clusters", icc_clusters), ("icc_subclusters", icc_subclusters))
    variance = (
        rho * _unexplained("r_squared_clusters", r_squared_clusters)
        + inside * _unexplained("r_squared_subclusters", r_squared_subclusters) / j
        + (1.0 - rho - inside) * _unexplained("r_squared_learners", r_squared_learners) / (j * n)
    ) / (_spread(treated_share) * k)
    parameters: dict[str, Parameter] = {
        "icc_clusters": rho,
        "icc_subclusters": inside,
        "treated_share": treated_share,
        "r_squared_learners": r_squared_learners,
        "r_squared_subclusters": r_squared_subclusters,
        "r_squared_clusters": r_squared_clusters,
    }
    return _design("three-level cluster", variance, k - covariates - 2, round(k * j * n), covariates, parameters)


def _design(
    name: str, variance: float, df: float, n: int, covariates: int, parameters: dict[str, Parameter]
) -> PlannedDesign:
    check.whole("covariates", covariates)
    if df < 1.0:
        raise UsageError(
            f"A {name} design of this size has {df:g} degrees of freedom. Plan more units, or fewer covariates."
        )
    if variance <= 0.0:
        raise UsageError("The covariates leave no variance, so any effect would be found. Pass r_squared below 1.")
    parameters["covariates"] = covariates
    return PlannedDesign(name=name, se=math.sqrt(variance), df=float(df), n_learners=n, parameters=parameters)


def _spread(treated_share: float) -> float:
    share = check.number("treated_share", treated_share, low=0.0, high=1.0, open_low=True)
    if share >= 1.0:
        raise UsageError(f"treated_share={treated_share!r} leaves nobody to compare with. Pass a share below 1.")
    return share * (1.0 - share)


def _unexplained(name: str, r_squared: float) -> float:
    return 1.0 - check.number(name, r_squared, low=0.0, high=1.0)


def _three_sizes(
    top: tuple[str, int], middle: tuple[str, float], bottom: tuple[str, float]
) -> tuple[int, float, float]:
    return (
        check.whole(top[0], top[1], minimum=2),
        check.number(middle[0], middle[1], low=1.0),
        check.number(bottom[0], bottom[1], low=1.0),
    )


def _two_shares(first: tuple[str, float], second: tuple[str, float]) -> tuple[float, float]:
    one = check.number(first[0], first[1], low=0.0, high=1.0)
    two = check.number(second[0], second[1], low=0.0, high=1.0)
    if one + two > 1.0:
        raise UsageError(f"{first[0]}={one:g} and {second[0]}={two:g} are more than 1 together.")
    return one, two
