import { readdir } from "node:fs/promises";
import { aJobSpec } from "@kangklip/contract/testing";
import { expect } from "vitest";
import { aContext, temporaryDir } from "../asr/testing.ts";
import type { FetchedSource } from "../stage.ts";
import { planDash } from "./dash.ts";
import { createFetcher } from "./fetcher.ts";
import { planHls } from "./hls-plan.ts";
import { fetchStream } from "./stream.ts";
import { type Route, startOrigin } from "./testing-server.ts";

interface Outcome {
  file: string;
  captions: FetchedSource["captions"];
  /** What is in the attempt's folder. */
  names: string[];
  /** What the server was asked for. */
  paths: string[];
}

/**
 * Fetches a stream from a server with these routes (and the files of `folder`), the only one that is allowed, and shows what
 * came of it. A failure is thrown on, after a look whether it left anything behind.
 */
export async function fetchedStream(
  name: string,
  { folder, routes = {} }: { folder?: string; routes?: Record<string, Route> },
  look: (outcome: Outcome) => Promise<void> = async () => {},
): Promise<void> {
  await using server = await startOrigin(routes, folder);
  await using temporary = await temporaryDir();
  const { context } = aContext(temporary.dir);
  const policy = { allow_private: false, allow_origins: [server.origin], max_bytes: 1e7, max_seconds: 60 };
  const fetcher = createFetcher({ policy, signal: context.signal, patience: { retryMs: 5 } });
  const address = `${server.origin}/${name}`;
  try {
    const manifest = name.endsWith(".mpd") ? await fetcher.text(address, 1e6) : null;
    const plan = manifest
      ? planDash(manifest.text, manifest.url, "en")
      : await planHls(fetcher, address, "en");
    const outcome = await fetchStream({ ...context, job: aJobSpec() }, fetcher, plan).catch(async (error) => {
      expect(await readdir(temporary.dir)).toEqual([]);
      throw error;
    });
    const paths = server.requests.map(({ path }) => path);
    await look({ ...outcome, names: await readdir(temporary.dir), paths });
  } finally {
    await fetcher.close();
  }
}
