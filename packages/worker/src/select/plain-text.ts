/**
 * Cleaning of text from outside (transcripts, titles, answers of a language model) and recognising text that is written
 * for a machine instead of a listener.
 */

// control characters, lone surrogates, private use, unassigned; format characters (bidi, zero width) but the two joiners that scripts need
const INVISIBLE = /[\p{Cs}\p{Co}\p{Cn}]|(?![\u200c\u200d])\p{Cf}/gu;
const CONTROL = /\p{Cc}+/gu;
const MARKUP = /<[^<>]{0,500}>|&[a-z]{2,8};|&#\w{1,8};/gi;
const LINK =
  /\b[a-z][a-z0-9+.-]{1,15}:\/\/\S*|\b(?:javascript|data|file|mailto):\S*|\bwww\.\S+|\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|co|ru|cn|xyz|info|app|dev|me|ly|gg|tv|ai|link|site|online|top|shop|example|test|onion|id)\b(?:[/:?#]\S*)?/gi;
const SYNTAX = /[{}<>[\]\\|`~^*_#=$]+/g;

/** Visible characters only, in one line; everything that can be read stays. */
export const visible = (text: string) =>
  text.replace(CONTROL, " ").replace(INVISIBLE, "").replace(/\s+/gu, " ").trim();

/** One line for people: no markup, links, invisible characters or brackets of a syntax; not shortened. */
export function plainLine(text: string): string {
  return visible(text.slice(0, 2000).normalize("NFC"))
    .replace(MARKUP, " ")
    .replace(LINK, " ")
    .replace(SYNTAX, " ")
    .replace(/\s+([,.;:!?])/gu, "$1")
    .replace(/\s+/gu, " ")
    .replace(/^[\s,.;:!?"'“”‘’«»)(–—-]+(?=.)|[\s,;:"“”«»(–—-]+$/gu, "")
    .trim();
}

/** How many code points a text has. */
export const lengthOf = (text: string) => Array.from(text).length;

/**
 * A text of at most `limit` code points: as it is where it fits, else up to a word border with "…"; scripts without spaces are
 * cut between characters.
 */
export function shortened(text: string, limit: number): string {
  const points = Array.from(text);
  if (points.length <= limit) return text;
  let end = limit - 1;
  const border = points.lastIndexOf(" ", end);
  if (border >= limit / 2) end = border;
  else while (end > 1 && /\p{M}|\u200d/u.test(points[end] ?? "")) end--;
  return `${points
    .slice(0, end)
    .join("")
    .replace(/[\s,.;:!?–—-]+$/u, "")}…`;
}

/** Lower case, without the punctuation around it and without invisible characters: the form in which words are looked up. */
export const plainWord = (word: string) =>
  visible(word.normalize("NFKC"))
    .toLowerCase()
    .replaceAll("’", "'")
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}%]+$/gu, "");

/** The runs of letters and digits of a text, lower case, from three characters on: what is left of words inside code and names. */
export const wordRuns = (text: string) =>
  text
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((run) => run.length >= 3);

const FOR_MACHINES = [
  /\b(?:ignore|disregard|forget|override|bypass|abaikan|lupakan|ignora|olvida|ignorez|oubliez|ignoriere|vergiss|ignorar|negeer)\b.{0,60}\b(?:instructions?|prompts?|rules?|directions?|commands?|above|instruksi|perintah|aturan|instrucciones|instrucciónes|consignes?|anweisungen|instruções|instructies)\b/,
  /\b(?:system|developer|assistant|hidden) (?:prompt|message|instructions?)\b|\b(?:as an?|you are (?:now )?an?) (?:ai|assistant|language model)\b|\bprompt injection\b/,
  /\b(?:return|output|reply|respond|answer|set|print|emit|select|choose|pick|kembalikan|tampilkan|balas)\b.{0,40}\b(?:json|clips?|klip|titles?|judul|hooks?|ids?|candidates?)\b.{0,80}(?:\d|[:"]|http|title)/,
  /```|<\|?\/?(?:im_start|im_end|system|user|assistant|inst|s|script|img|iframe|tool_call|function)\b|\[\/?inst\]|(?:^|\s)(?:system|assistant|user|developer)\s*:|"(?:picks|clips|segments|title|start|end|id|tool|name)"\s*:/,
  /(?:忽略|无视|忘记).{0,20}(?:指令|提示|说明)|(?:無視|忘れ).{0,20}|(?:игнорируй|забудь).{0,40}(?:инструкци|указани)|تجاهل.{0,40}(?:التعليمات|الأوامر)/,
];

/**
 * Whether a sentence seems to be written for a program that reads the transcript: orders to a model, code, links, encoded blobs.
 * Such a sentence may be spoken in a clip, but it becomes no title and is not shown to a language model. Missing one harms nothing
 * else: what a model answers can change neither times nor the number of clips.
 */
export function addressesMachine(text: string): boolean {
  const raw = text
    .slice(0, 4000)
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .replace(/\s+/gu, " ");
  const lower = raw.toLowerCase();
  if (FOR_MACHINES.some((pattern) => pattern.test(lower))) return true;
  if (new RegExp(LINK.source, "i").test(raw)) return true;
  return raw
    .split(" ")
    .some((token) => /^[A-Za-z0-9+/_-]{28,}={0,2}$/.test(token) && /\d|[A-Z].*[a-z].*[A-Z]/.test(token));
}
