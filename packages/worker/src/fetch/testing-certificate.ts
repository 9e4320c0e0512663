import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate and its key, PEM. */
export interface Certificate {
  key: string;
  cert: string;
}

/** What DER (ITU-T X.690) is made of: tag, length, content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const long = body.length > 127 ? Buffer.from(body.length.toString(16).padStart(4, "0"), "hex") : null;
  const length = long ? Buffer.from([0x82, ...long]) : Buffer.from([body.length]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}
const sequence = (...content: Buffer[]) => der(0x30, ...content);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const commonName = (name: string) =>
  sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))));
/** GeneralizedTime, which holds any year. */
const time = (at: Date) => der(0x18, Buffer.from(`${at.toISOString().replace(/\D/g, "").slice(0, 14)}Z`));

const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));
const DAY_MS = 86_400_000;

/**
 * A self-signed certificate (RFC 5280) for one host, its key made just now. Whoever trusts it as an authority may use it as a server's
 * own. @param days from now on; negative: it has expired.
 */
export function selfSigned(host: string, days = 1): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const now = Date.now();
  const until = now + days * DAY_MS;
  const address = isIP(host) === 4 ? Buffer.from(host.split(".").map(Number)) : null;
  const name = address ? der(0x87, address) : der(0x82, Buffer.from(host));
  const extensions = sequence(
    sequence(oid("551d11"), der(0x04, sequence(name))), // subjectAltName
    sequence(
      oid("551d13"),
      der(0x01, Buffer.from([255])),
      der(0x04, sequence(der(0x01, Buffer.from([255])))),
    ), // an authority
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    commonName(host),
    sequence(time(new Date(Math.min(now, until) - 10 * DAY_MS)), time(new Date(until))),
    commonName(host),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, privateKey as KeyObject));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    cert: pem(sequence(body, ECDSA_SHA256, signature)),
  };
}

const pem = (bytes: Buffer) =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
