import type { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { ChaosOptions, ChaosReport } from "./kill.ts";

/** One line that is written over again and again; in a log, where that cannot be, a line now and then. */
export function progressLine(stream: WriteStream) {
  const everyMs = stream.isTTY ? 100 : 5000;
  let shownAt = stream.isTTY ? 0 : Date.now();
  const clear = () => {
    if (stream.isTTY) stream.write("\r\u001b[2K");
  };
  return {
    show(text: string): void {
      if (Date.now() - shownAt < everyMs) return;
      shownAt = Date.now();
      clear();
      stream.write(stream.isTTY ? text.slice(0, (stream.columns || 80) - 1) : `${text}\n`);
    },
    above(text: string): void {
      clear();
      stream.write(`${text}\n`);
    },
    clear,
  };
}

const PROMISES: Record<string, string> = {
  I1: "no acked job is lost",
  I2: "what is final stays",
  I3: "an attempt that is over writes nothing",
  I4: "one live launch per attempt",
  I5: "no attempt is paid twice",
  I6: "one job per Idempotency-Key",
  I7: "listed files are whole",
  I8: "every failure says why",
  I9: "progress never goes back",
  I10: "subscribers see the end",
  I14: "nothing is left behind",
  I15: "nobody waits in vain",
};
const MAX_SHOWN = 20;

/** What a run did and found, as a table for a terminal. */
export function summary(
  { violations, killed, points, ends, launches, boots, slowestAnswerMs, seconds, facts }: ChaosReport,
  { store, compute, seed, naive }: Pick<ChaosOptions, "store" | "compute" | "seed" | "naive">,
): string {
  const row = (name: string, text: string) => `  ${styleText("dim", name.padEnd(20))} ${text}`;
  const times = boots.toSorted((a, b) => a - b);
  const at = (share: number) =>
    `${((times[Math.floor((times.length - 1) * share)] ?? 0) / 1000).toFixed(1)} s`;
  const kills = killed.point + killed.api + killed.worker + killed.redis;
  const acked = new Set(facts.flatMap((fact) => (fact.is === "acked" ? [fact.job] : []))).size;
  const lines = [
    "",
    styleText(
      "bold",
      `${kills} kills, ${acked} jobs on ${store}${compute && compute !== "process" ? `, at ${compute}` : ""}${naive ? ", naive" : ""} in ${seconds.toFixed(0)} s`,
    ),
    row(
      "killed",
      `API ${killed.point} at ${new Set(points.hit).size} points and ${killed.api} at random · workers ${killed.worker} · Redis ${killed.redis}${killed.way ? ` (its way disturbed ${killed.way} times)` : ""}`,
    ),
    row(
      "jobs ended",
      Object.entries(ends)
        .map(([state, count]) => `${count} ${state}`)
        .join(" · "),
    ),
    row("launches", `${launches}`),
    row("API back in", `${at(0.5)} (half), ${at(1)} (slowest)`),
    row("slowest answer", `${(slowestAnswerMs / 1000).toFixed(1)} s`),
    ...(points.missed.length > 0 ? [row("never reached", styleText("red", points.missed.join(", ")))] : []),
    "",
    ...Object.entries(PROMISES).map(([id, promise]) => {
      const count = violations.filter((one) => one.id === id).length;
      const mark = count === 0 ? styleText("green", "✓") : styleText("red", "✗");
      return `  ${mark} ${id.padEnd(4)} ${promise}${count > 0 ? styleText("red", `: ${count} times not`) : ""}`;
    }),
    "",
    ...violations
      .slice(0, MAX_SHOWN)
      .map(({ id, job, text }) => `  ${styleText("red", id)} ${job ?? ""} ${text}`),
    ...(violations.length > MAX_SHOWN ? [`  … and ${violations.length - MAX_SHOWN} more`] : []),
    violations.length === 0
      ? styleText("green", "Nothing was lost, done twice or left behind.")
      : styleText("red", `${violations.length} violations. Again: --seed ${seed}`),
  ];
  return lines.join("\n");
}
