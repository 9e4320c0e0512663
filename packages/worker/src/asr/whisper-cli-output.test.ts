import { expect, test } from "vitest";
import { RECORDED } from "./testing-whisper-cli.ts";
import { readOutput } from "./whisper-cli-output.ts";

const output = (...texts: (string | Buffer)[]) =>
  Buffer.concat([
    Buffer.from('{ "result": { "language": "en" }, "transcription": ['),
    ...texts.flatMap((text, i) => [
      Buffer.from(
        `${i > 0 ? "," : ""}\n{ "offsets": { "from": ${i * 100}, "to": ${i * 100 + 80} }, "text": "`,
      ),
      Buffer.from(text),
      Buffer.from('" }'),
    ]),
    Buffer.from("] }"),
  ]);
const textsOf = (bytes: Buffer) => readOutput(bytes, 60).pieces.map(({ text }) => text);

test("what the real program writes is read: the language, and a piece for each token", () => {
  expect(readOutput(Buffer.from(RECORDED), 70)).toEqual({
    language: "en",
    pieces: [
      { text: "", t0: 0, t1: 0 },
      { text: " awtz", t0: 0, t1: 14_980 },
    ],
  });
});

test("a letter that was cut into tokens is put together again, byte by byte", () => {
  const [ni, hao] = [Buffer.from("你"), Buffer.from("好")];
  expect(textsOf(output(ni.subarray(0, 1), ni.subarray(1, 2), ni.subarray(2), hao, " ok"))).toEqual([
    ...["你", "好", " ok"],
  ]);
  const merged = readOutput(output(ni.subarray(0, 2), ni.subarray(2)), 60).pieces;
  expect(merged).toEqual([{ text: "你", t0: 0, t1: 180 }]);
  // a half whose other half never comes stays a sign of it, and takes nothing of what follows
  expect(textsOf(output(ni.subarray(0, 2), " next"))).toEqual(["\ufffd", " next"]);
  expect(textsOf(output(" é", "ß", "😀"))).toEqual([" é", "ß", "😀"]);
});

test("control characters and numbers that JSON does not know do no harm", () => {
  expect(textsOf(output(" a\u0000b", " c\n\td", ' \\"e\\"', " \\\\f"))).toEqual([
    " a b",
    " c  d",
    ' "e"',
    " \\f",
  ]);
  const nan = Buffer.from(
    '{ "result": { "language": "en" }, "transcription": [ { "offsets": { "from": 0, "to": 10 }, "text": " \\": nan, x", "tokens": [ { "p": -nan, "t_dtw": inf\n } ] } ] }',
  );
  expect(textsOf(nan)).toEqual([' ": nan, x']);
});

test.each<[string, string | Buffer]>([
  ["nothing", ""],
  ["no JSON", "whisper: segmentation fault"],
  ["JSON of another kind", "[1, 2]"],
  ["half of it", RECORDED.slice(0, 700)],
  ["bytes of anything", Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))],
  ["a word hours after the end", output(" hi").toString().replace('"to": 80', '"to": 1e12')],
  ["a word before the beginning", output(" hi").toString().replace('"from": 0', '"from": -1e9')],
  ["no number", output(" hi").toString().replace('"from": 0', '"from": "0"')],
  ["a text without end", output("x".repeat(5000)).toString()],
])("%s is refused", (_, bytes) => {
  expect(() => readOutput(Buffer.from(bytes), 60)).toThrow();
});

test("a language that is no code is none", () => {
  const strange = RECORDED.replace('"language": "en"\n\t}', '"language": "../../etc"\n\t}');
  expect(strange).not.toBe(RECORDED);
  expect(readOutput(Buffer.from(strange), 70).language).toBeNull();
});
