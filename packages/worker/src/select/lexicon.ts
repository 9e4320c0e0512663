/** Words that carry meaning for the choice of a clip, per language. Written for this project; small on purpose. */
export interface Lexicon {
  /** Code of its language; null where it has no words. */
  code: "en" | "id" | null;
  /** Words that open a question. Used where the transcript has no question marks. */
  questions: Set<string>;
  /** Verbs that follow them in a question, and not in "when they arrived"; none where the language needs none. */
  auxiliaries: Set<string>;
  /** First words that lean on something said before: pronouns, pointers, answers. */
  leaning: Set<string>;
  /** First words that join a sentence to the one before. */
  joining: Set<string>;
  /** First words of a clause that needs another one. */
  subordinate: Set<string>;
  /** Pronouns that need somebody to have been named. */
  pronouns: Set<string>;
  contrast: Set<string>;
  /** Words of stakes, surprise and extremes. */
  strong: Set<string>;
  /** Words with which a thought is brought to its point. */
  payoff: Set<string>;
  fillers: Set<string>;
  numbers: Set<string>;
  /** Words that address the listener. */
  you: Set<string>;
  /** Words of somebody's own story: who it happened to, and who said what. */
  story: Set<string>;
  /** First words of an answer that gives a reason. */
  reasons: Set<string>;
  /** First words of an answer to a question that can be answered by yes or no. */
  replies: Set<string>;
  /** Words without content of their own. */
  stop: Set<string>;
  /** Greetings, thanks, sponsor and channel talk. */
  boilerplate: RegExp;
}

const set = (words: string) => new Set(words.split(/\s+/).filter(Boolean));

const english: Lexicon = {
  code: "en",
  questions: set("why how what who whose when where which"),
  auxiliaries:
    set(`is are was were am do does did has have had can could will would shall should may might must isn't
    aren't wasn't weren't don't doesn't didn't can't couldn't won't wouldn't`),
  leaning: set(`he she it they him her them his hers its their theirs this that these those there such both
    yes no yeah yep nope exactly right correct true sure okay ok it's that's he's she's they're there's`),
  joining: set("and so but or because then also plus well now anyway which while although though whereas"),
  subordinate: set("if when while because although though since unless after before until as once whenever"),
  pronouns: set("he she it they him her them his hers its their it's he's she's they're"),
  contrast: set(`but however instead yet although though actually unless except whereas despite rather
    turns surprisingly ironically contrary wrong never nobody nothing`),
  strong:
    set(`never always nobody everybody nothing everything best worst biggest greatest most only first last
    secret mistake wrong truth problem lesson failure fail failed success amazing incredible crazy insane dangerous
    kill killed die died dead death save saved love hate fear afraid angry impossible powerful important alone
    imagine remember stop finally prize money free famous simple changed change broke broken lost win won war
    million millions billion billions shocking surprising strange beautiful useless worth hardest easiest`),
  payoff:
    set(`finally lesson answer therefore learn learned learnt point means result reason realised realized
    turned conclusion why truth key solved remember ultimately`),
  fillers: set("um uh er erm ah oh hmm mm uhm yeah okay basically literally kinda sorta gonna like y'know"),
  numbers:
    set(`two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands
    million millions billion billions percent half twice double dozen`),
  you: set("you your yours you're you'll you've yourself"),
  story:
    set(`i my me myself i'd he she his her him himself herself said says told asked thought knew felt heard saw looked
    called answered laughed cried shouted found woke ran stood sat mother father grandmother grandfather son daughter
    wife husband brother sister friend neighbour neighbor boss child boy girl man woman once ago`),
  reasons: set("because since for to it's that's by"),
  replies: set("yes no yeah nope never absolutely exactly not"),
  stop: set(`a an the and or but so if then than as at by for from in into of off on onto out over to up with without
    is are was were be been being am do does did done have has had having can could will would shall should may might
    must not no nor i me my mine we us our ours you your yours he him his she her hers it its they them their this that
    these those there here who whom whose which what when where why how all any both each few more most other some such
    only own same too very just also about after again before because between during while until against i'm it's
    that's don't didn't we're you're they're there's get got go going went come came say said one thing things really
    well let now like`),
  boilerplate:
    /\b(?:welcome (?:back|to|everyone|everybody)|thank(?:s| you)(?: (?:so|very) much)? (?:for|to) (?:listening|watching|joining|tuning|having|coming|our|the sponsor)|subscribe|hit (?:the|that) (?:bell|like)|smash (?:the|that)|like and share|see you (?:next|in the next|soon)|(?:in )?this (?:video|episode) (?:is|we|i)|in (?:this|today'?s) (?:video|episode)|today (?:we|i)(?:'re| are|'m| am|'ll| will)?(?: going to)? (?:talk|discuss|look|speak|have)|my name is|i(?:'m| am) your host|sponsor(?:ed|s)?|promo code|link (?:is )?in the (?:description|bio)|let'?s (?:get started|dive in|jump in)|(?:hello|hi|hey) (?:everyone|everybody|guys|there|and welcome|folks)|good (?:morning|afternoon|evening) (?:everyone|everybody|ladies)|if you (?:liked|like|enjoyed|enjoy) th(?:is|e)|follow (?:us|me) on|leave a (?:comment|review|like)|patreon|bye(?:-| )?bye|goodbye)\b/,
};

const indonesian: Lexicon = {
  code: "id",
  questions: set("kenapa mengapa bagaimana gimana apa apakah siapa kapan mana dimana berapa"),
  auxiliaries: new Set(),
  leaning:
    set(`dia ia mereka beliau itu ini tersebut begitu begini ya iya tidak nggak enggak bukan betul benar
    tadi -nya disitu disana situ sana`),
  joining: set(
    "dan jadi tapi tetapi atau karena lalu terus kemudian nah juga sedangkan padahal yang sehingga maka",
  ),
  subordinate: set(
    "kalau kalo jika bila ketika saat karena setelah sebelum meskipun walaupun sejak sampai selama",
  ),
  pronouns: set("dia ia mereka beliau -nya"),
  contrast:
    set(`tapi tetapi namun padahal sebenarnya ternyata justru malah sedangkan meskipun walaupun kecuali bukan
    salah`),
  strong: set(`pernah selalu semua tak seorang terbaik terburuk terbesar paling satu-satunya pertama terakhir
    rahasia kesalahan salah masalah pelajaran gagal kegagalan sukses berhasil luar biasa gila bahaya berbahaya mati
    meninggal cinta benci takut marah mustahil penting bayangkan ingat akhirnya uang gratis terkenal hilang menang
    perang juta miliar aneh mengejutkan berubah`),
  payoff: set(
    "akhirnya intinya jadi ternyata kesimpulannya artinya pelajaran jawabannya itulah makanya kuncinya solusinya",
  ),
  fillers: set("eh em emm hmm anu gitu kayak kayaknya apa namanya gini loh sih deh"),
  numbers:
    set(`dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas belas puluh ratus ribu juta miliar triliun
    persen setengah seribu seratus sejuta`),
  you: set("kamu anda kalian kita lo lu elo -mu"),
  story:
    set(`saya aku dia ia beliau bilang kata berkata tanya bertanya jawab menjawab cerita pikir merasa dengar lihat melihat
    tertawa menangis teriak berteriak menemukan pulang datang ibu bapak ayah nenek kakek anak istri suami kakak adik
    teman tetangga bos dulu waktu malam suatu seorang`),
  reasons: set("karena soalnya sebab supaya biar waktu"),
  replies: set("ya iya tidak nggak enggak belum sudah"),
  stop: set(`yang dan di ke dari untuk pada dengan adalah itu ini atau juga karena jadi tapi tetapi saya aku kami kita kamu
    anda dia ia mereka ada akan sudah telah bisa dapat harus tidak bukan lebih sangat seperti oleh dalam sebagai hal
    orang banyak para si sang agar supaya kalau jika bila saat ketika maka lalu terus nah ya iya nggak gak sama aja saja
    lagi masih pun kok dong sih deh loh gitu gini kayak apa mana`),
  boilerplate:
    /\b(?:selamat datang|selamat (?:pagi|siang|sore|malam)|terima ?kasih (?:sudah|telah|banyak|kepada|atas|untuk)|makasih (?:sudah|udah)|subscribe|jangan lupa|tombol (?:like|lonceng)|sampai jumpa|kembali lagi (?:dengan|bersama|di)|di video (?:kali )?ini|pada (?:kesempatan|episode|video) (?:kali )?ini|nama saya|perkenalkan|halo (?:semua|semuanya|teman|guys|sobat)|hai (?:semua|semuanya|teman|guys)|assalamu'?alaikum|wassalamu'?alaikum|link(?:nya)? di (?:deskripsi|bio)|sponsor)\b/,
};

/** For other languages: nothing is known of their words, so only the language-free parts of the score speak. */
const unknown: Lexicon = {
  code: null,
  questions: new Set(),
  auxiliaries: new Set(),
  leaning: new Set(),
  joining: new Set(),
  subordinate: new Set(),
  pronouns: new Set(),
  contrast: new Set(),
  strong: new Set(),
  payoff: new Set(),
  fillers: new Set(),
  numbers: new Set(),
  you: new Set(),
  story: new Set(),
  reasons: new Set(),
  replies: new Set(),
  stop: new Set(),
  boilerplate: /(?!)/,
};

/** Shortened words whose full stop ends no sentence. */
export const ABBREVIATIONS = set(
  "mr mrs ms dr prof st vs etc e.g i.e jr sr inc ltd approx fig dll dsb bpk tn ny drs ir",
);

/** Share of plain words of a language that are its function words; below it a text is taken for another language. */
const KNOWN_SHARE = 0.2;

/**
 * The word lists for a transcript.
 * @param language what the recogniser or the user says ("en", "en-GB", "id", "auto", null …); when it says nothing, the
 *   share of function words among `words` (lower case) decides.
 */
export function lexiconFor(language: string | null, words: readonly string[]): Lexicon {
  const code = codeOf(language);
  if (code === "en") return english;
  if (code === "id") return indonesian;
  if (code !== null) return unknown;
  const share = ({ stop }: Lexicon) =>
    words.filter((word) => stop.has(word)).length / Math.max(1, words.length);
  const [inEnglish, inIndonesian] = [share(english), share(indonesian)];
  if (Math.max(inEnglish, inIndonesian) < KNOWN_SHARE) return unknown;
  return inEnglish >= inIndonesian ? english : indonesian;
}

/** The first part of a language's tag, lower case; null where nothing is said. */
export function codeOf(language: string | null): string | null {
  const code = language?.toLowerCase().split(/[-_]/)[0] ?? "";
  if (code === "" || code === "auto" || code === "und") return null;
  return ALIASES[code] ?? code;
}

/** What recognisers say besides codes. */
const ALIASES: Readonly<Record<string, string>> = { english: "en", indonesian: "id", in: "id" };
