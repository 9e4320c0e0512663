// `npm run configure:program -- --url … --keypair … --program-id … …`: what the admin may change of a program that runs.

import { parseArgs } from "node:util";
import { PublicKey, type TransactionInstruction } from "@solana/web3.js";
import { setAuthority } from "./loader.ts";
import { addressIn, COMMON, openSender, required } from "./options.ts";
import { send } from "./sending.ts";
import { baseUnits, makeTreasuryAccount, programAt, readSettings, type Settings } from "./settings.ts";

const HELP = `npm run configure:program -- --url URL --keypair FILE --program-id ADDRESS [changes]

Changes the settings of the program on chain; without a change it shows them.

  --keypair FILE              the admin's (or, to accept, the new admin's) key
  --spender ADDRESS           another hot key for the service; "none" stops every charge at once
  --treasury ADDRESS          another wallet for the money
  --price USDC                of one credit, from now on
  --pause, --resume           top-ups
  --propose-admin ADDRESS     who may become the admin ("none" takes it back); it must then --accept-admin
  --accept-admin              become the admin
  --upgrade-authority ADDRESS give the right to upgrade away (to a multisig, say); --keypair must hold it
  --priority-fee N, --mainnet, --dry-run   as in deploy:program`;

const { values } = parseArgs({
  options: {
    ...COMMON,
    spender: { type: "string" },
    treasury: { type: "string" },
    price: { type: "string" },
    pause: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    "propose-admin": { type: "string" },
    "accept-admin": { type: "boolean", default: false },
    "upgrade-authority": { type: "string" },
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
  const program = addressIn("program-id", required("program-id", values["program-id"]));
  const settings = await readSettings(sender, program);
  if (!settings)
    throw new Error(
      `The program at ${program} was not set up on ${sender.chain.name}: deploy:program does it`,
    );
  const changes = await changesTo(program, sender.payer.publicKey);
  show(settings);
  if (changes.length === 0 || values["dry-run"]) return console.log("Nothing was changed");
  await send(sender, changes);
  const now = await readSettings(sender, program);
  if (!now) throw new Error("The settings can not be read back");
  if (values.treasury !== undefined) await makeTreasuryAccount(sender, now);
  console.log("Changed to");
  show(now);
}

async function changesTo(program: PublicKey, who: PublicKey): Promise<TransactionInstruction[]> {
  const { methods } = programAt(program);
  const address = (name: "spender" | "treasury" | "propose-admin" | "upgrade-authority") =>
    values[name] === undefined ? null : addressIn(name, values[name]);
  const addressOrNone = (name: "spender" | "propose-admin") =>
    values[name] === "none" ? PublicKey.default : address(name);
  if (values.pause && values.resume) throw new Error("--pause and --resume exclude each other");
  const paused = values.pause ? true : values.resume ? false : null;
  const price = values.price === undefined ? null : baseUnits(values.price);
  const [spender, heir] = [addressOrNone("spender"), addressOrNone("propose-admin")];
  const [treasury, authority] = [address("treasury"), address("upgrade-authority")];

  const changes: TransactionInstruction[] = [];
  if (values["accept-admin"])
    changes.push(await methods.acceptAdmin().accounts({ newAdmin: who }).instruction());
  if (spender || treasury || price || paused !== null) {
    const update = methods.updateConfig(spender, treasury, price, paused);
    changes.push(await update.accounts({ admin: who }).instruction());
  }
  if (heir) changes.push(await methods.proposeAdmin(heir).accounts({ admin: who }).instruction());
  if (authority) changes.push(setAuthority(program, who, authority));
  return changes;
}

function show({ admin, pendingAdmin, spender, usdcMint, treasury, price, paused }: Settings) {
  const heir = pendingAdmin.equals(PublicKey.default) ? "nobody" : pendingAdmin;
  console.log(`  admin ${admin}, proposed ${heir}
  spender ${spender}
  treasury ${treasury}
  mint ${usdcMint}
  price ${Number(price) / 1e6} per credit
  top-ups ${paused ? "are paused" : "are open"}`);
}
