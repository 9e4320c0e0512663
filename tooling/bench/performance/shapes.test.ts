import { expect, test } from "vitest";
import { type Order, SHAPES } from "./shapes.ts";

const ORDER: Order = {
  ...{ source: "/source.mp4", start: 600, seconds: 30, window: { x: 656, y: 0, w: 606, h: 1080 } },
  ...{ stored: { width: 1920, height: 1080 }, width: 1080, height: 1920, dir: "/tmp", threads: 1 },
  encoding: { renderCrf: 20, renderPreset: "superfast", renderMaxFps: 30 },
};
const stepsOf = (name: string) => {
  const shape = SHAPES.find((one) => one.name === name);
  const commands = (shape?.steps(ORDER) ?? []).flatMap((step) =>
    Array.isArray(step[0]) ? (step as readonly (readonly string[])[]) : [step as readonly string[]],
  );
  return commands.map((args) => args.join(" "));
};
const encodes = (commands: string[]) => commands.filter((args) => /-c:v (libx264|mpeg4)/.test(args));

// as peers were read: performance reference, section 1
test.each([
  ["floor", 1, 1],
  ["original", 1, 2],
  ["original-medium", 1, 2],
  ["supoclip", 2, 3],
  ["openshorts", 3, 5],
  ["frame-pipes", 4, 4],
])("%s encodes %d and decodes %d times", (name, encoded, decoded) => {
  const commands = stepsOf(name);
  expect(encodes(commands)).toHaveLength(encoded);
  const decoding = commands.filter(
    (args) => !args.includes("-c copy") && !args.includes("-f rawvideo -pix_fmt rgb24 -s"),
  );
  expect(decoding).toHaveLength(decoded);
});

test("each one ends with the clip, and its picture has its window and its captions", () => {
  for (const shape of SHAPES) {
    expect(stepsOf(shape.name).at(-1), shape.name).toMatch(/ clip\.mp4$/);
    expect(shape.picture(ORDER), shape.name).toContain("crop=606:1080:656:0");
    expect(/captions\.ass/.test(shape.picture(ORDER)), shape.name).toBe(shape.name !== "frame-pipes");
  }
});

test("the settings are those that were read", () => {
  expect(stepsOf("original")[1]).toMatch(/^-noautorotate -ss 600 -to 630 .*-preset veryfast -c:a aac/);
  expect(stepsOf("original-medium")[1]).toContain("-preset medium -crf 18 ");
  expect(stepsOf("supoclip")[0]).toContain("-preset veryfast -crf 16");
  expect(stepsOf("supoclip")[2]).toContain("-preset medium -crf 19");
  expect(stepsOf("openshorts").at(-1)).toContain("-preset medium -crf 18");
  expect(stepsOf("floor")[0]).toContain("-preset superfast -crf 20 -threads 1");
});

test("1.x opens a clip of two segments without a seek", () => {
  const [command = ""] = stepsOf("original-montage");
  expect(command).not.toContain("-ss");
  expect(command).toContain("trim=300:315");
  expect(command).toContain("trim=600:615");
});
