/**
 * What is said between the planted moments: people who go through their subject without a point. Among it are decoys, which have one
 * mark of a good moment (a question that nobody answers, a figure, a turn, a big word) and none of the others. Written for this
 * benchmark. `{a}`, `{b}`, `{c}` are words of the section's subject, `{n}` a small number, `{big}` a large one.
 */
export interface Subject {
  name: string;
  words: readonly [string, string, string, string, string, string];
}

const subject = (name: string, ...words: Subject["words"]): Subject => ({ name, words });

interface Fillers {
  opening: readonly string[];
  closing: readonly string[];
  plain: readonly string[];
  decoys: readonly string[];
  subjects: readonly Subject[];
  small: readonly string[];
  big: readonly string[];
}

export const FILLERS: Record<"en" | "id", Fillers> = {
  en: {
    opening: [
      "Hello everybody and welcome back to the channel.",
      "Before we start, please subscribe, and thanks to everyone who is watching.",
      "Today we talk about {a} and about {b}, and we have a full list.",
    ],
    closing: [
      "That is all for today, thank you so much for listening.",
      "See you next week, and leave a comment under the video.",
    ],
    plain: [
      "So the next part of the list is about {a} and how it goes together with {b}.",
      "We usually look at the {a} first, and then we go over to the {b}.",
      "There is a table with the {a} on the left side and the {c} on the right side.",
      "I think we had that point last time as well, when we went through the {b}.",
      "It depends a little on the {a}, and on the kind of {c} that people use.",
      "Some of the {a} is kept in the same place, and some of it is moved around.",
      "You can see the {b} in the second column, next to the date.",
      "And then there is the usual paperwork for the {c}, which takes a while.",
      "We put the {a} together with the {c} and then we go on from there.",
      "Right, and that is more or less how the {b} is handled in general.",
      "The {c} comes in different sizes, and the sizes have different numbers.",
      "As I said, the {a} is a part of it, and the {b} is another part.",
      "They have a meeting about the {b} in the spring and another one in the autumn.",
      "Um, yeah, and that is basically the same for the {c}, I would say.",
      "One group works on the {a} and the other group works on the {b}.",
      "Of course there are several ways to go about the {c}, and they are all quite similar.",
      "It was written down in the notes for the {a}, and I can send those around.",
      "After the {b} we normally take a short break and then continue with the {c}.",
      "In general the {a} follows the {b}, with a few exceptions here and there.",
      "This is the part of the {c} that is a bit longer, so I will go through it step by step.",
      "Okay, let me go to the next page, where the {a} is listed again.",
      "The {b} is stored next to the {c}, in the usual order.",
    ],
    decoys: [
      "Are there any questions about the {a} so far?",
      "Can everyone see the {b} on the screen?",
      "The form for the {a} has {n} pages, and page two is for the {c}.",
      "It says {big} on the label of the {b}, and {n} on the back.",
      "But we will come back to the {c} later, after the {b}.",
      "The most important column is the first one, then comes the {a}.",
      "However, the {b} can also be written the other way round.",
      "You need the number of the {a}, you need the number of the {c}, and you need your own number.",
      "What else do we have on the list for the {b}?",
      "It is never quite the same, the {a} is listed before the {b} or after it.",
    ],
    subjects: [
      subject("garden", "soil", "seeds", "hedges", "compost", "watering", "fences"),
      subject("office", "printers", "folders", "calendars", "invoices", "desks", "archives"),
      subject("music", "strings", "tuning", "microphones", "chords", "rehearsals", "cables"),
      subject("sailing", "ropes", "sails", "harbours", "winches", "charts", "anchors"),
      subject("cooking", "pans", "spices", "ovens", "knives", "shelves", "lids"),
      subject("software", "branches", "tickets", "releases", "servers", "logs", "backups"),
      subject("museum", "frames", "catalogues", "galleries", "lamps", "visitors", "labels"),
      subject("cycling", "tyres", "chains", "saddles", "helmets", "pumps", "spokes"),
      subject("schools", "timetables", "classrooms", "textbooks", "corridors", "projectors", "chalk"),
      subject("weather", "stations", "gauges", "forecasts", "balloons", "humidity", "maps"),
    ],
    small: ["three", "four", "seven", "nine", "eleven", "fourteen"],
    big: ["two hundred", "twelve hundred", "nine thousand", "forty thousand", "sixty thousand"],
  },
  id: {
    opening: [
      "Halo semuanya, selamat datang kembali di video kali ini.",
      "Sebelum mulai, jangan lupa subscribe ya teman-teman.",
      "Hari ini kita membahas {a} dan {b}, daftarnya cukup panjang.",
    ],
    closing: ["Sekian untuk hari ini, terima kasih sudah menonton.", "Sampai jumpa di video berikutnya."],
    plain: [
      "Jadi bagian berikutnya adalah tentang {a} dan hubungannya dengan {b}.",
      "Biasanya kita lihat {a} dulu, lalu pindah ke {b}.",
      "Di tabel ini ada {a} di sebelah kiri dan {c} di sebelah kanan.",
      "Poin itu rasanya sudah dibahas minggu kemarin, waktu kita bicara soal {b}.",
      "Tergantung {a} juga, dan jenis {c} yang dipakai.",
      "Sebagian {a} disimpan di tempat yang sama, sebagian lagi dipindahkan.",
      "Kolom kedua berisi {b}, di sebelah tanggalnya.",
      "Lalu ada berkas untuk {c}, yang memang agak lama.",
      "Kita gabungkan {a} dengan {c}, lalu lanjut dari situ.",
      "Ya kurang lebih begitu cara mengurus {b} pada umumnya.",
      "{c} ini ada beberapa ukuran, dan tiap ukuran punya nomor sendiri.",
      "Rapat soal {b} biasanya dua kali, satu di awal dan satu di akhir.",
      "Eh, ya, untuk {c} juga kira-kira sama saja sih.",
      "Satu kelompok mengerjakan {a}, kelompok lain mengerjakan {b}.",
      "Catatan tentang {a} sudah ditulis, nanti bisa dibagikan.",
      "Setelah {b} biasanya istirahat sebentar, baru lanjut ke {c}.",
      "Ini bagian {c} yang agak panjang, jadi saya jelaskan satu per satu.",
      "Oke, kita pindah ke halaman berikutnya, di sana ada {a} lagi.",
    ],
    decoys: [
      "Ada pertanyaan soal {a} sampai di sini?",
      "Apakah {b} di layar sudah kelihatan?",
      "Formulir {a} ada {n} halaman, halaman kedua untuk {c}.",
      "Di label {b} tertulis {big}, di belakangnya tertulis {n}.",
      "Tapi {c} nanti kita bahas lagi setelah {b}.",
      "Yang paling penting kolom pertama, baru kemudian {a}.",
      "Apa lagi yang ada di daftar untuk {b}?",
    ],
    subjects: [
      subject("kebun", "pupuk", "bibit", "pagar", "kompos", "selang", "pot"),
      subject("kantor", "berkas", "map", "jadwal", "kuitansi", "meja", "arsip"),
      subject("musik", "senar", "mikrofon", "panggung", "kabel", "gitar", "latihan"),
      subject("dapur", "wajan", "bumbu", "kompor", "pisau", "rak", "tutup"),
      subject("sepeda", "ban", "rantai", "sadel", "helm", "pompa", "jeruji"),
      subject("sekolah", "kelas", "buku", "papan", "lorong", "spidol", "kursi"),
    ],
    small: ["tiga", "empat", "tujuh", "sembilan", "sebelas"],
    big: ["dua ratus", "seribu dua ratus", "sembilan ribu", "empat puluh ribu"],
  },
};
