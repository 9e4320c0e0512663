/** Whether the API answered last time; the query client tells (providers.tsx), the banner asks. */
interface Connection {
  /** The last call found nobody. */
  away: boolean;
  /** When the last answer came, in milliseconds of the clock; null: none yet. */
  answeredAt: number | null;
}

const listeners = new Set<() => void>();
let connection: Connection = { away: false, answeredAt: null };

export const readConnection = (): Connection => connection;

export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** To be called with the end of every call: whether anybody answered, a refusal being an answer as well. */
export function noteAnswer(answered: boolean, atMs: number): void {
  const before = connection;
  connection = { away: !answered, answeredAt: answered ? atMs : before.answeredAt };
  if (before.away !== connection.away) for (const tell of listeners) tell();
}
