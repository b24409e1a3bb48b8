"""Callbacks that watch."""

from lightning_go4align.monitors.delta_m import DeltaMMonitor

__all__ = ["DeltaMMonitor"]
