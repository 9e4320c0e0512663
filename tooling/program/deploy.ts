// `npm run deploy:program -- --url … --keypair … --program-keypair … …`: puts the committed program on a chain, or upgrades it there, and sets it up.
// Whatever stops it, the same command once more goes on where it ended.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { PublicKey } from "@solana/web3.js";
import { SO_FILE } from "../../programs/kangklip_credits/index.ts";
import { carryOut, type Deployment, planDeployment, sol } from "./deployment.ts";
import { addressIn, COMMON, keypairIn, openSender, required } from "./options.ts";
import {
  baseUnits,
  checkMint,
  differences,
  makeTreasuryAccount,
  readSettings,
  setUp,
  type Wanted,
} from "./settings.ts";

const HELP = `npm run deploy:program -- --url URL --keypair FILE (--program-keypair FILE | --program-id ADDRESS) [options]

Deploys the committed on-chain program, or upgrades it, checks its bytes on chain, and sets it up the first time.

  --url URL                JSON-RPC of the chain, http(s)://…
  --keypair FILE           pays, and is or becomes the upgrade authority and the program's admin
  --program-keypair FILE   the program's own key, needed for the first deployment; keep it: its address stays for good
  --program-id ADDRESS     instead of it, where the program is there already
  --treasury ADDRESS       wallet whose USDC account receives the money      (set up)
  --spender ADDRESS        public key of the service's SPENDER_KEYPAIR        (set up)
  --usdc-mint ADDRESS      the token to pay with; Circle's on devnet and mainnet (set up)
  --price USDC             of one credit, 0.10 without it                    (set up)
  --so FILE                another build than the committed one
  --priority-fee N         micro-lamports per compute unit on top of the fee, 0 without it
  --mainnet                must be given where the chain is mainnet
  --dry-run                tells what would be done and what it costs, and does nothing`;

const { values } = parseArgs({
  options: {
    ...COMMON,
    "program-keypair": { type: "string" },
    so: { type: "string", default: SO_FILE },
    treasury: { type: "string" },
    spender: { type: "string" },
    "usdc-mint": { type: "string" },
    price: { type: "string" },
  },
});

try {
  if (values.help) console.log(HELP);
  else await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main() {
  const sender = await openSender(values);
  const programKeypair = values["program-keypair"]
    ? keypairIn("program-keypair", values["program-keypair"])
    : undefined;
  const program =
    programKeypair?.publicKey ?? addressIn("program-id", required("program-keypair", values["program-id"]));
  const deployment: Deployment = {
    ...sender,
    ...{ program, programKeypair, so: readFileSync(values.so), log: console.log },
  };
  const asked = askedFor(sender.chain.usdcMint);
  const settings = await readSettings(sender, program);
  const wanted = settings ? undefined : completed(asked);
  if (wanted) await checkMint(sender, wanted.usdcMint);

  const plan = await planDeployment(deployment);
  console.log(`Program ${program} on ${sender.chain.name}, paid by ${sender.payer.publicKey}`);
  console.log(
    plan.what === "nothing"
      ? "These very bytes are deployed there"
      : `To do: ${plan.what}, ${deployment.so.length} bytes, ${plan.missing.length} writes, up to ${sol(plan.lamports)} SOL while it runs`,
  );
  if (wanted)
    console.log(
      `To do: set it up for ${Object.entries(wanted)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ")}`,
    );
  if (values["dry-run"]) return console.log("Nothing was done (--dry-run)");

  await carryOut(deployment, plan);
  if (wanted) await setUp(sender, program, wanted);
  const now = await readSettings(sender, program);
  if (!now) throw new Error("The program was not set up; run this again");
  for (const line of differences(asked, now))
    console.log(`Not changed: ${line}; \`npm run configure:program\` changes it`);
  await makeTreasuryAccount(sender, now);
  console.log(`For the service's settings:
CREDITS_PROGRAM_ID=${program}
USDC_MINT=${now.usdcMint}
TREASURY_ADDRESS=${now.treasury}
SPENDER_KEYPAIR=<the secret key of ${now.spender}>`);
}

function askedFor(usdcMint: string | undefined): Partial<Wanted> {
  const address = (name: "treasury" | "spender" | "usdc-mint"): PublicKey | undefined =>
    values[name] === undefined ? undefined : addressIn(name, values[name]);
  const [treasury, spender] = [address("treasury"), address("spender")];
  const mint =
    address("usdc-mint") ?? (usdcMint === undefined ? undefined : addressIn("usdc-mint", usdcMint));
  return {
    ...(treasury && { treasury }),
    ...(spender && { spender }),
    ...(mint && { usdcMint: mint }),
    ...(values.price !== undefined && { price: baseUnits(values.price) }),
  };
}

function completed({ treasury, spender, usdcMint, price = baseUnits("0.10") }: Partial<Wanted>): Wanted {
  const missing = Object.entries({ treasury, spender, "usdc-mint": usdcMint }).flatMap(([name, value]) =>
    value ? [] : [`--${name}`],
  );
  if (!treasury || !spender || !usdcMint)
    throw new Error(`To set the program up, ${missing.join(", ")} must be given`);
  if (treasury.equals(spender))
    throw new Error("--spender is a hot key of the service; the treasury must be another");
  return { treasury, spender, usdcMint, price };
}
