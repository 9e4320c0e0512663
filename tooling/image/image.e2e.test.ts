import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  hasDockerEngine,
  startTestEngine,
  type TestEngine,
} from "../../packages/providers/src/docker/testing.ts";
import { ffmpeg, hasProgram, tools } from "../../packages/worker/src/asr/testing.ts";
import { LANDLOCK } from "../../packages/worker/src/landlock.ts";
import { readArtifacts, startMainJob } from "../main-job/testing.ts";
import { buildArgs, type Docker, dockerAt, sbomOfImage } from "./build.ts";
import { makeLocalBases } from "./rootfs.ts";

const exec = promisify(execFile);
const IMAGE = "kangklip-worker:test";
/** apt, npm and pip fetch half a gigabyte, on a machine that may do other work. */
const BUILD_MS = 900_000;
const JOB_MS = 500_000;

const all =
  tools &&
  hasDockerEngine &&
  (await hasProgram("mmdebstrap")) &&
  (await hasProgram("pocketsphinx_continuous"));

let engine: TestEngine;
let docker: Docker;

describe.skipIf(!all)(
  "the worker's image, built here without a registry (needs ffmpeg, pocketsphinx, mmdebstrap and a Docker engine)",
  () => {
    beforeAll(async () => {
      engine = await startTestEngine();
      docker = dockerAt(`unix://${engine.socketPath}`);
      const bases = await makeLocalBases(docker, "test");
      const options = { version: "0.0.0", revision: "none", network: "host", bases };
      await docker(buildArgs({ target: "cpu", tag: IMAGE, ...options }));
    }, BUILD_MS);
    afterAll(async () => {
      await engine?.[Symbol.asyncDispose]();
    });

    /** Runs a container as the docker provider does: nothing may be written but its scratch folder, and there are no rights. */
    const run = (...args: string[]) =>
      docker([
        ...["run", "--rm", "--init", "--network", "none", "--read-only", "--volume", "/scratch"],
        ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "512", ...args],
      ]);

    test("it runs as a user without rights, writes to its scratch folder alone, and has what its target promises", async () => {
      const script = `id -u; pwd; echo x >$TMPDIR/x && cat x; touch /x 2>&1 | grep -c Read-only
        yt-dlp -v --js-runtimes node:/usr/local/bin/node 2>&1 | grep 'JS runtimes'
        ffmpeg -hide_banner -encoders 2>&1 | grep -c h264_nvenc; ffmpeg -hide_banner -filters 2>&1 | grep -cw ass
        fc-match ':lang=ja' family; pocketsphinx_continuous -infile /dev/null -logfn /dev/null && echo hears`;
      const said = await run("--entrypoint", "sh", IMAGE, "-c", script);
      expect(said.trim().split("\n")).toEqual([
        ...["10001", "/scratch", "x", "1"],
        expect.stringContaining(`node-${process.versions.node}`),
        ...["1", "1", expect.stringContaining("Noto"), "hears"],
      ]);
    });

    test("what its workers keep for one another is out of reach of the programs that read foreign files", async () => {
      const script = `echo x >/cache/x; ls /cache; cat /proc/1/root/cache/x; echo y >y && mv y z && cat z; ffmpeg -version | head -c 14`;
      const hidden = ["--entrypoint", "python3", IMAGE, "-I", "-S", "-c", LANDLOCK, "/cache"];
      expect(await run("--volume", "/cache", ...hidden, "sh", "-c", `(${script}) 2>/dev/null`)).toBe(
        "y\nffmpeg version",
      );
      const open = await run(
        "--volume",
        "/cache",
        "--entrypoint",
        "sh",
        IMAGE,
        "-c",
        `${script} 2>/dev/null`,
      );
      expect(open).toContain("x\n"); // the worker itself may write there
    });

    test("its worker tells what it finds: no graphics card, and clips can be made all the same", async () => {
      const report = JSON.parse(await run(IMAGE, "selftest", "--json"));
      expect(report).toMatchObject({ exit_code: 0 });
      expect(JSON.stringify(report)).toContain("NO_LIB");
    });

    test("it carries the list of what it is made of: Debian's packages, npm's, Python's, and Node", async () => {
      const { components } = JSON.parse(await sbomOfImage(docker, IMAGE));
      const purls = components.map(({ purl }: { purl: string }) => purl).join("\n");
      for (const part of [
        "pkg:deb/debian/ffmpeg@",
        "pkg:npm/zod@",
        "pkg:pypi/yt-dlp@",
        "pkg:generic/node@24",
      ])
        expect(purls).toContain(part);
    });

    test(
      "a job of the docker provider makes the same clips in it as the process provider does: equal EDL, equal frames",
      async () => {
        await using main = await startMainJob({
          env: {
            COMPUTE: "docker,process",
            WORKER_IMAGE: IMAGE,
            DOCKER_HOST: `unix://${engine.socketPath}`,
            ...{ DOCKER_NETWORK: "host", DOCKER_GPUS: "none", DOCKER_PULL: "never" },
            TRANSCRIBER: "pocketsphinx",
            ENCODER: "libx264",
          },
        });
        const talk = fileURLToPath(new URL("../sample/talk-small.mp4", import.meta.url));
        await ffmpeg("-i", talk, "-t", "40", "-c", "copy", join(main.folder, "talk.mp4"));
        const made = async (provider: string) => {
          const { job_id } = await main.create("/talk.mp4", { compute: [provider] });
          const view = await main.api().until(job_id, undefined, JOB_MS);
          expect(view).toMatchObject({
            status: "SUCCEEDED",
            attempts: [{ provider, outcome: "succeeded" }],
          });
          return readArtifacts(main, job_id);
        };
        const [inContainer, here] = [await made("docker"), await made("process")];
        expect(inContainer.edl.clips.length).toBeGreaterThan(0);
        expect({ ...inContainer.edl, job_id: null }).toEqual({ ...here.edl, job_id: null });
        expect(inContainer.transcript).toEqual(here.transcript);
        expect(inContainer.transcript.length).toBeGreaterThan(0);
        expect(inContainer.faces).toEqual(here.faces);
        expect(await framesOf(inContainer.path("clip_01.mp4"))).toEqual(
          await framesOf(here.path("clip_01.mp4")),
        );
      },
      2 * JOB_MS,
    );
  },
);

/** A hash of each decoded picture and of each piece of sound. */
async function framesOf(clip: string): Promise<string[]> {
  const args = ["-v", "error", "-i", clip, "-f", "framemd5", "-"];
  const { stdout } = await exec(tools?.ffmpeg ?? "ffmpeg", args, { maxBuffer: 64 << 20 });
  const frames = stdout.split("\n").filter((line) => line && !line.startsWith("#"));
  expect(frames.length).toBeGreaterThan(500);
  return frames;
}
