import type { receipt as en } from "../en/receipt.ts";

export const receipt: typeof en = {
  title: "كيف أُعدّت هذه المقاطع",
  words: "الكلمات بواسطة <b>{transcriber}</b>، والاختيار بواسطة <b>{selector}</b>.",
  unnamedRecogniser: "أداة تعرّف غير مسماة",
  unnamedSelector: "أداة اختيار غير مسماة",
  file: {
    transcript: "النص المفرّغ",
    edl: "قائمة القص (JSON)",
    qc: "القياسات",
    receipt: "الإيصال",
    manifest: "بيان الملفات",
    download: "تنزيل",
  },
  heading: "الإيصال",
  failed: "تعذّرت قراءة الإيصال.",
  retry: "حاول مرة أخرى",
  reading: "جارٍ قراءة الإيصال…",
  none: "لا إيصال لهذه المهمة: أعدّها إصدار أقدم.",
  stages: "ما استغرقته كل مرحلة",
  wasted: "ما ذهب سدى",
  notes: "ملاحظات الجهاز",
  madeWith: "أُعدّت باستخدام {tools}.",
  took: {
    cpu: "{span} على المعالج",
    gpu: "{span} على بطاقة الرسوميات",
    network: "{span} عبر الشبكة",
    model: "{span} بنموذج لغوي",
  },
  fact: {
    rendered:
      "أُخرج {count, plural, zero {لا شيء} one {مقطع واحد} two {مقطعان} few {# مقاطع} many {# مقطعًا} other {# مقطع}}",
    keptClips:
      "{count, plural, zero {لا شيء} one {مقطع واحد} two {مقطعان} few {# مقاطع} many {# مقطعًا} other {# مقطع}} من تشغيل سابق",
    kept: "من تشغيل سابق",
    processor: "{span} من وقت المعالج",
    in: "{size} داخلة",
    out: "{size} خارجة",
    tokens: "{read, number} رمزًا مقروءًا، {written, number} مكتوبًا",
  },
  total: {
    work: "العمل",
    machineCost: "تكلفة الجهاز",
    model: "النموذج اللغوي",
    fetched: "جُلب",
    made: "أُنتج",
    machine: "الجهاز",
    encoder: "المرمّز",
  },
  machine:
    "{cpus, plural, zero {بلا معالج} one {معالج واحد} two {معالجان} few {# معالجات} many {# معالجًا} other {# معالج}}، {gpu} ({platform})",
  noGpu: "بلا بطاقة رسوميات",
  attempt: {
    ran: "عملت {span}",
    free: "بلا تكلفة",
    cost: "كلّفت {usd}",
    ended: "انتهت بـ {outcome}",
    one: "المحاولة {epoch}: {facts}.",
    on: "المحاولة {epoch} على {place}: {facts}.",
  },
};
