/**
 * whisper.cpp models with random weights: they prove loading, progress, the messages of the child process, cancelling, and whether a
 * graphics card can do the work, without a download. They recognise nothing; their text is noise, the same noise for the same sound.
 */

const MAGIC = 0x67676d6c;
const TEXT_TOKENS = 50_257; // those in the file; the loader makes up the special ones
const FFT_ROWS = 201; // rows of the filter bank: 400 / 2 + 1

/** The shape of a model. whisper.cpp wants 64 states per attention head. */
export interface ModelShape {
  /** 51864 is an English model, 51865 a multilingual one, 51866 one of the large-v3 family. */
  vocabulary: number;
  mels: 80 | 128;
  states: number;
  encoderLayers: number;
  decoderLayers: number;
  /** Weights lie between this and its negative. */
  spread: number;
}

/** 7.9 MB: one layer, 64 states. */
export const TINY: ModelShape = {
  ...{ vocabulary: 51_865, mels: 80, states: 64, encoderLayers: 1, decoderLayers: 1, spread: 0.09 },
};
/** The shape of large-v3-turbo, 1.6 GB. */
export const TURBO: ModelShape = {
  ...{ vocabulary: 51_866, mels: 128, states: 1280, encoderLayers: 32, decoderLayers: 4, spread: 0.03 },
};

/** The bytes of the small one, made in half a second. */
export const tinyModel = (): Buffer => Buffer.concat([...modelParts(TINY)]);

/** Random numbers of one block, which is used again and again in larger tensors: making 800 million of them would take minutes. */
const BLOCK = 1 << 20;

/** A model file piece by piece, with made-up words. Format: whisper.cpp, models/convert-pt-to-ggml.py. */
export function* modelParts(shape: ModelShape): Generator<Buffer> {
  const { vocabulary: tokens, mels, states, encoderLayers, decoderLayers, spread } = shape;
  const next = random(1);
  const heads = states / 64;
  // audio context, state, heads, layers; text context, state, heads, layers; mels, type (1 = f16)
  yield int32(MAGIC, tokens, 1500, states, heads, encoderLayers, 448, states, heads, decoderLayers, mels, 1);
  yield int32(mels, FFT_ROWS);
  yield Buffer.from(melFilters(mels).buffer);
  yield int32(TEXT_TOKENS);
  yield vocabulary();
  // tensors: dimensions, name length, type, dimensions fastest first, name, data; no padding, no count
  let block: Buffer | undefined;
  function* numbers(count: number, fill: "random" | "half" | number): Generator<Buffer> {
    const fresh = (length: number) => {
      const data = fill === "half" ? new Float16Array(length) : new Float32Array(length);
      for (let i = 0; i < length; i++) data[i] = typeof fill === "number" ? fill : (next() * 2 - 1) * spread;
      return Buffer.from(data.buffer);
    };
    if (count <= 4 * BLOCK || fill !== "half") return yield fresh(count);
    block ??= fresh(BLOCK);
    for (let left = count; left > 0; left -= BLOCK) yield left >= BLOCK ? block : block.subarray(0, 2 * left);
  }
  function* tensor(name: string, sides: number[], fill: "random" | "half" | number): Generator<Buffer> {
    const type = fill === "half" ? 1 : 0;
    yield int32(sides.length, name.length, type, ...sides.toReversed());
    yield Buffer.from(name);
    yield* numbers(
      sides.reduce((a, b) => a * b, 1),
      fill,
    );
  }
  function* norm(name: string): Generator<Buffer> {
    yield* tensor(`${name}.weight`, [states], 1);
    yield* tensor(`${name}.bias`, [states], 0);
  }
  function* linear(name: string, rows: number, columns: number, bias = true): Generator<Buffer> {
    yield* tensor(`${name}.weight`, [rows, columns], "half");
    if (bias) yield* tensor(`${name}.bias`, [rows], 0);
  }
  function* attention(name: string): Generator<Buffer> {
    for (const part of ["query", "key", "value", "out"])
      yield* linear(`${name}.${part}`, states, states, part !== "key");
    yield* norm(`${name}_ln`);
  }
  function* feedForward(name: string): Generator<Buffer> {
    yield* norm(`${name}.mlp_ln`);
    yield* linear(`${name}.mlp.0`, 4 * states, states);
    yield* linear(`${name}.mlp.2`, states, 4 * states);
  }
  yield* tensor("encoder.positional_embedding", [1500, states], "random");
  for (const [name, width] of [
    ["conv1", mels],
    ["conv2", states],
  ] as const) {
    yield* tensor(`encoder.${name}.weight`, [states, width, 3], "half");
    yield* tensor(`encoder.${name}.bias`, [states, 1], 0); // two dimensions, not one
  }
  yield* norm("encoder.ln_post");
  for (let layer = 0; layer < encoderLayers; layer++) {
    yield* attention(`encoder.blocks.${layer}.attn`);
    yield* feedForward(`encoder.blocks.${layer}`);
  }
  yield* tensor("decoder.positional_embedding", [448, states], "random");
  yield* tensor("decoder.token_embedding.weight", [tokens, states], "half");
  for (let layer = 0; layer < decoderLayers; layer++) {
    yield* attention(`decoder.blocks.${layer}.attn`);
    yield* attention(`decoder.blocks.${layer}.cross_attn`);
    yield* feedForward(`decoder.blocks.${layer}`);
  }
  yield* norm("decoder.ln");
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
function melFilters(mels: number): Float32Array<ArrayBuffer> {
  const toMel = (hz: number) =>
    hz < 1000 ? (hz * 3) / 200 : 15 + Math.log(hz / 1000) / (Math.log(6.4) / 27);
  const toHz = (mel: number) =>
    mel < 15 ? (mel * 200) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15));
  const edge = (index: number) => toHz((toMel(8000) * index) / (mels + 1));
  const filters = new Float32Array(mels * FFT_ROWS);
  for (let mel = 0; mel < mels; mel++) {
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
