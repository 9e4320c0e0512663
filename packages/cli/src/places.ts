import {
  type AttemptView,
  attemptText,
  type JobView,
  placeText,
  priceText,
  type Quote,
  type QuotedOffer,
  usdText,
  whyThere,
} from "@kangklip/contract";
import type { Terminal } from "./terminal.ts";

type Styles = Pick<Terminal, "bold" | "dim">;

/**
 * What is new about where a job runs, as lines for people: the place that took an attempt, and why it is this one; and why an attempt ended
 * that another one follows. Nothing twice. Pure.
 * @param before the last view that was told; undefined: none yet
 */
export function placeNews(before: JobView | undefined, after: JobView): string[] {
  const told = new Map(before?.attempts.map((attempt) => [attempt.epoch, attempt]));
  return after.attempts.flatMap((attempt, index) => {
    const known = told.get(attempt.epoch);
    const lines: string[] = [];
    const place = takenPlace(attempt);
    if (place !== null && (!known || takenPlace(known) !== place)) {
      lines.push(`on ${place}`);
      const why = whyThere(attempt.reason);
      if (why) lines.push(`  because: ${why}`);
    }
    const isLast = index === after.attempts.length - 1; // how the last one ended is how the job did
    if (attempt.ended_because && !known?.ended_because && !isLast)
      lines.push(
        `attempt ${attempt.epoch}${attempt.provider && ` on ${attempt.provider}`} ended: ${attempt.ended_because}`,
      );
    return lines;
  });
}

/** Where the attempt is or was, once a provider has taken it; null before. */
function takenPlace({ provider, offer, state, started_at }: AttemptView): string | null {
  const taken = state === "SUBMITTED" || state === "CLAIMED" || started_at !== null;
  return taken && provider ? placeText(provider, offer) : null;
}

/** Each attempt of a job: where it ran, what that cost, what became of it and why. Pure. */
export function attemptLines({ attempts, usd }: JobView, { bold, dim }: Styles): string[] {
  const lines = attempts.flatMap((attempt) => {
    const { epoch, provider, offer, node, reason, ended_because } = attempt;
    const where = provider ? placeText(provider, offer) : "no place yet";
    const facts = [node && `node ${node}`, attempt.usd !== null && `cost ${usdText(attempt.usd)}`].filter(
      Boolean,
    );
    return [
      `  attempt ${epoch}: ${bold(attemptText(attempt))}  ${where}`,
      ...(facts.length > 0 ? [dim(`    ${facts.join(" · ")}`)] : []),
      ...(reason ? [dim(`    there because: ${reason}`)] : []),
      ...(ended_because ? [`    ended because: ${ended_because}`] : []),
    ];
  });
  if (usd !== null && attempts.length > 1) lines.push(dim(`  all attempts: ${usdText(usd)}`));
  return lines;
}

/** A quote as a table, the place it would go to first. Pure. */
export function quoteLines({ offers, message }: Quote, { bold, dim }: Styles): string[] {
  const rows = offers.map((offer) => [
    offer.chosen ? "→" : " ",
    offer.provider,
    [offer.gpu ?? offer.label, offer.vram_gb !== null && `${offer.vram_gb} GB`].filter(Boolean).join(", "),
    priceText(offer.usd_per_hour),
    offer.usd === null ? "" : `up to ${usdText(offer.usd)}`,
    availabilityText(offer.availability),
  ]);
  const table = aligned(rows);
  return [
    ...offers.flatMap(({ chosen, reason }, index) => {
      const row = table[index] ?? "";
      return [chosen ? bold(row) : row, ...(whyThere(reason) ? [dim(`    ${reason}`)] : [])];
    }),
    ...(offers.length > 0 ? [""] : []),
    message,
  ];
}

/** A place in a list: its own name, its GPU where the name does not tell it, its memory. Pure. */
export function placeName({ label, gpu, vram_gb }: Pick<QuotedOffer, "label" | "gpu" | "vram_gb">): string {
  const model = gpu?.split(/\s+/).filter((word) => /\d/.test(word)) ?? []; // "RTX 3060": 3060
  const isTold = model.length > 0 && model.every((word) => label.includes(word));
  return [label, gpu !== null && !isTold && gpu, vram_gb !== null && `${vram_gb} GB`]
    .filter(Boolean)
    .join(", ");
}

export const availabilityText = (availability: QuotedOffer["availability"]) =>
  ({ available: "free now", unknown: "may have a queue", full: "full" })[availability];

/** The columns of a table below each other, two blanks between them. Pure. */
export function aligned(rows: string[][]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = (rows[0] ?? []).map((_, column) => width(column));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
