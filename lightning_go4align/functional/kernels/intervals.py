"""Eq. 3 within one launch: the dynamic programme of ``kmeans_layers`` on one block of a GPU."""

# The functions of this folder are Triton's: it compiles what they say, and reads no annotation but `constexpr`.
import triton
import triton.language as tl

INFINITY = tl.constexpr(float("inf"))
LEAST = tl.constexpr(2.2250738585072014e-308)  # of the float64 with all their digits


@triton.jit
def settled(points, memory, M: tl.constexpr, B: tl.constexpr):
    """Write points to memory and read them back; else each thread would compute as many of them anew as it sorts.

    Args:
        points: Points, shape ``[B]``.
        memory: Pointer to where ``M`` of them have room.
        M: Number of points.
        B: The power of two that holds them.

    Returns:
        The points; infinity beyond the ``M``.
    """
    places = tl.arange(0, B)
    tl.store(memory + places, points, mask=places < M)
    tl.debug_barrier()
    return tl.load(memory + places, mask=places < M, other=INFINITY)


@triton.jit
def optimal_starts(points, K: tl.constexpr, KB: tl.constexpr, B: tl.constexpr):
    """Solve Eq. 3 for 1, 2, ... ``K`` clusters of the sorted points up to each.

    Args:
        points: Points, shape ``[B]``, float64; infinity for an absent one.
        K: The largest number of clusters.
        KB: The power of two that holds it.
        B: The power of two that holds the points.

    Returns:
        For each sorted point the next larger one, shape ``[B]``, and where the last of 2, 3, ... clusters up to it
        starts: behind which point, shape ``[B, KB]``.
    """
    sizes = tl.arange(0, KB)
    ordered = tl.sort(points)
    present = ordered < INFINITY
    # Moved to [0, 1]: nearly equal points keep their digits, and no square overflows.
    moved = tl.where(present, ordered - tl.min(points, 0), 0.0)
    moved = moved / tl.maximum(tl.max(moved, 0), LEAST)
    sums = tl.cumsum(moved, 0)
    counts = tl.cumsum(present.to(tl.float64), 0)
    rises = ordered[None, :] > ordered[:, None]
    following = tl.min(tl.where(rises, ordered[None, :], INFINITY), 1)
    # Equal points end up together because no cluster may end between them.
    inside = (tl.sum((~rises).to(tl.int32), 1) > tl.arange(0, B) + 1) | (ordered == INFINITY)
    number = counts[:, None] - counts[None, :]
    distance = sums[:, None] - sums[None, :]
    gains = tl.where(number < 0, -INFINITY, distance * distance / tl.maximum(number, 1.0))
    best = tl.where(inside, -INFINITY, sums * sums / tl.maximum(counts, 1.0))
    starts = tl.zeros([B, KB], tl.int32)
    for size in range(1, K):
        totals = best[None, :] + gains
        starts = tl.where(sizes[None, :] == size, tl.argmax(totals, 1)[:, None], starts)
        best = tl.where(inside, -INFINITY, tl.max(totals, 1))
    return following, starts


@triton.jit
def ranks_of(points, following, starts, number, M: tl.constexpr, KB: tl.constexpr, B: tl.constexpr):
    """Follow the choices back from the last point, and rank the clusters by ascending points.

    Args:
        points: Points, shape ``[B]``; infinity for an absent one.
        following: As ``optimal_starts`` returns it.
        starts: As ``optimal_starts`` returns them.
        number: Number of clusters.
        M: Number of points, absent ones included.
        KB: The power of two that holds the largest number of clusters.
        B: The power of two that holds the points.

    Returns:
        The cluster of each point, shape ``[B]``, -1 for an absent one.
    """
    places, sizes = tl.arange(0, B), tl.arange(0, KB)
    ranks = tl.zeros([B], tl.int32)
    end = tl.full([], M - 1, tl.int32)
    above = tl.full([], INFINITY, tl.float64)
    for step in range(1, number):
        here = (places[:, None] == end) & (sizes[None, :] == number - step)
        end = tl.sum(tl.sum(tl.where(here, starts, 0), 1), 0)
        threshold = tl.sum(tl.where(places == end, following, 0.0), 0)
        # A cluster of no point starts where the next one does: of such thresholds one counts.
        ranks += (points >= tl.where(threshold < above, threshold, INFINITY)).to(tl.int32)
        above = threshold
    return tl.where(points < INFINITY, ranks, -1)


@triton.jit
def apart(points, B: tl.constexpr):
    """Rank the points themselves: a cluster for each value.

    Args:
        points: Points, shape ``[B]``; infinity for an absent one.
        B: The power of two that holds them.

    Returns:
        The cluster of each point, shape ``[B]``, -1 for an absent one.
    """
    places = tl.arange(0, B)
    equal = points[:, None] == points[None, :]
    first = tl.sum((equal & (places[:, None] < places[None, :])).to(tl.int32), 0) == 0
    below = (points[None, :] < points[:, None]) & first[None, :]
    return tl.where(points < INFINITY, tl.sum(below.to(tl.int32), 1), -1)


@triton.jit
def groups_of(points, ranks, KB: tl.constexpr):
    """Average the points of each cluster.

    Args:
        points: Points, shape ``[B]``.
        ranks: The cluster of each, -1 for an absent one.
        KB: The power of two that holds the number of clusters.

    Returns:
        Means and sizes, shape ``[KB]``; 0 for an empty cluster.
    """
    members = ranks[:, None] == tl.arange(0, KB)[None, :]
    sizes = tl.sum(members.to(tl.float64), 0)
    return tl.sum(tl.where(members, points[:, None], 0.0), 0) / tl.maximum(sizes, 1.0), sizes


@triton.jit
def filled(means, sizes):
    """Let the weights of empty groups repeat the largest; 0 where all are empty."""
    largest = tl.max(tl.where(sizes > 0, means, -INFINITY), 0)
    return tl.where(sizes > 0, means, tl.where(largest > -INFINITY, largest, 0.0))


@triton.jit
def of_tasks(values, ranks, KB: tl.constexpr):
    """Give each task the value of its group, shape ``[B]``; 0 for one in none."""
    return tl.sum(tl.where(ranks[:, None] == tl.arange(0, KB)[None, :], values[None, :], 0.0), 1)
