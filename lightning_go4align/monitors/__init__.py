"""Callbacks that watch."""

from lightning_go4align.monitors.delta_m import DeltaMMonitor
from lightning_go4align.monitors.dynamics import GroupDynamicsMonitor

__all__ = ["DeltaMMonitor", "GroupDynamicsMonitor"]
