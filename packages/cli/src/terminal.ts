import { type JobView, STAGES, type Stage } from "@kangklip/contract";

/** Where words for people go (stderr) and data for machines (stdout). */
export interface Terminal {
  /** One line for a person. */
  say(line: string): void;
  /** The job's progress: a bar that redraws itself on a terminal, a line per step elsewhere. Cheap: call it with every view. */
  show(view: JobView): void;
  /** Progress of something that is no job: a download, the sample. */
  bar(label: string, fraction: number): void;
  /** Ends a bar that stands on the screen. */
  settle(): void;
  /** One JSON line for a machine; nothing without --json. */
  event(value: object): void;
  /** The result: the last line on stdout with --json, else nothing. */
  result(value: object): void;
  bold(text: string): string;
  dim(text: string): string;
}

const LABELS: Record<Stage, string> = {
  DOWNLOAD: "Fetching the video",
  TRANSCRIPT: "Listening",
  CHUNK: "Cutting into parts",
  SELECT: "Choosing moments",
  RENDER: "Rendering clips",
  UPLOAD: "Storing",
};
/** Whatever a terminal would take for a command, but for the colours used here: titles and file names come from anywhere. */
const COMMANDS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b(?!\[(?:0|1|2|33)m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;
const BAR_CELLS = 24;
const REDRAW_MS = 80;

type Screen = Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns">;

/** @param quiet no words for people at all @param color whether escape codes may be used */
export function createTerminal(
  { json, quiet, color }: { json: boolean; quiet: boolean; color: boolean },
  { stdout = process.stdout, stderr = process.stderr }: { stdout?: Screen; stderr?: Screen } = {},
): Terminal {
  const live = stderr.isTTY === true && !quiet;
  const style = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, amber] = [style(1), style(2), style(33)];
  let drawn = "";
  let drawnAt = 0;
  let told = "";

  const write = (text: string) => {
    if (!quiet) stderr.write(text);
  };
  const draw = (line: string) => {
    drawn = line;
    const now = performance.now();
    if (now - drawnAt < REDRAW_MS) return;
    drawnAt = now;
    write(`\r\u001b[2K${line}`);
  };
  const settle = () => {
    if (drawn) write(`\r\u001b[2K${drawn}\n`);
    drawn = "";
  };
  const line = (label: string, fraction: number, detail: string) => {
    const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_CELLS);
    const percent = `${Math.round(fraction * 100)}`.padStart(3);
    const text = `${label.padEnd(20)} ${amber("█".repeat(filled))}${dim("░".repeat(BAR_CELLS - filled))} ${percent} %`;
    const room = (stderr.columns ?? 100) - 20 - BAR_CELLS - 10;
    const shown = detail.replace(COMMANDS, "").slice(0, room);
    return shown && room > 8 ? `${text}  ${dim(shown)}` : text;
  };
  const bar = (label: string, fraction: number, detail = "") => {
    if (live) return draw(line(label, fraction, detail));
    if (told !== label) write(`${label} …\n`);
    told = label;
  };

  let stage: Stage | undefined;
  return {
    bold,
    dim,
    bar,
    settle,
    say(text) {
      const clear = drawn && "\r\u001b[2K";
      write(`${clear}${text.replace(COMMANDS, "")}\n${drawn}`); // a bar goes on below what was said
    },
    show(view) {
      if (view.status === "SUCCEEDED" && live && stage) {
        drawnAt = 0;
        draw(line(LABELS[stage], 1, ""));
      }
      const now = STAGES.find((known) => known === view.stage);
      if (view.state === "QUEUED" || view.state === "STARTING")
        return bar("Waiting for a worker", 0, view.message ?? "");
      if (view.state === "RETRYING") {
        stage = undefined;
        return bar("Trying again", 0, view.message ?? "");
      }
      if (!now) return;
      if (stage && stage !== now) {
        drawnAt = 0;
        if (live) draw(line(LABELS[stage], 1, ""));
        settle();
      }
      stage = now;
      bar(
        LABELS[now],
        view.stage_progress,
        view.stalled ? "no sign of life for a while" : (view.message ?? ""),
      );
    },
    event(value) {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    result(value) {
      settle();
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}
