import type { Candidate } from "./score.ts";
import type { Talk } from "./talk.ts";

/** What each part says when it is strong, and from which value on it is: in English and in Indonesian. */
const SAYINGS: [part: string, above: number, english: string, indonesian: string][] = [
  ["about", 0.1, "is about what you asked for", "membahas yang kamu minta"],
  ["question", 0.5, "asks a question and answers it", "mengajukan pertanyaan dan menjawabnya"],
  ["hook", 0.55, "opens with a line that catches", "dibuka dengan kalimat yang memikat"],
  ["payoff", 0.75, "ends on a finished thought", "ditutup dengan pikiran yang utuh"],
  ["contrast", 0.6, "turns an expectation around", "membalik dugaan"],
  ["specifics", 0.6, "names figures and facts", "menyebut angka dan fakta"],
  ["stakes", 0.6, "has something at stake", "ada yang dipertaruhkan"],
  ["standalone", 0.9, "needs nothing from before", "dipahami tanpa bagian sebelumnya"],
  ["topic", 0.6, "holds one closed thought", "memuat satu pikiran yang selesai"],
  ["unity", 0.85, "stays with one subject", "tetap pada satu pokok"],
  ["story", 0.75, "tells what happened to somebody", "bercerita tentang pengalaman seseorang"],
  ["reaction", 0.5, "makes people laugh or applaud", "membuat orang tertawa atau bertepuk tangan"],
  [
    "replayed",
    0.75,
    "is replayed more than most of the video",
    "lebih sering diputar ulang daripada bagian lain",
  ],
  ["energy", 0.62, "is livelier than most of the video", "lebih hidup daripada sebagian besar video"],
  ["change", 0.55, "rises and falls in loudness", "naik turun suaranya"],
  ["onset", 0.6, "begins right after a pause", "dimulai tepat setelah jeda"],
  ["pictures", 0.4, "changes its picture often", "gambarnya sering berganti"],
];
const SAID_AT_MOST = 3;

/** One sentence about why a clip was chosen, from its strongest parts. */
export function reasonFor(talk: Talk, { parts, first, last }: Candidate, language: string | null): string {
  const isIndonesian = language === "id";
  const strong = SAYINGS.filter(([part, above]) => (parts[part] ?? 0) >= above)
    .map(([part, above, english, indonesian]) => ({
      says: isIndonesian ? indonesian : english,
      excess: part === "about" ? 1 : ((parts[part] ?? 0) - above) / (1.05 - above), // what was wished for is always said
    }))
    .map((saying, order) => ({ ...saying, order }))
    .sort((a, b) => b.excess - a.excess || a.order - b.order)
    .slice(0, SAID_AT_MOST)
    .sort((a, b) => a.order - b.order)
    .map(({ says }) => says);
  if (strong.length === 0) {
    const isBest = first <= last || talk.words.length === 0;
    if (isIndonesian)
      return isBest
        ? "Bagian terbaik sepanjang ini yang masih tersisa."
        : "Di sini tidak ada yang berbicara; bagian ini melengkapi jumlah klip yang diminta.";
    return isBest
      ? "The best stretch of this length that is left."
      : "Nothing is said here; it makes up the number of clips that were asked for.";
  }
  const list =
    strong.length > 1
      ? `${strong.slice(0, -1).join(", ")} ${isIndonesian ? "dan" : "and"} ${strong.at(-1)}`
      : `${strong[0]}`;
  return `${list.charAt(0).toUpperCase()}${list.slice(1)}.`;
}
