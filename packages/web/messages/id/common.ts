import type { common as en } from "../en/common.ts";

export const common: typeof en = {
  span: {
    seconds: "{seconds} dtk",
    minutes: "{minutes} mnt",
    minutesSeconds: "{minutes} mnt {seconds} dtk",
    hours: "{hours} jam",
    hoursMinutes: "{hours} jam {minutes} mnt",
  },
  roughly: {
    soon: "beberapa detik",
    seconds: "sekitar {seconds} dtk",
    minutes: "sekitar {minutes} mnt",
    hours: "sekitar {hours} jam",
  },
  size: { B: "{value} B", kB: "{value} kB", MB: "{value} MB", GB: "{value} GB", TB: "{value} TB" },
  meta: {
    title: "KangKlip: klip tegak dari pembicaraan panjang",
    description:
      "Tempelkan alamat video panjang dan dapatkan satu sampai lima klip tegak: dipilih dengan baik, dibingkai pada yang berbicara, dengan teks kata demi kata.",
    picture: "Rekaman lebar sebuah pembicaraan dan klip tegak berteks yang dibuat darinya",
  },
  shell: {
    skip: "Langsung ke isi",
    main: "Utama",
    more: "Lainnya",
    home: "KangKlip, halaman awal",
    jobs: "Pekerjaan",
    pricing: "Harga",
    make: "Buat klip",
    status: "Keadaan",
    credits: "Kredit",
    about: "Tentang",
    errors: "Kode kesalahan",
    api: "API",
    terms: "Ketentuan",
    legal: "Hukum",
    tagline: "KangKlip mengubah pembicaraan panjang menjadi klip tegak.",
    settings: "Bahasa dan tampilan",
    language: "Bahasa",
    look: "Tampilan",
    system: "Ikut perangkat",
    light: "Terang",
    dark: "Gelap",
    close: "Tutup",
  },
  connection: {
    offline: "Perangkat ini tidak tersambung.",
    offlineMore: "Yang terlihat mungkin sudah lama. Pekerjaan tetap berjalan, dan halaman menyusul sendiri.",
    away: "KangKlip tidak menjawab.",
    awaySince:
      "Jawaban terakhir datang pukul {time}. Halaman terus bertanya, dan berlanjut sendiri begitu ada jawaban.",
    awayMore: "Halaman terus bertanya, dan berlanjut sendiri begitu ada jawaban.",
  },
  broken: {
    title: "Halaman ini rusak",
    text: "Ini kesalahan kami, bukan kesalahan Anda. Pekerjaan Anda berjalan di server dan tidak terganggu.",
    retry: "Coba lagi",
    start: "Halaman awal",
  },
  notFound: {
    title: "Tidak ada apa-apa di alamat ini",
    meta: "Tidak ditemukan",
    text: "Alamat sebuah pekerjaan tampak seperti <path>/jobs/kk_…</path> dan berakhir dengan 26 huruf dan angka. Periksa apakah disalin utuh.",
    make: "Buat klip",
    start: "Halaman awal",
  },
};
