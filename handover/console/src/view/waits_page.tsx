// How long customers waited, and how good what they were told was: for leads and admins.
import { useEffect, useState } from "preact/hooks";
import { lengthOf } from "../lease";
import { rest, type WaitFigures, type WaitsReport } from "../rest";
import { PageFrame } from "./page_frame";

const SPANS = [1, 7, 30, 90];

export function WaitsPage() {
  const [days, setDays] = useState(7);
  const [report, setReport] = useState<WaitsReport | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [asked, again] = useState(0);
  useEffect(() => {
    let wanted = true; // an answer for other days that comes later is not shown under these
    rest.waits(days).then(
      (found) => wanted && (setReport(found), setProblem(null)),
      (error: Error) => wanted && setProblem(error.message),
    );
    return () => void (wanted = false);
  }, [days, asked]);
  const says = report ? `Hours of the day are those of ${report.time_zone}.` : "";
  return (
    <PageFrame title="Waits" says={says} problem={problem} again={() => again(asked + 1)}>
      <label class="span">
        Look at{" "}
        <select value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
          {SPANS.map((span) => (
            <option value={String(span)}>{span === 1 ? "the last day" : `the last ${span} days`}</option>
          ))}
        </select>
      </label>
      {!report && !problem && <p role="status">Counting…</p>}
      {report && <Report report={report} />}
    </PageFrame>
  );
}

function Report({ report }: { report: WaitsReport }) {
  if (!report.all.waits) return <p class="none">Nobody has waited for a person in this time.</p>;
  return (
    <>
      <Summary all={report.all} />
      {!report.complete && <p class="hint">There were more waits than are counted here; these are the newest.</p>}
      <table class="sheet figures" role="table" aria-label="Waits by hour of the day">
        <thead role="rowgroup">
          <tr role="row">
            {["Began", "Waits", "Answered", "Median wait", "Gave up", "Left a message", "As told"].map((head) => (
              <th role="columnheader" scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {report.by_hour.map((hour) => (
            <Hour key={hour.hour} hour={hour.hour} figures={hour} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Hour({ hour, figures }: { hour: number; figures: WaitFigures }) {
  const cells: [string, string | number][] = [
    ["Waits", figures.waits],
    ["Answered", figures.taken],
    ["Median wait", figures.median_wait === null ? "–" : lengthOf(figures.median_wait)],
    ["Gave up", figures.gave_up],
    ["Left a message", figures.left_message],
    ["As told", share(figures.within_range)],
  ];
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        {String(hour).padStart(2, "0")}:00
      </th>
      {cells.map(([head, value]) => (
        <td role="cell" data-head={head}>
          {value}
        </td>
      ))}
    </tr>
  );
}

function share(part: number | null): string {
  return part === null ? "–" : `${Math.round(part * 100)} %`;
}

function Summary({ all }: { all: WaitFigures }) {
  const bias = all.median_bias;
  const tendency =
    bias === null || Math.abs(bias) < 5
      ? "Neither too hopeful nor too careful."
      : `Typically ${lengthOf(bias)} ${bias > 0 ? "longer" : "shorter"} than the middle of what they were told.`;
  const told = all.judged ? `${share(all.within_range)} of ${all.judged}` : "–";
  const tiles: [string, string | number, string][] = [
    ["Waits", all.waits, all.still_waiting ? `${all.still_waiting} wait now` : "Nobody waits now"],
    ["Answered", all.taken, all.median_wait === null ? "" : `Half of them within ${lengthOf(all.median_wait)}`],
    ["Gave up", all.gave_up, all.left_message ? `${all.left_message} left a message instead` : ""],
    ["Waited as long as told", told, all.judged ? tendency : "No prediction is decided yet."],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value, more]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <b>{value}</b>
            {more && <span class="by">{more}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
