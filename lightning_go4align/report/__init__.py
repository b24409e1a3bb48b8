"""The local report of runs: HTML pages, made from the logs that `GroupDynamicsMonitor` keeps."""

from lightning_go4align.report.command import report_command, write_report

__all__ = ["report_command", "write_report"]
