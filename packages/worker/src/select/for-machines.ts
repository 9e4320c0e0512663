import { LINK } from "./plain-text.ts";

/** Orders to whoever reads a transcript, by language: what is to be forgotten, and the words for it. All patterns are for lower case. */
const FORGET = [
  /\b(?:ignore|disregard|forget|override|bypass|abaikan|lupakan|ignora|olvida|ignorez|oubliez|ignoriere|vergiss|ignorar|dimentica|negeer|zignoruj|esqueça|esqueca|ignorera)\b.{0,60}\b(?:instructions?|prompts?|rules?|directions?|commands?|above|instruksi|perintah|aturan|arahan|instrucciones|instrucciónes|consignes?|anweisungen|instruções|instrucoes|istruzioni|instructies|instrukcje|instruktioner)(?![\p{L}])/u,
  /(?:忽略|无视|無視|忘记|忘記).{0,20}(?:指令|提示|说明|說明|指示|規則|规则)/,
  /(?:指示|命令|プロンプト|ルール).{0,12}(?:無視|忘れ)|(?:지시|명령|프롬프트).{0,12}무시/,
  /(?:игнорируй|забудь|ігноруй).{0,40}(?:инструкци|указани|правил|інструкці)/,
  /تجاهل.{0,40}(?:التعليمات|الأوامر)|התעלם.{0,40}(?:ההוראות|הוראות)/,
  /(?:निर्देश|आदेश)\S{0,4} .{0,30}(?:अनदेखा|नज़रअंदाज़|भूल)|(?:ละเว้น|เพิกเฉย|ไม่ต้องสนใจ).{0,30}(?:คำสั่ง|คำแนะนำ)/,
  /(?:bỏ qua|bo qua|phớt lờ).{0,40}(?:hướng dẫn|huong dan|chỉ dẫn|lệnh)|(?:talimat|komut)\S{0,6}.{0,30}(?:yok say|görmezden gel|unut)/,
];
/** Orders about an answer, and the signs in which programs talk to each other. */
const ORDERS = [
  /\b(?:return|output|reply|respond|answer|set|print|emit|select|choose|pick|kembalikan|tampilkan|balas)\b.{0,40}\b(?:json|clips?|klip|titles?|judul|hooks?|ids?|candidates?)\b.{0,80}(?:\d|[:"]|http|title)/,
  /\b(?:every|each|all) (?:titles?|hooks?|captions?|reasons?)\b.{0,20}\b(?:must|should|shall|has to|have to|needs? to) (?:now )?(?:be|say|read|contain|include|start|end)\b/,
  /\b(?:title|name|call|label|rename|caption) (?:this|every|each|all|your)(?: of the)? (?:clips?|segments?|highlights?|moments?|shorts?)\b/,
  /\b(?:answer|reply|respond|output|print|write|return|says?|put)\b.{0,60}\b(?:as|into|in) (?:the|a|each|every) (?:titles?|hooks?)\b/,
  /\b(?:enter|activate|start|switch to) (?:developer|debug|admin|god|dan|jailbreak) mode\b/,
  /\bnew instructions?\s*:|\b(?:print|reveal|show|repeat|tell|give|leak|output)\b.{0,20}\b(?:system prompt|your (?:prompt|instructions))\b/,
  /```|<\|?\/?(?:im_start|im_end|system|user|assistant|inst|s|script|img|iframe|tool|tool_call|function|invoke|instructions?|prompt)\b|\[\/?inst\]|(?:^|\s)(?:system|assistant|user|developer)\s*:|"(?:picks|clips|segments|title|start|end|id|tool|name|role|function|arguments)"\s*:|<!--|!?\[[^\]]{0,80}\]\(|\b(?:begin|end)-[0-9a-f]{6,}/,
];
/** What people who talk about machines say as well: enough to leave one sentence out, not to mistrust a whole talk. */
const SUSPECT = [
  /\b(?:system|developer|assistant|hidden) (?:prompt|message|instructions?)\b|\b(?:as an?|you are (?:now )?an?) (?:ai|assistant|language model)\b|\bprompt injection\b/,
  /\b(?:titles?|hooks?|captions?|judul|título|titel|titre)\b.{0,40}\b(?:must|should|shall|has to|have to|needs? to|harus|debe|muss|doit) (?:now )?(?:be|say|read|contain|include|start|end|adalah|ser|sein|être)\b/,
  /\b(?:note|message|attention|hello|hey|dear)\b.{0,12}\b(?:ai|llm|gpt|chatgpt|language model|assistant|bot)\b/,
  /\b(?:updated|real|actual|secret) (?:instructions?|rules|task)\s*(?::|are\b|is\b|follow)|\bend of (?:the )?(?:transcript|data|input|candidates?)\b|\b(?:developer|debug|admin|god|dan|jailbreak) mode\b/,
];
/** Ways to write a text that nobody speaks: bytes as numbers, escapes, entities, blobs. */
const CODED = [
  /(?:%[0-9a-f]{2}){5,}|(?:\\u[0-9a-f]{4}){3,}|(?:\\x[0-9a-f]{2}){4,}|(?:&#x?[0-9a-f]{1,6};?\s*){4,}/i,
  /(?:\b[01]{8}\b\s*){4,}|(?=(?:\S\S ){0,20}(?:\d[a-f]|[a-f]\d))(?:\b(?:0x)?[0-9a-f]{2}\b ){10,}/i,
  /(?:(?<!\S)[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Arabic}\p{P}\p{S}] +){12,}/u,
];
/** Characters of tags and variation that nobody sees, in a row: a text inside of the text. */
const HIDDEN_TEXT = /[\u{e0100}-\u{e01ef}\u{e0000}-\u{e007f}]{8,}/u;

/** Letters of other scripts that look like Latin ones, and figures that stand for letters. */
const LOOKALIKES: Record<string, string> = Object.fromEntries(
  (
    "аa еe оo рp сc хx уy іi јj ѕs һh ԁd ԛq ԝw кk мm тt вb нh гr пn " + // Cyrillic
    "αa εe οo ρp νv ιi κk τt υu χx ωw ɡg ıi ⅼl " + // Greek and others
    "0o 1i 3e 4a 5s 7t @a $s !i"
  )
    .split(" ")
    .map(([from = "", to = ""]) => [from, to]),
);
/** A word that mixes Latin letters with their lookalikes is read as it looks. */
const folded = (lower: string) =>
  lower.replace(/[\p{L}\p{N}@$!]+/gu, (word) =>
    /[a-z]/.test(word) && /[^a-z]/.test(word)
      ? Array.from(word, (character) => LOOKALIKES[character] ?? character).join("")
      : word,
  );
/** "i g n o r e" and "i.g.n.o.r.e" as one word. */
const joinedLetters = (text: string) =>
  text.replace(/(?<![\p{L}\p{N}])\p{L}(?:[ ._*-]\p{L}(?![\p{L}\p{N}])){3,}/gu, (run) =>
    run.replace(/[ ._*-]/g, ""),
  );
const rot13 = (lower: string) =>
  lower.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97));

/**
 * Whether a sentence seems to be written for a program that reads the transcript: orders to a model, code, links, encoded blobs.
 * Such a sentence may be spoken in a clip, but it becomes no title and is not shown to a language model. Missing one harms nothing
 * else: what a model answers can change neither times nor the number of clips. Pure.
 */
export function addressesMachine(text: string): boolean {
  const raw = plain(text);
  const { lower, looks } = formsOf(raw);
  return (
    givesOrders(text) ||
    [lower, looks].some((form) => SUSPECT.some((pattern) => pattern.test(form))) ||
    new RegExp(LINK.source, "i").test(raw)
  );
}

/**
 * The same without links and without the words of people who talk about machines: who gives a model orders, or hides something from
 * people, means no good. Pure.
 */
export function givesOrders(text: string): boolean {
  if (hidesText(text)) return true;
  const raw = plain(text);
  const { lower, looks } = formsOf(raw);
  const mirrored = Array.from(lower).reverse().join("");
  const orders = [...FORGET, ...ORDERS];
  if ([lower, looks, rot13(lower), mirrored].some((form) => orders.some((pattern) => pattern.test(form))))
    return true;
  if (CODED.some((pattern) => pattern.test(raw))) return true;
  return raw
    .split(/[ "'“”().,;:!?]+/u)
    .some((token) => /^[A-Za-z0-9+/_-]{28,}={0,2}$/.test(token) && /\d|[A-Z].*[a-z].*[A-Z]/.test(token));
}

/** As it is, and as it looks. */
function formsOf(raw: string): { lower: string; looks: string } {
  const lower = raw.toLowerCase();
  return { lower, looks: folded(joinedLetters(lower.normalize("NFKD").replace(/\p{M}+/gu, ""))) };
}

/** Whether a text holds another one that nobody sees. Pure. */
export const hidesText = (text: string): boolean => HIDDEN_TEXT.test(text);

const plain = (text: string) =>
  text
    .slice(0, 4000)
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .replace(/\s+/gu, " ");
