import { describeWalls, machineWalls } from "../packages/worker/src/walls.ts";

/** What `kangklip doctor` tells about the walls round the programs that read foreign files; they are tried, not looked up. */
export async function wallsLine() {
  const { stands, lacks } = describeWalls(await machineWalls());
  return {
    id: "walls",
    level: lacks.length === 0 ? ("ok" as const) : ("old" as const),
    found: stands.length > 0 ? stands.join(", ") : null,
    needed: "ffmpeg and the like without network, within limits, and gone with their worker",
    fix:
      lacks.length === 0
        ? null
        : `Here ${lacks.join("; ")}. On Linux install util-linux 2.38 or newer; a container must allow user namespaces`,
  };
}
