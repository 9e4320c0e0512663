import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { createS3Store, type S3StoreOptions } from "./s3.ts";

const run = promisify(execFile);
const PROGRAMS = ["monmaptool", "ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin"];
const START_MS = 60_000;
const TRIES = 2; // within the time that a hook may take, also where both hang

/** Whether a real S3 server can be started here. Debian: apt-get install -y radosgw ceph-mon ceph-osd ceph-common */
export const hasRadosgw = PROGRAMS.every((program) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }),
);

/**
 * A real S3 server for tests: one private Ceph RADOS Gateway on loopback, its objects in memory. Ready within about 12 s; it takes
 * about 300 MB, and the size of what it holds twice. A port that was free may be taken by somebody else before a part of it listens
 * there, which ends that part: then all of it is begun again, on other ports.
 *
 * @throws what the last try failed with, its log at the end
 */
export async function startRadosgw() {
  for (let tries = 1; ; tries += 1)
    try {
      return await tryRadosgw();
    } catch (error) {
      if (tries === TRIES) throw error;
      console.error(`radosgw, try ${tries} of ${TRIES}: ${error}`);
    }
}

async function tryRadosgw() {
  const dir = mkdtempSync(join(tmpdir(), "kk-rgw-"));
  const [monitor, monitorV1, gateway] = await Promise.all([freePort(), freePort(), freePort()]);
  const [accessKeyId, secretAccessKey] = [
    `KK${randomBytes(8).toString("hex")}`,
    randomBytes(24).toString("hex"),
  ];
  const fsid = randomUUID();
  const file = join(dir, "ceph.conf");
  for (const name of ["mon", "osd", "rgw", "log"]) mkdirSync(join(dir, name));
  writeFileSync(file, configuration({ dir, fsid, monitor, monitorV1, gateway }));
  const children: ChildProcess[] = [];
  const start = (program: string, ...args: string[]) => {
    const out = openSync(join(dir, "log", `${program}.out`), "a");
    children.push(spawn(program, ["-c", file, ...args, "-f"], { stdio: ["ignore", out, out] }));
  };
  const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    for (const child of children.toReversed()) {
      const end = new Promise((resolve) => child.once("exit", resolve));
      if (!ended(child) && child.kill("SIGKILL")) await end;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  const untilWorks = async (attempt: () => Promise<unknown>) => {
    const deadline = Date.now() + START_MS;
    for (;;)
      try {
        return await attempt();
      } catch (error) {
        const dead = children.find(ended);
        if (dead) throw new Error(`${dead.spawnfile} ended with ${dead.exitCode ?? dead.signalCode}`);
        if (Date.now() > deadline) throw error;
        await sleep(100);
      }
  };
  const endpoint = `http://127.0.0.1:${gateway}`;
  try {
    const map = join(dir, "monmap");
    const address = `[v2:127.0.0.1:${monitor},v1:127.0.0.1:${monitorV1}]`;
    await run("monmaptool", ["--create", "--addv", "a", address, "--fsid", fsid, map]);
    await run("ceph-mon", ["-c", file, "--mkfs", "-i", "a", "--monmap", map]);
    start("ceph-mon", "-i", "a");
    const osd = randomUUID();
    await untilWorks(() => run("ceph", ["-c", file, "osd", "new", osd, "0"], { timeout: 20_000 }));
    await run("ceph-osd", ["-c", file, "-i", "0", "--mkfs", "--osd-uuid", osd]);
    start("ceph-osd", "-i", "0");
    start("radosgw", "-n", "client.rgw");
    await untilWorks(() => fetch(endpoint));
    const socket = join(dir, "admin.asok");
    const keys = ["--access-key", accessKeyId, "--secret-key", secretAccessKey];
    const user = ["user", "create", "--uid=kk", "--display-name=kk", ...keys];
    await run("radosgw-admin", ["-c", file, "-n", "client.rgw", `--admin-socket=${socket}`, ...user]);
  } catch (error) {
    const logs = ends(join(dir, "log"));
    await stop();
    throw new Error(`${error instanceof Error ? error.message : error}\n${logs}`, { cause: error });
  }
  const region = "us-east-1"; // "auto" is R2's
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  return {
    /** Asks the server as its owner, past the store. */
    client,
    /** A store on a new, empty bucket. */
    async open(options: Partial<S3StoreOptions> = {}) {
      const bucket = `kk-${randomBytes(6).toString("hex")}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      const settings: S3StoreOptions = { endpoint, bucket, region, ...credentials, ...options };
      const store = createS3Store(settings);
      return { store, bucket, settings, baseUrl: endpoint, async [Symbol.asyncDispose]() {} };
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await stop();
    },
  };
}
export type Radosgw = Awaited<ReturnType<typeof startRadosgw>>;

interface Ports {
  dir: string;
  fsid: string;
  monitor: number;
  monitorV1: number;
  gateway: number;
}

/**
 * One node of everything. "ms mon client mode = crc": without it radosgw hangs where authentication is none
 * ("get_initial_auth_request returned -13"). A pool of one copy needs all three settings. Seen with Ceph 16.2.
 */
const configuration = ({ dir, fsid, monitor, monitorV1, gateway }: Ports) => `[global]
fsid = ${fsid}
mon initial members = a
mon host = [v2:127.0.0.1:${monitor},v1:127.0.0.1:${monitorV1}]
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
run dir = ${dir}
admin socket = ${dir}/$name.asok
log file = ${dir}/log/$name.log
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
[mon]
mon data = ${dir}/mon
[osd]
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
[client]
rgw frontends = beast endpoint=127.0.0.1:${gateway}
rgw dynamic resharding = false
rgw run sync thread = false
rgw data = ${dir}/rgw
`;

/** The last lines of each file of `folder`. */
function ends(folder: string): string {
  return readdirSync(folder)
    .map(
      (file) =>
        `${file}:\n${readFileSync(join(folder, file), "utf8").trimEnd().split("\n").slice(-15).join("\n")}`,
    )
    .join("\n");
}

/** One that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
