/** What people in drawn scenes say, one word after the other. */
export const TALKED = (
  "Here is what nobody tells you when you start. The first version is never the good one. You build it, you watch people use it, " +
  "and then you throw half of it away. That is not a failure, that is the work. Ask one question before you begin: who will miss it " +
  "when it is gone? If you cannot name one person, then stop. If you can, go and sit beside them for a day. What you see there is worth " +
  "more than a hundred meetings."
).split(" ");

/** Lines 10 to 13 of the sample talk, for captions in another language. */
export const INDONESIAN = [
  "Setelah itu, pemerintah melakukan sesuatu yang sangat modern. Mereka menawarkan hadiah.",
  "Berapa hadiahnya?",
  "Dua puluh ribu pound. Sekarang nilainya beberapa juta. Dan semua orang boleh ikut.",
  "Biar saya tebak. Seorang profesor terkenal menemukan jawabannya?",
] as const;
