import { expect, test } from "vitest";
import { readSettings } from "../config.ts";
import { captionCues } from "./cues.ts";
import { findFonts, parseFonts } from "./fonts.ts";
import { ROBOTO_BLACK } from "./looks.ts";
import { captionStyle, lackingCharacters } from "./style.ts";
import { captionState } from "./warnings.ts";
import { clipWords } from "./words.ts";

const settings = readSettings({});
/** A machine whose only font has no letters but those of Latin. */
const bare = () => Promise.resolve(`${ROBOTO_BLACK.file}\t0\tRoboto\t20-24f\tTrue\n`);

async function stateOf(
  said: string,
  { ask = bare, secondsPerWord = 0.5, brand = null as string | null } = {},
) {
  const fonts = await findFonts(await lackingCharacters(said), brand, ask);
  const style = await captionStyle({ ...settings, captionFont: brand ?? "Roboto" }, { fonts });
  const words = said
    .split(" ")
    .filter(Boolean)
    .map((word, i) => ({ word, start: i * secondsPerWord, end: (i + 0.9) * secondsPerWord }));
  const clipSeconds = words.length * secondsPerWord + 1;
  const placed = clipWords(words, [{ start: 0, end: clipSeconds, clipStart: 0 }], clipSeconds, style.fits);
  const cues = captionCues(placed, { clipSeconds, maxLines: 2, fits: style.fits });
  return captionState({ words, segments: [{ start: 0, end: clipSeconds, text: said }] }, cues, style);
}

test("captions that everybody can read say nothing", async () => {
  expect(await stateOf("It was terrifying at first. Молоко, άλφα.")).toEqual({
    drawable: true,
    warnings: [],
  });
});

test("letters without a font are told, and named", async () => {
  const { drawable, warnings } = await stateOf("We say the long word hello in Thai as สวัสดี");
  expect(drawable).toBe(true);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(
    /^6 of 35 characters .* have no font on this machine \(ส ว ั ด ี\).*fonts-noto-core/,
  );
});

test("captions that would be nothing but empty boxes are not drawn", async () => {
  const { drawable, warnings } = await stateOf("人们 不会 记得 吃了 什么");
  expect(drawable).toBe(false);
  expect(warnings.join()).toContain("not drawn into the picture; the subtitle files have them");
});

test("a font that has the letters ends the warning", async () => {
  const ask = () => Promise.resolve(`${ROBOTO_BLACK.file}\t0\tThai Sans\te01-e5b\tTrue\n`);
  expect(await stateOf("สวัสดี ครับ", { ask })).toEqual({ drawable: true, warnings: [] });
});

test("where fontconfig cannot be asked nothing is claimed", async () => {
  const ask = () => Promise.reject(new Error("ENOENT"));
  expect(await stateOf("人们 不会 记得", { ask })).toEqual({ drawable: true, warnings: [] });
});

test("emoji alone are no captions, and that is said", async () => {
  const { drawable, warnings } = await stateOf("🔥 🚀 😂");
  expect([drawable, warnings.length]).toEqual([false, 1]);
  expect(warnings[0]).toMatch(/nothing but emoji/);
});

test("speech without captions is never passed over in silence", () => {
  const style = captionStyle(settings);
  const segment = { start: 0, end: 30, text: "They remember how you made them feel." };
  return style.then((one) => {
    const silent = captionState({ words: [], segments: [segment] }, [], one);
    expect(silent).toEqual({ drawable: false, warnings: [expect.stringContaining("it has no captions")] });
    const music = captionState({ words: [], segments: [{ ...segment, text: "" }] }, [], one);
    expect(music.warnings).toEqual([]);
  });
});

test("words that come too fast to be read are told", async () => {
  const { warnings } = await stateOf("extraordinarily complicated explanations everywhere ".repeat(6), {
    secondsPerWord: 0.3,
  });
  expect(warnings).toEqual([expect.stringMatching(/ask for more than 25 characters a second/)]);
});

test("a brand's font that is not installed is told, and the shipped one used", async () => {
  const { warnings } = await stateOf("Hello there", { brand: "Futura Brand" });
  expect(warnings).toEqual([expect.stringContaining("Futura Brand (CAPTION_FONT) is not installed")]);
});

test("a brand's font is measured by its own file", async () => {
  const ask = () =>
    Promise.resolve(
      `${ROBOTO_BLACK.file.replace("900Black/Roboto_900Black", "100Thin/Roboto_100Thin")}\t0\tBrand Thin\t20-24f\tTrue\n`,
    );
  const fonts = await findFonts("", "Brand Thin", ask);
  const brand = await captionStyle({ ...settings, captionFont: "Brand Thin" }, { fonts });
  const own = await captionStyle(settings);
  expect(brand.font).toBe("Brand Thin");
  expect(brand.widthOf("remember how")).toBeLessThan(own.widthOf("remember how"));
});

test("one font is taken for all letters of a script where one has them, else any that has the letter", async () => {
  const line = (family: string, charset: string) => `${ROBOTO_BLACK.file}\t0\t${family}\t${charset}\tTrue\n`;
  const ask = () => Promise.resolve(line("Half", "e01-e20") + line("Whole", "e01-e5b"));
  const fonts = await findFonts("กาแฟ", null, ask);
  expect(fonts?.fontOf(0xe01)?.family).toBe("Whole");
  const torn = await findFonts("กาแฟ", null, () =>
    Promise.resolve(line("Half", "e01-e20") + line("Rest", "e30-e5b")),
  );
  expect([torn?.fontOf(0xe01)?.family, torn?.fontOf(0xe41)?.family]).toEqual(["Half", "Rest"]);
});

test("capitals are for scripts whose capitals fonts have", async () => {
  const bold = await captionStyle(settings, { preset: "bold" });
  expect(bold.drawn("Straße, мир, ნინო, ΐ 🔥")).toBe("STRASSE, МИР, ნინო, \u0399\u0308\u0301 ");
  expect((await captionStyle(settings)).drawn("Straße")).toBe("Straße");
});

test("fonts of pictures and fonts with a name that means something in ASS are left out", () => {
  const lines = [
    "/a.ttf\t0\tPictures\t1f600\tFalse",
    "/b.ttf\t0\tA}{\\p1\t41\tTrue",
    "/c.ttc\t65538\tGood\t41-5a 61\tTrue",
    "nonsense",
  ];
  const fonts = parseFonts(lines.join("\n"));
  expect(fonts.map(({ family, face }) => [family, face])).toEqual([["Good", 2]]);
  expect([0x41, 0x50, 0x5b, 0x61].map((codePoint) => fonts[0]?.has(codePoint))).toEqual([
    true,
    true,
    false,
    true,
  ]);
});
