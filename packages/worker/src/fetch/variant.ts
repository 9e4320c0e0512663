/** One of several versions of the same picture. Numbers are null where the list does not say. */
export interface Variant {
  width: number | null;
  height: number | null;
  bandwidth: number;
  codecs: string | null;
}

/** A clip is 1080 pixels wide; more lines cost bytes and decoding time and are scaled away. */
const MAX_LINES = 1080;
const VIDEO_CODEC = /\b(avc|hvc|hev|vp0?[89]|av01|dvh|mp4v|h264|theora)/i;

/** Whether a version has a picture, as far as its codecs tell. Pure. */
const mayHavePicture = ({ codecs, height }: Variant): boolean =>
  height !== null || codecs === null || VIDEO_CODEC.test(codecs);

/**
 * The best version with at most 1080 lines (the shorter side, so that upright video counts alike), else the smallest one;
 * of equal ones H.264, which decodes cheapest, then the one with more bits. Undefined where none has a picture. Pure.
 */
export function bestVariant<T extends Variant>(variants: readonly T[]): T | undefined {
  const lines = ({ width, height }: Variant) =>
    height === null ? null : Math.min(height, width ?? Number.POSITIVE_INFINITY);
  const fits = (variant: Variant) => (lines(variant) ?? 0) <= MAX_LINES;
  const isH264 = ({ codecs }: Variant) => Number(/\b(avc|h264)/i.test(codecs ?? ""));
  return variants.filter(mayHavePicture).sort((a, b) => {
    if (fits(a) !== fits(b)) return fits(a) ? -1 : 1;
    const byLines = (lines(b) ?? 0) - (lines(a) ?? 0);
    return (fits(a) ? byLines : -byLines) || isH264(b) - isH264(a) || b.bandwidth - a.bandwidth;
  })[0];
}
