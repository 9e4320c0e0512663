import type { WantedModel } from "./fetch-model.ts";

/** One revision of whisper.cpp's models, so that the bytes cannot change. */
const HUB = "https://huggingface.co/ggerganov/whisper.cpp/resolve/5359861c739e955e79d9a303bcbc70fb988958b1";

const fromHub = (file: string, sha256: string): WantedModel => ({ file, url: `${HUB}/${file}`, sha256 });

/**
 * Models that `npm run image` knows by name; the sha256 are those of the hub's Git LFS records.
 * base: 60 MB, what a worker on a processor fetches by itself. large-v3-turbo: 574 MB, for graphics cards.
 */
export const MODELS: Readonly<Record<string, WantedModel>> = {
  base: fromHub("ggml-base-q5_1.bin", "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898"),
  "large-v3-turbo": fromHub(
    "ggml-large-v3-turbo-q5_0.bin",
    "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2",
  ),
};

export const TARGETS = ["cpu", "cuda"] as const;
export type Target = (typeof TARGETS)[number];
export const MODEL_FOR: Readonly<Record<Target, string>> = { cpu: "base", cuda: "large-v3-turbo" };
