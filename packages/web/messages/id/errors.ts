import type { errors as en } from "../en/errors.ts";

export const errors: typeof en = {
  INVALID_INPUT: {
    title: "Ada yang tidak sesuai dalam permintaan ini",
    cause: "Ada isian yang kosong, di luar batas, atau ditulis dengan cara yang tidak terbaca.",
    action: "Perbaiki isian yang disebut dalam pesan, lalu kirim lagi.",
  },
  UNAUTHORIZED: {
    title: "Peramban ini tidak menyimpan token pekerjaan ini",
    cause:
      "Setiap pekerjaan punya token yang hanya diberikan kepada peramban yang memulainya. Di sini token itu tidak ada, atau milik pekerjaan lain.",
    action: "Buka pekerjaan di peramban yang memulainya, atau tempelkan token yang diberikan waktu itu.",
  },
  NOT_SIGNED_IN: {
    title: "Anda belum masuk",
    cause:
      "Ini milik sebuah dompet, dan tidak ada dompet yang masuk di halaman ini. Sesi berakhir saat halaman ditutup.",
    action: "Masuk dengan dompet Anda.",
  },
  INSUFFICIENT_CREDITS: {
    title: "Kredit tidak cukup",
    cause: "Yang Anda minta membutuhkan lebih banyak kredit daripada isi dompet.",
    action: "Isi ulang kredit, lalu coba lagi.",
  },
  LOCKED: {
    title: "Klip ini terkunci",
    cause: "Di instalasi ini klip dibuka dengan kredit, dan klip ini belum dibuka siapa pun.",
    action: "Buka kunci klip ini dulu.",
  },
  WALLET_MISMATCH: {
    title: "Dompet lain yang sedang masuk",
    cause: "Anda menanyakan satu dompet, tetapi masuk dengan dompet lain.",
    action: "Masuk dengan dompet yang Anda tanyakan.",
  },
  NOT_FOUND: {
    title: "Tidak ada yang seperti itu di sini",
    cause: "Alamatnya terpotong, atau yang dituju sudah dihapus.",
    action: "Periksa apakah alamat atau id disalin utuh.",
  },
  CONFLICT: {
    title: "Itu tidak cocok dengan keadaan pekerjaan",
    cause: "Sementara itu ada hal lain yang terjadi pada pekerjaan ini, mungkin di tab lain.",
    action: "Lihat keadaan pekerjaan dan coba lagi nanti.",
  },
  FENCED: {
    title: "Percobaan lain sudah mengambil alih",
    cause: "Mesin yang dikira hilang kembali setelah pekerjaan diberikan kepada mesin lain.",
    action: "Tidak perlu apa-apa: percobaan yang baru berlanjut dan yang ini berhenti.",
  },
  GONE: {
    title: "Alamat ini tidak dipakai lagi",
    cause: "Sebuah program bertanya dengan cara yang dipahami versi KangKlip yang lama.",
    action: "Pakai alamat yang disebut dalam pesan.",
  },
  TOO_LARGE: {
    title: "Itu terlalu banyak sekaligus",
    cause: "Permintaan ini lebih besar daripada yang diterima instalasi ini.",
    action: "Kirim lebih sedikit.",
  },
  UNPROCESSABLE: {
    title: "Kunci yang sama datang dengan permintaan yang berbeda",
    cause: "Sebuah program memakai Idempotency-Key yang sama untuk hal lain.",
    action: "Pakai Idempotency-Key yang baru untuk permintaan yang berbeda.",
  },
  RATE_LIMITED: {
    title: "Terlalu banyak permintaan dalam waktu singkat",
    cause:
      "Peramban ini, atau orang lain di alamat yang sama, bertanya lebih sering daripada yang diizinkan.",
    action: "Tunggu semenit, lalu coba lagi. Program: tunggu selama yang disebut Retry-After.",
  },
  PROVIDER_UNAVAILABLE: {
    title: "Tidak ada mesin yang mau menerima pekerjaan ini",
    cause: "Tempat yang menjalankan pekerjaan sedang tidak ada, penuh, atau menolak kuncinya.",
    action: "Coba lagi semenit lagi, atau ganti COMPUTE ke penyedia lain.",
  },
  OVER_BUDGET: {
    title: "Biayanya melebihi batas",
    cause:
      "Setiap mesin yang bisa menjalankan pekerjaan ini lebih mahal daripada batas pekerjaan atau batas instalasi.",
    action:
      "Naikkan batasnya (max_usd pada pekerjaan, MAX_USD_PER_JOB atau MAX_USD_PER_HOUR pada instalasi), atau tambahkan penyedia yang lebih murah ke COMPUTE.",
  },
  CREDITS_OFF: {
    title: "Di sini tidak ada kredit",
    cause: "Instalasi ini berjalan tanpa kredit.",
    action: "Tidak ada yang harus dibayar: semua klip sudah terbuka.",
  },
  UNAVAILABLE: {
    title: "Ada bagian di balik layanan ini yang tidak menjawab",
    cause: "Penyimpanan pekerjaan, penyimpanan berkas, atau sambungannya sedang tidak menjawab.",
    action: "Coba lagi semenit lagi.",
  },
  CHARGE_FAILED: {
    title: "Pembayaran tidak berhasil",
    cause: "Jaringan pembayaran tidak menjawab tepat waktu atau menolak.",
    action: "Coba lagi: pembayaran yang ternyata masuk akan ditemukan dan dihitung satu kali.",
  },
  UNLOCK_UNFINISHED: {
    title: "Klip sudah dibayar tetapi belum terbuka",
    cause: "Kredit sudah diambil, lalu sambungan ke pekerjaan terputus.",
    action: "Coba lagi: kredit diambil satu kali saja, dan klip terbuka tanpa kredit tambahan.",
  },
  CREDITS_PAUSED: {
    title: "Isi ulang sedang dihentikan",
    cause: "Pengelola instalasi ini menghentikannya untuk sementara.",
    action: "Coba lagi nanti. Kredit yang Anda miliki tetap berlaku.",
  },
  TRANSACTION_NOT_FOUND: {
    title: "Pembayaran belum terlihat",
    cause: "Jaringan mungkin belum mengonfirmasi transaksinya.",
    action: "Tanyakan lagi beberapa detik lagi.",
  },
  TRANSACTION_EXPIRED: {
    title: "Pembayaran tidak dikirim tepat waktu",
    cause:
      "Sebuah transaksi berlaku sekitar satu menit; dompet mengirimnya terlambat atau tidak sama sekali.",
    action: "Mulai isi ulang lagi. Tidak ada yang dibayar.",
  },
  TRANSACTION_FAILED: {
    title: "Pembayaran gagal di rantai blok",
    cause: "Biasanya isi USDC di dompet kurang, atau tidak ada SOL untuk biaya jaringan.",
    action:
      "Tidak ada yang dibayar. Periksa apakah dompet berisi cukup USDC dan sedikit SOL, lalu mulai isi ulang lagi.",
  },
  NO_FAUCET: {
    title: "Jaringan ini tidak membagikan token uji",
    cause: "Hanya localnet yang punya keran sendiri.",
    action: "Pakai token Anda sendiri, atau keran milik jaringan itu.",
  },
  SOURCE_REFUSED: {
    title: "Alamat ini ditolak",
    cause:
      "Alamat ini menuju jaringan pribadi, atau bukan http maupun https. KangKlip hanya mengambil dari alamat publik.",
    action:
      "Berikan alamat http atau https yang publik. Untuk server Anda sendiri, jalankan dengan --allow-private.",
  },
  SOURCE_UNREACHABLE: {
    title: "Alamat ini tidak menjawab",
    cause: "Servernya tidak ada, namanya tidak dikenal, atau sambungan putus di tengah jalan.",
    action: "Periksa apakah alamat ini terbuka di peramban, lalu coba lagi.",
  },
  SOURCE_BLOCKED: {
    title: "Situs ini menolak unduhan otomatis",
    cause: "Situs ini meminta orang masuk atau membuktikan bahwa mereka bukan program.",
    action: "Unduh sendiri videonya, lalu berikan berkasnya.",
  },
  SOURCE_NOT_FOUND: {
    title: "Tidak ada video di alamat ini",
    cause: "Videonya dihapus, bersifat pribadi, atau alamatnya terpotong.",
    action: "Periksa alamatnya: menurut situs ini tidak ada video seperti itu.",
  },
  SOURCE_UNSUPPORTED: {
    title: "Alamat seperti ini tidak bisa dibaca",
    cause: "Alamat ini tidak menuju berkas video, siaran, atau halaman situs yang dikenal di sini.",
    action: "Berikan alamat berkas video atau halaman yang dikenal yt-dlp, atau berikan berkasnya.",
  },
  YTDLP_MISSING: {
    title: "Alamat halaman belum bisa dipakai di sini",
    cause: "yt-dlp, program yang mencari video di sebuah halaman, tidak terpasang di mesin ini.",
    action:
      "Pasang yt-dlp (python3 -m pip install -U yt-dlp) agar alamat halaman bisa dipakai, atau berikan alamat berkas video, atau berikan berkasnya.",
  },
  SOURCE_UNREADABLE: {
    title: "Berkas ini tidak terbaca sebagai video",
    cause: "Berkasnya rusak, terenkripsi, atau jenis lain.",
    action: "Ekspor lagi sebagai MP4 dan coba lagi.",
  },
  SOURCE_TRUNCATED: {
    title: "Berkas ini berakhir sebelum waktunya",
    cause: "Unduhan atau ekspornya terputus.",
    action: "Unduh atau ekspor lagi.",
  },
  SOURCE_TOO_SHORT: {
    title: "Videonya terlalu pendek untuk klip seperti itu",
    cause: "Klip tidak bisa lebih panjang daripada video asalnya.",
    action: "Pilih klip yang lebih pendek atau video yang lebih panjang.",
  },
  SOURCE_TOO_LONG: {
    title: "Videonya terlalu panjang",
    cause: "Instalasi ini menerima video sampai batas tertentu.",
    action: "Pilih video yang lebih pendek atau naikkan MAX_SOURCE_SECONDS.",
  },
  SOURCE_TOO_LARGE: {
    title: "Berkasnya terlalu besar",
    cause: "Instalasi ini menerima berkas sampai batas tertentu.",
    action: "Pilih berkas yang lebih kecil atau naikkan MAX_SOURCE_BYTES.",
  },
  SOURCE_LIVE: {
    title: "Siarannya masih berlangsung",
    cause: "Klip dipilih dari seluruh rekaman, dan yang ini belum selesai.",
    action: "Tunggu sampai siaran langsung berakhir, lalu berikan rekamannya.",
  },
  NO_VIDEO: {
    title: "Tidak ada gambar di dalamnya",
    cause: "Berkas atau siaran ini hanya berisi suara.",
    action: "Berikan berkas yang bergambar.",
  },
  FFMPEG_MISSING: {
    title: "ffmpeg tidak ada",
    cause: "Mesin pembuat klip tidak punya ffmpeg, atau ffmpeg-nya kurang lengkap.",
    action:
      "Pasang ffmpeg 5.1 atau lebih baru dengan libass dan libx264 (Debian: apt-get install -y ffmpeg), atau atur FFMPEG_PATH.",
  },
  MODEL_MISSING: {
    title: "Model suara tidak ada",
    cause: "Berkas yang dibutuhkan pengenal suara tidak ada di tempatnya.",
    action: "Atur MODEL_PATH ke berkas model whisper.cpp.",
  },
  RENDER_FAILED: {
    title: "Sebuah klip tidak bisa dirender",
    cause: "ffmpeg berhenti karena kesalahan pada video ini.",
    action: "Mulai lagi pekerjaannya; jika gagal lagi, laporkan dengan id pekerjaan.",
  },
  UPLOAD_FAILED: {
    title: "Klip tidak bisa disimpan",
    cause: "Sambungan ke penyimpanan berkas terputus saat klip dikirim.",
    action: "Mulai lagi pekerjaannya.",
  },
  STORAGE_DENIED: {
    title: "Penyimpanan berkas menolak",
    cause: "Bucket-nya tidak ada, atau kuncinya tidak mengizinkan yang dibutuhkan.",
    action:
      "Periksa apakah bucket ada dan kuncinya boleh membaca, menulis, mendaftar, dan menghapus (R2_BUCKET, R2_ACCESS_KEY_ID), lalu coba lagi.",
  },
  DISK_FULL: {
    title: "Diska penuh",
    cause: "Mesin pembuat klip tidak punya ruang lagi.",
    action: "Kosongkan sebagian diska, lalu coba lagi.",
  },
  WORK_DIR_UNUSABLE: {
    title: "Folder kerja tidak bisa dipakai",
    cause: "Mesin tidak boleh menulis ke dalamnya, atau foldernya tidak ada.",
    action:
      "Izinkan mesin menulis ke folder yang disebut dalam pesan, atau atur DATA_DIR ke folder lain, lalu coba lagi.",
  },
  OUT_OF_MEMORY: {
    title: "Memori habis",
    cause: "Memori mesin kurang untuk video ini atau model ini.",
    action: "Beri mesin lebih banyak memori, lalu coba lagi.",
  },
  GPU_UNAVAILABLE: {
    title: "GPU mesin tidak bisa dipakai",
    cause: "GPU tidak ada, sedang dipakai, atau drivernya tidak cocok.",
    action: "Mulai lagi pekerjaannya; mesin lain akan dicoba.",
  },
  TIMED_OUT: {
    title: "Terlalu lama",
    cause: "Pekerjaan tidak selesai dalam waktu yang diberikan.",
    action: "Mulai lagi; jika terjadi lagi, pilih video yang lebih pendek.",
  },
  WORKER_LOST: {
    title: "Mesinnya tidak terdengar lagi",
    cause: "Mesin yang menjalankan pekerjaan berhenti menjawab: dimatikan, dinyalakan ulang, atau terputus.",
    action: "Mulai lagi pekerjaannya.",
  },
  CANCELLED: {
    title: "Dibatalkan",
    cause: "Seseorang yang memegang token pekerjaan membatalkannya.",
    action: "Mulai lagi pekerjaannya jika Anda tetap menginginkan klipnya.",
  },
  INTERNAL: {
    title: "Terjadi sesuatu yang tidak seharusnya terjadi",
    cause: "Ini kesalahan di KangKlip, bukan pada yang Anda lakukan.",
    action: "Coba lagi; jika gagal lagi, laporkan dengan id pekerjaan.",
  },
  unreachable: {
    title: "KangKlip tidak menjawab",
    cause: "KangKlip tidak berjalan, atau perangkat ini tidak tersambung.",
    action: "Periksa apakah KangKlip masih berjalan dan perangkat ini tersambung, lalu coba lagi.",
  },
  wallet: {
    rejected: {
      title: "Anda menolak di {name}",
      action: "Tidak ada yang ditandatangani dan tidak ada yang dibayar. Coba lagi kapan saja.",
    },
    wrongNetwork: {
      title: "{name} berada di jaringan lain",
      action: "Ganti jaringan di pengaturan dompet, atau pilih dompet lain.",
    },
    unable: {
      title: "{name} tidak bisa menandatangani yang dibutuhkan di sini",
      action:
        "Akun perangkat keras mungkin tidak bisa menandatangani pesan. Pilih akun lain atau dompet lain.",
    },
    noAccount: {
      title: "{name} tidak memberikan akun",
      action: "Buka kunci dompet, izinkan satu akun untuk halaman ini, lalu coba lagi.",
    },
    noKeys: {
      title: "{name} tidak berfungsi di peramban ini",
      action: "Buka halaman ini lewat https atau di mesin tempatnya berjalan, dengan peramban yang baru.",
    },
    changed: {
      title: "Akun di {name} sudah berganti",
      action: "Masuk dengan akun yang akan membayar, lalu mulai lagi. Tidak ada yang dibayar.",
    },
    failed: {
      title: "{name} tidak melakukannya",
      action: "Buka dompet, lihat apakah ada yang ditunggunya, lalu coba lagi. Tidak ada yang dibayar.",
    },
  },
  card: {
    code: "Kode",
    retry: "Coba lagi",
    copy: "Salin diagnosis",
    copied: "Tersalin",
    copiedSpoken: "Diagnosis sudah disalin",
    copyFailed: "Peramban tidak mengizinkan halaman menyalin. Pilih teksnya dan salin sendiri.",
    diagnostics: "Diagnosis",
    about: "Arti kode ini",
  },
  page: {
    heading: "Kode kesalahan",
    lead: "Setiap kegagalan yang diperkirakan KangKlip punya kode. Kodenya sama di halaman, di baris perintah, dan di API.",
    what: "Apa yang terjadi",
    why: "Mengapa bisa terjadi",
    todo: "Apa yang bisa dilakukan",
    retryTitle: "Apakah mencoba lagi membantu?",
    retryYes: "Mungkin: permintaan yang sama bisa berhasil di lain waktu.",
    retryNo: "Tidak, sebelum ada yang diubah.",
    status: "Status HTTP",
    exit: "Kode keluar mesin",
    all: "Semua kode kesalahan",
    unknown: "Tidak ada kode kesalahan seperti ini",
    unknownLead:
      "KangKlip tidak mengenal kode dengan nama ini. Mungkin terpotong di jalan, atau berasal dari versi lain. Inilah semua yang ada:",
    group: {
      request: "Permintaan",
      money: "Kredit dan pembayaran",
      source: "Video",
      machine: "Mesin pembuat klip",
    },
  },
};
