import { buffer } from "node:stream/consumers";
import { KangKlipError } from "@kangklip/contract";
import type { z } from "zod";
import type { ArtifactStore } from "./store.ts";

/** A transcript of the longest video has some megabytes; nobody's file makes this process run out of memory. */
const MOST_BYTES = 64 << 20;

/** A JSON file that a worker left; undefined where it is not there, or is not what it should be. @throws what the store throws while it is away */
export async function readStored<Schema extends z.ZodType>(
  artifacts: ArtifactStore,
  key: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  let bytes: Buffer;
  try {
    const { info, body } = await artifacts.get(key);
    if (info.sizeBytes > MOST_BYTES) {
      body.destroy();
      return undefined;
    }
    bytes = await buffer(body);
  } catch (error) {
    if (error instanceof KangKlipError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
  return schema.safeParse(jsonOf(bytes)).data;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
