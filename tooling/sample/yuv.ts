import type { Raster } from "./paint.ts";

/** A picture as three planes one after another, 4:2:0, BT.709, limited range: what the encoder takes as it is. */
export interface Yuv {
  width: number;
  height: number;
  data: Uint8Array;
}

/** Width and height must be even. Transparent pixels count as black. */
export function toYuv({ width, height, data }: Raster): Yuv {
  const out = new Uint8Array((width * height * 3) / 2);
  const [u, v] = [width * height, (width * height * 5) / 4];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
      out[y * width + x] = 16.5 + 0.1826 * red + 0.6142 * green + 0.062 * blue;
      if (x % 2 || y % 2) continue;
      const chroma = (y / 2) * (width / 2) + x / 2;
      out[u + chroma] = 128.5 - 0.1006 * red - 0.3386 * green + 0.4392 * blue;
      out[v + chroma] = 128.5 + 0.4392 * red - 0.3989 * green - 0.0403 * blue;
    }
  }
  return { width, height, data: out };
}

/** Copies `patch` into `picture` at the even pixel (x, y); parts outside the picture are left away. */
export function stamp(picture: Yuv, patch: Yuv, x: number, y: number): void {
  copyPlane(picture.data, 0, picture.width, picture.height, patch.data, 0, patch.width, patch.height, x, y);
  const size = picture.width * picture.height;
  const patchSize = patch.width * patch.height;
  for (const plane of [0, 1]) {
    copyPlane(
      picture.data,
      size + (plane * size) / 4,
      picture.width / 2,
      picture.height / 2,
      patch.data,
      patchSize + (plane * patchSize) / 4,
      patch.width / 2,
      patch.height / 2,
      x / 2,
      y / 2,
    );
  }
}

function copyPlane(
  to: Uint8Array,
  toStart: number,
  toWidth: number,
  toHeight: number,
  from: Uint8Array,
  fromStart: number,
  fromWidth: number,
  fromHeight: number,
  x: number,
  y: number,
): void {
  const columns = Math.min(fromWidth, toWidth - x);
  for (let row = 0; row < Math.min(fromHeight, toHeight - y); row++) {
    const at = fromStart + row * fromWidth;
    to.set(from.subarray(at, at + columns), toStart + (y + row) * toWidth + x);
  }
}
