/** A plot as a file beside the page. */
export interface Plot {
  file: string;
  title: string;
}

interface Drawing {
  title: string;
  points: readonly { x: number | string; y: number }[];
  /** A line below it: where and when it was measured. */
  foot: string;
}

const WIDTH = 720;
const MARGIN = 20;
const LABELS = 190;
const ROW = 26;
const INK = "#1b1b1f";
const FAINT = "#77777f";
const OURS = "#c2410c";
const OTHERS = "#94a3b8";

/** Names on x give bars, numbers give a line on log-log paper. Pure: the same points give the same bytes. */
export function svgOf(drawing: Drawing): string {
  const isLine = drawing.points.every(({ x, y }) => typeof x === "number" && x > 0 && y > 0);
  return isLine ? line(drawing) : bars(drawing);
}

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const number = (value: number) => Number(value.toFixed(1));
const figure = (value: number) => `${Number(value.toPrecision(3))}`;
const text = (
  x: number,
  y: number,
  what: string,
  { size = 12, fill = INK, anchor = "start" }: { size?: number; fill?: string; anchor?: string } = {},
) =>
  `<text x="${number(x)}" y="${number(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escaped(what)}</text>`;

function frame({ title, foot }: Pick<Drawing, "title" | "foot">, height: number, inside: string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(MARGIN, 30, title, { size: 16 }),
    ...inside,
    text(MARGIN, height - 12, foot, { size: 10, fill: FAINT }),
    "</svg>",
    "",
  ].join("\n");
}

function bars(drawing: Drawing): string {
  const { points } = drawing;
  const most = Math.max(...points.map(({ y }) => y), 1e-9);
  const room = WIDTH - 2 * MARGIN - LABELS - 70;
  const inside = points.flatMap(({ x, y }, i) => {
    const top = 48 + i * ROW;
    const length = Math.max(1, (room * Math.max(0, y)) / most);
    const fill = `${x}`.startsWith("our") ? OURS : OTHERS;
    return [
      text(MARGIN + LABELS - 8, top + 15, `${x}`, { anchor: "end" }),
      `<rect x="${MARGIN + LABELS}" y="${top}" width="${number(length)}" height="18" rx="2" fill="${fill}"/>`,
      text(MARGIN + LABELS + length + 6, top + 14, figure(y)),
    ];
  });
  return frame(drawing, 48 + points.length * ROW + 34, inside);
}

function line(drawing: Drawing): string {
  const height = 300;
  const [left, right, top, bottom] = [70, WIDTH - MARGIN - 20, 56, height - 60];
  const points = drawing.points.map(({ x, y }) => ({ x: Number(x), y })).toSorted((a, b) => a.x - b.x);
  const place = (of: "x" | "y", from: number, to: number) => {
    const logs = points.map((point) => Math.log(point[of]));
    const middle = (Math.min(...logs) + Math.max(...logs)) / 2;
    // both axes have the same scale, so that what grows in proportion is at 45 degrees
    const perLog = Math.min(
      (right - left) / Math.max(span("x"), 0.1),
      (bottom - top) / Math.max(span("y"), 0.1),
    );
    return (value: number) => (from + to) / 2 + (Math.log(value) - middle) * perLog * Math.sign(to - from);
  };
  const span = (of: "x" | "y") => {
    const logs = points.map((point) => Math.log(point[of]));
    return Math.max(...logs) - Math.min(...logs);
  };
  const [across, up] = [place("x", left, right), place("y", bottom, top)];
  const corners = points.map(({ x, y }) => `${number(across(x))},${number(up(y))}`).join(" ");
  const inside = [
    `<polyline points="${corners}" fill="none" stroke="${OURS}" stroke-width="2"/>`,
    ...points.flatMap(({ x, y }) => [
      `<circle cx="${number(across(x))}" cy="${number(up(y))}" r="4" fill="${OURS}"/>`,
      text(across(x), up(y) - 10, figure(y), { anchor: "middle" }),
      text(across(x), bottom + 22, figure(x), { anchor: "middle", fill: FAINT }),
    ]),
    text(left, bottom + 38, "both axes logarithmic, at the same scale", { size: 10, fill: FAINT }),
  ];
  return frame(drawing, height, inside);
}
