"""Measurements beside each other: what slows the machine down slows both sides."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Comparison:
    """What was measured on both sides, a value a round."""

    name: str
    unit: str
    ours: list = field(default_factory=list)
    reference: list = field(default_factory=list)

    @property
    def ratios(self):
        return [ours / reference for ours, reference in zip(self.ours, self.reference)]

    def row(self):
        ratios = sorted(self.ratios)
        return [self.name, f"{statistics.median(self.ours):.2f} {self.unit}",
                f"{statistics.median(self.reference):.2f} {self.unit}",
                f"{statistics.median(ratios):.2f}", f"{ratios[0]:.2f} … {ratios[-1]:.2f}"]


def interleave(comparison, rounds, ours, reference):
    """Runs both once a round, in turns first; each answers with its value."""
    for number in range(rounds):
        if number % 2 == 0:
            comparison.ours.append(ours())
            comparison.reference.append(reference())
        else:
            comparison.reference.append(reference())
            comparison.ours.append(ours())
    return comparison


def print_table(header, rows):
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
