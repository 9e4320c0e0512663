import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { GENERATE_CREDITS } from "@kangklip/contract";
import bs58 from "bs58";
import { z } from "zod";
import { list } from "./config-compute.ts";

// the settings of credits: which program on which chain, and who may sign in

const address = z
  .string()
  .refine((text) => bs58.decodeUnsafe(text)?.length === 32, "must be a Solana address (base58 of 32 bytes)");
const httpUrl = z.url({ protocol: /^https?$/, error: "must be a list of http or https addresses" });
const webOrigin = httpUrl.refine((text) => {
  const url = URL.parse(text);
  return url !== null && url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
}, "must be a list of origins like https://clips.example.com, without a path");

export const CREDITS_SETTINGS = {
  SOLANA_RPC_URL: list.pipe(z.array(httpUrl).min(1).max(8)).optional(),
  USDC_MINT: address.optional(),
  TREASURY_ADDRESS: address.optional(),
  CREDITS_PROGRAM_ID: address.optional(),
  SPENDER_KEYPAIR: z.string().optional(),
  GENERATION_FEE: z
    .enum(["0", `${GENERATE_CREDITS}`], { error: `must be 0 or ${GENERATE_CREDITS} credits` })
    .transform(Number)
    .default(0),
  WEB_ORIGIN: list.pipe(z.array(webOrigin).min(1)).optional(),
};
const Settings = z.object(CREDITS_SETTINGS);
type CreditsSettings = z.output<typeof Settings>;

/** All or none of them. */
export const CREDITS_GROUP = [
  "SOLANA_RPC_URL",
  "USDC_MINT",
  "TREASURY_ADDRESS",
  "CREDITS_PROGRAM_ID",
  "SPENDER_KEYPAIR",
] as const;

/** What is wrong with settings that are each right by themselves; one line for each, none with any part of a key. */
export function wrongCredits(e: CreditsSettings): string[] {
  const wrong: string[] = [];
  if (e.SPENDER_KEYPAIR) {
    const read = spenderKeyOf(e.SPENDER_KEYPAIR);
    if (typeof read === "string") wrong.push(read);
  }
  if (e.GENERATION_FEE > 0 && CREDITS_GROUP.every((name) => !e[name]))
    wrong.push(`GENERATION_FEE needs credits: set ${CREDITS_GROUP.join(", ")} too`);
  return wrong;
}

/** What the credits need, as the services want it; undefined where they are off. Reads the spender's key where it is in a file. */
export function creditsOf(e: CreditsSettings) {
  const { SOLANA_RPC_URL, USDC_MINT, TREASURY_ADDRESS, CREDITS_PROGRAM_ID, SPENDER_KEYPAIR } = e;
  if (!SOLANA_RPC_URL || !USDC_MINT || !TREASURY_ADDRESS || !CREDITS_PROGRAM_ID || !SPENDER_KEYPAIR)
    return undefined;
  const spenderKey = spenderKeyOf(SPENDER_KEYPAIR);
  if (typeof spenderKey === "string") return undefined; // told by wrongCredits
  return {
    /** In the order in which they are asked. They may hold keys of an account. */
    rpcUrls: SOLANA_RPC_URL,
    usdcMint: USDC_MINT,
    treasury: TREASURY_ADDRESS,
    programId: CREDITS_PROGRAM_ID,
    /** 64 bytes, the seed and the public key: may debit and refund, and nothing else. Never logged. */
    spenderKey,
    /** Credits that making a job costs. */
    generationFee: e.GENERATION_FEE,
    /** Origins whose visitors may sign in; undefined: the page's own, and those of CORS_ORIGINS. */
    webOrigins: e.WEB_ORIGIN?.map((text) => new URL(text).origin),
  };
}
export type CreditsConfig = NonNullable<ReturnType<typeof creditsOf>>;

const KEY_FORM = "a JSON array of 64 bytes, as solana-keygen writes it";
const Bytes = z.array(z.int().min(0).max(255)).length(64);

/** The key itself, or in one sentence what is wrong with it. The value is never told: it may be a key that is almost right. */
function spenderKeyOf(setting: string): Uint8Array | string {
  const isText = setting.trimStart().startsWith("[");
  let text = setting;
  if (!isText)
    try {
      text = readFileSync(setting, "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return `SPENDER_KEYPAIR is neither ${KEY_FORM}, nor the path of a file with one (${code})`;
    }
  const bytes = Bytes.safeParse(parsed(text));
  if (!bytes.success) return `SPENDER_KEYPAIR${isText ? "" : " names a file that"} must hold ${KEY_FORM}`;
  const key = Uint8Array.from(bytes.data);
  if (!Buffer.from(publicKeyOf(key.subarray(0, 32))).equals(key.subarray(32)))
    return "SPENDER_KEYPAIR is damaged: its second half is not the public key of its first";
  return key;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // its error would quote the text
  }
}

/** RFC 8410: what stands before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** @param seed 32 bytes. Gives the 32 bytes of the public key */
function publicKeyOf(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}
