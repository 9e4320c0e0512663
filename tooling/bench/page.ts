/** A figure as a person reads it: three digits that count, all before the point. */
export function shown(value: number | null): string {
  if (value === null) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return Number(value.toFixed(digits)).toLocaleString("en-US", { maximumFractionDigits: 3 });
}

/** Rows as lines of text, all columns but the last one padded; the first row is the head. Pure. */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.map((cell, column) => (column === columns - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  "),
  );
}

/** Rows as a table of Markdown; the first row is the head. Pure. */
export function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(head.map(() => "---")), ...body.map(line)];
}

const [FROM, TO] = ["<!-- figures -->", "<!-- /figures -->"];

/** A page with its figures put anew between its two marks. Pure. @throws Error where it has no marks */
export function intoPage(page: string, figures: string): string {
  const [from, to] = [page.indexOf(FROM), page.indexOf(TO)];
  if (from < 0 || to < from) throw new Error(`The page has no place for figures: ${FROM} … ${TO}`);
  return `${page.slice(0, from + FROM.length)}\n${figures}\n${page.slice(to)}`;
}
