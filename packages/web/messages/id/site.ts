import type { site as en } from "../en/site.ts";

export const site: typeof en = {
  hero: {
    title: "Pembicaraan panjang masuk. Klip layak tayang keluar.",
    text: "KangKlip mendengarkan seluruh video, menemukan saat-saat yang bisa berdiri sendiri, dan memberi Anda satu sampai lima klip tegak berteks.",
    address: "Alamat video",
    submit: "Buat klip",
    file: "atau <link>pilih berkas dari perangkat ini</link>",
  },
  sample: {
    label: "Sebuah pembicaraan dan klip yang dibuat KangKlip darinya",
    talk: "Pembicaraan, {length}",
    clip: "Klip, {length}",
    frame: "Bagian yang ditampilkan klip",
    play: "Putar contoh",
    pause: "Jeda contoh",
    sound: "Nyalakan suara",
    mute: "Matikan suara",
    place: "Posisi dalam klip",
    placeText: "{at} dari {length}",
    chosen: "Diambil dari {start} sampai {end}, dari {length}",
    why: "Mengapa bagian ini",
    score: "Nilai {score} dari 100",
    honest:
      "Tidak ada yang dipoles: KangKlip memotongnya dari pembicaraan contohnya sendiri, yang membawa teksnya. Berkas aslinya dua kali lebih lebar dan tinggi.",
    fails: "Contoh ini tidak bisa diputar di peramban ini.",
  },
  how: {
    title: "Dari alamat menjadi klip, tanpa penyunting di antaranya",
    give: "Anda memberikan pembicaraannya",
    giveText:
      "Alamat berkas video, siaran, atau halaman, atau berkas Anda sendiri. Pilih panjang klip dan berapa yang Anda mau.",
    listen: "KangKlip mendengarkan semuanya",
    listenText:
      "Setiap kata mendapat waktunya. Bagian yang bisa berdiri sendiri dinilai di seluruh video, dan yang terbaik tanpa tumpang tindih dipakai.",
    take: "Anda mengambil klipnya",
    takeText:
      "Tegak, dibingkai pada yang berbicara, berteks kata demi kata, dengan kekerasan suara yang rata. Ubah potongan, kata, atau bingkai, dan klip dibuat ulang dalam hitungan detik.",
    heard:
      "Ia tidak punya gelar dan tidak punya teman di istana. <mark>Orang yang memecahkannya adalah tukang kayu.</mark> Ia membuat jam dari kayu.",
  },
  comes: {
    label: "Bentuk setiap klip",
    picture: "Gambar",
    pictureText: "1080 × 1920, H.264",
    sound: "Suara",
    soundText: "AAC, −14 LUFS",
    captions: "Teks",
    captionsText: "Menyatu dengan gambar, dan sebagai SRT dan VTT",
    length: "Panjang",
    lengthText: "30, 45, atau 60 detik",
  },
  price: {
    title: "Berapa biayanya",
    text: "KangKlip datang tanpa harga. Siapa pun yang menjalankannya untuk orang lain bisa menyalakan kredit; inilah harga awalnya, dan halaman harga setiap instalasi menyebutkan harganya sendiri.",
    own: "Di mesin Anda sendiri",
    ownPrice: "Tidak ada",
    ownText: "Tanpa akun, tanpa kunci, tanpa cap air. Semua klip terbuka.",
    unlock: "Jika kredit menyala: satu klip",
    unlockPrice: "{credits, plural, other {# kredit}} ({price})",
    unlockText:
      "Anda menontonnya sebelum membayar. Dibayar satu kali, termasuk teks, sampul, dan semua versi berikutnya.",
    make: "Jika pengelola memintanya: membuat satu pekerjaan",
    makePrice: "{credits, plural, other {# kredit}} ({price})",
    makeText: "Dikembalikan bila pekerjaan gagal atau dibatalkan.",
    link: "Harga di instalasi ini",
  },
  limits: {
    title: "Yang tidak dilakukannya",
    text: "Lebih baik dikatakan di sini daripada diketahui belakangan.",
    speech:
      "KangKlip mengikuti ucapan. Dalam musik, olahraga, dan adegan tanpa suara tidak ada saat yang bisa ditemukannya.",
    words:
      "KangKlip bisa salah dengar, terutama nama dan angka: baca teksnya sebelum diunggah. Setiap kata bisa Anda betulkan.",
    picture:
      "KangKlip membingkai wajah dan pergantian bicara. Salindia penuh huruf kecil tetap kecil di ponsel.",
    post: "KangKlip tidak mengunggah untuk Anda, tidak menulis atas nama Anda, dan tidak menambahkan gambar yang tidak ada dalam pembicaraan.",
    speed:
      "Cepatnya mengikuti mesin: laptop bisa butuh selama pembicaraannya, GPU hanya sebagian kecil darinya.",
  },
  faq: {
    title: "Sebelum menempelkan alamat",
    cost: "Berapa biayanya?",
    costText:
      "Di instalasi tanpa kredit, tidak ada: semua klip terbuka. Pengelola bisa menyalakan kredit; halaman harga lalu menyebutkan biaya satu pekerjaan dan satu klip, dan pekerjaan yang gagal tidak dipungut biaya.",
    where: "Ke mana video saya pergi?",
    whereText:
      "Ke mesin tempat KangKlip berjalan. Dengan pengaturan bawaan, mesin itu mengambil, mendengar, memilih, dan merender sendiri. Jika pengelolanya menyambungkan model bahasa, kata-kata dari bagian yang dicalonkan dikirim ke sana untuk diperingkat, tidak pernah videonya. Klip dibuka dengan token yang hanya diberikan kepada peramban Anda, lewat tautan yang ada batas waktunya.",
    length: "Seberapa panjang videonya boleh?",
    lengthText:
      "Formulir menunjukkan batas instalasi ini; 4 jam kecuali diubah pengelolanya. Klip dipotong di antara kata, jadi bisa sedikit lebih pendek atau lebih panjang daripada 30, 45, atau 60 detik yang Anda minta, dan tidak pernah lebih dari 60.",
    languages: "Bahasa apa saja yang bisa?",
    languagesText:
      "Anda bisa menyebut salah satu dari {count} bahasa, atau membiarkan pengenal suara mendengar bahasa apa yang dipakai. Seberapa baik suatu bahasa didengar bergantung pada model di instalasi. Jika video membawa teks sendiri, teks itu yang dipakai.",
    addresses: "Alamat apa yang bisa ditempelkan?",
    addressesText:
      "Berkas video, siaran HLS dan DASH, dan, jika yt-dlp terpasang, halaman video di situs yang dikenalnya. Pakailah yang memang berhak Anda pakai.",
    fails: "Bagaimana kalau gagal?",
    failsText:
      "Halaman pekerjaan mengatakan apa yang terjadi, di tahap mana, dan apa yang bisa dilakukan. Halaman boleh ditutup kapan saja: pekerjaan berlanjut, dan alamatnya membawa Anda kembali.",
  },
  about: {
    title: "Tentang",
    lead: "Di Jawa, “kang” disebut di depan nama orang yang pandai dalam satu hal. Yang ini memotong klip.",
    what: "KangKlip menerima alamat video panjang, atau berkas, dan membuat satu sampai lima klip tegak berdurasi 30, 45, atau 60 detik. Enam tahap mengerjakannya, dan semuanya bisa Anda amati: unduh, transkrip, bagi, pilih, render, unggah.",
    where:
      "KangKlip berjalan di laptop, di GPU Anda sendiri, atau di GPU sewaan; halaman yang Anda lihat sama untuk semuanya. Yang dipilih tidak bergantung pada model bahasa: model boleh diminta memberi peringkat dan judul, tetapi tidak pernah menentukan di mana dipotong.",
    api: "Program memakai API yang sama dengan halaman ini. Penjelasannya ada di <api>/api/docs</api>. Untuk melihatnya bekerja, <make>buat beberapa klip</make>.",
  },
  legal: {
    title: "Hukum",
    lead: "Siapa yang bertanggung jawab atas halaman ini, dan apa yang disimpannya tentang Anda.",
    who: "Siapa yang menjalankan ini",
    whoText:
      "KangKlip adalah program yang bisa dijalankan siapa saja. Orang atau perusahaan yang alamatnya ada di bilah alamat peramban Anda menjalankan instalasi ini, dan kepadanyalah Anda bertanya.",
    kept: "Yang disimpan",
    keptBrowser:
      "Di peramban Anda: token setiap pekerjaan yang Anda mulai, supaya Anda bisa kembali, pilihan terakhir Anda di formulir, tampilan yang Anda pilih, dan, dalam kuki yang tidak berisi hal lain, bahasa yang Anda pilih. Tidak ada pelacakan.",
    keptCredits:
      "Jika kredit menyala, juga di peramban Anda: nama dompet yang terakhir dipakai, dan pembayaran yang sedang berjalan. Bahwa Anda masuk hanya diketahui halaman yang terbuka. Di server: dompet mana pemilik suatu pekerjaan dan apa yang dibayarnya. Pembayaran ada di rantai publik, terlihat oleh siapa saja.",
    keptServer:
      "Di server: alamat atau nama berkas yang Anda berikan, klip beserta transkripnya, dan catatan apa yang diminta serta hasilnya. Token dan tanda tangan tidak dicatat.",
    nothingElse:
      "Halaman ini tidak memuat apa pun dari tempat lain: huruf, gambar, dan skrip semuanya ikut bersamanya.",
    fonts: "Huruf",
    fontsText: "Teks memakai Geist, dengan lisensi SIL Open Font License 1.1.",
  },
  terms: {
    title: "Ketentuan",
    lead: "Singkat, karena KangKlip adalah perangkat lunak yang dijalankan seseorang: inilah ketentuan bawaannya.",
    videos: "Video Anda",
    videosText:
      "Berikan hanya yang berhak Anda pakai. Anda tetap pemilik video dan setiap klip yang dibuat darinya. Hormati ketentuan situs yang dituju alamatnya.",
    clips: "Klip Anda",
    clipsText:
      "Klip dipilih dan diberi teks oleh mesin, yang bisa salah dengar dan luput konteks. Tontonlah sebelum diunggah: yang Anda terbitkan menjadi tanggung jawab Anda.",
    credits: "Kredit",
    creditsText:
      "Jika kredit menyala, kredit dibeli dari dompet Anda sendiri, tidak kedaluwarsa, dan tidak dikembalikan menjadi uang. Klip dibayar satu kali. Pekerjaan yang gagal atau dibatalkan tidak dipungut biaya.",
    service: "Layanan",
    serviceText:
      "Layanan ini diberikan apa adanya, tanpa janji selalu tersedia. Pengelola instalasi ini bisa punya ketentuan sendiri, yang lalu didahulukan.",
  },
};
