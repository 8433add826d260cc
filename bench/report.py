"""Tables in Markdown of what was measured.

usage: report.py RESULTS                prints them
       report.py RESULTS FILE...        puts them into files, between the two marks
"""

import json
import pathlib
import re
import statistics
import sys

from servers import short

BEGIN = "<!-- written by bench/run -->"
END = "<!-- end of what bench/run writes -->"


class Results:
    def __init__(self, results):
        self.results = results
        self.works = {(work["work"], work["rows"]): work for work in results["works"]}
        self.sizes = sorted(rows for key, rows in self.works if key == "all")
        self.main = results["main"]     # the size at which all works are done

    def work(self, key):
        """A work that is done at one size only, or the one at the main size."""
        found = [work for (name, _), work in self.works.items() if name == key]
        return self.works.get((key, self.main)) or (found[0] if found else None)

    def values(self, work, variant, what="seconds"):
        for candidate in work["variants"] if work else ():
            if candidate["variant"] == variant:
                return [run[what] for run in candidate["runs"] if run.get(what) is not None]
        return []

    def ratio(self, work, variant, other_work, other):
        """The median of the ratios in each round, lest changing load have an effect."""
        pairs = list(zip(self.values(work, variant), self.values(other_work, other)))
        return statistics.median(value / base for value, base in pairs) if pairs else None


def seconds(value):
    """As many digits as a timing is worth."""
    for least, digits in (9.995, 1), (0.9995, 2), (0.00995, 3):
        if value >= least:
            return f"{value:.{digits}f}"
    return f"{value:.4f}"


def factor(value):
    if value is None:
        return ""
    return f"{value:.2f}" if value < 99.5 else f"{value:,.0f}"


def megabytes(kilobytes):
    return f"{kilobytes / 1024:.1f}" if kilobytes < 100 * 1024 else f"{kilobytes / 1024:,.0f}"


def memory_text(results, work, variant):
    key = variant["variant"]
    own = results.values(work, key, "memory")
    programs = results.values(work, key, "programs")
    parts = [f"+{megabytes(max(own))}"] if own else []
    if programs and max(programs):
        parts.append(f"({megabytes(max(programs))})")
    return " ".join(parts)


def measured_table(results):
    lines = ["| rows | work | how | seconds | min – max | × file_fdw | × curl | MB |",
             "|--:|---|---|--:|--:|--:|--:|--:|"]
    order = {key: i for i, key in enumerate(
        ["all", "one", "count", "limit", "gzip", "escaped", "throttled", "lookups", "parallel",
         "one-late", "append", "import", "probe"])}
    main_last = sorted(results.works.values(), key=lambda work: (
        work["work"] != "all", order[work["work"]], work["rows"]))
    for work in main_last:
        for variant in work["variants"]:
            key = variant["variant"]
            values = results.values(work, key)
            if not values:
                continue
            file_work = work if results.values(work, "file_fdw") else None
            if file_work is None and work["work"] in ("escaped", "throttled"):
                file_work = results.works.get(("all", work["rows"]))
            curl = "connector-curl" if key.startswith("connector") else "curl"
            rows = short(work["rows"]) if work["rows"] else ""
            lines.append(" | ".join([
                f"| {rows}", work["title"], variant["title"].replace("|", "\\|"),
                seconds(statistics.median(values)),
                f"{seconds(min(values))} – {seconds(max(values))}",
                factor(results.ratio(work, key, file_work, "file_fdw")),
                factor(results.ratio(work, key, work, curl)),
                f"{memory_text(results, work, variant)} |"]))
    return lines


def goals_table(results):
    """What this project wants to be measured by."""
    every, work = results.work("all"), results.work
    main = short(results.main or 0)
    lines = ["| goal | measured | |", "|---|--:|---|"]

    def line(goal, bound, value, text=factor):
        verdict = "ok" if value is not None and value <= bound else "MISSED"
        lines.append(f"| {goal} | not measured | |" if value is None else
                     f"| {goal} | {text(value)} | {verdict} |")

    line(f"{main} rows, all columns: at most 0.33 × file_fdw", 0.33,
         results.ratio(every, "ours", every, "file_fdw"))
    line(f"{main} rows, one column: at most 0.35 × file_fdw", 0.35,
         results.ratio(work("one"), "ours", work("one"), "file_fdw"))
    line("text in `\\uXXXX` only: at most 1.1 × the same in UTF-8", 1.1,
         results.ratio(work("escaped"), "ours", work("escaped"), "raw"))
    memory = {rows: max(values) / 1024 for rows in results.sizes
              if (values := results.values(results.works["all", rows], "ours", "memory"))}
    for rows in 1_000_000, 10_000_000:
        line(f"{short(rows)} rows: at most 12 MB above an idle backend", 12, memory.get(rows),
             "+{:.1f} MB".format)
    # within what an allocator may keep or give back
    both = 1_000_000 in memory and 10_000_000 in memory
    line("10M rows: the memory that 1M rows need", 1,
         abs(memory[10_000_000] - memory[1_000_000]) if both else None, "{:.1f} MB apart".format)
    line("LIMIT 10, not sent: at most 1/20 of all rows", 1 / 20,
         results.ratio(work("limit"), "ours", every, "ours"), fraction)
    line("50 MB/s: at most 1.05 × curl", 1.05,
         results.ratio(work("throttled"), "ours", work("throttled"), "curl"))
    line("1,000 lookups: at most 1.5 × a C loop over libcurl", 1.5,
         results.ratio(work("lookups"), "ours", work("lookups"), "curl"))
    for key, what in ("union", "under UNION ALL"), ("parted", "as partitions"):
        line(f"8 tables of 300 ms {what}: at most 1.3 × one of them", 1.3,
             results.ratio(work("append"), key, work("one-late"), "ours"))
    line("IMPORT of 200 tables of 50 ms: at most 1/6 of one after the other", 1 / 6,
         results.ratio(work("import"), "ours", work("import"), "serial"), fraction)
    line("two slow partitions, two workers: at most 0.65 × one after the other", 0.65,
         results.ratio(work("parallel"), "workers", work("parallel"), "serial"))
    return lines


def fraction(value):
    return f"1/{1 / value:.1f}"


def text_of(raw):
    results = Results(raw)
    counts = sorted({len(variant["runs"]) for work in raw["works"]
                     for variant in work["variants"] if variant["runs"]})
    rounds = f"Medians of {counts[-1]} runs"
    if len(counts) > 1:
        rounds += f", of {' or '.join(map(str, counts[:-1]))} where there are more than 1M rows"
    return "\n\n".join([
        "\n".join(measured_table(results)), f"{rounds}. {raw['machine']}.",
        *(f"{note[0].upper()}{note[1:]}." for note in raw["notes"]),
        "What this project wants to be measured by:",
        "\n".join(goals_table(results))])


def insert(path, text):
    """Puts the text into a file, in the place of what is between the marks."""
    old = path.read_text(encoding="utf-8")
    new, count = re.subn(re.escape(BEGIN) + ".*?" + re.escape(END),
                         lambda _: f"{BEGIN}\n\n{text}\n\n{END}", old, flags=re.DOTALL)
    if count != 1:
        sys.exit(f"{path} does not have the marks once")
    path.write_text(new, encoding="utf-8")


def main():
    text = text_of(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))
    for path in sys.argv[2:]:
        insert(pathlib.Path(path), text)
    if len(sys.argv) == 2:
        print(text)


if __name__ == "__main__":
    main()
