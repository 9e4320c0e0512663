import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Docker } from "./build.ts";

const exec = promisify(execFile);

/** The bases of the image's Dockerfile, by its arguments' names, as images that were made here instead of fetched from a registry. */
export interface LocalBases {
  DEBIAN: string;
  NODE: string;
}

/** Where Debian's certificates are made from: authorities that this machine trusts besides, such as a company's proxy. */
const OWN_AUTHORITIES = "/usr/local/share/ca-certificates";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/**
 * Makes what the Dockerfile builds upon from Debian's packages and from this machine's own Node and npm, for machines that reach Debian but
 * no registry of images, CI among them. Takes about 20 s and 700 MB of the temporary folder for a while; needs root and mmdebstrap.
 * @param docker runs Docker's command line @param tag part of the images' names
 */
export async function makeLocalBases(docker: Docker, tag: string): Promise<LocalBases> {
  const dir = await mkdtemp(join(tmpdir(), "kk-bases-"));
  try {
    const debian = join(dir, "debian.tar");
    await exec("mmdebstrap", [
      ...["--quiet", "--variant=apt", "--dpkgopt=force-unsafe-io"], // nothing of it has to survive a power cut
      ...((await hasFiles(OWN_AUTHORITIES))
        ? [`--customize-hook=copy-in ${OWN_AUTHORITIES} ${dirname(OWN_AUTHORITIES)}`]
        : []),
      ...["bookworm", debian],
    ]);
    const images = { DEBIAN: `kangklip-debian:${tag}`, NODE: `kangklip-node:${tag}` };
    await docker(["import", debian, images.DEBIAN]);
    await collectNode(join(dir, "node"));
    const container = (await docker(["create", images.DEBIAN, "true"])).trim();
    await docker(["cp", `${join(dir, "node")}/.`, `${container}:/`]);
    const certificates = `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`;
    await docker(["commit", "--change", certificates, container, images.NODE]);
    await docker(["rm", container]);
    return images;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const hasFiles = async (folder: string) => (await readdir(folder).catch(() => [])).length > 0;

/** This very Node, npm and this machine's certificates, where an image has them. */
async function collectNode(dir: string): Promise<void> {
  const [bin, modules] = [join(dir, "usr/local/bin"), join(dir, "usr/local/lib/node_modules")];
  const folders = [bin, modules, join(dir, dirname(CERTIFICATES))];
  await Promise.all(folders.map((path) => mkdir(path, { recursive: true })));
  await copyFile(process.execPath, join(bin, "node"));
  await cp(await npmFolder(), join(modules, "npm"), { recursive: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(bin, "npm"));
  await copyFile(CERTIFICATES, join(dir, CERTIFICATES)).catch(() => {}); // a machine without them needs none
}

/** The folder of the npm that is on PATH. */
async function npmFolder(): Promise<string> {
  const { stdout } = await exec("sh", ["-c", "command -v npm"]);
  return dirname(dirname(await realpath(stdout.trim())));
}
