import { drawPerson, type Look, SPEAKERS } from "../../sample/face.ts";
import { between, box, createRaster, paint, type Raster } from "../../sample/paint.ts";

/** Six people of different skin, hair and clothes; the first two are the sample's own. */
export const CAST = {
  ann: SPEAKERS.host,
  ben: SPEAKERS.guest,
  chi: {
    ...{ skin: [124, 82, 60], hair: [24, 20, 20], eyes: [42, 28, 20], lips: [128, 70, 66] },
    ...{ shirt: [214, 168, 66], collar: [240, 232, 220], longHair: false, beard: false },
  },
  dew: {
    ...{ skin: [92, 60, 46], hair: [18, 16, 18], eyes: [36, 24, 18], lips: [112, 58, 58] },
    ...{ shirt: [72, 128, 104], collar: [228, 232, 226], longHair: true, beard: false },
  },
  eli: {
    ...{ skin: [244, 208, 184], hair: [196, 150, 92], eyes: [84, 118, 150], lips: [204, 120, 114] },
    ...{ shirt: [98, 78, 128], collar: [236, 232, 240], longHair: false, beard: false },
  },
  fay: {
    ...{ skin: [224, 180, 142], hair: [168, 168, 172], eyes: [66, 62, 58], lips: [178, 104, 98] },
    ...{ shirt: [64, 66, 74], collar: [210, 214, 220], longHair: true, beard: false },
  },
} as const satisfies Record<string, Look>;

/** Pixels of half a head in a sprite: the first that is nearly as large as wanted. */
const SCALES = [26, 64, 190];
const MOUTHS = 5;
/** Reach of a sprite around the head's middle, in halves of its height: the body goes on below the picture. */
const LEFT = 1.9;
const TOP = 1.35;
const BOTTOM = 8;

interface Sprite {
  raster: Raster;
  scale: number;
}

const drawn = new Map<string, Sprite>();

/** Somebody with their mouth `open` (0..1), as large as fits `size` (half a head, pixels). */
export function spriteOf(look: Look, size: number, open: number, blink: boolean): Sprite {
  const scale = SCALES.find((one) => one >= size * 0.8) ?? 190;
  const mouth = Math.round(open * (MOUTHS - 1)) / (MOUTHS - 1);
  const key = JSON.stringify([look, scale, mouth, blink]);
  const known = drawn.get(key);
  if (known) return known;
  const raster = createRaster(Math.ceil(2 * LEFT * scale), Math.ceil((TOP + BOTTOM) * scale));
  const place = { x: LEFT * scale, y: TOP * scale, scale };
  const trousers = between(look.shirt, [20, 22, 30], 0.75);
  paint(raster, place, box(0, 6.4, 1.3, 3, 0.3), trousers);
  paint(raster, place, box(0, 4.2, 1.72, 1.2, 0.5), between(look.shirt, [24, 12, 14], 0.42));
  drawPerson(raster, place, look, { mouth, blink });
  const sprite = { raster, scale };
  drawn.set(key, sprite);
  return sprite;
}

/** Lays a sprite over a picture without alpha, its head's middle on (x, y), half a head `size` pixels high. */
export function layOver(
  picture: Raster,
  { raster, scale }: Sprite,
  { x, y, size }: { x: number; y: number; size: number },
): void {
  const step = scale / size;
  const { width, height, data } = raster;
  const [fromX, toX] = [Math.max(0, Math.ceil(x - LEFT * size)), Math.min(picture.width, x + LEFT * size)];
  const [fromY, toY] = [Math.max(0, Math.ceil(y - TOP * size)), Math.min(picture.height, y + BOTTOM * size)];
  for (let py = fromY; py < toY; py++) {
    const sy = (py + 0.5 - y) * step + TOP * scale - 0.5;
    const top = Math.max(0, Math.min(height - 2, Math.floor(sy)));
    const down = Math.min(1, Math.max(0, sy - top));
    for (let px = fromX; px < toX; px++) {
      const sx = (px + 0.5 - x) * step + LEFT * scale - 0.5;
      const left = Math.max(0, Math.min(width - 2, Math.floor(sx)));
      const right = Math.min(1, Math.max(0, sx - left));
      const corner = (top * width + left) * 4;
      let [red, green, blue, cover] = [0, 0, 0, 0];
      for (let i = 0; i < 4; i++) {
        const at = corner + (i & 1) * 4 + (i >> 1) * width * 4;
        const part = (i & 1 ? right : 1 - right) * (i & 2 ? down : 1 - down);
        const alpha = (part * (data[at + 3] ?? 0)) / 255;
        red += alpha * (data[at] ?? 0);
        green += alpha * (data[at + 1] ?? 0);
        blue += alpha * (data[at + 2] ?? 0);
        cover += alpha;
      }
      if (cover === 0) continue;
      const to = (py * picture.width + px) * 4;
      picture.data[to] = (picture.data[to] ?? 0) * (1 - cover) + red;
      picture.data[to + 1] = (picture.data[to + 1] ?? 0) * (1 - cover) + green;
      picture.data[to + 2] = (picture.data[to + 2] ?? 0) * (1 - cover) + blue;
    }
  }
}
