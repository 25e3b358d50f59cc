/** The report of a campaign: one page that needs nothing else, and the same for machines as JUnit's XML. */
import { PERCENTILES, type SeedResult, type Summary } from "./campaign.ts";
import { escaped, shadesOf, spaceTime, timeline } from "./pictures.ts";
import type { RunResult } from "./run.ts";

/** A failing run that was repeated to be shown. */
export interface Shown {
  readonly result: SeedResult;
  readonly run: RunResult;
  /** Of the machines, the gateway last. */
  readonly lanes: readonly string[];
  /** When the run began, in the cluster's time. */
  readonly startNs: number;
  /** The command that repeats it. */
  readonly command: string;
  /** The address that opens it in the page; null: no link can hold it. */
  readonly link: string | null;
}

/** Messages are shown from so long before the moment at which something was found broken. */
const BEFORE_NS = 300e6;
const AFTER_NS = 20e6;

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;max-width:1140px;margin:2em auto;padding:0 1em;color:#1c2330;background:#fff}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #d8dde6}
td:first-child,th:first-child{text-align:left}pre{background:#f3f5f8;padding:.7em;overflow-x:auto;white-space:pre-wrap}.bad{color:#b3261e}.good{color:#1a6b34}
svg{width:100%;height:auto;font:12px system-ui,sans-serif}.lane{stroke:#c3cad6}.quiet{fill:#667}.fault{fill:#f3b45b;fill-opacity:.55;stroke:#b97a14}.in{font-size:11px}
.healed{stroke:#1a6b34;stroke-dasharray:4 3}.broken{stroke:#b3261e;stroke-width:2}.ours line{stroke:#2457b8}.ours circle{fill:#2457b8}.other line{stroke:#9aa3b2}
.other circle{fill:#9aa3b2}.lost line{stroke:#b3261e}.lost circle{fill:#b3261e}
@media(prefers-color-scheme:dark){body{color:#e4e8ef;background:#14181f}pre{background:#1f2530}svg text{fill:#e4e8ef}td,th{border-color:#394150}}`;

export function reportPage(summary: Summary, shown: readonly Shown[], about: string): string {
  const broken = [...summary.failures.values()].reduce((sum, { length }) => sum + length, 0);
  const [first] = shown;
  const verdict =
    broken === 0
      ? `<p class="good"><b>All ${summary.runs} runs survived.</b></p>`
      : `<p class="bad"><b>${broken} of ${summary.runs} runs broke a rule.</b>${first ? ` First: ${escaped(first.result.failure!.invariant)}, seed ${first.result.seed}, at ${(first.result.failure!.atNs / 1e9).toFixed(3)} s.` : ""}</p>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Campaign of faults</title><style>${STYLE}</style>
<h1>Campaign of faults</h1><p>${escaped(about)}</p>${verdict}${groups(summary)}${shown.map(failure).join("")}${figures(summary)}${traffic(summary)}</html>
`;
}

function groups({ failures }: Summary): string {
  if (failures.size === 0) return "";
  const rows = [...failures].map(
    ([text, runs]) =>
      `<tr><td>${escaped(text)}</td><td>${runs.length}</td><td>${runs
        .slice(0, 12)
        .map(({ seed }) => seed)
        .join(" ")}</td></tr>`,
  );
  return `<h2>What broke</h2><table><tr><th>rule and message</th><th>runs</th><th>seeds</th></tr>${rows.join("")}</table>`;
}

function failure({ result, run, lanes, startNs, command, link }: Shown): string {
  const broken = result.failure!;
  const machines = lanes.slice(0, -1);
  const shades = shadesOf([...run.actions, ...run.mending], run.endNs);
  const axis = { fromNs: Math.max(0, broken.atNs - BEFORE_NS), untilNs: broken.atNs + AFTER_NS };
  return `<h2>Seed ${result.seed}: ${escaped(broken.invariant)}</h2>
<p class="bad">${broken.kind}, ${(broken.atNs / 1e9).toFixed(3)} s: ${escaped(broken.message)}</p>
<p>Faults, as they were in force. Green: all was mended. Red: broken.</p>${timeline(machines, shades, run.endNs, run.healedNs, broken.atNs)}
<p>Messages in the last ${(axis.untilNs - axis.fromNs - AFTER_NS) / 1e6} ms before that. Blue: the cluster's; red: lost. Point at one.</p>${spaceTime(lanes, run.frames, axis, startNs)}
<pre>${escaped([...result.drawn, "", ...(result.fewest ?? result.faults), "", command].join("\n"))}</pre>${link === null ? "" : `<p><a href="${escaped(link)}">Open this run in the page</a>, which <code>qure page</code> serves.</p>`}`;
}

function figures(summary: Summary): string {
  const rows = summary.figures.map(
    ({ name, count, percentiles }) =>
      `<tr><td>${name}</td><td>${count}</td>${percentiles.map((value) => `<td>${value === null ? "" : value.toFixed(0)}</td>`).join("")}</tr>`,
  );
  const heads = PERCENTILES.map((percent) => `<th>${percent} %</th>`).join("");
  return `<h2>How fast, in ms</h2><table><tr><th></th><th>times</th>${heads}</tr>${rows.join("")}</table>`;
}

function traffic({ frames, bytes }: Summary): string {
  const rows = frames.map(
    (count, index) =>
      `<tr><td>machine ${index + 1}</td><td>${count.toFixed(1)}</td><td>${(bytes[index] ?? 0).toFixed(0)}</td></tr>`,
  );
  return `<h2>What each machine sent, in a second of virtual time</h2><table><tr><th></th><th>frames</th><th>bytes</th></tr>${rows.join("")}</table>`;
}

/** One test case for each run, as continuous integration reads them. */
export function junit(results: readonly SeedResult[]): string {
  const cases = results.map(({ seed, failure: found, endNs, fewest, faults }) => {
    const time = (endNs / 1e9).toFixed(3);
    if (!found) return `  <testcase classname="chaos" name="seed ${seed}" time="${time}"/>`;
    const body = escaped([found.message, ...(fewest ?? faults)].join("\n"));
    return `  <testcase classname="chaos" name="seed ${seed}" time="${time}"><failure type="${found.kind}" message="${escaped(found.invariant)}">${body}</failure></testcase>`;
  });
  const failures = results.filter(({ failure: found }) => found !== null).length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="qure chaos" tests="${results.length}" failures="${failures}">\n${cases.join("\n")}\n</testsuite>\n`;
}
