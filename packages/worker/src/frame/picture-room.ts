/** Where pictures are put; disposed, none of them may be read any more. */
export interface Room extends Disposable {
  take(): Uint8Array;
  /** A picture that is not needed any more makes room for another one. */
  giveBack(picture: Uint8Array): void;
}

/**
 * One piece of memory for `count` pictures of so many bytes; where there are more, each gets its own. Allocated one by one, pictures start a garbage collection for
 * each 32 MB of them, and what is freed between others is not given back to the machine.
 */
export function createRoom(bytes: number, count: number): Room {
  const all = new Uint8Array(bytes * count);
  const free: Uint8Array[] = [];
  let taken = 0;
  return {
    take() {
      const used = free.pop();
      if (used) return used;
      const from = bytes * taken++;
      return from < all.length ? all.subarray(from, from + bytes) : new Uint8Array(bytes);
    },
    giveBack: (picture) => void free.push(picture),
    [Symbol.dispose]: () => void all.buffer.transfer(0),
  };
}
