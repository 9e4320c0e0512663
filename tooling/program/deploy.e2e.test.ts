import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Keypair, PublicKey, SystemProgram } from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Localnet, startLocalnet } from "../../packages/localnet/src/index.ts";
import { testWallet } from "../../packages/localnet/src/testing.ts";
import { SO_FILE } from "../../programs/kangklip_credits/index.ts";
import { carryOut, type Deployment, planDeployment } from "./deployment.ts";
import { initializeBuffer, LOADER, programDataOf, readProgramData, write } from "./loader.ts";
import { connect, send } from "./sending.ts";
import { readSettings } from "./settings.ts";

const so = readFileSync(SO_FILE);
let net: Localnet;
let folder: string;
beforeAll(async () => {
  net = await startLocalnet({ slotMs: 50 });
  folder = mkdtempSync(join(tmpdir(), "kk-deploy-"));
});
afterAll(async () => {
  await net.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A wallet with SOL, and its file. */
function operator(name: string, sol = 20) {
  const keypair = testWallet(name);
  if (sol > 0) net.faucet(keypair.publicKey.toBase58(), { sol });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify([...keypair.secretKey]));
  return { keypair, file };
}

function deploymentBy(
  payer: Keypair,
  programKeypair: Keypair | undefined,
  of = so,
): Deployment & { lines: string[] } {
  const lines: string[] = [];
  const program = programKeypair?.publicKey ?? Keypair.generate().publicKey;
  const connection = connect(net.url);
  return {
    connection,
    payer,
    priority: 0,
    program,
    programKeypair,
    so: of,
    log: (line) => lines.push(line),
    lines,
  };
}

const deploy = async (deployment: Deployment) => carryOut(deployment, await planDeployment(deployment));

async function onChain({ connection, program }: Deployment) {
  const account = await connection.getAccountInfo(programDataOf(program));
  return account ? readProgramData(account) : undefined;
}

async function command(script: "deploy" | "configure", args: string[]) {
  const file = fileURLToPath(new URL(`${script}.ts`, import.meta.url));
  const child = spawn(process.execPath, [file, "--url", net.url, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, error, code };
}

describe("a deployment", { timeout: 120_000 }, () => {
  test("is carried out by the command, sets the program up, and does nothing the second time", async () => {
    const { file, keypair } = operator("operator");
    const program = operator("program", 0);
    const [treasury, spender] = [testWallet("treasury"), testWallet("spender")].map(
      ({ publicKey }) => `${publicKey}`,
    );
    const args = ["--keypair", file, "--program-keypair", program.file, "--usdc-mint", net.usdcMint];
    args.push("--treasury", `${treasury}`, "--spender", `${spender}`, "--price", "0.25");

    const dry = await command("deploy", [...args, "--dry-run"]);
    expect(dry.out).toMatch(/To do: deploy, \d+ bytes, \d+ writes, up to 0\.\d+ SOL/);
    const connection = connect(net.url);
    expect(await connection.getAccountInfo(program.keypair.publicKey)).toBeNull();

    const { out, error, code } = await command("deploy", args);
    expect([code, error]).toEqual([0, ""]);
    const id = program.keypair.publicKey;
    expect(out).toContain(
      `CREDITS_PROGRAM_ID=${id}\nUSDC_MINT=${net.usdcMint}\nTREASURY_ADDRESS=${treasury}`,
    );
    expect(out).not.toContain(String(keypair.secretKey[0] ?? 0).concat(",", String(keypair.secretKey[1])));
    const settings = await readSettings({ connection, payer: keypair, priority: 0 }, id);
    expect([settings?.admin, settings?.treasury, settings?.spender].map(String)).toEqual([
      keypair.publicKey.toBase58(),
      treasury,
      spender,
    ]);
    expect([Number(settings?.price), settings?.paused]).toEqual([250_000, false]);

    const before = await connection.getBalance(keypair.publicKey);
    const again = await command("deploy", args);
    expect(again.out).toContain("These very bytes are deployed there");
    expect(await connection.getBalance(keypair.publicKey)).toBe(before);

    const changed = await command("deploy", [...args.slice(0, -1), "0.50"]);
    expect(changed.out).toContain("Not changed: price is 250000 on chain and not 500000");

    const admin = ["--keypair", file, "--program-id", id.toBase58()];
    const configured = await command("configure", [
      ...admin,
      "--price",
      "0.5",
      "--pause",
      "--spender",
      "none",
    ]);
    expect([configured.code, configured.error]).toEqual([0, ""]);
    const now = await readSettings({ connection, payer: keypair, priority: 0 }, id);
    expect([Number(now?.price), now?.paused, now?.spender]).toEqual([500_000, true, PublicKey.default]);

    const heir = operator("heir");
    await command("configure", [...admin, "--propose-admin", heir.keypair.publicKey.toBase58()]);
    const accepted = await command("configure", [
      "--keypair",
      heir.file,
      "--program-id",
      id.toBase58(),
      "--accept-admin",
    ]);
    expect(accepted.out).toContain(`Changed to\n  admin ${heir.keypair.publicKey}, proposed nobody`);
    const late = await command("configure", [...admin, "--resume"]);
    expect([late.code, late.error]).toEqual([1, expect.stringContaining("Signer is not authorised")]);
  });

  test("that was interrupted goes on from what is written already", async () => {
    const [{ keypair }, program] = [operator("interrupted"), testWallet("interrupted program")];
    const deployment = deploymentBy(keypair, program);
    const { buffer, missing, lamports } = await planDeployment(deployment);
    const rent = await deployment.connection.getMinimumBalanceForRentExemption(37 + so.length);
    await send(
      deployment,
      [
        SystemProgram.createAccount({
          ...{ fromPubkey: keypair.publicKey, newAccountPubkey: buffer.publicKey },
          ...{ space: 37 + so.length, lamports: rent, programId: LOADER },
        }),
        initializeBuffer(buffer.publicKey, keypair.publicKey),
      ],
      [buffer],
    );
    for (const at of missing.slice(0, 5)) {
      await send(deployment, [write(buffer.publicKey, keypair.publicKey, at, so.subarray(at, at + 900))]);
    }
    const rest = await planDeployment(deployment);
    expect(rest.missing).toEqual(missing.slice(5));
    expect(rest.lamports).toBeLessThan(lamports - rent);
    await carryOut(deployment, rest);
    expect(deployment.lines[0]).toBe(
      `Writing ${missing.length - 5} of ${missing.length} parts of the program`,
    );
    expect((await onChain(deployment))?.bytes.equals(so)).toBe(true);
  });

  test("survives transactions that are lost and answers that fail", async () => {
    const [{ keypair }, program] = [operator("unlucky"), testWallet("unlucky program")];
    const deployment = deploymentBy(keypair, program);
    net.faults.loseNext(3);
    net.faults.dropNext("sendTransaction", 2);
    net.faults.dropNext("getAccountInfo");
    net.faults.fail("getLatestBlockhash", { status: 429 }, 2);
    await deploy(deployment);
    expect((await onChain(deployment))?.bytes.equals(so)).toBe(true);
  });

  test("replaces a smaller program by a larger one and the other way round", async () => {
    const [{ keypair }, program] = [operator("upgrader"), testWallet("upgraded program")];
    // the same program with nothing but zeros behind its last segment is another file, and runs as well
    const larger = Buffer.concat([so, Buffer.alloc(64), Buffer.from([1]), Buffer.alloc(7)]);
    await deploy(deploymentBy(keypair, program));
    const grown = { ...deploymentBy(keypair, program, larger), programKeypair: undefined };
    const plan = await planDeployment(grown);
    expect([plan.what, plan.extendBytes]).toEqual(["upgrade", 10_240]);
    await carryOut(grown, plan);
    expect((await onChain(grown))?.bytes.subarray(0, larger.length).equals(larger)).toBe(true);
    await deploy(deploymentBy(keypair, program));
    const { bytes } = (await onChain(grown)) ?? { bytes: Buffer.alloc(0) };
    expect(
      bytes.subarray(0, so.length).equals(so) && bytes.subarray(so.length).every((byte) => byte === 0),
    ).toBe(true);
  });

  test("under another authority, without the program's key or without SOL is refused before anything is sent", async () => {
    const { keypair } = operator("rich");
    const poor = operator("poor", 0.01);
    const stranger = deploymentBy(keypair, undefined);
    await expect(
      planDeployment({ ...stranger, program: new PublicKey(net.programId), so: Buffer.alloc(9) }),
    ).rejects.toThrow(/belongs to \w+, and --keypair is/);
    await expect(planDeployment(stranger)).rejects.toThrow("needs its --program-keypair");
    await expect(planDeployment(deploymentBy(poor.keypair, testWallet("never")))).rejects.toThrow(
      /takes up to 0\.\d+ SOL .* has 0\.0100/,
    );
    await expect(planDeployment({ ...stranger, program: keypair.publicKey })).rejects.toThrow(
      "is no program",
    );
  });

  test("says which option is wrong", async () => {
    const { file } = operator("options");
    const id = ["--program-id", net.programId];
    const cases: [string[], string][] = [
      [[], "--keypair is missing"],
      [["--keypair", join(folder, "nowhere.json")], "nowhere.json does not exist"],
      [["--keypair", fileURLToPath(import.meta.url)], "is no key pair as solana-keygen writes them"],
      [["--keypair", file], "--program-keypair is missing"],
      [["--keypair", file, "--program-id", "0OIl"], "--program-id is an address in base58, and 0OIl is none"],
      [
        ["--keypair", file, ...id, "--price", "0"],
        "A price is a positive amount of USDC like 0.10, and not 0",
      ],
    ];
    const told = await Promise.all(cases.map(([args]) => command("deploy", args)));
    for (const [at, { code, error }] of told.entries()) {
      expect([code, error]).toEqual([1, expect.stringContaining(cases[at]?.[1] ?? "")]);
    }
  });
});
