/** After as many bytes of unknown length half of the stage counts as done. */
const HALF_BYTES = 50e6;

/** A fraction (0..1) and a line for "so many bytes of so many"; without a total the fraction only ever comes near 1. Pure. */
export function downloaded(
  received: number,
  total: number | null,
  about = false,
): [fraction: number, message: string] {
  if (total === null || total <= 0)
    return [received / (received + HALF_BYTES), `Downloaded ${megabytes(received)} MB`];
  const unit = Math.max(received, total);
  return [
    Math.min(1, received / unit),
    `Downloaded ${megabytes(received, unit)} of ${about ? "about " : ""}${megabytes(unit, unit)} MB`,
  ];
}

function megabytes(bytes: number, unit = bytes): string {
  return (bytes / 1e6).toFixed(unit < 10e6 ? 1 : 0);
}
