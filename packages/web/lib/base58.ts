const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Bytes as Solana writes keys and signatures; made for a few dozen bytes. Pure. */
export function base58(bytes: Uint8Array): string {
  const digits: number[] = []; // in base 58, the lowest first
  for (const byte of bytes) {
    let carry = byte;
    for (let place = 0; place < digits.length || carry > 0; place++) {
      carry += (digits[place] ?? 0) * 256;
      digits[place] = carry % 58;
      carry = Math.floor(carry / 58);
    }
  }
  const zeros = bytes.findIndex((byte) => byte !== 0);
  const ones = ALPHABET.charAt(0).repeat(zeros === -1 ? bytes.length : zeros);
  return (
    ones +
    digits
      .reverse()
      .map((digit) => ALPHABET[digit])
      .join("")
  );
}
