/**
 * A whisper.cpp model with random weights, for tests: it proves loading, progress, the messages of the child process and cancelling,
 * without a download. It recognises nothing; its text is noise, the same noise for the same sound.
 */

const MAGIC = 0x67676d6c;
const VOCABULARY = 51_865; // multilingual; 51864 is an English model
const TEXT_TOKENS = 50_257; // those in the file; the loader makes up the special ones
const STATE = 64; // whisper.cpp wants 64 per attention head
const MELS = 80;
const FFT_ROWS = 201; // rows of the filter bank: 400 / 2 + 1

/** The bytes of a model file, 7.9 MB: one layer, 64 states, made-up words. Format: whisper.cpp, models/convert-pt-to-ggml.py. */
export function tinyModel(): Buffer {
  const next = random(1);
  const parts = [
    // vocabulary, audio context, state, heads, layers; text context, state, heads, layers; mels, type (1 = f16)
    int32(MAGIC, VOCABULARY, 1500, STATE, 1, 1, 448, STATE, 1, 1, MELS, 1),
    int32(MELS, FFT_ROWS),
    Buffer.from(melFilters().buffer),
    int32(TEXT_TOKENS),
    vocabulary(),
  ];
  // tensors: dimensions, name length, type, dimensions fastest first, name, data; no padding, no count
  const tensor = (name: string, shape: number[], fill: "random" | "half" | number) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const data = fill === "half" ? new Float16Array(count) : new Float32Array(count);
    for (let i = 0; i < count; i++) data[i] = typeof fill === "number" ? fill : (next() * 2 - 1) * 0.09;
    const type = fill === "half" ? 1 : 0;
    parts.push(
      int32(shape.length, name.length, type, ...shape.toReversed()),
      Buffer.from(name),
      Buffer.from(data.buffer),
    );
  };
  const norm = (name: string) => {
    tensor(`${name}.weight`, [STATE], 1);
    tensor(`${name}.bias`, [STATE], 0);
  };
  const linear = (name: string, rows: number, columns: number, bias = true) => {
    tensor(`${name}.weight`, [rows, columns], "half");
    if (bias) tensor(`${name}.bias`, [rows], 0);
  };
  const attention = (name: string) => {
    for (const part of ["query", "key", "value", "out"])
      linear(`${name}.${part}`, STATE, STATE, part !== "key");
    norm(`${name}_ln`);
  };
  const feedForward = (name: string) => {
    norm(`${name}.mlp_ln`);
    linear(`${name}.mlp.0`, 4 * STATE, STATE);
    linear(`${name}.mlp.2`, STATE, 4 * STATE);
  };
  tensor("encoder.positional_embedding", [1500, STATE], "random");
  for (const [name, width] of [
    ["conv1", MELS],
    ["conv2", STATE],
  ] as const) {
    tensor(`encoder.${name}.weight`, [STATE, width, 3], "half");
    tensor(`encoder.${name}.bias`, [STATE, 1], 0); // two dimensions, not one
  }
  norm("encoder.ln_post");
  attention("encoder.blocks.0.attn");
  feedForward("encoder.blocks.0");
  tensor("decoder.positional_embedding", [448, STATE], "random");
  tensor("decoder.token_embedding.weight", [VOCABULARY, STATE], "half");
  attention("decoder.blocks.0.attn");
  attention("decoder.blocks.0.cross_attn");
  feedForward("decoder.blocks.0");
  norm("decoder.ln");
  return Buffer.concat(parts);
}

const int32 = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer);

/** mulberry32: the same numbers every time. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Triangular filters on the Slaney mel scale, area normalised, as whisper's own. */
function melFilters(): Float32Array<ArrayBuffer> {
  const toMel = (hz: number) =>
    hz < 1000 ? (hz * 3) / 200 : 15 + Math.log(hz / 1000) / (Math.log(6.4) / 27);
  const toHz = (mel: number) =>
    mel < 15 ? (mel * 200) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15));
  const edge = (index: number) => toHz((toMel(8000) * index) / (MELS + 1));
  const filters = new Float32Array(MELS * FFT_ROWS);
  for (let mel = 0; mel < MELS; mel++) {
    const [low, middle, high] = [edge(mel), edge(mel + 1), edge(mel + 2)];
    for (let row = 0; row < FFT_ROWS; row++) {
      const hz = row * 40;
      const weight = Math.max(0, Math.min((hz - low) / (middle - low), (high - hz) / (high - middle)));
      filters[mel * FFT_ROWS + row] = (weight * 2) / (high - low);
    }
  }
  return filters;
}

/** Token texts: the 256 bytes, then " aaaa", " aaab" and so on. */
function vocabulary(): Buffer {
  const letters = (index: number) =>
    [17_576, 676, 26, 1].map((unit) => String.fromCharCode(97 + (Math.floor(index / unit) % 26))).join("");
  return Buffer.concat(
    Array.from({ length: TEXT_TOKENS }, (_, index) => {
      const text = index < 256 ? Buffer.from([index]) : Buffer.from(` ${letters(index - 256)}`);
      return Buffer.concat([int32(text.length), text]);
    }),
  );
}
