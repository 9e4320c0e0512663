/** Shapes with soft edges on an RGBA raster: all that the sample's pictures need, without any library or font. */

export type Rgb = readonly [red: number, green: number, blue: number];
type Bounds = readonly [left: number, top: number, right: number, bottom: number];
/** `at` is the signed distance of a point to the edge, negative inside; nothing of the shape lies outside `bounds`. */
export interface Shape {
  at(x: number, y: number): number;
  bounds: Bounds;
}

export interface Raster {
  width: number;
  height: number;
  /** Red, green, blue and alpha per pixel, rows from the top, not premultiplied. */
  data: Uint8ClampedArray;
}

export const createRaster = (width: number, height: number): Raster => ({
  width,
  height,
  data: new Uint8ClampedArray(width * height * 4),
});

export function ellipse(cx: number, cy: number, rx: number, ry: number, angle = 0): Shape {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const halfWidth = Math.hypot(rx * cos, ry * sin);
  const halfHeight = Math.hypot(rx * sin, ry * cos);
  return {
    bounds: [cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight],
    at(x, y) {
      const dx = (x - cx) * cos + (y - cy) * sin;
      const dy = (y - cy) * cos - (x - cx) * sin;
      const far = Math.sqrt((dx / rx) ** 2 + (dy / ry) ** 2);
      const slope = Math.sqrt((dx / rx ** 2) ** 2 + (dy / ry ** 2) ** 2);
      return slope === 0 ? -Math.min(rx, ry) : (far * (far - 1)) / slope;
    },
  };
}

export const box = (cx: number, cy: number, halfWidth: number, halfHeight: number, corner = 0): Shape => ({
  bounds: [cx - halfWidth, cy - halfHeight, cx + halfWidth, cy + halfHeight],
  at(x, y) {
    const dx = Math.abs(x - cx) - halfWidth + corner;
    const dy = Math.abs(y - cy) - halfHeight + corner;
    return Math.sqrt(Math.max(dx, 0) ** 2 + Math.max(dy, 0) ** 2) + Math.min(Math.max(dx, dy), 0) - corner;
  },
});

/** A line with round ends through the points. */
export function stroke(points: readonly (readonly [x: number, y: number])[], radius: number): Shape {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return {
    bounds: [
      Math.min(...xs) - radius,
      Math.min(...ys) - radius,
      Math.max(...xs) + radius,
      Math.max(...ys) + radius,
    ],
    at(x, y) {
      let nearest = Number.POSITIVE_INFINITY;
      for (let i = 1; i < points.length; i++) {
        const [ax, ay] = points[i - 1] ?? [0, 0];
        const [bx, by] = points[i] ?? [0, 0];
        const [vx, vy] = [bx - ax, by - ay];
        const t = Math.min(1, Math.max(0, ((x - ax) * vx + (y - ay) * vy) / (vx * vx + vy * vy || 1)));
        nearest = Math.min(nearest, (x - ax - t * vx) ** 2 + (y - ay - t * vy) ** 2);
      }
      return Math.sqrt(nearest) - radius;
    },
  };
}

/** A brow, a lid, a smile: a parabola whose middle lies `rise` above its ends. */
export const arc = (cx: number, cy: number, halfWidth: number, rise: number, radius: number, tilt = 0) =>
  stroke(
    Array.from({ length: 9 }, (_, i) => {
      const t = i / 4 - 1;
      return [cx + t * halfWidth, cy - rise * (1 - t * t) + tilt * t] as const;
    }),
    radius,
  );

const EVERYWHERE: Bounds = [-1e6, -1e6, 1e6, 1e6];

export const union = (one: Shape, other: Shape): Shape => ({
  at: (x, y) => Math.min(one.at(x, y), other.at(x, y)),
  bounds: [
    Math.min(one.bounds[0], other.bounds[0]),
    Math.min(one.bounds[1], other.bounds[1]),
    Math.max(one.bounds[2], other.bounds[2]),
    Math.max(one.bounds[3], other.bounds[3]),
  ],
});
export const both = (one: Shape, other: Shape): Shape => ({
  at: (x, y) => Math.max(one.at(x, y), other.at(x, y)),
  bounds: [
    Math.max(one.bounds[0], other.bounds[0]),
    Math.max(one.bounds[1], other.bounds[1]),
    Math.min(one.bounds[2], other.bounds[2]),
    Math.min(one.bounds[3], other.bounds[3]),
  ],
});
export const outside = (shape: Shape): Shape => ({ at: (x, y) => -shape.at(x, y), bounds: EVERYWHERE });
export const everywhere: Shape = { at: () => -1e6, bounds: EVERYWHERE };

/** Where a drawing's own coordinates lie on a raster: `scale` pixels per unit around the pixel (x, y). */
export interface Place {
  x: number;
  y: number;
  scale: number;
}

/**
 * Paints a shape over what is there. `soft` is the width of its edge in the shape's units; without it the edge is one
 * pixel wide (anti-aliased).
 */
export function paint(
  raster: Raster,
  place: Place,
  shape: Shape,
  fill: Rgb | ((x: number, y: number) => Rgb),
  { alpha = 1, soft = 0 }: { alpha?: number; soft?: number } = {},
): void {
  const { width, height, data } = raster;
  const edge = Math.max(soft, 1 / place.scale);
  const [left, top, right, bottom] = shape.bounds;
  const fromX = Math.max(0, Math.floor(place.x + (left - edge) * place.scale));
  const toX = Math.min(width, Math.ceil(place.x + (right + edge) * place.scale));
  const fromY = Math.max(0, Math.floor(place.y + (top - edge) * place.scale));
  const toY = Math.min(height, Math.ceil(place.y + (bottom + edge) * place.scale));
  for (let py = fromY; py < toY; py++) {
    const y = (py + 0.5 - place.y) / place.scale;
    for (let px = fromX; px < toX; px++) {
      const x = (px + 0.5 - place.x) / place.scale;
      const cover = Math.min(1, Math.max(0, 0.5 - shape.at(x, y) / edge));
      if (cover === 0) continue;
      const eased = soft > 0 ? cover * cover * (3 - 2 * cover) : cover;
      blend(data, (py * width + px) * 4, typeof fill === "function" ? fill(x, y) : fill, eased * alpha);
    }
  }
}

function blend(data: Uint8ClampedArray, at: number, [red, green, blue]: Rgb, alpha: number): void {
  const below = (data[at + 3] ?? 0) / 255;
  const sum = alpha + below * (1 - alpha);
  if (sum === 0) return;
  const mix = (over: number, under: number) => (over * alpha + under * below * (1 - alpha)) / sum;
  data[at] = mix(red, data[at] ?? 0);
  data[at + 1] = mix(green, data[at + 1] ?? 0);
  data[at + 2] = mix(blue, data[at + 2] ?? 0);
  data[at + 3] = sum * 255;
}

/** Between two colours; `t` is held in 0..1. */
export function between(from: Rgb, to: Rgb, t: number): Rgb {
  const k = Math.min(1, Math.max(0, t));
  return [from[0] + (to[0] - from[0]) * k, from[1] + (to[1] - from[1]) * k, from[2] + (to[2] - from[2]) * k];
}
