import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { findProgram } from "../child.ts";
import { machineFacts } from "../machine.ts";
import type { StageContext } from "../stage.ts";
import { addonInstalled } from "./whisper.ts";

/**
 * All that decides on this machine who hears the words, as plain values: where they are the same, the same sound gives the same words. A model
 * is told by name, size and time: reading gigabytes for it would take longer than many transcripts.
 */
export async function recognisers({
  tools,
  settings,
  signal,
}: Pick<StageContext, "tools" | "settings" | "signal">) {
  const { transcriber, gpu, modelPath, modelsDir, whisperCliPath } = settings;
  const { cudaWhisper, gpu: card } = await machineFacts({ tools, settings, signal });
  return {
    ...{ transcriber, gpu },
    model: modelPath ? basename(modelPath) : null,
    models: await modelsIn(modelPath ? dirname(modelPath) : modelsDir),
    addon: addonInstalled(),
    card: cudaWhisper.reason === null ? (card?.name ?? "a card") : null,
    whisperCli: await fileOf(whisperCliPath ?? "whisper-cli"),
    pocketsphinx: await fileOf("pocketsphinx_continuous"),
  };
}

/** Name, size and time of each model of a folder; a Silero model beside whisper's counts too. */
async function modelsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".bin")).sort();
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name)).catch(() => ({ size: 0, mtimeMs: 0 }));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
}

async function fileOf(program: string): Promise<string | null> {
  const path = await findProgram(program).catch(() => null);
  const found = path && (await stat(path).catch(() => null));
  return found ? `${basename(path)} ${found.size} ${found.mtimeMs}` : null;
}
