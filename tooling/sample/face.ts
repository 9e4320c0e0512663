import {
  arc,
  between,
  both,
  box,
  ellipse,
  outside,
  type Place,
  paint,
  type Raster,
  type Rgb,
  union,
} from "./paint.ts";

/** How one speaker looks. Colours are RGB, 0..255. */
export interface Look {
  skin: Rgb;
  hair: Rgb;
  eyes: Rgb;
  lips: Rgb;
  shirt: Rgb;
  collar: Rgb;
  longHair: boolean;
  beard: boolean;
}

export const SPEAKERS: Record<"host" | "guest", Look> = {
  host: {
    skin: [232, 184, 152],
    hair: [74, 44, 30],
    eyes: [72, 98, 66],
    lips: [186, 92, 88],
    shirt: [196, 92, 62],
    collar: [226, 214, 196],
    longHair: true,
    beard: false,
  },
  guest: {
    skin: [198, 146, 112],
    hair: [38, 34, 36],
    eyes: [70, 46, 30],
    lips: [158, 86, 78],
    shirt: [52, 84, 112],
    collar: [232, 236, 238],
    longHair: false,
    beard: true,
  },
};

const dark = (colour: Rgb, t: number) => between(colour, [24, 12, 14], t);
const light = (colour: Rgb, t: number) => between(colour, [255, 244, 228], t);

/**
 * Draws head, neck and shoulders. The head's middle is the place's origin, its crown at y = -1 and its chin at y = 1 (units
 * of the place's scale), so a head is 2 x scale pixels high. `mouth` is how far it is open, 0..1; `blink` closes the eyes.
 * The shading is what makes face detectors trained on photographs find it: light from the upper left, shaded sockets and
 * nose, whites of the eyes.
 */
export function drawPerson(
  raster: Raster,
  place: Place,
  look: Look,
  { mouth = 0, blink = false }: { mouth?: number; blink?: boolean } = {},
): void {
  const { skin, hair } = look;
  const draw: Draw = (shape, fill, options) => paint(raster, place, shape, fill, options);
  const jaw = union(ellipse(0, -0.16, 0.74, 0.86), ellipse(0, 0.3, 0.6, 0.7));

  drawBehind(draw, look);
  draw(ellipse(-0.74, 0.08, 0.1, 0.2), dark(skin, 0.16));
  draw(ellipse(0.74, 0.08, 0.1, 0.2), dark(skin, 0.26));
  draw(jaw, (x, y) => between(light(skin, 0.16), dark(skin, 0.36), 0.42 + x * 0.42 + y * 0.16));
  const onFace = (shape: typeof jaw) => both(shape, jaw);
  draw(onFace(ellipse(0, 1.08, 0.62, 0.26)), dark(skin, 0.4), { alpha: 0.5, soft: 0.3 }); // under the chin
  draw(onFace(ellipse(-0.4, 0.34, 0.2, 0.16)), [226, 120, 100], { alpha: 0.24, soft: 0.2 }); // cheeks
  draw(onFace(ellipse(0.4, 0.34, 0.2, 0.16)), [206, 104, 88], { alpha: 0.24, soft: 0.2 });
  draw(onFace(ellipse(-0.1, -0.5, 0.34, 0.16)), light(skin, 0.6), { alpha: 0.4, soft: 0.3 }); // brow's light

  if (look.beard) {
    const beard = both(both(jaw, box(0, 0.8, 1, 0.62)), outside(ellipse(0, 0, 0.6, 0.66)));
    draw(beard, dark(hair, 0.1), { alpha: 0.82, soft: 0.12 });
    draw(arc(0, 0.5, 0.26, 0.07, 0.05), dark(hair, 0.1), { alpha: 0.8, soft: 0.06 });
  }
  drawEyes(draw, look, blink);
  drawNose(draw, skin);
  drawMouth(draw, look, mouth);
  drawHair(draw, look, jaw);
}

type Draw = (
  shape: Parameters<typeof paint>[2],
  fill: Parameters<typeof paint>[3],
  options?: Parameters<typeof paint>[4],
) => void;

function drawBehind(draw: Draw, { skin, hair, shirt, collar, longHair }: Look): void {
  if (longHair) {
    draw(union(ellipse(0, -0.2, 0.98, 1.0), box(0, 0.5, 0.94, 0.72, 0.4)), dark(hair, 0.3));
  }
  const shoulders = union(box(0, 2.95, 1.72, 1.6, 0.72), ellipse(0, 1.56, 0.82, 0.3));
  draw(shoulders, (x, y) => between(light(shirt, 0.16), dark(shirt, 0.5), 0.3 + x * 0.24 + (y - 1.6) * 0.16));
  draw(box(0, 1.0, 0.38, 0.52, 0.2), (x) => between(skin, dark(skin, 0.5), 0.5 + x * 0.7));
  draw(both(ellipse(0, 1.0, 0.5, 0.3), box(0, 1.0, 0.38, 0.5)), dark(skin, 0.6), { alpha: 0.5, soft: 0.2 });
  draw(ellipse(0, 1.42, 0.4, 0.16), between(skin, dark(skin, 0.5), 0.4));
  draw(arc(0, 1.4, 0.42, -0.2, 0.045), collar);
}

function drawEyes(draw: Draw, { skin, hair, eyes }: Look, blink: boolean): void {
  for (const side of [-1, 1]) {
    const x = side * 0.31;
    draw(ellipse(x, -0.05, 0.25, 0.18), dark(skin, 0.5), { alpha: 0.45, soft: 0.16 });
    if (!blink) {
      const opening = both(ellipse(x, 0.07, 0.2, 0.19), ellipse(x, -0.1, 0.2, 0.18));
      draw(opening, [244, 240, 236], {});
      draw(both(opening, ellipse(x, -0.02, 0.088, 0.092)), eyes, {});
      draw(both(opening, ellipse(x, -0.02, 0.046, 0.048)), [14, 10, 10], {});
      draw(ellipse(x - 0.03, -0.052, 0.02, 0.02), [255, 255, 255], {});
      draw(arc(x, 0.02, 0.16, -0.055, 0.009), dark(skin, 0.5), { alpha: 0.5 });
    }
    draw(arc(x, -0.01, 0.195, blink ? -0.06 : 0.1, 0.017), dark(skin, 0.86), {});
    draw(arc(x, -0.07, 0.19, 0.1, 0.01), dark(skin, 0.5), { alpha: 0.45 });
    draw(arc(x, -0.25, 0.21, 0.06, 0.032, side * 0.004), dark(hair, 0.25), { alpha: 0.9, soft: 0.03 });
  }
}

function drawNose(draw: Draw, skin: Rgb): void {
  draw(ellipse(0.1, 0.14, 0.07, 0.3, 0.1), dark(skin, 0.5), { alpha: 0.4, soft: 0.12 });
  draw(ellipse(-0.03, 0.1, 0.05, 0.3), light(skin, 0.7), { alpha: 0.5, soft: 0.08 });
  draw(ellipse(0, 0.34, 0.14, 0.09), between(skin, [210, 110, 90], 0.2), { alpha: 0.6, soft: 0.08 });
  draw(ellipse(-0.03, 0.31, 0.06, 0.05), light(skin, 0.8), { alpha: 0.6, soft: 0.06 });
  draw(arc(0, 0.4, 0.15, -0.03, 0.02), dark(skin, 0.6), { alpha: 0.6, soft: 0.04 });
  for (const x of [-0.075, 0.075]) draw(ellipse(x, 0.395, 0.034, 0.02), dark(skin, 0.8), { soft: 0.02 });
}

function drawMouth(draw: Draw, { skin, lips }: Look, open: number): void {
  const gap = 0.012 + open * 0.1;
  const middle = 0.64 + open * 0.03;
  const halfWidth = 0.25 - open * 0.03;
  draw(ellipse(0, 0.8 + open * 0.07, 0.16, 0.05), dark(skin, 0.5), { alpha: 0.4, soft: 0.08 });
  draw(ellipse(0, middle, halfWidth, gap + 0.058), lips, { soft: 0.015 });
  draw(ellipse(0, middle + gap + 0.02, halfWidth * 0.6, 0.02), light(lips, 0.5), { alpha: 0.6, soft: 0.03 });
  draw(arc(0, middle - 0.022, halfWidth + 0.035, -0.03, 0.01), dark(lips, 0.45), { alpha: 0.7 });
  const inside = ellipse(0, middle, halfWidth * 0.86, gap);
  draw(inside, [62, 18, 20], {});
  if (open > 0.2) {
    draw(both(inside, box(0, middle - gap, halfWidth * 0.6, gap * 0.5)), [240, 236, 228], {});
    draw(both(inside, ellipse(0, middle + gap, halfWidth * 0.5, gap * 0.6)), [186, 84, 84], {});
  }
}

function drawHair(draw: Draw, { hair, longHair }: Look, jaw: Parameters<typeof paint>[2]): void {
  const shade = (x: number, y: number) =>
    between(light(hair, 0.14), dark(hair, 0.5), 0.4 + x * 0.4 + y * 0.2);
  const cap = union(ellipse(0, -0.3, 0.82, 0.82), jaw);
  const forehead = ellipse(longHair ? 0.12 : 0, 0.12, longHair ? 0.68 : 0.66, longHair ? 0.84 : 0.74);
  // short hair ends beside the eyes and fades into the beard, long hair falls on beside the cheeks
  const sides = box(0, -0.8, 2, longHair ? 1.1 : 0.94);
  draw(both(both(cap, sides), outside(forehead)), shade, { soft: longHair ? 0.03 : 0.06 });
  if (longHair) {
    for (const side of [-1, 1])
      draw(ellipse(side * 0.78, 0.3, side < 0 ? 0.25 : 0.2, 0.92, side * -0.05), shade, { soft: 0.03 });
  }
  draw(arc(-0.1, -0.9, 0.4, 0.1, 0.03), light(hair, 0.4), { alpha: 0.25, soft: 0.12 });
}
