// The face detector's own process: started by faces.ts, fed with pictures on stdin, answers over the IPC channel.
// Its own process because a call blocks for some 30 ms, and because tfjs's wasm glue installs an uncaughtException handler
// that throws again. argv: the folder that holds blazeface.json and blazeface.bin. Its imports are compiled at each start: keep them few.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as TfWasm from "@tensorflow/tfjs-backend-wasm";
import type * as TfConverter from "@tensorflow/tfjs-converter";
import type * as Tf from "@tensorflow/tfjs-core";
import { anchorCount, decodeGrid, type Face, GRIDS, INPUT_SIDE, modelInput, type Tile } from "./blazeface.ts";
import { createFaceSearch, HEADER_BYTES, MANNERS, type Reply } from "./face-search.ts";
import { type Picture, pictureBytes } from "./picture.ts";

const require = createRequire(import.meta.url); // the tfjs packages are CommonJS in Node

async function loadDetector(folder: string) {
  const tf: typeof Tf = require("@tensorflow/tfjs-core");
  const { loadGraphModel }: typeof TfConverter = require("@tensorflow/tfjs-converter");
  const wasm: typeof TfWasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await tf.setBackend("wasm");
  const described = JSON.parse(readFileSync(join(folder, "blazeface.json"), "utf8"));
  const weights = readFileSync(join(folder, "blazeface.bin"));
  const model = await loadGraphModel({
    // loading by file:// goes through fetch, which refuses it
    load: async () => ({
      modelTopology: described.modelTopology,
      weightSpecs: described.weightsManifest.flatMap((group: { weights: unknown[] }) => group.weights),
      weightData: new Uint8Array(weights).buffer,
    }),
  });

  return (picture: Picture, tile: Tile, minScore: number): Face[] => {
    const input = modelInput(picture, tile);
    const outputs = tf.tidy(
      () => model.execute(tf.tensor(input, [1, INPUT_SIDE, INPUT_SIDE, 3])) as Tf.Tensor[],
    );
    // the outputs come in no fixed order: their shapes tell them apart
    const numbers = (count: number, each: number) => {
      const found = outputs.find(({ shape }) => shape[1] === count && shape[2] === each);
      if (!found) throw new Error(`The face model has no output of ${count} x ${each}`);
      return found.dataSync();
    };
    const faces = GRIDS.flatMap((grid) => {
      const count = anchorCount(grid);
      return decodeGrid(grid, { scores: numbers(count, 1), values: numbers(count, 16) }, tile, minScore);
    });
    tf.dispose(outputs);
    return faces;
  };
}

const reply = (message: Reply) => process.send?.(message);
process.once("disconnect", () => process.exit()); // the worker is gone

try {
  const find = createFaceSearch(await loadDetector(process.argv[2] ?? ""));
  let waiting: Buffer = Buffer.alloc(0);
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    waiting = waiting.length > 0 ? Buffer.concat([waiting, chunk]) : chunk;
    while (waiting.length >= HEADER_BYTES) {
      const [width, height] = [waiting.readUInt32LE(0), waiting.readUInt16LE(4)];
      const manner = MANNERS[waiting.readUInt16LE(6)];
      const end = HEADER_BYTES + pictureBytes(width, height);
      if (waiting.length < end) break;
      reply({ faces: find({ width, height, data: waiting.subarray(HEADER_BYTES, end) }, manner) });
      waiting = waiting.subarray(end);
    }
  }
} catch (error) {
  reply({ failed: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
