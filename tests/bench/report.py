"""The table a person reads. Must not compute anything that the JSON does not have."""

from __future__ import annotations

from typing import Any

_WIDTHS = (16, 24, 10, 18, 9, 9, 9, 12)
_HEAD = ("work", "peer", "CPU ms", "min..max", "p50 ms", "p99 ms", "calls/s", "/ bridge")


def table(found: dict[str, Any]) -> str:
    """Everything measured, one line per work and peer."""
    machine, plan = found["machine"], found["plan"]
    out = [
        f"{machine['cpus']} CPUs, Python {machine['python']}; {plan['rounds']} rounds of {plan['seconds']:g} s,"
        f" {plan['clients']} client(s); CPU of the process under test per call, idle cost taken off",
        "a fixed loop took {median:.1f} CPU ms ({min:.1f}..{max:.1f}): what varies here varies below".format(
            **machine["loop_ms"]
        ),
        "",
        _line(_HEAD),
        _line(tuple("-" * (width - 1) for width in _WIDTHS)),
    ]
    for name, work in found["works"].items():
        for peer, figures in work["peers"].items():
            cpu, latency = figures["cpu_ms"], figures["latency_ms"]
            out.append(
                _line(
                    (
                        name,
                        peer,
                        f"{cpu['median']:.3f}",
                        f"{cpu['min']:.3f}..{cpu['max']:.3f}",
                        f"{latency['p50']:.2f}",
                        f"{latency['p99']:.2f}",
                        f"{figures['calls_per_s']:.0f}",
                        _compared(peer, work),
                    )
                )
            )
            name = ""
        out.append("")
    out.append(_line(("", "peer", "RSS MB", "idle CPU ms/s")))
    for peer, figures in found["peers"].items():
        out.append(_line(("", peer, f"{figures['rss_mb']:.0f}", f"{figures['idle_cpu_ms_per_s']:.2f}")))
    return "\n".join(out)


def _compared(peer: str, work: dict[str, Any]) -> str:
    if peer != "bridge":
        return f"{work['ratios'][peer]['cpu']:.2f}"
    budget = work["budget_cpu_ms"]
    return "" if budget is None else f"budget {budget:g}"


def _line(cells: tuple[str, ...]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)).rstrip()
