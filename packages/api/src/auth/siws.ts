import { SignInInput } from "@kangklip/contract";

// Sign-In-With-Solana: the text that a wallet shows and signs (github.com/phantom/sign-in-with-solana, message format)

/** What a wallet adds to what it was asked, if anything: it is no part of the request. */
interface Signed {
  input: SignInInput;
  /** ISO 8601: the signature counts from then on. */
  notBefore: string | undefined;
}

/** The text for a request: the same for the same fields. Pure. */
export const signInText = (input: SignInInput): string =>
  [
    `${input.domain} wants you to sign in with your Solana account:`,
    input.address,
    "",
    input.statement,
    "",
    `URI: ${input.uri}`,
    `Version: ${input.version}`,
    `Chain ID: ${input.chainId}`,
    `Nonce: ${input.nonce}`,
    `Issued At: ${input.issuedAt}`,
    `Expiration Time: ${input.expirationTime}`,
  ].join("\n");

/** One line for each field in this order and no other; every field that we ask for must be there. */
const TEXT = new RegExp(
  [
    "^(?<domain>\\S+) wants you to sign in with your Solana account:",
    "(?<address>[1-9A-HJ-NP-Za-km-z]{32,44})",
    "",
    "(?<statement>[^\\r\\n]+)",
    "",
    "URI: (?<uri>\\S+)",
    "Version: (?<version>1)",
    "Chain ID: (?<chainId>\\S+)",
    "Nonce: (?<nonce>[0-9A-Za-z]{8,})",
    "Issued At: (?<issuedAt>\\S+)",
    "Expiration Time: (?<expirationTime>\\S+)",
  ].join("\\n") +
    "(?:\\nNot Before: (?<notBefore>\\S+))?(?:\\nRequest ID: [^\\r\\n]*)?(?:\\nResources:(?:\\n- \\S+)*)?$",
);

/** The request that a text was written for; undefined for any other text. Pure. */
export function parseSignInText(text: string): Signed | undefined {
  const fields = TEXT.exec(text)?.groups;
  const input = SignInInput.safeParse(fields);
  return input.success ? { input: input.data, notBefore: fields?.notBefore } : undefined;
}
